//! A barrier: n parties wait for each other, as often as they like.
//!
//! Block: 0 guard u32 · 4 parties u32 · 8 round u32 · 16 arrived u32 · 20 broken u32 · 24 broken by u32 ·
//! 28 member capacity u32 · 32 outcomes u64 · 64 waiters, 64 bytes · 128 arrivals, parties × u32 · then members, capacity × u32.
//!
//! | event | under the guard | then |
//! |---|---|---|
//! | a party arrives, not the last | arrivals[arrived] = its token; arrived + 1 | it waits for another round |
//! | the last party arrives | arrived = 0; outcome of this round = passed; round + 1 | all are woken and pass |
//! | the last party arrives and has an action | arrivals[arrived] = its token; arrived = parties | it acts, then `complete`s: as above, or broken |
//! | a party arrives while another acts | nothing | it waits for the end of the round, and arrives again |
//! | a party gives up (timeout, abort), or `abort()` | broken = 1 | all are woken and fail |
//! | `reset()` | arrived = 0, broken = 0; outcome of this round = failed; round + 1 | its waiters fail, the barrier works again |
//! | a party is found dead | broken = 1, broken by = its token | all are woken and fail |
//!
//! The outcomes of the last 64 rounds are kept, one bit each: a waiter that looks late still learns how its own round ended.
//!
//! The guard is a word with its holder's token (guard.rs). Who takes it over from a dead holder breaks the barrier, which is
//! what a dead party means anyway: so no half-done change is ever passed on.
//!
//! Who is a party? Every agent that has waited here, and every agent of another process than the creator's that has the
//! barrier (it was sent to it to be used): these are *members*. A member that dies without leaving (killed, crashed)
//! breaks the phase in which others wait, also when it had not arrived yet. A member that ends in good order leaves. The
//! list holds 2 × parties + 16 members; further ones are not watched until they wait.

use crate::sys::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use crate::sys::atomic::{AtomicU32, AtomicU64};
use std::sync::{Mutex, PoisonError};

use super::guard::Guard;
use super::waiters::Waiters;
use crate::error::{Code, Error, Result};
use crate::memory::{Block, Domain, Token};

pub const PARTIES_MAX: u32 = 65_536;
const ARRIVALS: u64 = 128;

/// What a party that arrived but was not the last waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    pub round: u32,
    pub index: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Waiting,
    Passed,
    Broken,
}

pub enum Arrival {
    /// The last one: everybody passes.
    Last(u32),
    /// The last one: everybody passes when it has acted and called `complete`.
    Acts(Ticket),
    Waits(Ticket),
    /// The last one of this round is acting: arrive again when the round has ended.
    Early(Ticket),
    Broken,
}

#[derive(Clone, Copy)]
pub struct Barrier<'d> {
    domain: &'d Domain,
    block: Block,
    /// Read once and checked against the block: the word itself may be overwritten at any time.
    parties: u32,
}

impl<'d> Barrier<'d> {
    pub fn block_size(parties: u32) -> u64 {
        ARRIVALS + u64::from(parties) * 4 + u64::from(Self::capacity_for(parties)) * 4
    }

    fn capacity_for(parties: u32) -> u32 {
        parties * 2 + 16
    }

    /// Refuses a block whose own figures do not fit it.
    pub fn at(domain: &'d Domain, block: Block) -> Result<Self> {
        let parties = if block.length < ARRIVALS { 0 } else { domain.map().u32_at(block.offset + 4).load(Relaxed) };
        if parties == 0 || parties > PARTIES_MAX || Self::block_size(parties) > block.length {
            return Err(Error::new(Code::Handle, "the barrier's block has been overwritten".to_owned()));
        }
        Ok(Self { domain, block, parties })
    }

    pub fn initialise(domain: &'d Domain, block: Block, parties: u32) {
        domain.map().u32_at(block.offset + 4).store(parties, Relaxed);
        domain.map().u32_at(block.offset + 28).store(Self::capacity_for(parties), Relaxed);
    }

    pub fn parties(self) -> u32 {
        self.parties
    }

    pub fn arrived(self) -> u32 {
        self.field(16).load(Acquire).min(self.parties())
    }

    pub fn is_broken(self) -> bool {
        self.field(20).load(SeqCst) != 0
    }

    /// The agent whose death broke the barrier, or nobody.
    pub fn broken_by(self) -> Token {
        Token(self.field(24).load(Relaxed))
    }

