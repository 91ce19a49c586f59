//! Blocks of shared memory: what they are, who keeps them alive, and when they die. Where they come from is allocation.rs.
//!
//! Each block belongs for ever to one directory entry; a freed entry keeps its block and is used again for the same size
//! class. The directory is the truth: free lists, arena ends and counters are derived from it and are rebuilt when the
//! domain lock is inherited from a dead holder. A handle (kind, index, generation) is plain data; attaching one checks
//! index, kind, generation and the block's bounds, so a stale or forged handle is an error.
//!
//! Who keeps a block alive: `holders`, one bit for each process (the slot of its first agent); `in_flight`, the number of
//! messages on their way that name it; and `keeper`, another block that it belongs to (see keeping.rs). A bit is set and
//! cleared by its process, and cleared by the reaper when that process died; setting or clearing twice is harmless, so a
//! kill at any point loses nothing.
//!
//! | state | next | by | commit |
//! |---|---|---|---|
//! | FREE | RESERVED | the allocator, under the domain lock, holder bit set first | the state word |
//! | RESERVED | LIVE | the allocator, when the block is zeroed | the state word |
//! | LIVE, RESERVED | DYING | whoever drops the last reference, under the lock | the state word |
//! | DYING | LIVE | the same, when an attacher's bit appeared meanwhile | the state word |
//! | DYING | FREE | the same; the generation grows | the state word |
//!
//! Killed between "bit set" and RESERVED: the reaper clears the bit, the entry is FREE all along (the rebuild lists it
//! again). Killed while DYING: the rebuild finishes it. Killed between attaching and using: the reaper clears the bit.
//! A sender killed after it counted a reference in flight, and before it published the message with it, keeps that block
//! until the domain ends; so do both ends of a channel killed while messages with references lie in it.
//!
//! An entry, 128 bytes: 0 state u64 (generation << 32 | kind << 8 | status) · 8 offset u64 · 16 capacity u64 ·
//! 24 length u64 · 32 next free u32 · 36 dirty u32 · 40 in flight u32 · 44 name index + 1 u32 · 48 class u32 ·
//! 56 keeper u64 (index + 1 << 32 | generation, 0 none) · 64 holders, 8 × u64.

use crate::sys::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use crate::sys::atomic::{AtomicU32, AtomicU64};

use super::domain::Domain;
use super::domain_lock::DomainGuard;
use super::handle::{Block, Handle, Kind};
use super::layout::{H_ENTRY_COUNT, Layout};
use super::names;
use super::size_class::{CLASS_COUNT, capacity_of};
use crate::error::{Code, Error, Result};

pub(super) const FREE: u64 = 0;
pub(super) const LIVE: u64 = 1;
pub(super) const DYING: u64 = 2;
pub(super) const RESERVED: u64 = 3;

/// How often an attacher waits for the end of DYING, which only a hostile peer could bring back so often.
const ATTEMPTS_MAX: u32 = 100;

enum Attempt {
    Attached(Block),
    Dying,
    Stale,
}

/// Where an entry's block is: read once, and checked against the arenas.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub offset: u64,
    pub capacity: u64,
    pub class: usize,
}

pub(super) struct Entry<'d> {
    domain: &'d Domain,
    index: u32,
}

impl<'d> Entry<'d> {
    pub(super) fn word(&self, offset: u64) -> &'d AtomicU64 {
        self.domain.map.u64_at(Layout::entry(self.index) + offset)
    }
    pub(super) fn half(&self, offset: u64) -> &'d AtomicU32 {
        self.domain.map.u32_at(Layout::entry(self.index) + offset)
    }
    pub(super) fn state(&self) -> &'d AtomicU64 {
        self.word(0)
    }
    pub(super) fn offset(&self) -> &'d AtomicU64 {
        self.word(8)
    }
    pub(super) fn capacity(&self) -> &'d AtomicU64 {
        self.word(16)
    }
    /// The block, if the entry was ever made and nobody has overwritten it.
    pub(super) fn extent(&self) -> Option<Extent> {
        let (offset, capacity) = (self.offset().load(Relaxed), self.capacity().load(Relaxed));
        let class = self.class().load(Relaxed) as usize;
        if class >= CLASS_COUNT || capacity != capacity_of(class) {
            return None;
        }
        let (arena, align) = self.domain.layout.arena_of(capacity);
        let inside = offset >= arena.start && offset.checked_add(capacity).is_some_and(|end| end <= arena.end);
        (inside && offset.is_multiple_of(align)).then_some(Extent { offset, capacity, class })
    }
    pub(super) fn length(&self) -> &'d AtomicU64 {
        self.word(24)
    }
    pub(super) fn next_free(&self) -> &'d AtomicU32 {
        self.half(32)
    }
    pub(super) fn dirty(&self) -> &'d AtomicU32 {
        self.half(36)
    }
    pub(super) fn in_flight(&self) -> &'d AtomicU32 {
        self.half(40)
    }
    pub(super) fn name(&self) -> &'d AtomicU32 {
        self.half(44)
    }
    pub(super) fn class(&self) -> &'d AtomicU32 {
        self.half(48)
    }
    pub(super) fn keeper(&self) -> &'d AtomicU64 {
        self.word(56)
    }
    pub(super) fn set_holder(&self, slot: u32) {
        self.word(64 + u64::from(slot / 64) * 8).fetch_or(1 << (slot % 64), SeqCst);
    }
    pub(super) fn clear_holder(&self, slot: u32) {
        self.word(64 + u64::from(slot / 64) * 8).fetch_and(!(1 << (slot % 64)), SeqCst);
    }
    pub(super) fn has_holder(&self, slot: u32) -> bool {
        self.word(64 + u64::from(slot / 64) * 8).load(SeqCst) & 1 << (slot % 64) != 0
    }
    /// Whether there ever was a block: no class has blocks of 0 bytes.
    pub(super) fn is_made(&self) -> bool {
        self.capacity().load(Relaxed) != 0
    }
    pub(super) fn is_referenced(&self) -> bool {
        self.in_flight().load(SeqCst) != 0
            || (0..8).any(|word| self.word(64 + word * 8).load(SeqCst) != 0)
            || self.domain.is_keeping(self.keeper().load(SeqCst))
    }
    /// Where the block lies and how long it is, when that makes sense for an object of that kind.
    pub(super) fn bounds(&self, kind: Kind) -> Option<(u64, u64)> {
        let length = self.length().load(Relaxed);
        let extent = self.extent().filter(|extent| (kind.least_bytes()..=extent.capacity).contains(&length))?;
        Some((extent.offset, length))
    }
}

