//! Where blocks come from: free lists by size class, and two arenas that only grow.
//!
//! All of it is derived from the directory's entries (see directory.rs) and guarded by the domain lock; whoever inherits
//! that lock from a dead holder makes it anew (`rebuild`), and so does who finds it broken, since a list, an arena's end
//! or the count of entries leads to something that is no free block. A second time within one allocation is an error.

use crate::sys::atomic::AtomicU32;
use crate::sys::atomic::Ordering::{Relaxed, Release, SeqCst};

use super::agents::AGENT_COUNT;
use super::directory::{DYING, Extent, FREE, LIVE, RESERVED, left, state_word};
use super::domain::Domain;
use super::domain_lock::DomainGuard;
use super::handle::{Block, Handle, Kind};
use super::layout::{
    H_ENTRY_COUNT, H_FREE_LISTS, H_LARGE_END, H_LIVE_BYTES, H_LIVE_COUNT, H_SMALL_END, H_WARM_BYTES, SMALL_BLOCK_MAX,
};
use super::size_class::{CLASS_COUNT, capacity_of, class_of};
use crate::error::{Code, Error, Result};
use crate::sys::memfd;

/// Free blocks of at least this size give their pages back once WARM_BYTES_MAX are kept warm.
const LARGE_FREE: u64 = 64 << 10;
const WARM_BYTES_MAX: u64 = 256 << 20;
/// So many entries in a row that were never made: none behind them was.
const UNMADE_IN_A_ROW: u32 = 64;

/// What the tables say leads nowhere.
struct Broken;

impl Domain {
    /// A new block of at least `length` bytes, held by this process once. Zeroed, but for payloads, which their maker
    /// fills whole.
    pub fn allocate(&self, kind: Kind, length: u64) -> Result<Block> {
        let class = class_of(length).ok_or_else(|| self.no_space(length))?;
        let _present = self.present().ok_or_else(left)?;
        let guard = self.lock()?;
        let (index, extent) = self.take(class, length, &guard)?;
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
        self.add_live(extent.capacity);
        drop(guard);

        if entry.dirty().swap(1, Relaxed) != 0 && kind != Kind::Payload {
            self.map.zero(extent.offset, extent.capacity);
        }
        entry.state().store(state_word(generation, kind as u64, LIVE), Release);
        let handle = Handle { kind, index, generation };
        Ok(Block { handle, offset: extent.offset, length })
    }

    /// Bytes of all live blocks, and their number.
    pub fn usage(&self) -> (u64, u32) {
        (self.map.u64_at(H_LIVE_BYTES).load(Relaxed), self.map.u32_at(H_LIVE_COUNT).load(Relaxed))
    }

    /// Makes every derived field anew from the entries. Under the domain lock.
    pub(super) fn rebuild(&self, guard: &DomainGuard<'_>) {
        for class in 0..CLASS_COUNT {
            self.free_list(class).store(0, Relaxed);
        }
        let count = self.count_entries();
        self.map.u32_at(H_ENTRY_COUNT).store(count, Release);
        let (mut small_end, mut large_end) = (self.layout.small_start, self.layout.large_start);
        let (mut live_bytes, mut live_count) = (0_u64, 0);
        let mut dying = Vec::new();
        self.map.u64_at(H_WARM_BYTES).store(0, Relaxed);
        for index in 0..count {
            let entry = self.entry(index);
            // One that was overwritten is neither used again nor counted.
            let Some(extent) = entry.extent() else { continue };
            let end = extent.offset + extent.capacity;
            if extent.capacity <= SMALL_BLOCK_MAX {
                small_end = small_end.max(end);
            } else {
                large_end = large_end.max(end);
            }
            match entry.state().load(SeqCst) & 0xff {
                // One that this process holds is not free, whatever its state says.
                FREE if self.references().contains_key(&index) => {}
                FREE => self.list_free(index, extent),
                status => {
                    live_bytes += extent.capacity;
                    live_count += 1;
                    if status == DYING {
                        dying.push(index);
                    }
                }
            }
        }
        self.map.u64_at(H_SMALL_END).store(small_end, Relaxed);
        self.map.u64_at(H_LARGE_END).store(large_end, Relaxed);
        self.map.u64_at(H_LIVE_BYTES).store(live_bytes, Relaxed);
        self.map.u32_at(H_LIVE_COUNT).store(live_count, Relaxed);
        for index in dying {
            let entry = self.entry(index);
            let state = entry.state().load(SeqCst);
            entry.state().store(state & !0xff | LIVE, SeqCst);
            self.free_unreferenced(index, guard);
        }
    }

    /// The number of entries that were made, by looking at them.
    pub(super) fn count_entries(&self) -> u32 {
        let (mut count, mut unmade) = (0, 0);
        for index in 0..self.layout.entry_capacity {
            if self.entry(index).is_made() {
                (count, unmade) = (index + 1, 0);
            } else {
                unmade += 1;
                if unmade == UNMADE_IN_A_ROW {
                    break;
                }
            }
        }
        count
    }

    fn free_list(&self, class: usize) -> &AtomicU32 {
        self.map.u32_at(H_FREE_LISTS + class as u64 * 4)
    }

