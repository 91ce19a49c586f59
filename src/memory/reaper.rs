//! What is done, once, for a process that died: its references are dropped and its slots become free.
//!
//! Runs under the domain lock, so that two reapers never meet; a reaper killed on the way leaves the slots REAPING, and
//! the next one does it again: every step may be repeated. Locks, semaphores and barriers need nothing here: they hold
//! tokens, which are dead from the first step on; the caller wakes all waiters afterwards, and they look.

use std::sync::atomic::Ordering::SeqCst;

use super::domain::Domain;
use super::domain_lock::DomainGuard;
use crate::sys::procfs;

impl Domain {
    /// Reaps every process of the domain that is dead. Returns whether there was any.
    pub fn reap_dead(&self) -> bool {
        let mut found = false;
        for (_, pid, start_time) in self.agents().processes() {
            if pid != std::process::id() && !procfs::is_alive(pid, start_time) {
                self.reap(pid, start_time);
                found = true;
            }
        }
        found
    }

    /// Reaps one process, known to be dead.
    pub fn reap(&self, pid: u32, start_time: u64) {
        // A process that has left has no living token to hold the lock with; others will do it.
        if self.left.load(SeqCst) {
            return;
        }
        let guard = self.lock();
        let slots = self.agents().start_reaping(pid, start_time);
        if slots.is_empty() {
            return;
        }
        self.drop_holders(&slots, &guard);
        for slot in slots {
            self.agents().finish_reaping(slot);
        }
    }

    /// This process ends in good order: what it held is given back at once. Its slots go last, while the lock that it
    /// holds is still that of a living process.
    pub fn leave(&self) {
        if self.left.swap(true, SeqCst) {
            return;
        }
        let guard = self.lock();
        let pid = std::process::id();
        self.drop_holders(&[self.slot()], &guard);
        let start_time = procfs::process_start_time(pid).unwrap_or(0);
        for slot in self.agents().start_reaping(pid, start_time) {
            self.agents().finish_reaping(slot);
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
    }
}
