//! A bounded semaphore: permits that belong to who acquired them, and come back when it dies.
//!
//! Block: 0 permits u32 · 4 claim u32 (claim.rs) · 64 waiters, 64 bytes · 128 holders, permits × u32 (holders.rs).
//!
//! | step | commit |
//! |---|---|
//! | acquire | compare-exchange of a free or dead place to the taker's token |
//! | release | compare-exchange of a place of the releaser's own to 0; it has none: of any place that is held |
//!
//! The value is the number of places that no living agent holds: exact by construction, whoever was killed where. The
//! reaper wakes all waiters, who find the places of the dead. More releases than acquisitions find no place to free.

use super::claim::{Claim, Standing};
use super::holders::Holders;
use super::park;
use super::waiters::Waiters;
use crate::error::{Code, Error, Result};
use crate::memory::{Block, Domain, Token};
use crate::sys::atomic::Ordering::Relaxed;

pub const PERMITS_MAX: u32 = 65_536;
const HOLDERS: u64 = 128;

#[derive(Clone, Copy)]
pub struct Permits<'d> {
    domain: &'d Domain,
    block: Block,
    /// Read once and checked against the block: the word itself may be overwritten at any time.
    bound: u32,
}

impl<'d> Permits<'d> {
    pub fn block_size(bound: u32) -> u64 {
        HOLDERS + u64::from(bound) * Holders::PLACE_SIZE
    }

    /// Refuses a block whose own figures do not fit it.
    pub fn at(domain: &'d Domain, block: Block) -> Result<Self> {
        let bound = if block.length < HOLDERS { 0 } else { domain.map().u32_at(block.offset).load(Relaxed) };
        if bound == 0 || bound > PERMITS_MAX || Self::block_size(bound) > block.length {
            return Err(Error::new(Code::Handle, "the semaphore's block has been overwritten".to_owned()));
        }
        Ok(Self { domain, block, bound })
    }

    /// Before the block is known to anybody else.
    pub fn initialise(domain: &'d Domain, block: Block, bound: u32) {
        domain.map().u32_at(block.offset).store(bound, Relaxed);
    }

    pub fn bound(self) -> u32 {
        self.bound
    }

    /// Free permits.
    pub fn value(self) -> u32 {
        self.bound - (self.holders().alive().count() as u32).min(self.bound)
    }

    pub fn try_acquire(self, me: Token) -> bool {
        self.holders().take(me).is_some()
    }

    /// As a wait does: a claim of somebody else is heeded, and one of its own staked when it has lasted long.
    pub fn acquire_in_turn(self, me: Token, standing: &mut Standing) -> bool {
        if self.value() > 0 && !self.claim().bars(me, standing) && self.try_acquire(me) {
            self.claim().withdraw(me);
            return true;
        }
        self.claim().stake(me, standing);
        false
    }

    pub fn release(self, me: Token) -> Result<()> {
        let freed =
            self.holders().give_back(me) || self.holders().alive().any(|holder| self.holders().give_back(holder));
        if !freed {
            let message = format!("semaphore.release(): all {} permits are free already", self.bound);
            return Err(Error::new(Code::SemBound, message));
        }
        self.wake_next();
        Ok(())
    }

    pub fn register(self, slot: u32) {
        self.waiters().set(slot);
    }

    pub fn unregister(self, me: Token) {
        self.claim().withdraw(me);
        self.waiters().clear(me.slot());
        if self.waiters().any() && self.value() > 0 {
            self.wake_next();
        }
    }

    fn wake_next(self) {
        if let Some(claimant) = self.claim().holder() {
            park::wake(self.domain, claimant.slot());
        }
        if self.waiters().any() {
            self.waiters().wake(1);
        }
    }

    fn holders(self) -> Holders<'d> {
        Holders::at(self.domain, self.block.offset + HOLDERS, self.bound)
    }

    fn claim(self) -> Claim<'d> {
        Claim::at(self.domain, self.block.offset + 4)
    }

    fn waiters(self) -> Waiters<'d> {
        Waiters::at(self.domain, self.block.offset + 64)
    }
}
