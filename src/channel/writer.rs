//! The writing end of one direction. It never blocks and never refuses for want of room in the ring: a full segment
//! ends with a jump to a new one, twice as large, and what was accepted lies in shared memory whatever becomes of the
//! writer. Large messages travel in blocks of their own. Segments and these blocks belong to the channel as soon as they
//! are filled, and are published by the tail that names them; the reader lets go of them.

use super::payload;
use super::segment::{FRAME_HEADER, INLINE, JUMP, OUT_OF_LINE, Segment, WITH_AREA, corrupt, handle_bytes};
use crate::error::Result;
use crate::memory::{Domain, Handle};

const SEGMENT_MAX: u64 = 4 << 20;
/// Below this it does not matter how much the reader has taken.
const SMALL_BACKLOG: u64 = 16 << 10;
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

    /// A message, given in parts, and its large pieces.
    pub fn write(&mut self, message_type: u8, parts: &[&[u8]], pieces: &[&[u8]]) -> Result<()> {
        let length: u64 = parts.iter().map(|part| part.len() as u64).sum();
        if pieces.is_empty() && length + FRAME_HEADER <= self.segment.capacity() / INLINE_SHARE {
            return self.put(u32::from(message_type) << 8 | INLINE, parts);
        }
        let tag = if pieces.is_empty() { OUT_OF_LINE } else { WITH_AREA };
        let (handle, bytes) = payload::put(self.domain, self.channel, parts, pieces)?;
        let put = self.put(u32::from(message_type) << 8 | tag, &[&handle_bytes(handle, bytes)]);
        if put.is_err() {
            self.domain.let_go(handle, self.channel);
        }
        put
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

    /// Bytes committed in the present segment that the reader has not taken. A small number may be too high: to ask for
    /// the reader's head takes it from the reader's processor.
    pub fn backlog_bytes(&mut self) -> u64 {
        if self.tail.saturating_sub(self.head) > SMALL_BACKLOG {
            self.head = self.segment.head().min(self.tail);
        }
        self.tail.saturating_sub(self.head)
    }
}
