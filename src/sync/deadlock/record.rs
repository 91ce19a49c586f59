//! What an agent publishes of its waits when it goes to sleep: 128 bytes of its slot in the agent table.
//!
//! Bytes from the record's start: 0 version u32 · 4 count u32 (0: the agent can go on) · 8 since u64, nanoseconds of the
//! monotonic clock · 16 what is wanted, WANTED_MAX × u64.
//!
//! Written by its agent alone. The version is odd while it is written, and grows with every change: a reader that finds
//! two different or odd ones around its reading takes the agent for one that can go on. Killed while writing: the slot
//! is not alive, and nobody reads it.

use crate::memory::{Block, Domain, Handle, Kind};
use crate::sync::goal::Goal;
use crate::sys::atomic::Ordering::SeqCst;

/// An agent with more waits than that is taken for one that can go on.
pub const WANTED_MAX: usize = 14;

/// One thing whose end of being held the agent waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wanted {
    Lock(Handle),
    Read(Handle),
    Write(Handle),
    Once(Handle),
    /// The end of the process with that pid.
    EndOf(u32),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// When the newest of the waits began.
    pub since: u64,
    pub wanted: Vec<Wanted>,
}

impl Wanted {
    /// `None`: what the goal needs has no owner.
    pub fn of(goal: Goal, block: Block) -> Option<Self> {
        match goal {
            Goal::Lock => Some(Self::Lock(block.handle)),
            Goal::Read => Some(Self::Read(block.handle)),
            Goal::Write => Some(Self::Write(block.handle)),
            Goal::Once => Some(Self::Once(block.handle)),
            _ => None,
        }
    }

    /// Tag (bits 56 to 63) · low bits of the generation (32 to 55) · index, or pid (0 to 31).
    fn to_word(self) -> u64 {
        let (tag, handle) = match self {
            Self::Lock(handle) if handle.kind == Kind::RLock => (5, handle),
            Self::Lock(handle) => (1, handle),
            Self::Read(handle) => (2, handle),
            Self::Write(handle) => (3, handle),
            Self::Once(handle) => (4, handle),
            Self::EndOf(pid) => return 6 << 56 | u64::from(pid),
        };
        tag << 56 | u64::from(handle.generation & GENERATION_MASK) << 32 | u64::from(handle.index)
    }

    fn from_word(domain: &Domain, word: u64) -> Option<Self> {
        let (index, generation) = (word as u32, (word >> 32) as u32 & GENERATION_MASK);
        let handle = |kind| {
            let found = domain.handle_in(index)?;
            (found.kind == kind && found.generation & GENERATION_MASK == generation).then_some(found)
        };
        match word >> 56 {
            1 => Some(Self::Lock(handle(Kind::Lock)?)),
            5 => Some(Self::Lock(handle(Kind::RLock)?)),
            2 => Some(Self::Read(handle(Kind::RwLock)?)),
            3 => Some(Self::Write(handle(Kind::RwLock)?)),
            4 => Some(Self::Once(handle(Kind::Once)?)),
            6 => Some(Self::EndOf(index)),
            _ => None,
        }
    }
}

const GENERATION_MASK: u32 = (1 << 24) - 1;

impl Record {
    pub fn publish(&self, domain: &Domain, slot: u32) {
        let words = Words { domain, start: domain.agents().record(slot) };
        let version = words.half(0).load(SeqCst);
        words.half(0).store(version | 1, SeqCst);
        words.word(8).store(self.since, SeqCst);
        let count = if self.wanted.len() > WANTED_MAX { 0 } else { self.wanted.len() };
        for (position, wanted) in self.wanted.iter().take(count).enumerate() {
            words.word(16 + position as u64 * 8).store(wanted.to_word(), SeqCst);
        }
        words.half(4).store(count as u32, SeqCst);
        words.half(0).store((version | 1).wrapping_add(1), SeqCst);
    }

    /// The record of the agent in that slot, with its version. `None`: it can go on.
    pub fn read(domain: &Domain, slot: u32) -> Option<(u32, Self)> {
        let words = Words { domain, start: domain.agents().record(slot) };
        let version = words.half(0).load(SeqCst);
        let count = words.half(4).load(SeqCst) as usize;
        if version % 2 == 1 || count == 0 || count > WANTED_MAX {
            return None;
        }
        let since = words.word(8).load(SeqCst);
        let wanted: Vec<u64> = (0..count as u64).map(|position| words.word(16 + position * 8).load(SeqCst)).collect();
        if words.half(0).load(SeqCst) != version {
            return None;
        }
        // What is gone, or was never there, keeps nobody waiting.
        let wanted: Option<Vec<Wanted>> = wanted.into_iter().map(|word| Wanted::from_word(domain, word)).collect();
        Some((version, Self { since, wanted: wanted? }))
    }
}

/// The agent in that slot, which is the caller's, runs.
pub fn clear(domain: &Domain, slot: u32) {
    let words = Words { domain, start: domain.agents().record(slot) };
    if words.half(4).load(SeqCst) == 0 {
        return;
    }
    let version = words.half(0).load(SeqCst);
    words.half(4).store(0, SeqCst);
    words.half(0).store((version | 1).wrapping_add(1), SeqCst);
}

struct Words<'d> {
    domain: &'d Domain,
    start: u64,
}

impl<'d> Words<'d> {
    fn half(&self, offset: u64) -> &'d crate::sys::atomic::AtomicU32 {
        self.domain.map().u32_at(self.start + offset)
    }

    fn word(&self, offset: u64) -> &'d crate::sys::atomic::AtomicU64 {
        self.domain.map().u64_at(self.start + offset)
    }
}
