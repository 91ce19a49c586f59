//! Where each table of the domain lies. Computed from the file's size alone, so that every member computes the same.
//!
//! | offset | size | what | written by |
//! |---|---|---|---|
//! | 0 | 4 KiB | header | its creator once; counters and free lists under the domain lock |
//! | 8 KiB | 512 × 512 B | agent table | each slot by its owner, by wakers (park word) and by the reaper |
//! | 1 MiB | 4096 × 256 B | names | under the domain lock |
//! | 2 MiB | entries × 128 B | directory | under the domain lock; holder bits by each process |
//! | small | size / 8, at most 1 GiB | blocks of up to 4 KiB | their holders |
//! | large | the rest | larger blocks | their holders |

use std::ops::Range;

/// Changes with every change of a shared layout: processes of different versions never share a domain.
pub const VERSION: u32 = 3;
pub const MAGIC: u64 = u64::from_le_bytes(*b"mltiproc");

pub const HEADER_SIZE: u64 = 4096;
pub const AGENT_SIZE: u64 = 512;
pub const NAME_SIZE: u64 = 256;
pub const ENTRY_SIZE: u64 = 128;
/// Blocks up to this size lie in the small arena.
pub const SMALL_BLOCK_MAX: u64 = 4096;
const SMALL_UNIT: u64 = 64;
const LARGE_UNIT: u64 = 4096;

const AGENTS_OFFSET: u64 = 8 << 10;
const NAMES_OFFSET: u64 = 1 << 20;
const DIRECTORY_OFFSET: u64 = 2 << 20;
const MIB: u64 = 1 << 20;

/// The size that a new domain asks for, and the least it works with.
pub const DEFAULT_SIZE: u64 = 64 << 30;
pub const MINIMUM_SIZE: u64 = 64 << 20;

// Offsets of the header's fields. See `Layout` for the tables.
pub const H_MAGIC: u64 = 0; // u64, creator
pub const H_VERSION: u64 = 8; // u32, creator
pub const H_NONCE: u64 = 16; // 16 bytes, creator
pub const H_SIZE: u64 = 32; // u64, creator
pub const H_LOCK: u64 = 64; // u32, the domain lock: primary token of the holder's process | CONTENDED
pub const H_NEXT_AGENT: u64 = 72; // u32, any claimer
pub const H_ENTRY_COUNT: u64 = 128; // u32, under the lock
pub const H_SMALL_END: u64 = 136; // u64, under the lock: first unused byte of the small arena
pub const H_LARGE_END: u64 = 144; // u64, under the lock: first unused byte of the large arena
pub const H_WARM_BYTES: u64 = 152; // u64, under the lock: bytes of large free blocks that keep their pages
pub const H_LIVE_BYTES: u64 = 160; // u64, under the lock: capacity of all live blocks
pub const H_LIVE_COUNT: u64 = 168; // u32, under the lock
pub const H_FREE_LISTS: u64 = 1024; // u32 × CLASS_COUNT, under the lock: entry index + 1

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    pub size: u64,
    pub entry_capacity: u32,
    pub small_start: u64,
    pub large_start: u64,
}

impl Layout {
    pub fn of(size: u64) -> Self {
        let entry_capacity = (size / 4096).clamp(4096, 4 << 20);
        let directory_end = DIRECTORY_OFFSET + entry_capacity * ENTRY_SIZE;
        let small_start = directory_end.next_multiple_of(MIB);
        let small_size = (size / 8).min(1 << 30) / MIB * MIB;
        Self { size, entry_capacity: entry_capacity as u32, small_start, large_start: small_start + small_size }
    }

    pub fn agent(slot: u32) -> u64 {
        AGENTS_OFFSET + u64::from(slot) * AGENT_SIZE
    }

    pub fn name(index: u32) -> u64 {
        NAMES_OFFSET + u64::from(index) * NAME_SIZE
    }

    pub fn entry(index: u32) -> u64 {
        DIRECTORY_OFFSET + u64::from(index) * ENTRY_SIZE
    }

    /// Where blocks of that capacity lie, and to what their offsets are multiples.
    pub fn arena_of(&self, capacity: u64) -> (Range<u64>, u64) {
        if capacity <= SMALL_BLOCK_MAX {
            (self.small_start..self.large_start, SMALL_UNIT)
        } else {
            (self.large_start..self.size, LARGE_UNIT)
        }
    }

    /// The end of the small arena, which JavaScript maps as one window for the fast paths.
    pub fn small_end(&self) -> u64 {
        self.large_start
    }
}

const _: () = assert!(AGENTS_OFFSET + super::AGENT_COUNT as u64 * AGENT_SIZE <= NAMES_OFFSET);
const _: () = assert!(NAMES_OFFSET + super::names::NAME_COUNT as u64 * NAME_SIZE <= DIRECTORY_OFFSET);
const _: () = assert!(H_FREE_LISTS + super::size_class::CLASS_COUNT as u64 * 4 <= HEADER_SIZE);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_do_not_overlap_at_any_size() {
        for size in [MINIMUM_SIZE, 100 * MIB, 1 << 30, DEFAULT_SIZE, 1 << 40] {
            let layout = Layout::of(size);
            assert!(Layout::entry(layout.entry_capacity) <= layout.small_start, "{size}");
            assert!(layout.small_start < layout.large_start);
            assert!(layout.large_start < size, "{size} leaves room for large blocks");
        }
    }
}
