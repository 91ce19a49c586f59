//! A latch: a counter that only goes down; who waits is let through for ever once it is zero.
//!
//! Block, 128 bytes: 0 count u32 · 64 waiters, 64 bytes. One commit, the count; then all are woken if it became zero.
//! A count has no owner: one that a dead process would have counted down stays, so waits that may lose their
//! counterpart take a time limit.

use super::waiters::Waiters;
use crate::memory::{Block, Domain};
use crate::sys::atomic::AtomicU32;
use crate::sys::atomic::Ordering::{Relaxed, SeqCst};

pub const BLOCK_SIZE: u64 = 128;

#[derive(Clone, Copy)]
pub struct Latch<'d> {
    domain: &'d Domain,
    block: Block,
}

impl<'d> Latch<'d> {
    pub fn at(domain: &'d Domain, block: Block) -> Self {
        debug_assert!(block.length >= BLOCK_SIZE);
        Self { domain, block }
    }

    /// Before the block is known to anybody else.
    pub fn initialise(self, count: u32) {
        self.state().store(count, Relaxed);
    }

    /// Counts down, not below zero. Returns what is left.
    pub fn count_down(self, by: u32) -> u32 {
        let before = self.state().fetch_update(SeqCst, SeqCst, |count| Some(count.saturating_sub(by))).unwrap_or(0);
        if before <= by && self.waiters().any() {
            self.waiters().wake_all();
        }
        before.saturating_sub(by)
    }

    pub fn count(self) -> u32 {
        self.state().load(SeqCst)
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