    /// `acts`: if it is the last one, the agent has something to do before anybody passes.
    pub fn arrive(self, me: Token, acts: bool) -> Arrival {
        let _guard = self.guard(me);
        if self.is_broken() {
            return Arrival::Broken;
        }
        self.enter_member(me);
        let index = self.arrived();
        if index == self.parties() {
            return Arrival::Early(Ticket { round: self.round().load(Relaxed), index: 0 });
        }
        if index + 1 < self.parties() {
            self.arrival(index).store(me.0, Relaxed);
            // Release: who sees the count sees the token.
            self.field(16).store(index + 1, Release);
            return Arrival::Waits(Ticket { round: self.round().load(Relaxed), index });
        }
        if acts {
            // A party like the others: its death breaks the barrier for those that wait for its action.
            self.arrival(index).store(me.0, Relaxed);
            self.field(16).store(index + 1, Release);
            return Arrival::Acts(Ticket { round: self.round().load(Relaxed), index });
        }
        self.field(16).store(0, Relaxed);
        self.end_round(true);
        Arrival::Last(index)
    }

    /// The action is done: everybody passes, or, when it failed, fails.
    pub fn complete(self, me: Token, ticket: Ticket, succeeded: bool) -> Progress {
        let _guard = self.guard(me);
        if let Some(ended) = self.outcome(ticket) {
            return ended;
        }
        if !succeeded || self.is_broken() {
            self.break_now(Token::NOBODY);
            return Progress::Broken;
        }
        self.field(16).store(0, Relaxed);
        self.end_round(true);
        Progress::Passed
    }

    pub fn look(self, me: Token, ticket: Ticket) -> Progress {
        if let Some(ended) = self.outcome(ticket) {
            return ended;
        }
        if !self.is_broken() && self.dead_party().is_none() {
            return Progress::Waiting;
        }
        // Once more under the guard: the round may have ended meanwhile.
        let _guard = self.guard(me);
        if let Some(ended) = self.outcome(ticket) {
            return ended;
        }
        if !self.is_broken() {
            let Some(dead) = self.dead_party() else { return Progress::Waiting };
            self.break_now(dead);
        }
        Progress::Broken
    }

    /// A party waits no longer (timeout, abort): the others cannot succeed.
    pub fn give_up(self, me: Token, ticket: Ticket) -> Progress {
        let _guard = self.guard(me);
        self.outcome(ticket).unwrap_or_else(|| {
            self.break_now(Token::NOBODY);
            Progress::Broken
        })
    }

    /// How the ticket's round ended, if it has.
    fn outcome(self, ticket: Ticket) -> Option<Progress> {
        // SeqCst: a waiter looks after it registered, and `end_round` wakes after it stored. Who sees the new round sees how
        // the old one ended.
        if self.round().load(SeqCst) == ticket.round {
            return None;
        }
        let passed = self.outcomes().load(Acquire) >> (ticket.round % 64) & 1 == 1;
        Some(if passed { Progress::Passed } else { Progress::Broken })
    }

    fn end_round(self, passed: bool) {
        let round = self.round().load(Relaxed);
        let bit = 1 << (round % 64);
        if passed {
            self.outcomes().fetch_or(bit, Relaxed);
        } else {
            self.outcomes().fetch_and(!bit, Relaxed);
        }
        self.round().store(round.wrapping_add(1), SeqCst);
        self.waiters().wake_all();
    }

    pub fn abort(self, me: Token) {
        let _guard = self.guard(me);
        self.break_now(Token::NOBODY);
    }

    pub fn reset(self, me: Token) {
        let _guard = self.guard(me);
        // Who died has been told of; it is not a party of the next phase.
        for index in 0..self.member_capacity() {
            let member = Token(self.member(index).load(Relaxed));
            if member != Token::NOBODY && !self.domain.agents().is_alive(member) {
                self.member(index).store(0, Relaxed);
            }
        }
        self.field(16).store(0, Relaxed);
        self.field(20).store(0, SeqCst);
        self.field(24).store(0, Relaxed);
        self.end_round(false);
    }

    /// The agent has been given the barrier in order to use it.
    pub fn join(self, me: Token) {
        let _guard = self.guard(me);
        self.enter_member(me);
    }

    /// The agent ends in good order, or lets the barrier go.
    pub fn leave(self, me: Token) {
        let _guard = self.guard(me);
        for index in 0..self.member_capacity() {
            if self.member(index).load(Relaxed) == me.0 {
                self.member(index).store(0, Relaxed);
            }
        }
    }

