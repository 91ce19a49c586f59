//! Once: of all agents that come, one does something, and the others wait until it is done.
//!
//! Block, 128 bytes: 0 state u32 · 64 waiters, 64 bytes.
//!
//! | state | meaning | goes to | by |
//! |---|---|---|---|
//! | 0 | not done | t | who comes first: compare-exchange |
//! | t | agent t does it | DONE, or 0 when it failed | t: compare-exchange, then the others are woken |
//! | t, dead | it was killed on the way | u | who looks next: compare-exchange from that very word |
//! | DONE | done for ever | – | |

use super::lock::Attempt;
use super::waiters::Waiters;
use crate::error::{Code, Error, Result};
use crate::memory::{Block, Domain, TOKEN_MASK, Token};
use crate::sys::atomic::AtomicU32;
use crate::sys::atomic::Ordering::SeqCst;

pub const BLOCK_SIZE: u64 = 128;
const DONE: u32 = 1 << 30;

#[derive(Clone, Copy)]
pub struct Once<'d> {
    domain: &'d Domain,
    block: Block,
}

impl<'d> Once<'d> {
    pub fn at(domain: &'d Domain, block: Block) -> Self {
        debug_assert!(block.length >= BLOCK_SIZE);
        Self { domain, block }
    }

    pub fn is_done(self) -> bool {
        self.state().load(SeqCst) & DONE != 0
    }

    /// The agent that does it at this moment, or died doing it.
    pub fn runner(self) -> Token {
        let seen = self.state().load(SeqCst);
        Token(if seen & DONE == 0 { seen & TOKEN_MASK } else { 0 })
    }

    /// `None`: it is done. Acquired: the caller is to do it, and to call `finish`.
    pub fn try_begin(self, me: Token) -> Option<Attempt> {
        loop {
            let seen = self.state().load(SeqCst);
            if seen & DONE != 0 {
                return None;
            }
            let runner = Token(seen & TOKEN_MASK);
            if runner != Token::NOBODY && self.domain.agents().is_alive(runner) {
                return Some(Attempt::Held);
            }
            if self.state().compare_exchange(seen, me.0, SeqCst, SeqCst).is_ok() {
                let is_first = runner == Token::NOBODY;
                return Some(if is_first { Attempt::Acquired } else { Attempt::AcquiredFromDead(runner) });
            }
        }
    }

    /// The runner is through: for ever when it succeeded, else somebody else may try.
    pub fn finish(self, me: Token, succeeded: bool) -> Result<()> {
        let next = if succeeded { DONE } else { 0 };
        if self.state().compare_exchange(me.0, next, SeqCst, SeqCst).is_err() {
            return Err(Error::new(Code::LockNotOwner, "once: this thread is not the one that runs it".to_owned()));
        }
        if self.waiters().any() {
            if succeeded { self.waiters().wake_all() } else { self.waiters().wake(1) }
        }
        Ok(())
    }

    pub fn register(self, slot: u32) {
        self.waiters().set(slot);
    }

    /// The agent waits no longer. If it was woken and does not begin, the next one is.
    pub fn unregister(self, slot: u32) {
        self.waiters().clear(slot);
        if self.state().load(SeqCst) == 0 && self.waiters().any() {
            self.waiters().wake(1);
        }
    }

    fn state(self) -> &'d AtomicU32 {
        self.domain.map().u32_at(self.block.offset)
    }

    fn waiters(self) -> Waiters<'d> {
        Waiters::at(self.domain, self.block.offset + 64)
    }
}
