//! Where blocks come from: free lists by size class, and two arenas that only grow.
//!
//! All of it is derived from the directory's entries (see directory.rs) and guarded by the domain lock; whoever inherits
//! that lock from a dead holder makes it anew (`rebuild`). A list that a hostile peer has written to is given up.

use crate::sys::atomic::AtomicU32;
use crate::sys::atomic::Ordering::{Relaxed, Release, SeqCst};

use super::agents::AGENT_COUNT;
use super::directory::{Block, DYING, FREE, Handle, Kind, LIVE, RESERVED, left, state_word};
use super::domain::Domain;
use super::domain_lock::DomainGuard;
use super::layout::{
    H_ENTRY_COUNT, H_FREE_LISTS, H_LARGE_END, H_LIVE_BYTES, H_LIVE_COUNT, H_SMALL_END, H_WARM_BYTES, SMALL_BLOCK_MAX,
};
use super::size_class::{CLASS_COUNT, capacity_of, class_of};
use crate::error::{Code, Error, Result};
use crate::sys::memfd;

/// Free blocks of at least this size give their pages back once WARM_BYTES_MAX are kept warm.
const LARGE_FREE: u64 = 64 << 10;
const WARM_BYTES_MAX: u64 = 256 << 20;

impl Domain {
    /// A new block of at least `length` bytes, held by this process once. Zeroed, but for payloads, which their maker
    /// fills whole.
    pub fn allocate(&self, kind: Kind, length: u64) -> Result<Block> {
        let class = class_of(length).ok_or_else(|| self.no_space(length))?;
        let _present = self.present().ok_or_else(left)?;
        let guard = self.lock();
        let index = self.take_free(class).map_or_else(|| self.make_entry(class, length), Ok)?;
        let entry = self.entry(index);
        let generation = ((entry.state().load(Relaxed) >> 32) as u32).wrapping_add(1);
        {
            // Bit and count together, under the mutex: a failing `attach` of this process takes a bit back only while
            // it finds no count.
            let mut references = self.references();
            entry.set_holder(self.slot());
            references.insert(index, 1);
        }
        entry.length().store(length, Relaxed);
        entry.in_flight().store(0, Relaxed);
        entry.name().store(0, Relaxed);
        entry.keeper().store(0, Relaxed);
        entry.state().store(state_word(generation, kind as u64, RESERVED), Release);
        self.add_live(entry.capacity().load(Relaxed) as i64);
        drop(guard);

        let offset = entry.offset().load(Relaxed);
        if entry.dirty().swap(1, Relaxed) != 0 && kind != Kind::Payload {
            self.map.zero(offset, entry.capacity().load(Relaxed));
        }
        entry.state().store(state_word(generation, kind as u64, LIVE), Release);
        let handle = Handle { kind, index, generation };
        Ok(Block { handle, offset, length })
    }

    /// Bytes of all live blocks, and their number.
    pub fn usage(&self) -> (u64, u32) {
        (self.map.u64_at(H_LIVE_BYTES).load(Relaxed), self.map.u32_at(H_LIVE_COUNT).load(Relaxed))
    }

    /// Makes every derived field anew from the entries. Under the domain lock, inherited from a dead holder.
    pub(super) fn rebuild(&self, guard: &DomainGuard<'_>) {
        for class in 0..CLASS_COUNT {
            self.free_list(class).store(0, Relaxed);
        }
        let (mut small_end, mut large_end) = (self.layout.small_start, self.layout.large_start);
        let (mut live_bytes, mut live_count, mut warm) = (0, 0, 0);
        let mut dying = Vec::new();
        for index in 0..self.entry_count() {
            let entry = self.entry(index);
            let (offset, capacity) = (entry.offset().load(Relaxed), entry.capacity().load(Relaxed));
            let end = offset.saturating_add(capacity);
            if offset < self.layout.large_start {
                small_end = small_end.max(end);
            } else {
                large_end = large_end.max(end);
            }
            match entry.state().load(SeqCst) & 0xff {
                FREE => {
                    self.list_free(index);
                    if capacity >= LARGE_FREE && entry.dirty().load(Relaxed) != 0 {
                        warm += capacity;
                    }
                }
                status => {
                    live_bytes += capacity;
                    live_count += 1;
                    if status == DYING {
                        dying.push(index);
                    }
                }
            }
        }
        self.map.u64_at(H_SMALL_END).store(small_end.min(self.layout.large_start), Relaxed);
        self.map.u64_at(H_LARGE_END).store(large_end.min(self.layout.size), Relaxed);
        self.map.u64_at(H_WARM_BYTES).store(warm, Relaxed);
        self.map.u64_at(H_LIVE_BYTES).store(live_bytes, Relaxed);
        self.map.u32_at(H_LIVE_COUNT).store(live_count, Relaxed);
        for index in dying {
            let entry = self.entry(index);
            let state = entry.state().load(SeqCst);
            entry.state().store(state & !0xff | LIVE, SeqCst);
            self.free_unreferenced(index, guard);
        }
    }