    pub fn register(self, slot: u32) {
        self.waiters().set(slot);
    }

    pub fn unregister(self, slot: u32) {
        self.waiters().clear(slot);
    }

    fn enter_member(self, me: Token) {
        let mut free = None;
        for index in 0..self.member_capacity() {
            match self.member(index).load(Relaxed) {
                0 => free = free.or(Some(index)),
                token if token == me.0 => return,
                _ => {}
            }
        }
        if let Some(index) = free {
            self.member(index).store(me.0, Release);
        }
    }

    fn dead_party(self) -> Option<Token> {
        let arrived = (0..self.arrived()).map(|index| self.arrival(index));
        let members = (0..self.member_capacity()).map(|index| self.member(index));
        arrived
            .chain(members)
            .map(|word| Token(word.load(Acquire)))
            .find(|token| *token != Token::NOBODY && !self.domain.agents().is_alive(*token))
    }

    /// The first cause is the one that is told: who finds it broken and gives up is none.
    fn break_now(self, culprit: Token) {
        if !self.is_broken() {
            self.field(24).store(culprit.0, Relaxed);
        }
        self.field(16).store(0, Relaxed);
        self.field(20).store(1, SeqCst);
        self.waiters().wake_all();
    }

    /// A holder that died inside broke the barrier: it may have left a change half done.
    fn guard(self, me: Token) -> Guard<'d> {
        let (guard, inherited) = Guard::enter(self.domain, self.field(0), me);
        if let Some(dead) = inherited {
            self.break_now(dead);
        }
        guard
    }

    fn member_capacity(self) -> u32 {
        // Computed, not read: the field is for inspection.
        Self::capacity_for(self.parties())
    }

    fn arrival(self, index: u32) -> &'d AtomicU32 {
        self.domain.map().u32_at(self.block.offset + ARRIVALS + u64::from(index) * 4)
    }

    fn member(self, index: u32) -> &'d AtomicU32 {
        let start = self.block.offset + ARRIVALS + u64::from(self.parties()) * 4;
        self.domain.map().u32_at(start + u64::from(index) * 4)
    }

    fn waiters(self) -> Waiters<'d> {
        Waiters::at(self.domain, self.block.offset + 64)
    }

    fn round(self) -> &'d AtomicU32 {
        self.field(8)
    }

    fn outcomes(self) -> &'d AtomicU64 {
        self.domain.map().u64_at(self.block.offset + 32)
    }

    fn field(self, offset: u64) -> &'d AtomicU32 {
        self.domain.map().u32_at(self.block.offset + offset)
    }
}

/// The barriers that each agent of this process is a member of. An agent that ends in good order leaves them.
static MEMBERSHIPS: Mutex<Vec<(Token, Block, u32)>> = Mutex::new(Vec::new());

/// Remembers that one more object makes the agent a member of the barrier.
pub fn note_member(me: Token, block: Block) {
    let mut memberships = MEMBERSHIPS.lock().unwrap_or_else(PoisonError::into_inner);
    match memberships.iter_mut().find(|(token, other, _)| *token == me && *other == block) {
        Some((_, _, objects)) => *objects += 1,
        None => memberships.push((me, block, 1)),
    }
}

/// One object of the barrier is closed: with its last one the agent leaves.
pub fn leave_noted(domain: &Domain, me: Token, block: Block) {
    let mut memberships = MEMBERSHIPS.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(position) = memberships.iter().position(|(token, other, _)| *token == me && *other == block) else {
        return;
    };
    memberships[position].2 -= 1;
    if memberships[position].2 > 0 {
        return;
    }
    memberships.swap_remove(position);
    drop(memberships);
    if let Ok(barrier) = Barrier::at(domain, block) {
        barrier.leave(me);
    }
}

/// The agent ends in good order, and leaves all its barriers.
pub fn leave_all(domain: &Domain, me: Token) {
    let mut memberships = MEMBERSHIPS.lock().unwrap_or_else(PoisonError::into_inner);
    let left: Vec<Block> = memberships.iter().filter(|entry| entry.0 == me).map(|entry| entry.1).collect();
    memberships.retain(|entry| entry.0 != me);
    drop(memberships);
    for block in left {
        if let Ok(barrier) = Barrier::at(domain, block) {
            barrier.leave(me);
        }
    }
}
