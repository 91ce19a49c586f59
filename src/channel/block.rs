//! The block of a channel: who has its two ends, which of them has closed, and where each direction is read.
//!
//! 128 bytes, a half for each direction: 0 reader token u32 · 8 flags u32 (in the first half, for both) ·
//! 16 segment u64 (index + 1 << 32 | generation), where the reader is. The creator writes direction 0 and reads
//! direction 1, the peer the other way round, so the two reader tokens say who has the ends.

use crate::sys::atomic::AtomicU32;
use crate::sys::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

use super::reader::{Arrival, Message, Reader};
use super::segment::{Segment, corrupt};
use crate::error::Result;
use crate::memory::{Block, Domain, Handle, Kind, Token};

const SIZE: u64 = 128;
const DIRECTION_SIZE: u64 = 64;
const CREATOR_CLOSED: u32 = 1;
const PEER_CLOSED: u32 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Creator,
    Peer,
}

impl Side {
    pub fn other(self) -> Self {
        if self == Self::Creator { Self::Peer } else { Self::Creator }
    }

    fn closed(self) -> u32 {
        if self == Self::Creator { CREATOR_CLOSED } else { PEER_CLOSED }
    }
}

#[derive(Clone, Copy)]
pub struct ChannelBlock {
    domain: &'static Domain,
    block: Block,
}

impl ChannelBlock {
    pub fn create(domain: &'static Domain) -> Result<Self> {
        Ok(Self { domain, block: domain.allocate(Kind::Channel, SIZE)? })
    }

    pub fn attach(domain: &'static Domain, handle: Handle) -> Result<Self> {
        let block = domain.attach(handle)?;
        if block.length < SIZE {
            domain.detach(handle);
            return Err(corrupt("a channel of the wrong size"));
        }
        Ok(Self { domain, block })
    }

    pub fn handle(self) -> Handle {
        self.block.handle
    }

    pub fn detach(self) {
        self.domain.detach(self.block.handle);
    }

    /// Who has that end.
    pub fn owner(self, side: Side) -> Token {
        Token(self.owner_word(side).load(SeqCst))
    }

    /// Takes an end that nobody has taken, once.
    pub fn take(self, side: Side, agent: Token) -> bool {
        self.owner_word(side).compare_exchange(0, agent.0, SeqCst, Relaxed).is_ok()
    }

    pub fn has_closed(self, side: Side) -> bool {
        self.flags().load(SeqCst) & side.closed() != 0
    }

    /// That end closes. Returns whether the other one has closed before.
    ///
    /// SYNC POINT C: each end exchanges this word once; exactly one of the two finds the other's flag in it.
    pub fn close(self, side: Side) -> bool {
        self.flags().fetch_or(side.closed(), SeqCst) & side.other().closed() != 0
    }

    /// The segment in which the messages for that end are read.
    pub fn segment_for(self, reader: Side) -> Result<Segment<'static>> {
        // Acquire pairs with the Release of `move_to`.
        let word = self.segment_word(reader).load(Acquire);
        let index = ((word >> 32) as u32).checked_sub(1).ok_or_else(|| corrupt("a direction without a segment"))?;
        Segment::find(self.domain, self.handle(), Handle { kind: Kind::Segment, index, generation: word as u32 })
    }

    /// The messages for that end are in this segment from now on.
    pub fn move_to(self, reader: Side, segment: Handle) {
        let word = u64::from(segment.index + 1) << 32 | u64::from(segment.generation);
        self.segment_word(reader).store(word, Release);
    }

    pub fn reader_for(self, reader: Side) -> Result<Reader> {
        Ok(Reader::new(self.domain, self.handle(), self.segment_for(reader)?))
    }

    /// The next message for that end; `None` when all are read.
    pub fn read(self, side: Side, reader: &mut Reader) -> Result<Option<Message>> {
        reader.read(&|segment| self.move_to(side, segment))
    }

    /// The same, copied to `place`.
    pub fn read_to(self, side: Side, reader: &mut Reader, place: &mut [u8]) -> Result<Arrival> {
        reader.read_to(&|segment| self.move_to(side, segment), place)
    }

    fn segment_word(self, reader: Side) -> &'static crate::sys::atomic::AtomicU64 {
        self.domain.map().u64_at(self.half_read_by(reader) + 16)
    }

    fn owner_word(self, side: Side) -> &'static AtomicU32 {
        self.domain.map().u32_at(self.half_read_by(side))
    }

    fn flags(self) -> &'static AtomicU32 {
        self.domain.map().u32_at(self.block.offset + 8)
    }

    fn half_read_by(self, side: Side) -> u64 {
        self.block.offset + if side == Side::Creator { DIRECTION_SIZE } else { 0 }
    }
}
