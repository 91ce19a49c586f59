//! The set of agents that wait for one object: a bit for each slot, 64 bytes inside the object's block.
//!
//! A dying agent leaves nothing half written: its bit stays set and stands for nobody, and the reaper clears it before the
//! slot can be another's (memory/reaper.rs; where the sets lie is in `Kind::waiter_sets`). An agent sets its own bit before
//! it looks at the object, and a waker changes the object before it reads the bits (both SeqCst), so one of them sees the
//! other.

use crate::sys::atomic::Ordering::SeqCst;
use std::cell::Cell;

use super::park;
use crate::memory::{AGENT_COUNT, Domain};
use crate::sys::thread::thread_local;

const WORDS: u64 = AGENT_COUNT as u64 / 64;

thread_local! {
    /// Where the last search for a sleeper ended, so that each gets its turn.
    static CURSOR: Cell<u32> = const { Cell::new(0) };
}

#[derive(Clone, Copy)]
pub struct Waiters<'d> {
    domain: &'d Domain,
    offset: u64,
}

impl<'d> Waiters<'d> {
    pub const SIZE: u64 = WORDS * 8;

    pub fn at(domain: &'d Domain, offset: u64) -> Self {
        Self { domain, offset }
    }

    pub fn set(self, slot: u32) {
        self.word(slot / 64).fetch_or(1 << (slot % 64), SeqCst);
    }

    pub fn clear(self, slot: u32) {
        self.word(slot / 64).fetch_and(!(1 << (slot % 64)), SeqCst);
    }

    /// Whether a bit is set, be it of the dead.
    pub fn any(self) -> bool {
        (0..WORDS as u32).any(|index| self.word(index).load(SeqCst) != 0)
    }

    /// Whether a living agent waits.
    pub fn any_alive(self) -> bool {
        self.slots_from(0).any(|slot| self.domain.agents().token_in(slot).is_some())
    }

    /// Tells the waiters that the object has changed: all that run (which costs nothing, and none of them may keep the
    /// change from the others by being busy), and at most `sleepers` of those that sleep.
    pub fn wake(self, sleepers: u32) {
        let start = CURSOR.get();
        let mut woken = 0;
        for slot in self.slots_from(start) {
            if park::is_asleep(self.domain, slot) {
                if woken == sleepers || self.domain.agents().token_in(slot).is_none() {
                    continue;
                }
                woken += 1;
                CURSOR.set((slot + 1) % AGENT_COUNT);
            }
            park::wake(self.domain, slot);
        }
    }

    pub fn wake_all(self) {
        self.wake(AGENT_COUNT);
    }

    /// The set slots, beginning at `start`.
    fn slots_from(self, start: u32) -> impl Iterator<Item = u32> {
        let words: Vec<u64> = (0..WORDS as u32).map(|index| self.word(index).load(SeqCst)).collect();
        let empty = words.iter().all(|word| *word == 0);
        (0..if empty { 0 } else { AGENT_COUNT })
            .map(move |step| (start + step) % AGENT_COUNT)
            .filter(move |slot| words[*slot as usize / 64] & 1 << (slot % 64) != 0)
    }

    fn word(self, index: u32) -> &'d crate::sys::atomic::AtomicU64 {
        self.domain.map().u64_at(self.offset + u64::from(index) * 8)
    }
}
