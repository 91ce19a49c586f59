//! A channel: two directions between two agents, and one agent's end of it.
//!
//! Block, 128 bytes, a half for each direction: 0 reader token u32 · 4 writer token u32 · 8 flags u32 · 16 segment u64
//! (index + 1 << 32 | generation), where the reader is. Direction 0 is written by the creator.
//!
//! | event | flags | the other end |
//! |---|---|---|
//! | the writer closes | WRITER_CLOSED | reads what is there, then finds the end |
//! | the reader closes | READER_CLOSED | its next write fails |
//! | an end's agent dies | – | its token is dead in the agent table, which counts as both |
//!
//! The reader moves the segment word after it attached the next segment; killed before that, nobody reads on: a
//! direction has one reader for its life. An end that closes reads away what is left in both directions when the other
//! end is gone, so that blocks of undelivered messages are freed.

use crate::sys::atomic::AtomicU32;
use crate::sys::atomic::Ordering::{Acquire, Release, SeqCst};

use super::reader::{Message, Reader};
use super::segment::Segment;
use super::writer::Writer;
use crate::error::{Code, Error, Result};
use crate::memory::{Block, Domain, Handle, Kind, Token};
use crate::sync::park::{self, Agent};

const BLOCK_SIZE: u64 = 128;
const DIRECTION_SIZE: u64 = 64;
const FIRST_SEGMENT: u64 = 64 << 10;
const WRITER_CLOSED: u32 = 1;
const READER_CLOSED: u32 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Creator,
    Peer,
}

pub struct Endpoint {
    domain: &'static Domain,
    block: Block,
    side: Side,
    me: Token,
    reader: Reader,
    writer: Writer,
    closed: bool,
    /// The incoming direction makes no sense: it is read no further, and counts as ended.
    failed: bool,
}

impl Endpoint {
    /// A new channel; this agent has its creator's end. The peer's reference is shipped.
    pub fn create(agent: &Agent) -> Result<Self> {
        let domain = agent.domain;
        let block = domain.allocate(Kind::Channel, BLOCK_SIZE)?;
        let outgoing = Segment::create(domain, FIRST_SEGMENT)?;
        let incoming = Segment::create(domain, FIRST_SEGMENT)?;
        set_segment(domain, block, 0, outgoing.handle());
        set_segment(domain, block, 1, incoming.handle());
        domain.ship(block.handle);
        // The peer takes up its writing end by attaching, so that reference is shipped as well.
        domain.ship(incoming.handle());
        let reader = Reader::new(domain, incoming.handle())?;
        incoming.detach();
        Ok(Self::take(agent, block, Side::Creator, reader, Writer::new(domain, outgoing)?))
    }

    /// The other end. Each end is taken once.
    pub fn open(agent: &Agent, handle: Handle) -> Result<Self> {
        let domain = agent.domain;
        let block = domain.attach(handle)?;
        let opened = Self::open_attached(agent, block);
        if opened.is_err() {
            domain.detach(handle);
        }
        opened
    }

    fn open_attached(agent: &Agent, block: Block) -> Result<Self> {
        let domain = agent.domain;
        if block.length < BLOCK_SIZE || field(domain, block, 0, 0).load(Acquire) != 0 {
            let message = "the channel's end has been taken by another thread";
            return Err(Error::new(Code::ChannelClosed, message.to_owned()));
        }
        domain.unship(block.handle);
        let reader = Reader::new(domain, segment(domain, block, 0)?)?;
        let outgoing = segment(domain, block, 1)?;
        let writing = Segment::attach(domain, outgoing)?;
        domain.unship(outgoing);
        Ok(Self::take(agent, block, Side::Peer, reader, Writer::new(domain, writing)?))
    }

    fn take(agent: &Agent, block: Block, side: Side, reader: Reader, writer: Writer) -> Self {
        let (domain, me) = (agent.domain, agent.token);
        let end = Self { domain, block, side, me, reader, writer, closed: false, failed: false };
        end.field(end.incoming(), 0).store(agent.token.0, SeqCst);
        end.field(end.outgoing(), 4).store(agent.token.0, SeqCst);
        end
    }

    pub fn handle(&self) -> Handle {
        self.block.handle
    }

    /// Whether the other end has ever been taken.
    pub fn was_taken(&self) -> bool {
        self.field(self.incoming(), 4).load(SeqCst) != 0
    }

    /// Writes a message and wakes its reader. Never blocks.
    pub fn send(&mut self, message_type: u8, parts: &[&[u8]]) -> Result<()> {
        if self.closed || !self.peer_reads() {
            return Err(Error::new(Code::ChannelClosed, "the other end of the channel is closed".to_owned()));
        }
        self.writer.write(message_type, parts)?;
        self.wake_peer();
        Ok(())
    }