    fn free_list(&self, class: usize) -> &AtomicU32 {
        self.map.u32_at(H_FREE_LISTS + class as u64 * 4)
    }

    pub(super) fn list_free(&self, index: u32) {
        let entry = self.entry(index);
        let class = (entry.class().load(Relaxed) as usize).min(CLASS_COUNT - 1);
        entry.next_free().store(self.free_list(class).load(Relaxed), Relaxed);
        self.free_list(class).store(index + 1, Relaxed);
        if entry.capacity().load(Relaxed) >= LARGE_FREE && entry.dirty().load(Relaxed) != 0 {
            self.add_warm(entry.capacity().load(Relaxed) as i64);
        }
    }

    /// An entry of that class, or of one up to a doubling larger, off its free list.
    fn take_free(&self, class: usize) -> Option<u32> {
        let arena_is_small = capacity_of(class) <= SMALL_BLOCK_MAX;
        let wanted = class;
        for class in class..(class + 4).min(CLASS_COUNT) {
            if (capacity_of(class) <= SMALL_BLOCK_MAX) != arena_is_small {
                break;
            }
            let index = self.free_list(class).load(Relaxed).wrapping_sub(1);
            // A broken list (a hostile peer wrote to it) is given up, not followed.
            if index == u32::MAX {
                continue;
            }
            if index >= self.entry_count() || !self.is_sound_free_entry(index, capacity_of(wanted)) {
                self.free_list(class).store(0, Relaxed);
                continue;
            }
            let entry = self.entry(index);
            self.free_list(class).store(entry.next_free().load(Relaxed), Relaxed);
            if entry.capacity().load(Relaxed) >= LARGE_FREE && entry.dirty().load(Relaxed) != 0 {
                self.add_warm(-(entry.capacity().load(Relaxed) as i64));
            }
            return Some(index);
        }
        None
    }

    fn is_sound_free_entry(&self, index: u32, wanted: u64) -> bool {
        let entry = self.entry(index);
        let (offset, capacity) = (entry.offset().load(Relaxed), entry.capacity().load(Relaxed));
        entry.state().load(Relaxed) & 0xff == FREE
            && capacity >= wanted
            && offset >= self.layout.small_start
            && offset.is_multiple_of(64)
            && offset.checked_add(capacity).is_some_and(|end| end <= self.layout.size)
    }

    /// A new entry with a block that was never used.
    fn make_entry(&self, class: usize, length: u64) -> Result<u32> {
        let capacity = capacity_of(class);
        let (end_field, arena_end) = if capacity <= SMALL_BLOCK_MAX {
            (H_SMALL_END, self.layout.large_start)
        } else {
            (H_LARGE_END, self.layout.size)
        };
        let index = self.entry_count();
        let offset = self.map.u64_at(end_field).load(Relaxed);
        let end = offset.checked_add(capacity).filter(|end| *end <= arena_end && index < self.layout.entry_capacity);
        let Some(end) = end else { return Err(self.no_space(length)) };
        let entry = self.entry(index);
        entry.state().store(state_word(0, 0, FREE), Relaxed);
        entry.offset().store(offset, Relaxed);
        entry.capacity().store(capacity, Relaxed);
        entry.class().store(class as u32, Relaxed);
        entry.dirty().store(0, Relaxed);
        for word in 0..u64::from(AGENT_COUNT / 64) {
            entry.word(64 + word * 8).store(0, Relaxed);
        }
        self.map.u64_at(end_field).store(end, Relaxed);
        // The commit: before it, neither entry nor block exist.
        self.map.u32_at(H_ENTRY_COUNT).store(index + 1, Release);
        Ok(index)
    }

    /// Large free blocks keep their pages only while few of them do.
    pub(super) fn cool_down(&self, index: u32) {
        let entry = self.entry(index);
        let capacity = entry.capacity().load(Relaxed);
        if capacity < LARGE_FREE || self.map.u64_at(H_WARM_BYTES).load(Relaxed) <= WARM_BYTES_MAX {
            return;
        }
        if memfd::punch_hole(self.fd(), entry.offset().load(Relaxed), capacity).is_ok() {
            entry.dirty().store(0, Relaxed);
            self.add_warm(-(capacity as i64));
        }
    }

    pub(super) fn add_live(&self, bytes: i64) {
        self.map.u64_at(H_LIVE_BYTES).fetch_add(bytes as u64, Relaxed);
        self.map.u32_at(H_LIVE_COUNT).fetch_add(bytes.signum() as u32, Relaxed);
    }

    fn add_warm(&self, bytes: i64) {
        self.map.u64_at(H_WARM_BYTES).fetch_add(bytes as u64, Relaxed);
    }

    fn no_space(&self, length: u64) -> Error {
        let (live, count) = self.usage();
        Error::new(
            Code::ShmSpace,
            format!(
                "a block of {length} bytes was asked for, but the shared memory domain of {} bytes has no room for it \
                 ({live} bytes are in use in {count} blocks); dispose of shared objects that are no longer needed",
                self.layout.size
            ),
        )
    }
}
