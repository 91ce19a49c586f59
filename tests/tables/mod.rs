//! The allocator's tables, read from shared memory and checked against each other. Nobody may be changing them.
//!
//! The offsets are those of src/memory/layout.rs and src/memory/directory.rs, which state them as the format.

use std::collections::HashSet;

use multiproc::memory::{Domain, Layout};
use multiproc::sys::atomic::Ordering::Relaxed;

const ENTRY_COUNT: u64 = 128;
const SMALL_END: u64 = 136;
const LARGE_END: u64 = 144;
const FREE_LISTS: u64 = 1024;
const CLASS_COUNT: u64 = 140;
const FREE: u64 = 0;
const LIVE: u64 = 1;

struct Entry {
    status: u64,
    offset: u64,
    capacity: u64,
    next_free: u32,
    is_referenced: bool,
}

fn entry(domain: &Domain, index: u32) -> Entry {
    let at = Layout::entry(index);
    let word = |offset| domain.map().u64_at(at + offset).load(Relaxed);
    let half = |offset| domain.map().u32_at(at + offset).load(Relaxed);
    Entry {
        status: word(0) & 0xff,
        offset: word(8),
        capacity: word(16),
        next_free: half(32),
        is_referenced: half(40) != 0 || is_kept(domain, word(56)) || (0..8).any(|index| word(64 + index * 8) != 0),
    }
}

/// Whether a keeper word names a block that is not free.
fn is_kept(domain: &Domain, word: u64) -> bool {
    let state = |index| domain.map().u64_at(Layout::entry(index)).load(Relaxed);
    let index = ((word >> 32) as u32).checked_sub(1);
    index.is_some_and(|index| state(index) & 0xff != FREE && state(index) >> 32 == word & 0xffff_ffff)
}

/// Every entry has a block, which is either free, unreferenced and in one free list, or live and referenced; none overlaps another; the
/// counters say what there is. Returns the number of live blocks.
pub fn live_count(domain: &Domain) -> u32 {
    let count = domain.map().u32_at(ENTRY_COUNT).load(Relaxed);
    let entries: Vec<Entry> = (0..count).map(|index| entry(domain, index)).collect();
    let mut ranges: Vec<(u64, u64)> =
        entries.iter().map(|entry| (entry.offset, entry.offset + entry.capacity)).collect();
    ranges.sort_unstable();
    assert!(ranges.windows(2).all(|pair| pair[0].1 <= pair[1].0), "blocks overlap: {ranges:?}");
    let (small_start, large_start) = (domain.layout().small_start, domain.layout().large_start);
    let end_of = |field| domain.map().u64_at(field).load(Relaxed);
    for (start, end) in ranges {
        let limit = if start < large_start { end_of(SMALL_END) } else { end_of(LARGE_END) };
        assert!(small_start <= start && start < end && start.is_multiple_of(64), "a block from {start} to {end}");
        assert!(end <= limit, "a block ends at {end}, its arena at {limit}");
    }

    let mut free = HashSet::new();
    for class in 0..CLASS_COUNT {
        let mut next = domain.map().u32_at(FREE_LISTS + class * 4).load(Relaxed);
        while let Some(index) = next.checked_sub(1) {
            assert!(index < count && free.insert(index), "entry {index} is in free lists twice, or does not exist");
            next = entries[index as usize].next_free;
        }
    }
    let (mut live_bytes, mut live_count) = (0, 0);
    for (index, entry) in entries.iter().enumerate() {
        let is_free = entry.status == FREE;
        assert!(is_free || entry.status == LIVE, "entry {index} has the status {}", entry.status);
        assert_eq!(is_free, free.contains(&(index as u32)), "entry {index} is free, and in a free list");
        assert_eq!(is_free, !entry.is_referenced, "entry {index} is free, and not referenced");
        if !is_free {
            live_bytes += entry.capacity;
            live_count += 1;
        }
    }
    assert_eq!(domain.usage(), (live_bytes, live_count), "bytes and number of live blocks");
    live_count
}
