//! A mutual-exclusion lock between agents: threads of one process and of others alike.
//!
//! Block, 128 bytes: 0 state u32 · 4 claim u32 (claim.rs) · 8 released by another u32 · 64 waiters, 64 bytes.
//!
//! | state word | meaning | goes to | by |
//! |---|---|---|---|
//! | 0 | free, nobody waits | t | anyone, also JavaScript: one compare-exchange |
//! | t | agent t holds it, nobody waits | 0 | its release, also from JavaScript: one compare-exchange |
//! | t + WAITERS | held, some agent's bit is set | 0 + WAITERS, then one sleeper is woken | release |
//! | 0 + WAITERS | free, waiters are on their way | t + WAITERS, or t when no bit is left | a taker, here only |
//!
//! With WAITERS set both of JavaScript's compare-exchanges fail, and this file decides.
//!
//! Death. The owner's token is dead in the agent table as soon as its process is reaped: whoever looks next takes the
//! lock over with one compare-exchange from that very word, and learns whose death passed it on. Killed between the
//! store of a free word and the waking: the reaper wakes everybody. A woken waiter that dies, gives up or is slow: the
//! same, or it wakes the next (`give_up`), or the others look again within a second.
//!
//! Any agent may release a held lock, as in Python; that one was released by another than its holder is remembered,
//! since then nobody can tell who will release it next (sync/deadlock). Waking is not handing over: a running thread may
//! take the lock before the one that was woken (barging), which keeps a contended lock fast; claim.rs bounds it.

use crate::sys::atomic::AtomicU32;
use crate::sys::atomic::Ordering::{Relaxed, SeqCst};

use super::claim::{Claim, Standing};
use super::park;
use super::waiters::Waiters;
use crate::error::{Code, Error, Result};
use crate::memory::{Block, Domain, TOKEN_MASK, Token};

pub const BLOCK_SIZE: u64 = 128;
pub const WAITERS: u32 = 1 << 31;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    Acquired,
    /// Acquired from an agent that died while it held the lock.
    AcquiredFromDead(Token),
    Held,
}

#[derive(Clone, Copy)]
pub struct Lock<'d> {
    domain: &'d Domain,
    block: Block,
}

impl<'d> Lock<'d> {
    pub fn at(domain: &'d Domain, block: Block) -> Self {
        debug_assert!(block.length >= BLOCK_SIZE);
        Self { domain, block }
    }

    /// As a wait does: a claim of somebody else is heeded, and one of its own staked when it has lasted long.
    pub fn acquire_in_turn(self, me: Token, standing: &mut Standing) -> Attempt {
        let owner = self.owner();
        let is_free = owner == Token::NOBODY || !self.domain.agents().is_alive(owner);
        if is_free && !self.claim().bars(me, standing) {
            let attempt = self.try_acquire(me);
            if attempt != Attempt::Held {
                self.claim().withdraw(me);
                return attempt;
            }
        }
        self.claim().stake(me, standing);
        Attempt::Held
    }

    pub fn try_acquire(self, me: Token) -> Attempt {
        loop {
            let seen = self.state().load(SeqCst);
            let owner = Token(seen & TOKEN_MASK);
            if owner != Token::NOBODY && self.domain.agents().is_alive(owner) {
                return Attempt::Held;
            }
            if self.state().compare_exchange(seen, me.0 | seen & WAITERS, SeqCst, Relaxed).is_ok() {
                if owner == Token::NOBODY {
                    self.drop_flag_unless_awaited(me);
                } else if self.waiters().any_alive() {
                    // The dead may have been killed while it had taken the flag away.
                    self.state().fetch_or(WAITERS, SeqCst);
                }
                return if owner == Token::NOBODY { Attempt::Acquired } else { Attempt::AcquiredFromDead(owner) };
            }
        }
    }

    pub fn release(self, me: Token) -> Result<()> {
        loop {
            let seen = self.state().load(SeqCst);
            if seen & TOKEN_MASK != me.0 && seen & TOKEN_MASK != 0 {
                self.domain.map().u32_at(self.block.offset + 8).store(1, Relaxed);
            }
            if seen & TOKEN_MASK == 0 {
                return Err(Error::new(Code::LockNotHeld, "lock.release(): the lock is not held by anyone".to_owned()));
            }
            if self.state().compare_exchange(seen, seen & WAITERS, SeqCst, Relaxed).is_ok() {
                if seen & WAITERS != 0 {
                    self.wake_next();
                }
                return Ok(());
            }
        }
    }

    /// The agent will wait: from here on a release wakes it.
    pub fn register(self, slot: u32) {
        self.waiters().set(slot);
        self.state().fetch_or(WAITERS, SeqCst);
    }

    /// The agent waits no longer. If it was woken for a free lock that it does not take, the next one is.
    pub fn unregister(self, me: Token) {
        self.claim().withdraw(me);
        self.waiters().clear(me.slot());
        let seen = self.state().load(SeqCst);
        if seen & TOKEN_MASK == 0 && seen & WAITERS != 0 {
            self.wake_next();
        }
    }

    /// Whether it was ever released by another agent than its holder.
    pub fn was_released_by_another(self) -> bool {
        self.domain.map().u32_at(self.block.offset + 8).load(Relaxed) != 0
    }

    /// A claimant, and one more: it takes the claim away if the claimant is stopped.
    fn wake_next(self) {
        if let Some(claimant) = self.claim().holder() {
            park::wake(self.domain, claimant.slot());
        }
        self.waiters().wake(1);
    }

    fn claim(self) -> Claim<'d> {
        Claim::at(self.domain, self.block.offset + 4)
    }

    pub fn owner(self) -> Token {
        Token(self.state().load(SeqCst) & TOKEN_MASK)
    }

    /// The holder gives the fast path back once nobody waits. An agent that registers meanwhile sets its bit before the
    /// flag: either we read its bit, or its flag comes after our clearing.
    fn drop_flag_unless_awaited(self, me: Token) {
        let seen = self.state().load(Relaxed);
        if seen & WAITERS == 0 || self.waiters().any_alive() {
            return;
        }
        if self.state().compare_exchange(me.0 | WAITERS, me.0, SeqCst, Relaxed).is_ok() && self.waiters().any_alive() {
            let before = self.state().fetch_or(WAITERS, SeqCst);
            // Somebody released it (any agent may) while the flag was gone, and woke nobody.
            if before & TOKEN_MASK == 0 {
                self.waiters().wake(1);
            }
        }
    }

    fn state(self) -> &'d AtomicU32 {
        self.domain.map().u32_at(self.block.offset)
    }

    fn waiters(self) -> Waiters<'d> {
        Waiters::at(self.domain, self.block.offset + 64)
    }
}
