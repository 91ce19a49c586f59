//! A segment: a ring of bytes between one writer and one reader. Its block is kept by that of the channel
//! (memory/keeping.rs): it lives until its reader has left it, whichever end is killed, and until both are.
//!
//! Block: 0 head u64 (the reader: bytes taken) · 64 tail u64 (the writer: bytes committed) · 128 data.
//! Both counters only grow; the place in the ring is the counter modulo the capacity. A frame is committed by one store
//! of the tail, so a writer killed on the way leaves nothing visible.
//!
//! SYNC POINT T: the writer's Release store of the tail, the reader's Acquire load of it.
//! SYNC POINT H: the reader's Release store of the head, the writer's Acquire load of it.
//!
//! A frame: length u32 · tag u32 · that many bytes, padded to 8. It never wraps: a FILLER frame takes the rest of the
//! ring. Every number the reader finds is checked against the ring before it is used.

use crate::sys::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::error::{Code, Error, Result};
use crate::memory::{Block, Domain, Handle, Kind};

/// The rest of the ring is not used.
pub const FILLER: u32 = 0;
/// Goes on in another segment, whose handle is the payload.
pub const JUMP: u32 = 1;
/// A message; bits 8 to 15 of the tag are its type.
pub const INLINE: u32 = 2;
/// A message in a block of its own, whose handle and length are the payload.
pub const OUT_OF_LINE: u32 = 3;
/// The same, and the block has large pieces of it behind it (payload.rs).
pub const WITH_AREA: u32 = 4;

pub const FRAME_HEADER: u64 = 8;
const DATA: u64 = 128;
/// No ring moves so many bytes. What is larger has been overwritten, and is cut so that sums stay in range.
const COUNTER_MAX: u64 = 1 << 62;
/// A writer leaves room for a jump (and a filler before it) after every frame.
pub const JUMP_RESERVE: u64 = 64;

pub struct Frame {
    pub tag: u32,
    /// Where its bytes are in the domain.
    pub offset: u64,
    pub length: u64,
    /// The head after this frame.
    pub end: u64,
}

#[derive(Clone, Copy)]
pub struct Segment<'d> {
    domain: &'d Domain,
    block: Block,
    channel: Handle,
}

impl<'d> Segment<'d> {
    /// A new segment of the channel; nobody finds it before a direction or a jump names it.
    pub fn create(domain: &'d Domain, channel: Handle, capacity: u64) -> Result<Self> {
        let block = domain.allocate(Kind::Segment, DATA + capacity.next_multiple_of(8))?;
        domain.keep(block.handle, channel);
        domain.detach(block.handle);
        Ok(Self { domain, block, channel })
    }

    /// The segment that a direction or a jump of the channel names.
    pub fn find(domain: &'d Domain, channel: Handle, handle: Handle) -> Result<Self> {
        let block = domain.kept(handle, channel)?;
        if handle.kind != Kind::Segment || block.length < DATA + 4 * JUMP_RESERVE {
            return Err(corrupt("a segment without room"));
        }
        Ok(Self { domain, block, channel })
    }

    pub fn handle(self) -> Handle {
        self.block.handle
    }

    /// Its reader has left it, or nobody will read it.
    pub fn let_go(self) {
        self.domain.let_go(self.block.handle, self.channel);
    }

    pub fn capacity(self) -> u64 {
        (self.block.length - DATA) / 8 * 8
    }

    pub fn head(self) -> u64 {
        self.domain.map().u64_at(self.block.offset).load(Acquire).min(COUNTER_MAX)
    }

    pub fn tail(self) -> u64 {
        self.domain.map().u64_at(self.block.offset + 64).load(Acquire).min(COUNTER_MAX)
    }

    pub fn set_head(self, head: u64) {
        self.domain.map().u64_at(self.block.offset).store(head, Release);
    }

    /// Room for a frame of `length` bytes beside the reserve, given what the writer has committed.
    pub fn fits(self, tail: u64, head: u64, length: u64) -> bool {
        let need = FRAME_HEADER + length.next_multiple_of(8);
        let used = tail.saturating_sub(head);
        used + self.filler_before(tail, need) + need + JUMP_RESERVE <= self.capacity()
    }

    /// Writes a frame and commits it. The caller has made sure that there is room. Returns the new tail.
    pub fn put(self, tail: u64, tag: u32, parts: &[&[u8]]) -> u64 {
        let length: u64 = parts.iter().map(|part| part.len() as u64).sum();
        let need = FRAME_HEADER + length.next_multiple_of(8);
        let filler = self.filler_before(tail, need);
        if filler > 0 {
            self.write_header(tail, (filler - FRAME_HEADER) as u32, FILLER);
        }
        let start = tail + filler;
        self.write_header(start, length as u32, tag);
        let mut at = self.place(start) + FRAME_HEADER;
        for part in parts {
            self.domain.map().write(at, part);
            at += part.len() as u64;
        }
        let tail = start + need;
        self.domain.map().u64_at(self.block.offset + 64).store(tail, Release);
        tail
    }

    /// The frame at `head`, if one is committed.
    pub fn peek(self, head: u64) -> Result<Option<Frame>> {
        let tail = self.tail();
        let available = tail.wrapping_sub(head);
        if available == 0 {
            return Ok(None);
        }
        let place = self.place(head);
        let until_wrap = self.capacity() - head % self.capacity();
        if available > self.capacity() || available < FRAME_HEADER || !head.is_multiple_of(8) {
            return Err(corrupt("counters that do not fit the ring"));
        }
        let header = self.domain.map().u64_at(place).load(Relaxed);
        let (length, tag) = (header & 0xffff_ffff, (header >> 32) as u32);
        let need = FRAME_HEADER + length.next_multiple_of(8);
        if need > available || need > until_wrap {
            return Err(corrupt("a frame longer than what was committed"));
        }
        Ok(Some(Frame { tag, offset: place + FRAME_HEADER, length, end: head + need }))
    }

    fn write_header(self, at: u64, length: u32, tag: u32) {
        let header = u64::from(tag) << 32 | u64::from(length);
        self.domain.map().u64_at(self.place(at)).store(header, Relaxed);
    }

    fn filler_before(self, tail: u64, need: u64) -> u64 {
        let until_wrap = self.capacity() - tail % self.capacity();
        if until_wrap < need { until_wrap } else { 0 }
    }

    fn place(self, counter: u64) -> u64 {
        self.block.offset + DATA + counter % self.capacity()
    }
}

pub fn corrupt(what: &str) -> Error {
    Error::new(Code::ChannelClosed, format!("the channel's memory has been overwritten: {what}"))
}

/// A handle and a length, as frames carry them.
pub fn handle_bytes(handle: Handle, length: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&handle.index.to_le_bytes());
    bytes[4..8].copy_from_slice(&handle.generation.to_le_bytes());
    bytes[8..].copy_from_slice(&length.to_le_bytes());
    bytes
}

pub fn handle_from(domain: &Domain, frame: &Frame, kind: Kind) -> Result<(Handle, u64)> {
    if frame.length != 16 {
        return Err(corrupt("a reference of the wrong length"));
    }
    let first = domain.map().u64_at(frame.offset).load(Acquire);
    let length = domain.map().u64_at(frame.offset + 8).load(Acquire);
    Ok((Handle { kind, index: first as u32, generation: (first >> 32) as u32 }, length))
}

pub fn too_long() -> Error {
    Error::new(Code::ChannelClosed, "a message is longer than a JavaScript string can be".to_owned())
}
