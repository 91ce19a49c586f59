//! What is done, once, for a process that died: its references are dropped, it leaves the lines in which it waited, and
//! its slots become free.
//!
//! Runs under the domain lock, so that two reapers never meet; a reaper killed on the way leaves the slots REAPING, and
//! the next one does it again: every step may be repeated. The state of locks, semaphores and barriers needs nothing here:
//! they hold tokens, which are dead from the first step on; the caller wakes all waiters afterwards, and they look.

use std::sync::PoisonError;

use crate::sys::atomic::Ordering::{Relaxed, SeqCst};

use super::agents::AGENT_COUNT;
use super::domain::Domain;
use super::domain_lock::DomainGuard;
use super::handle::Kind;
use crate::sys::mutex::RwLockReadGuard;
use crate::sys::{procfs, thread};

impl Domain {
    /// Reaps every process of the domain that is dead. Returns whether there was any.
    pub fn reap_dead(&self) -> bool {
        let mut found = false;
        for (_, pid, start_time) in self.agents().processes() {
            if !self.is_own(pid, start_time) && !procfs::is_alive(pid, start_time) {
                self.reap(pid, start_time);
                found = true;
            }
        }
        found
    }

    /// Reaps one process, known to be dead.
    pub fn reap(&self, pid: u32, start_time: u64) {
        // A process that has left has no living token to hold the lock with; others will do it.
        let Some(_present) = self.present() else { return };
        // Without the lock nothing can be done now; who looks next tries again.
        let Ok(guard) = self.lock() else { return };
        let slots = self.agents().start_reaping(pid, start_time);
        if slots.is_empty() {
            return;
        }
        self.drop_holders(&slots, &guard);
        self.leave_lines(&slots, &guard);
        for slot in slots {
            self.agents().finish_reaping(slot);
        }
    }

    /// This process ends in good order: what it held is given back at once. Its slots go last, while the lock that it
    /// holds is still that of a living process.
    pub fn leave(&self) {
        {
            // Waits for what other threads (finalisers, the watcher) are about to do for this process.
            let mut left = self.left.write().unwrap_or_else(PoisonError::into_inner);
            if std::mem::replace(&mut *left, true) {
                return;
            }
        }
        // Without the lock the others do it, when they find this process dead.
        let Ok(guard) = self.lock() else { return };
        self.drop_holders(&[self.slot()], &guard);
        self.leave_lines(&self.agents().slots_of(thread::process_id(), self.start_time), &guard);
        let slots = self.agents().start_reaping(thread::process_id(), self.start_time);
        drop(guard);
        for slot in slots {
            self.agents().finish_reaping(slot);
        }
    }

    /// Whether that is this very process, and not one of the past that had its pid.
    pub fn is_own(&self, pid: u32, start_time: u64) -> bool {
        pid == thread::process_id() && (start_time == self.start_time || start_time == 0)
    }

    /// Keeps the process from leaving while it is held. `None`: it has left, and its slot may be another's.
    pub(super) fn present(&self) -> Option<RwLockReadGuard<'_, bool>> {
        let left = self.left.read().unwrap_or_else(PoisonError::into_inner);
        (!*left).then_some(left)
    }

    /// The dead wait for nothing any more. Before their slots can be taken again: a wake-up that is meant for one waiter
    /// would go to a slot's next owner, which knows nothing of it.
    /// Under the domain lock, or a block could be another's by the time its bits are cleared.
    fn leave_lines(&self, slots: &[u32], _guard: &DomainGuard<'_>) {
        for index in 0..self.entry_count() {
            let entry = self.entry(index);
            let Some(kind) = Kind::from_number((entry.state().load(SeqCst) >> 8 & 0xff) as u32) else { continue };
            let sets = kind.waiter_sets();
            let (Some(last), Some((offset, length))) = (sets.last(), entry.bounds(kind)) else { continue };
            if last + u64::from(AGENT_COUNT) / 8 > length {
                continue;
            }
            for (set, slot) in sets.iter().flat_map(|set| slots.iter().map(move |slot| (set, slot))) {
                let (word, bit) = (self.map.u64_at(offset + set + u64::from(slot / 64) * 8), 1 << (slot % 64));
                if word.load(SeqCst) & bit != 0 {
                    word.fetch_and(!bit, SeqCst);
                }
            }
        }
    }

    fn drop_holders(&self, slots: &[u32], guard: &DomainGuard<'_>) {
        for index in 0..self.entry_count() {
            let entry = self.entry(index);
            for &slot in slots {
                entry.clear_holder(slot);
            }
            self.free_unreferenced(index, guard);
        }
        // What was kept by a block that is free now. Always looked for: a reaper before us may have been killed here.
        for index in 0..self.entry_count() {
            if self.entry(index).keeper().load(Relaxed) != 0 {
                self.free_unreferenced(index, guard);
            }
        }
    }
}