    pub(super) fn list_free(&self, index: u32, extent: Extent) {
        let (entry, list) = (self.entry(index), self.free_list(extent.class));
        entry.next_free().store(list.load(Relaxed), Relaxed);
        list.store(index + 1, Relaxed);
        if extent.capacity >= LARGE_FREE && entry.dirty().load(Relaxed) != 0 {
            self.add_warm(extent.capacity);
        }
    }

    fn take(&self, class: usize, length: u64, guard: &DomainGuard<'_>) -> Result<(u32, Extent)> {
        for _ in 0..2 {
            let found = match self.take_free(class) {
                Ok(None) => self.make_entry(class),
                found => found,
            };
            match found {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => return Err(self.no_space(length)),
                Err(Broken) => self.rebuild(guard),
            }
        }
        let message = "the tables of the shared memory domain have been overwritten; end the processes of this family";
        Err(Error::new(Code::Domain, message.to_owned()))
    }

    /// An entry of that class, or of one up to a doubling larger, off its free list.
    fn take_free(&self, class: usize) -> std::result::Result<Option<(u32, Extent)>, Broken> {
        let arena_is_small = capacity_of(class) <= SMALL_BLOCK_MAX;
        for class in class..(class + 4).min(CLASS_COUNT) {
            if (capacity_of(class) <= SMALL_BLOCK_MAX) != arena_is_small {
                break;
            }
            let Some(index) = self.free_list(class).load(Relaxed).checked_sub(1) else { continue };
            let extent = self.free_extent(index, class).ok_or(Broken)?;
            let entry = self.entry(index);
            self.free_list(class).store(entry.next_free().load(Relaxed), Relaxed);
            if extent.capacity >= LARGE_FREE && entry.dirty().load(Relaxed) != 0 {
                self.remove_warm(extent.capacity);
            }
            return Ok(Some((index, extent)));
        }
        Ok(None)
    }

    /// The block of an entry that may be handed out.
    fn free_extent(&self, index: u32, class: usize) -> Option<Extent> {
        if index >= self.entry_count() || self.references().contains_key(&index) {
            return None;
        }
        let entry = self.entry(index);
        let is_free = entry.state().load(Relaxed) & 0xff == FREE;
        entry.extent().filter(|extent| is_free && extent.class == class)
    }

    /// A new entry with a block that was never used; `None` when there is no room.
    fn make_entry(&self, class: usize) -> std::result::Result<Option<(u32, Extent)>, Broken> {
        let capacity = capacity_of(class);
        let (arena, align) = self.layout.arena_of(capacity);
        let end_field = self.map.u64_at(if capacity <= SMALL_BLOCK_MAX { H_SMALL_END } else { H_LARGE_END });
        let (index, offset) = (self.entry_count(), end_field.load(Relaxed));
        if !(arena.start..=arena.end).contains(&offset) || !offset.is_multiple_of(align) {
            return Err(Broken);
        }
        let end = offset.checked_add(capacity).filter(|end| *end <= arena.end && index < self.layout.entry_capacity);
        let Some(end) = end else { return Ok(None) };
        let entry = self.entry(index);
        if entry.is_made() {
            return Err(Broken);
        }
        entry.state().store(state_word(0, 0, FREE), Relaxed);
        entry.offset().store(offset, Relaxed);
        entry.class().store(class as u32, Relaxed);
        entry.dirty().store(0, Relaxed);
        for word in 0..u64::from(AGENT_COUNT / 64) {
            entry.word(64 + word * 8).store(0, Relaxed);
        }
        // With its capacity the entry is there: Release, so that it is whole.
        entry.capacity().store(capacity, Release);
        end_field.store(end, Relaxed);
        self.map.u32_at(H_ENTRY_COUNT).store(index + 1, Release);
        Ok(Some((index, Extent { offset, capacity, class })))
    }

    /// Large free blocks keep their pages only while few of them do.
    pub(super) fn cool_down(&self, index: u32, extent: Extent) {
        let entry = self.entry(index);
        if extent.capacity < LARGE_FREE || self.map.u64_at(H_WARM_BYTES).load(Relaxed) <= WARM_BYTES_MAX {
            return;
        }
        if memfd::punch_hole(self.fd(), extent.offset, extent.capacity).is_ok() {
            entry.dirty().store(0, Relaxed);
            self.remove_warm(extent.capacity);
        }
    }

    fn add_live(&self, bytes: u64) {
        self.map.u64_at(H_LIVE_BYTES).fetch_add(bytes, Relaxed);
        self.map.u32_at(H_LIVE_COUNT).fetch_add(1, Relaxed);
    }

    pub(super) fn remove_live(&self, bytes: u64) {
        self.map.u64_at(H_LIVE_BYTES).fetch_sub(bytes, Relaxed);
        self.map.u32_at(H_LIVE_COUNT).fetch_sub(1, Relaxed);
    }

    fn add_warm(&self, bytes: u64) {
        self.map.u64_at(H_WARM_BYTES).fetch_add(bytes, Relaxed);
    }

    fn remove_warm(&self, bytes: u64) {
        self.map.u64_at(H_WARM_BYTES).fetch_sub(bytes, Relaxed);
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
