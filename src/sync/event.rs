//! An event: a flag that agents wait for.
//!
//! Block, 128 bytes: 0 state u32: SET (bit 0) | number of times it was set (bits 1 to 31) · 64 waiters, 64 bytes.
//!
//! | step | commit |
//! |---|---|
//! | set | the state word: SET, and the number grows; then all are woken |
//! | clear | the state word: SET goes |
//! | a wait ends | the word has SET, or another number than when the wait began |
//!
//! The number is why a waiter that is already there never misses a `set`, however soon a `clear` follows. Killed between
//! the store and the waking: the reaper wakes everybody.

use super::waiters::Waiters;
use crate::memory::{Block, Domain};
use crate::sys::atomic::AtomicU32;
use crate::sys::atomic::Ordering::SeqCst;

pub const BLOCK_SIZE: u64 = 128;
const SET: u32 = 1;

/// How often the event had been set when the wait began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket(u32);

#[derive(Clone, Copy)]
pub struct Event<'d> {
    domain: &'d Domain,
    block: Block,
}

impl<'d> Event<'d> {
    pub fn at(domain: &'d Domain, block: Block) -> Self {
        debug_assert!(block.length >= BLOCK_SIZE);
        Self { domain, block }
    }

    pub fn set(self) {
        let _ = self.state().fetch_update(SeqCst, SeqCst, |seen| Some(seen.wrapping_add(2) | SET));
        if self.waiters().any() {
            self.waiters().wake_all();
        }
    }

    pub fn clear(self) {
        self.state().fetch_and(!SET, SeqCst);
    }

    pub fn is_set(self) -> bool {
        self.state().load(SeqCst) & SET != 0
    }

    pub fn ticket(self) -> Ticket {
        Ticket(self.state().load(SeqCst) >> 1)
    }

    pub fn has_happened(self, ticket: Ticket) -> bool {
        let seen = self.state().load(SeqCst);
        seen & SET != 0 || seen >> 1 != ticket.0
    }

    pub fn register(self, slot: u32) {
        self.waiters().set(slot);
    }

    pub fn unregister(self, slot: u32) {
        self.waiters().clear(slot);
    }

    fn state(self) -> &'d AtomicU32 {
        self.domain.map().u32_at(self.block.offset)
    }

    fn waiters(self) -> Waiters<'d> {
        Waiters::at(self.domain, self.block.offset + 64)
    }
}
