//! One agent's end of a channel: it reads one direction and writes the other.
//!
//! | event | in the channel's block | the other end |
//! |---|---|---|
//! | an end closes | its flag | reads what is there, then finds the end; its next write fails |
//! | an end's agent dies | – | its token is dead in the agent table, which counts as closed |
//!
//! Everything that is under way, segments and messages in blocks of their own, is kept by the channel's block
//! (memory/keeping.rs), and that by the two ends. What is unread when an end goes:
//!
//! | the end | is taken back by |
//! |---|---|
//! | closes while the other one is open | nobody yet: the other one reads it, or finds what was not read when it closes |
//! | closes after the other one | itself: the exchange of the flags tells both which of them is the last |
//! | closes or takes back, and the other one is dead | itself, with what the dead one had not finished |
//! | is killed, and the other one has closed or is killed as well | nobody: the channel's block is freed with its last holder, and the reaper then frees all that it kept |
//!
//! Who takes back is alone: the dead touch nothing any more, and neither does an end that has closed first. So it reads
//! the other's direction as the other would have. Killed between any two stores:
//!
//! | who | between | leaves |
//! |---|---|---|
//! | the peer, opening | taking its end, and ending the reference that was shipped for it | a dead token: who is alone ends the reference, which does nothing the second time |
//! | a writer | `keep` of a segment or message, and the tail that names it | a block that nobody finds: `let_go_all` |
//! | a reader | the copy of a message, and the head | the message in its place: it comes back |
//! | a reader | the head or the segment word, and `let_go` | a block that nobody finds: `let_go_all` |
//! | who is alone | anything | a channel whose both ends are gone: the reaper |
//!
//! Two things are only counted, and stay counted when nobody is left to end them:
//!
//! - The peer's reference to the channel, shipped when it is made. The messages of a creator that ends at once still reach
//!   a peer that comes later; if the creator is killed and no peer ever comes, the channel stays until the domain ends.
//! - References to other objects inside messages (lib/travel.js). They end when the message is read or taken back: not
//!   when nobody takes it back (the last row of the second table), nor when its writer is killed after it has counted and
//!   before the tail names the message.

use super::block::{ChannelBlock, Side};
use super::reader::{Arrival, Message, Reader};
use super::segment::Segment;
use super::writer::Writer;
use crate::error::{Code, Error, Result};
use crate::memory::{Domain, Handle, Token};
use crate::sync::park::{self, Agent};

const FIRST_SEGMENT: u64 = 64 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    /// Nothing is sent or received any more. The other end was open then.
    ShutFirst,
    /// The same; the other end had closed before.
    ShutLast,
    Closed,
}

pub struct Endpoint {
    domain: &'static Domain,
    block: ChannelBlock,
    side: Side,
    me: Token,
    reader: Reader,
    writer: Writer,
    stage: Stage,
    /// The other end was never taken, and now it can't be.
    is_refused: bool,
    /// Nobody has the other end any more.
    is_peer_gone: bool,
    /// The memory makes no sense: it is read no further, and counts as ended.
    failed: bool,
}

impl Endpoint {
    /// A new channel; this agent has its creator's end. The peer's reference is shipped.
    pub fn create(agent: &Agent) -> Result<Self> {
        let block = ChannelBlock::create(agent.domain)?;
        let created = Self::create_in(agent, block);
        if created.is_err() {
            agent.domain.let_go_all(block.handle());
            block.detach();
        }
        created
    }

    fn create_in(agent: &Agent, block: ChannelBlock) -> Result<Self> {
        let domain = agent.domain;
        for reader in [Side::Peer, Side::Creator] {
            block.move_to(reader, Segment::create(domain, block.handle(), FIRST_SEGMENT)?.handle());
        }
        let end = Self::new(agent, block, Side::Creator)?;
        block.take(Side::Creator, agent.token);
        domain.ship(block.handle());
        Ok(end)
    }

    /// The other end. Each end is taken once.
    pub fn open(agent: &Agent, handle: Handle) -> Result<Self> {
        let block = ChannelBlock::attach(agent.domain, handle)?;
        let opened = Self::open_attached(agent, block);
        if opened.is_err() {
            block.detach();
        }
        opened
    }

    fn open_attached(agent: &Agent, block: ChannelBlock) -> Result<Self> {
        let taken = || Error::new(Code::ChannelClosed, "the channel's end has been taken by another thread".to_owned());
        if block.owner(Side::Peer) != Token::NOBODY {
            return Err(taken());
        }
        let end = Self::new(agent, block, Side::Peer)?;
        if !block.take(Side::Peer, agent.token) {
            return Err(taken());
        }
        agent.domain.unship(block.handle());
        Ok(end)
    }

    fn new(agent: &Agent, block: ChannelBlock, side: Side) -> Result<Self> {
        let (domain, me) = (agent.domain, agent.token);
        Ok(Self {
            domain,
            block,
            side,
            me,
            reader: block.reader_for(side)?,
            writer: Writer::new(domain, block.handle(), block.segment_for(side.other())?)?,
            stage: Stage::Open,
            is_refused: false,
            is_peer_gone: false,
            failed: false,
        })
    }

    pub fn handle(&self) -> Handle {
        self.block.handle()
    }

    /// Whether the other end has ever been taken.
    pub fn was_taken(&self) -> bool {
        !self.is_refused && self.peer() != Token::NOBODY
    }

