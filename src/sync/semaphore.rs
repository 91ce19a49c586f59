//! A counting semaphore between agents.
//!
//! Block, 128 bytes: 0 state u32: permits (bits 0 to 29) | WAITERS (bit 31) · 4 claim u32 (claim.rs) · 64 waiters, 64 bytes.
//!
//! | step | commit |
//! |---|---|
//! | acquire | compare-exchange of n to n - 1; also from JavaScript while WAITERS is not set |
//! | release | compare-exchange of n to n + k; with WAITERS set, k sleepers are woken |
//!
//! A permit has no owner, as in Python: one that was acquired by a process that died stays acquired, and any agent may
//! release. A permit is never handed to a waiter, each takes its own; so a waiter that dies takes none with it, and the
//! reaper wakes the others. Who acquires and finds more permits and more waiters wakes one more.

use crate::sys::atomic::AtomicU32;
use crate::sys::atomic::Ordering::{Relaxed, SeqCst};

use super::claim::{Claim, Standing};
use super::park;
use super::waiters::Waiters;
use crate::error::{Code, Error, Result};
use crate::memory::{Block, Domain, Token};

pub const BLOCK_SIZE: u64 = 128;
pub const WAITERS: u32 = 1 << 31;
pub const VALUE_MAX: u32 = (1 << 30) - 1;

#[derive(Clone, Copy)]
pub struct Semaphore<'d> {
    domain: &'d Domain,
    block: Block,
}

impl<'d> Semaphore<'d> {
    pub fn at(domain: &'d Domain, block: Block) -> Self {
        debug_assert!(block.length >= BLOCK_SIZE);
        Self { domain, block }
    }

    /// Before the block is known to anybody else.
    pub fn initialise(self, value: u32) {
        self.state().store(value & VALUE_MAX, Relaxed);
    }

    pub fn value(self) -> u32 {
        self.state().load(SeqCst) & VALUE_MAX
    }

    /// As a wait does: a claim of somebody else is heeded, and one of its own staked when it has lasted long.
    pub fn acquire_in_turn(self, me: Token, standing: &mut Standing) -> bool {
        if self.value() > 0 && !self.claim().bars(me, standing) && self.try_acquire() {
            self.claim().withdraw(me);
            return true;
        }
        self.claim().stake(me, standing);
        false
    }

    pub fn try_acquire(self) -> bool {
        let taken = self.state().fetch_update(SeqCst, SeqCst, |seen| (seen & VALUE_MAX > 0).then(|| seen - 1));
        let Ok(before) = taken else { return false };
        if before & WAITERS != 0 {
            if self.waiters().any_alive() {
                if before & VALUE_MAX > 1 {
                    self.waiters().wake(1);
                }
            } else {
                self.state().fetch_and(!WAITERS, SeqCst);
                // As in lock.rs: an agent that registered meanwhile set its bit before the flag.
                if self.waiters().any_alive() && self.state().fetch_or(WAITERS, SeqCst) & VALUE_MAX > 0 {
                    // A release while the flag was gone woke nobody.
                    self.waiters().wake(1);
                }
            }
        }
        true
    }

    pub fn release(self, count: u32) -> Result<()> {
        let added = self.state().fetch_update(SeqCst, SeqCst, |seen| {
            (seen & VALUE_MAX).checked_add(count).filter(|sum| *sum <= VALUE_MAX).map(|sum| sum | seen & WAITERS)
        });
        match added {
            Ok(before) => {
                if before & WAITERS != 0 {
                    self.wake_next(count);
                }
                Ok(())
            }
            Err(seen) => Err(Error::new(
                Code::SemOverflow,
                format!("semaphore.release({count}): the value {} would exceed {VALUE_MAX}", seen & VALUE_MAX),
            )),
        }
    }

    pub fn register(self, slot: u32) {
        self.waiters().set(slot);
        self.state().fetch_or(WAITERS, SeqCst);
    }

    pub fn unregister(self, me: Token) {
        self.claim().withdraw(me);
        self.waiters().clear(me.slot());
        if self.value() > 0 {
            self.wake_next(1);
        }
    }

    fn wake_next(self, count: u32) {
        if let Some(claimant) = self.claim().holder() {
            park::wake(self.domain, claimant.slot());
        }
        self.waiters().wake(count);
    }

    fn claim(self) -> Claim<'d> {
        Claim::at(self.domain, self.block.offset + 4)
    }

    fn state(self) -> &'d AtomicU32 {
        self.domain.map().u32_at(self.block.offset)
    }

    fn waiters(self) -> Waiters<'d> {
        Waiters::at(self.domain, self.block.offset + 64)
    }
}
