//! Overwrites a domain: each table of it, with bytes and words that a wild pointer or a hostile process might leave.

use multiproc::memory::{AGENT_COUNT, Domain, Kind, Layout};
use std::sync::atomic::Ordering::Relaxed;

use crate::family::Random;

// Where the header keeps what (memory/layout.rs).
const IDENTITY: u64 = 48;
const LOCK: u64 = 64;
const ENTRY_COUNT: u64 = 128;
const COUNTERS_END: u64 = 176;
const FREE_LISTS: u64 = 1024;
const FREE_LISTS_END: u64 = FREE_LISTS + 140 * 4;
const CONTENDED: u32 = 1 << 31;
const SMALL_BLOCK: u64 = 4096;
const LIVE: u64 = 1;

pub struct Scribbler<'d> {
    pub domain: &'d Domain,
    /// Tokens of living agents.
    pub tokens: Vec<u32>,
    /// Whether the words by which a newcomer recognises the domain are spared.
    pub spare_identity: bool,
}

impl Scribbler<'_> {
    /// One stroke. Returns what it did.
    pub fn scribble(&self, random: &mut Random) -> String {
        let target = random.below(100);
        match target {
            0..=9 => {
                let token = self.token(random);
                let word = [0, u32::MAX, token, token | CONTENDED, random.next() as u32, CONTENDED, 1 << 30];
                self.put32(LOCK, word[random.below(7) as usize])
            }
            10..=19 => self.put64(ENTRY_COUNT + random.below((COUNTERS_END - ENTRY_COUNT) / 8) * 8, random),
            20..=26 => {
                let at = FREE_LISTS + random.below((FREE_LISTS_END - FREE_LISTS) / 4) * 4;
                let value = self.index(random);
                self.put32(at, value)
            }
            27..=39 => {
                let slot = if random.below(3) == 0 {
                    random.below(u64::from(AGENT_COUNT)) as u32
                } else {
                    self.token(random) & (AGENT_COUNT - 1)
                };
                let fields = [0, 4, 8, 16, 20, 24, 28, 32];
                self.any_of(Layout::agent(slot), &fields, random)
            }
            40..=44 => self.any_of(Layout::name(random.below(4096) as u32), &[0, 4, 8, 16, 20], random),
            45..=64 => {
                let fields = [0, 4, 8, 16, 24, 32, 36, 40, 44, 48, 64, 72];
                let index = self.living_index(random);
                self.any_of(Layout::entry(index), &fields, random)
            }
            65..=84 => self.block(random),
            85 if !self.spare_identity => self.put64(random.below(IDENTITY / 8) * 8, random),
            _ => self.range(random),
        }
    }

    /// A word within a living block: the head of it, most of the time, where objects have their state.
    fn block(&self, random: &mut Random) -> String {
        let map = self.domain.map();
        let is_object = |index: &u32| {
            let state = map.u64_at(Layout::entry(*index)).load(Relaxed);
            state & 0xff == LIVE && state >> 8 & 0xff != Kind::Buffer as u64
        };
        let index = (0..20).map(|_| self.living_index(random)).find(is_object);
        let entry = Layout::entry(index.unwrap_or_else(|| self.living_index(random)));
        let (offset, length) = (map.u64_at(entry + 8).load(Relaxed), map.u64_at(entry + 24).load(Relaxed));
        let reach = [length.clamp(8, 1 << 20), 192, 48][random.below(3) as usize];
        let at = offset.wrapping_add(random.below(reach / 4) * 4);
        if at % 4 == 0 && at >= self.domain.layout().small_start && at < map.len() - 8 {
            return if at.is_multiple_of(8) && random.below(2) == 0 {
                self.put64(at, random)
            } else {
                let word = self.word32(random);
                self.put32(at, word)
            };
        }
        format!("nothing: the block is at {offset}")
    }

    /// Random bytes, zeros, ones or one word again and again, over a range of any table or of a living block.
    fn range(&self, random: &mut Random) -> String {
        let longest = if random.below(4) == 0 { 4096 } else { 200 };
        let length = 1 + random.below(longest);
        let layout = self.domain.layout();
        let block = self.domain.map().u64_at(Layout::entry(self.living_index(random)) + 8).load(Relaxed);
        let start = match random.below(8) {
            0 => LOCK + random.below(FREE_LISTS_END - LOCK),
            1 => Layout::agent(random.below(16) as u32),
            2 => Layout::entry(self.living_index(random)),
            3 => Layout::name(random.below(4096) as u32),
            4 => layout.small_start + random.below(1 << 18),
            5 | 6 => block,
            _ => layout.large_start + random.below(1 << 22),
        };
        let start = start.min(self.domain.map().len() - length);
        let start = if random.below(2) == 0 { start / 64 * 64 } else { start };
        let word = self.word64(random).to_le_bytes();
        let bytes: Vec<u8> = match random.below(5) {
            0 => vec![0; length as usize],
            1 => vec![0xff; length as usize],
            2 | 3 => word.into_iter().cycle().take(length as usize).collect(),
            _ => (0..length).map(|_| random.next() as u8).collect(),
        };
        self.domain.map().write(start, &bytes);
        format!("{length} bytes at {start}")
    }

    fn any_of(&self, base: u64, fields: &[u64], random: &mut Random) -> String {
        let at = base + fields[random.below(fields.len() as u64) as usize];
        if at.is_multiple_of(8) && random.below(2) == 0 {
            return self.put64(at, random);
        }
        let word = self.word32(random);
        self.put32(at, word)
    }

    fn put32(&self, at: u64, word: u32) -> String {
        self.domain.map().u32_at(at).store(word, Relaxed);
        format!("{word:#x} at {at}")
    }

    fn put64(&self, at: u64, random: &mut Random) -> String {
        let word = self.word64(random);
        self.domain.map().u64_at(at).store(word, Relaxed);
        format!("{word:#x} at {at} (8 bytes)")
    }

    fn word32(&self, random: &mut Random) -> u32 {
        let token = self.token(random);
        let words = [
            0,
            1,
            2,
            3,
            4,
            u32::MAX,
            u32::MAX - 7,
            1 << 31,
            (1 << 31) - 1,
            token,
            token | CONTENDED,
            self.index(random),
            random.next() as u32,
            random.below(300) as u32,
            65_536,
        ];
        words[random.below(words.len() as u64) as usize]
    }

    fn word64(&self, random: &mut Random) -> u64 {
        let (size, layout) = (self.domain.map().len(), self.domain.layout());
        let state = u64::from(random.next() as u32) << 32 | random.below(12) << 8 | random.below(6);
        let pid = u64::from(std::process::id());
        let words = [
            0,
            1,
            u64::MAX,
            u64::MAX - 7,
            1 << 63,
            1 << 32,
            size,
            size - 4,
            size - 64,
            size + 8,
            layout.small_start,
            layout.small_start + 4,
            layout.large_start - 64,
            layout.large_start,
            // A state of an entry, a life of a slot, a place of a segment.
            state,
            pid << 32 | random.below(16) << 8 | random.below(6),
            1 << 32 | random.below(16) << 8 | 2,
            u64::from(self.index(random)) << 32 | random.below(4),
            u64::from(self.token(random)),
            random.next(),
            random.below(size),
            random.below(SMALL_BLOCK),
        ];
        words[random.below(words.len() as u64) as usize]
    }

    fn token(&self, random: &mut Random) -> u32 {
        if self.tokens.is_empty() { 0 } else { self.tokens[random.below(self.tokens.len() as u64) as usize] }
    }

    fn index(&self, random: &mut Random) -> u32 {
        let capacity = self.domain.layout().entry_capacity;
        let indices = [self.living_index(random) + 1, capacity, capacity + 1, u32::MAX, 0, 1];
        indices[random.below(6) as usize]
    }

    fn living_index(&self, random: &mut Random) -> u32 {
        let count = self.domain.map().u32_at(ENTRY_COUNT).load(Relaxed).clamp(1, 300);
        random.below(u64::from(count)) as u32
    }
}
