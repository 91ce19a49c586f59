//! The writing end of one direction. It never blocks and never refuses for want of room in the ring: a full segment
//! ends with a jump to a new one, twice as large, and what was accepted lies in shared memory whatever becomes of the
//! writer. Large messages travel in blocks of their own. Segments and these blocks belong to the channel as soon as they
//! are filled, and are published by the tail that names them; the reader lets go of them.

use super::segment::{FRAME_HEADER, INLINE, JUMP, OUT_OF_LINE, Segment, corrupt, handle_bytes};
use crate::error::Result;
use crate::memory::{Domain, Handle, Kind};

const SEGMENT_MAX: u64 = 4 << 20;
/// Messages above this share of a segment travel in a block of their own.
const INLINE_SHARE: u64 = 4;

pub struct Writer {
    domain: &'static Domain,
    channel: Handle,
    segment: Segment<'static>,
    tail: u64,
    /// The reader's head as last seen; it only grows.
    head: u64,
}

impl Writer {
    /// Takes up writing where the segment's writer, if there was one, left off.
    pub fn new(domain: &'static Domain, channel: Handle, segment: Segment<'static>) -> Result<Self> {
        let (tail, head) = (segment.tail(), segment.head());
        if !tail.is_multiple_of(8) || head > tail || tail - head > segment.capacity() {
            return Err(corrupt("counters that do not fit the ring"));
        }
        Ok(Self { domain, channel, segment, tail, head })
    }

    /// A message, given in parts.
    pub fn write(&mut self, message_type: u8, parts: &[&[u8]]) -> Result<()> {
        let kind = u32::from(message_type) << 8;
        let length: u64 = parts.iter().map(|part| part.len() as u64).sum();
        if length + FRAME_HEADER > self.segment.capacity() / INLINE_SHARE {
            let block = self.domain.allocate(Kind::Payload, length)?;
            let mut at = block.offset;
            for part in parts {
                self.domain.map().write(at, part);
                at += part.len() as u64;
            }
            self.domain.keep(block.handle, self.channel);
            self.domain.detach(block.handle);
            let put = self.put(kind | OUT_OF_LINE, &[&handle_bytes(block.handle, length)]);
            if put.is_err() {
                self.domain.let_go(block.handle, self.channel);
            }
            return put;
        }
        self.put(kind | INLINE, parts)
    }

    fn put(&mut self, tag: u32, parts: &[&[u8]]) -> Result<()> {
        let length = parts.iter().map(|part| part.len() as u64).sum();
        if !self.segment.fits(self.tail, self.head, length) {
            self.head = self.segment.head().min(self.tail);
            if !self.segment.fits(self.tail, self.head, length) {
                self.jump()?;
            }
        }
        self.tail = self.segment.put(self.tail, tag, parts);
        Ok(())
    }

    fn jump(&mut self) -> Result<()> {
        let next = Segment::create(self.domain, self.channel, (self.segment.capacity() * 2).min(SEGMENT_MAX))?;
        self.segment.put(self.tail, JUMP, &[&handle_bytes(next.handle(), 0)]);
        self.segment = next;
        (self.tail, self.head) = (0, 0);
        Ok(())
    }

    /// Bytes committed in the present segment that the reader has not taken.
    pub fn backlog_bytes(&self) -> u64 {
        self.tail.saturating_sub(self.segment.head())
    }
}