    pub fn receive(&mut self) -> Result<Option<Message>> {
        if self.failed {
            return Ok(None);
        }
        let (domain, block, incoming) = (self.domain, self.block, self.incoming());
        let message = self.reader.read(&|segment| set_segment(domain, block, incoming, segment));
        self.failed = message.is_err();
        message
    }

    pub fn has_data(&self) -> bool {
        !self.failed && self.reader.has_data()
    }

    /// Whether nothing more will come (what is there can still be read).
    pub fn is_ended(&self) -> bool {
        let incoming = self.incoming();
        let writer = Token(self.field(incoming, 4).load(SeqCst));
        self.failed
            || self.field(incoming, 8).load(SeqCst) & WRITER_CLOSED != 0
            || (writer != Token::NOBODY && !self.domain.agents().is_alive(writer))
    }

    fn peer_reads(&self) -> bool {
        let outgoing = self.outgoing();
        let reader = Token(self.field(outgoing, 0).load(SeqCst));
        self.field(outgoing, 8).load(SeqCst) & READER_CLOSED == 0
            && (reader == Token::NOBODY || self.domain.agents().is_alive(reader))
    }

    /// Bytes that the peer has not taken from the present segment.
    pub fn backlog_bytes(&self) -> u64 {
        self.writer.backlog_bytes()
    }

    /// Closes this end. What was sent can still be read by the peer.
    pub fn close(&mut self) {
        if self.closed {
            return;
        }
        self.closed = true;
        self.field(self.outgoing(), 8).fetch_or(WRITER_CLOSED, SeqCst);
        self.field(self.incoming(), 8).fetch_or(READER_CLOSED, SeqCst);
        self.wake_peer();
        while let Ok(Some(_)) = self.receive() {}
        self.reader.detach();
        self.writer.detach();
        self.domain.detach(self.block.handle);
    }

    /// The peer is gone for good, or never came: what it has not read is read away. Returns those messages.
    pub fn take_back(&mut self) -> Vec<Message> {
        let mut undelivered = Vec::new();
        if self.closed {
            return undelivered;
        }
        let (domain, block, outgoing) = (self.domain, self.block, self.outgoing());
        let taken = Token(self.field(outgoing, 0).load(SeqCst));
        // Somebody else's program may still read: the process that we started need not be the one that opened the end.
        if taken == self.me || (taken != Token::NOBODY && domain.agents().is_alive_now(taken)) {
            return undelivered;
        }
        self.field(outgoing, 0).store(self.me.0, SeqCst);
        let Ok(handle) = segment(domain, block, outgoing) else { return undelivered };
        let reader = if taken == Token::NOBODY {
            domain.unship(block.handle);
            if let Ok(incoming) = segment(domain, block, self.incoming()) {
                domain.unship(incoming);
            }
            Reader::new(domain, handle)
        } else {
            // The dead reader had taken the shipped reference over.
            Reader::again(domain, handle)
        };
        if let Ok(mut reader) = reader {
            while let Ok(Some(message)) = reader.read(&|segment| set_segment(domain, block, outgoing, segment)) {
                undelivered.push(message);
            }
            reader.detach();
        }
        undelivered
    }

    fn wake_peer(&self) {
        let reader = Token(self.field(self.outgoing(), 0).load(SeqCst));
        if reader != Token::NOBODY && self.domain.agents().is_alive(reader) {
            park::wake(self.domain, reader.slot());
        }
    }

    fn outgoing(&self) -> u64 {
        u64::from(self.side != Side::Creator)
    }

    fn incoming(&self) -> u64 {
        1 - self.outgoing()
    }

    fn field(&self, direction: u64, offset: u64) -> &'static AtomicU32 {
        field(self.domain, self.block, direction, offset)
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.close();
    }
}

fn field(domain: &'static Domain, block: Block, direction: u64, offset: u64) -> &'static AtomicU32 {
    domain.map().u32_at(block.offset + direction * DIRECTION_SIZE + offset)
}

fn set_segment(domain: &Domain, block: Block, direction: u64, handle: Handle) {
    let word = u64::from(handle.index + 1) << 32 | u64::from(handle.generation);
    domain.map().u64_at(block.offset + direction * DIRECTION_SIZE + 16).store(word, Release);
}

fn segment(domain: &Domain, block: Block, direction: u64) -> Result<Handle> {
    let word = domain.map().u64_at(block.offset + direction * DIRECTION_SIZE + 16).load(Acquire);
    let index = ((word >> 32) as u32).checked_sub(1);
    let index = index.ok_or_else(|| super::segment::corrupt("a direction without a segment"))?;
    Ok(Handle { kind: Kind::Segment, index, generation: word as u32 })
}