pub(super) fn state_word(generation: u32, kind: u64, status: u64) -> u64 {
    u64::from(generation) << 32 | kind << 8 | status
}

impl Domain {
    pub(super) fn entry(&self, index: u32) -> Entry<'_> {
        Entry { domain: self, index }
    }

    /// How many entries were made. A count that was overwritten with a larger one is noticed and not believed.
    pub(super) fn entry_count(&self) -> u32 {
        let count = self.map.u32_at(H_ENTRY_COUNT).load(Acquire);
        let is_sound = count == 0 || (count <= self.layout.entry_capacity && self.entry(count - 1).is_made());
        if is_sound { count } else { self.count_entries() }
    }

    /// Takes a reference to the block that a handle names.
    pub fn attach(&self, handle: Handle) -> Result<Block> {
        let _present = self.present().ok_or_else(left)?;
        for _ in 0..ATTEMPTS_MAX {
            match self.attach_unless_dying(handle) {
                Attempt::Attached(block) => return Ok(block),
                Attempt::Stale => break,
                // Somebody else may hold it all the same: whoever says DYING decides it under the lock. Was that process
                // killed on the way, then the next holder of the lock decides: we are.
                Attempt::Dying => drop(self.lock()?),
            }
        }
        Err(stale(handle))
    }

    fn attach_unless_dying(&self, handle: Handle) -> Attempt {
        let mut references = self.references();
        if handle.index >= self.entry_count() {
            return Attempt::Stale;
        }
        let entry = self.entry(handle.index);
        let count = references.entry(handle.index).or_insert(0);
        if *count == 0 {
            entry.set_holder(self.slot());
        }
        // SeqCst, after the bit is set: a dropper sets DYING first and reads the bits second, so one of us sees the other.
        let state = entry.state().load(SeqCst);
        let is_in = |status| state == state_word(handle.generation, handle.kind as u64, status);
        let Some((offset, length)) = entry.bounds(handle.kind).filter(|_| is_in(LIVE)) else {
            if *count == 0 {
                references.remove(&handle.index);
                entry.clear_holder(self.slot());
                drop(references);
                // Our bit may have kept the true last holder from freeing the block.
                self.free_if_unreferenced(handle.index);
            }
            return if is_in(DYING) { Attempt::Dying } else { Attempt::Stale };
        };
        *count += 1;
        Attempt::Attached(Block { handle, offset, length })
    }

    /// One more reference to a block that this process has attached.
    pub fn retain(&self, handle: Handle) {
        if let Some(count) = self.references().get_mut(&handle.index) {
            *count += 1;
        }
    }

    /// Gives a reference back; the last one in the domain frees the block.
    pub fn detach(&self, handle: Handle) {
        // A finaliser may run after the process has left: its slot can be another's by then.
        let Some(_present) = self.present() else { return };
        let mut references = self.references();
        let Some(count) = references.get_mut(&handle.index) else { return };
        *count -= 1;
        if *count > 0 {
            return;
        }
        references.remove(&handle.index);
        // Under the mutex of this process's references, so that no attach of ours sets the bit between.
        self.entry(handle.index).clear_holder(self.slot());
        drop(references);
        self.free_if_unreferenced(handle.index);
    }

    /// A message that names the block is about to be published: its reference travels with it.
    pub fn ship(&self, handle: Handle) {
        if handle.index >= self.entry_count() {
            return;
        }
        self.entry(handle.index).in_flight().fetch_add(1, SeqCst);
    }

    /// The message was read (after `attach`) or discarded.
    pub fn unship(&self, handle: Handle) {
        let Some(_present) = self.present() else { return };
        if handle.index >= self.entry_count() {
            return;
        }
        let entry = self.entry(handle.index);
        if entry.state().load(SeqCst) >> 32 != u64::from(handle.generation) {
            return;
        }
        let dropped = entry.in_flight().fetch_update(SeqCst, SeqCst, |count| count.checked_sub(1));
        if dropped == Ok(1) {
            self.free_if_unreferenced(handle.index);
        }
    }

    pub(super) fn free_if_unreferenced(&self, index: u32) {
        // Without the lock the block stays: the domain is in no state to use it again.
        if !self.entry(index).is_referenced()
            && let Ok(guard) = self.lock()
        {
            self.free_unreferenced(index, &guard);
        }
    }

    /// Frees the block when nothing refers to it, and what ends with it. Under the domain lock.
    pub(super) fn free_unreferenced(&self, index: u32, _guard: &DomainGuard<'_>) {
        let mut pending = Vec::new();
        self.free_one(index, &mut pending);
        while let Some(index) = pending.pop() {
            self.free_one(index, &mut pending);
        }
    }

    fn free_one(&self, index: u32, pending: &mut Vec<u32>) {
        let entry = self.entry(index);
        let old = entry.state().load(SeqCst);
        let (status, kind, generation) = (old & 0xff, old >> 8 & 0xff, (old >> 32) as u32);
        if status == FREE || entry.is_referenced() {
            return;
        }
        let dying = state_word(generation, kind, DYING);
        if entry.state().compare_exchange(old, dying, SeqCst, Relaxed).is_err() {
            return;
        }
        if entry.is_referenced() {
            // An attacher set its bit before it saw DYING: it will find the block dead and take its bit back, or it has
            // already read LIVE. Alive again either way; the next detach decides.
            entry.state().store(state_word(generation, kind, LIVE), SeqCst);
            return;
        }
        names::clear(self, entry.name().swap(0, Relaxed), index, generation);
        let handle = Kind::from_number(kind as u32).map(|kind| Handle { kind, index, generation });
        let inside = handle.and_then(|handle| self.inside(handle));
        entry.state().store(state_word(generation, 0, FREE), Release);
        if let (Some(handle), Some(inside)) = (handle, inside) {
            self.end_with(handle, &inside, pending);
        }
        if let Some(handle) = handle {
            self.tell_gone(handle);
        }
        let Some(extent) = entry.extent() else { return };
        self.remove_live(extent.capacity);
        self.list_free(index, extent);
        self.cool_down(index, extent);
    }

    /// Whether this process holds the block (for tests and diagnosis).
    pub fn holds(&self, handle: Handle) -> bool {
        self.entry(handle.index).has_holder(self.slot())
    }

    /// The handle of the living block in that entry, when it has that generation.
    pub(super) fn live_handle(&self, index: u32, generation: u32) -> Option<Handle> {
        if index >= self.entry_count() {
            return None;
        }
        let state = self.entry(index).state().load(Acquire);
        let kind = Kind::from_number((state >> 8 & 0xff) as u32)?;
        (state == state_word(generation, kind as u64, LIVE)).then_some(Handle { kind, index, generation })
    }

    /// The handle of the living block in that entry.
    pub fn handle_in(&self, index: u32) -> Option<Handle> {
        if index >= self.entry_count() {
            return None;
        }
        self.live_handle(index, (self.entry(index).state().load(Acquire) >> 32) as u32)
    }

    /// The block that a handle names, to look at and not to keep: it may die, and be another's, at any moment.
    pub fn block_of(&self, handle: Handle) -> Option<Block> {
        let (offset, length) = self.is_live(handle).then(|| self.entry(handle.index).bounds(handle.kind)).flatten()?;
        Some(Block { handle, offset, length })
    }

    /// Whether the handle's block is alive.
    pub fn is_live(&self, handle: Handle) -> bool {
        handle.index < self.entry_count()
            && self.entry(handle.index).state().load(Acquire) == state_word(handle.generation, handle.kind as u64, LIVE)
    }
}

/// Whether the entry is of another generation than the handle by now.
pub(super) fn stale_index(domain: &Domain, handle: Handle) -> bool {
    handle.index >= domain.entry_count()
        || domain.entry(handle.index).state().load(SeqCst) >> 32 != u64::from(handle.generation)
}

pub(super) fn stale(handle: Handle) -> Error {
    let Handle { kind, index, generation } = handle;
    Error::new(Code::Handle, format!("the handle {kind:?} {index}:{generation} names no living object of this domain"))
}

pub(super) fn left() -> Error {
    Error::new(Code::Closed, "the process has left the domain: it is ending".to_owned())
}