    /// Who has the other end, if it was taken and its agent lives.
    pub fn living_peer(&self) -> Option<Token> {
        let peer = self.peer();
        (peer != Token::NOBODY && self.domain.agents().is_alive(peer)).then_some(peer)
    }

    /// Writes a message and wakes its reader. Never blocks.
    pub fn send(&mut self, message_type: u8, parts: &[&[u8]]) -> Result<()> {
        self.send_with(message_type, parts, &[])
    }

    /// The same with large `pieces`, which are copied once, and not again by who reads them.
    pub fn send_with(&mut self, message_type: u8, parts: &[&[u8]], pieces: &[&[u8]]) -> Result<()> {
        if self.stage != Stage::Open || !self.is_peer_open() {
            return Err(Error::new(Code::ChannelClosed, "the other end of the channel is closed".to_owned()));
        }
        self.writer.write(message_type, parts, pieces)?;
        self.wake_peer();
        Ok(())
    }

    pub fn receive(&mut self) -> Result<Option<Message>> {
        if self.failed || self.stage != Stage::Open {
            return Ok(None);
        }
        let message = self.block.read(self.side, &mut self.reader);
        self.failed = message.is_err();
        message
    }

    /// The next message, copied to `place` if it has room for it.
    pub fn receive_to(&mut self, place: &mut [u8]) -> Result<Arrival> {
        if self.failed || self.stage != Stage::Open {
            return Ok(Arrival::Nothing);
        }
        let arrival = self.block.read_to(self.side, &mut self.reader, place);
        self.failed = arrival.is_err();
        arrival
    }

    pub fn has_data(&self) -> bool {
        !self.failed && self.stage == Stage::Open && self.reader.has_data()
    }

    /// Whether nothing more will come (what is there can still be read).
    pub fn is_ended(&self) -> bool {
        self.failed || !self.is_peer_open()
    }

    /// Bytes that the peer has not taken from the present segment.
    pub fn backlog_bytes(&mut self) -> u64 {
        if self.stage == Stage::Open { self.writer.backlog_bytes() } else { 0 }
    }

    /// Nothing is sent or received here any more; the peer finds the end behind what was sent. What it leaves unread can
    /// still be taken back, when it is dead.
    pub fn shut(&mut self) {
        if self.stage == Stage::Open {
            self.stage = if self.block.close(self.side) { Stage::ShutLast } else { Stage::ShutFirst };
            self.wake_peer();
        }
    }

    /// Gives this end up. What was sent can still be read by the peer; what nobody can read any more is thrown away.
    pub fn close(&mut self) {
        if self.stage == Stage::Closed {
            return;
        }
        self.shut();
        if self.is_alone() {
            for reader in [Side::Creator, Side::Peer] {
                while self.read_in_place_of(reader).is_some() {}
                if let Ok(last) = self.block.segment_for(reader) {
                    last.let_go();
                }
            }
            // The dead may have been in the middle of something; who has closed was not.
            if self.failed || self.stage == Stage::ShutFirst {
                self.domain.let_go_all(self.handle());
            }
        }
        self.stage = Stage::Closed;
        self.block.detach();
    }

    /// The peer never came, and whoever comes from now on finds its end taken.
    pub fn refuse_peer(&mut self) {
        self.is_refused |= self.block.take(self.side.other(), self.me);
    }

    /// When nobody has the other end any more: messages that it has not read and, if this end is shut, those that it had
    /// sent. At most `limit`; none when all are taken back.
    pub fn take_back(&mut self, limit: usize) -> Vec<Message> {
        let mut unread = Vec::new();
        if self.stage == Stage::Closed || !self.is_alone() {
            return unread;
        }
        let own = (self.stage != Stage::Open).then_some(self.side);
        for reader in std::iter::once(self.side.other()).chain(own) {
            while unread.len() < limit
                && let Some(message) = self.read_in_place_of(reader)
            {
                unread.push(message);
            }
        }
        unread
    }

    /// Whether nobody else uses the channel, or ever will.
    fn is_alone(&mut self) -> bool {
        if self.stage == Stage::ShutLast || self.is_peer_gone {
            return true;
        }
        let peer = self.peer();
        // Somebody else's program may still read: the process that we started need not be the one that opened the end.
        self.is_peer_gone = self.is_refused || (peer != Token::NOBODY && !self.domain.agents().is_alive_now(peer));
        if self.is_peer_gone && self.side == Side::Creator {
            // The reference that was shipped for the peer. Where it has taken it over there is none, and nothing happens.
            self.domain.unship(self.handle());
        }
        self.is_peer_gone
    }

    /// The next message that nobody else will read. `None`: there is no more, or what is there makes no sense.
    fn read_in_place_of(&mut self, reader: Side) -> Option<Message> {
        let message = self.block.reader_for(reader).and_then(|mut place| self.block.read(reader, &mut place));
        self.failed |= message.is_err();
        message.ok().flatten()
    }

    /// Whether the other end is open, or can still be taken.
    fn is_peer_open(&self) -> bool {
        let peer = self.peer();
        !self.is_refused
            && !self.block.has_closed(self.side.other())
            && (peer == Token::NOBODY || self.domain.agents().is_alive(peer))
    }

    fn wake_peer(&self) {
        let peer = self.peer();
        if peer != Token::NOBODY && self.domain.agents().is_alive(peer) {
            park::wake(self.domain, peer.slot());
        }
    }

    /// Who has the other end.
    fn peer(&self) -> Token {
        self.block.owner(self.side.other())
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.close();
    }
}
