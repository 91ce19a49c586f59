//! What an agent publishes of its waits when it goes to sleep: 384 bytes of its slot in the agent table.
//!
//! Bytes from the record's start: 0 version u32 · 4 head u32 (number of wants, 0: the agent can go on; policy << 8) ·
//! 8 since u64, nanoseconds of the monotonic clock · 16 what is wanted, WANTS_MAX × u64 · 376 watcher u32 (slot + 1) ·
//! 380 nudge u32.
//!
//! Written by its agent alone, but for the last two (below). The version is odd while it is written, and grows with every change: a reader that finds
//! two different or odd ones around its reading takes the agent for one that can go on. Killed while writing: the slot
//! is not alive, and nobody reads it.
//!
//! Who found that this agent can still go on leaves its slot in `watcher`: when the agent goes to sleep, it nudges that
//! one, whose next look comes at once. One that is lost (two watchers, a kill between two steps) costs a second: everybody
//! looks again by itself. SYNC POINT W: the watcher leaves its slot first and reads the record second, the agent
//! publishes its record first and reads the watcher second (all SeqCst), so one of the two sees the other.

use super::Policy;
use crate::memory::{AGENT_COUNT, Block, Domain, Handle, Kind, RECORD_SIZE};
use crate::sync::{lock, once, park, rwlock};
use crate::sys::atomic::Ordering::SeqCst;
use crate::sys::atomic::{AtomicU32, AtomicU64};
use crate::waits::goal::Goal;

/// An agent that waits for more than that is taken for one that can go on.
pub const WANTS_MAX: usize = 45;
const WATCHER: u64 = 16 + WANTS_MAX as u64 * 8;
const NUDGE: u64 = WATCHER + 4;

/// What somebody owns, or somebody may bring about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wanted {
    Lock(Handle),
    Read(Handle),
    Write(Handle),
    Once(Handle),
    /// The end of the process with that pid.
    End(u32),
    /// A message of the process with that pid.
    Message(u32),
}

/// One thing that an agent waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Want {
    pub what: Wanted,
    /// The wait for it may end with the news of a deadlock.
    pub may_give_way: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// When the newest of the waits began.
    pub since: u64,
    /// What its process does about a deadlock.
    pub policy: Policy,
    /// Any of these makes the agent go on, and nothing else does. The newest first.
    pub wants: Vec<Want>,
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

    /// The block of what is wanted, as long as it lives and has the size of its kind.
    pub fn block(self, domain: &Domain) -> Option<Block> {
        let (handle, size) = match self {
            Self::Lock(handle) => (handle, lock::BLOCK_SIZE),
            Self::Read(handle) | Self::Write(handle) => (handle, rwlock::BLOCK_SIZE),
            Self::Once(handle) => (handle, once::BLOCK_SIZE),
            Self::End(_) | Self::Message(_) => return None,
        };
        domain.block_of(handle).filter(|block| block.length >= size)
    }
}

const _: () = assert!(NUDGE + 4 <= RECORD_SIZE);
const GENERATION_MASK: u32 = (1 << 24) - 1;
const STAYS: u64 = 1 << 63;

impl Want {
    /// Stays (bit 63) · tag (56 to 62) · low bits of the generation (32 to 55) · index, or pid (0 to 31).
    fn to_word(self) -> u64 {
        let named = |handle: Handle| u64::from(handle.generation & GENERATION_MASK) << 32 | u64::from(handle.index);
        let (tag, rest) = match self.what {
            Wanted::Lock(handle) if handle.kind == Kind::RLock => (5, named(handle)),
            Wanted::Lock(handle) => (1, named(handle)),
            Wanted::Read(handle) => (2, named(handle)),
            Wanted::Write(handle) => (3, named(handle)),
            Wanted::Once(handle) => (4, named(handle)),
            Wanted::End(pid) => (6, u64::from(pid)),
            Wanted::Message(pid) => (7, u64::from(pid)),
        };
        tag << 56 | rest | if self.may_give_way { 0 } else { STAYS }
    }

    fn from_word(domain: &Domain, word: u64) -> Option<Self> {
        let (index, generation) = (word as u32, (word >> 32) as u32 & GENERATION_MASK);
        let handle = |kind| {
            let found = domain.handle_in(index)?;
            (found.kind == kind && found.generation & GENERATION_MASK == generation).then_some(found)
        };
        let what = match word >> 56 & 0x7f {
            1 => Wanted::Lock(handle(Kind::Lock)?),
            5 => Wanted::Lock(handle(Kind::RLock)?),
            2 => Wanted::Read(handle(Kind::RwLock)?),
            3 => Wanted::Write(handle(Kind::RwLock)?),
            4 => Wanted::Once(handle(Kind::Once)?),
            6 => Wanted::End(index),
            7 => Wanted::Message(index),
            _ => return None,
        };
        Some(Self { what, may_give_way: word & STAYS == 0 })
    }
}

impl Record {
    /// Whether its agent looks for deadlocks: one that only waits for other processes has nothing that could give way.
    pub fn looks(&self) -> bool {
        self.wants.iter().any(|want| !matches!(want.what, Wanted::End(_) | Wanted::Message(_)))
    }

    pub fn publish(&self, domain: &Domain, slot: u32) {
        let words = Words { domain, start: domain.agents().record(slot) };
        let count = if self.wants.len() > WANTS_MAX { 0 } else { self.wants.len() };
        let version = words.version().load(SeqCst);
        words.version().store(version | 1, SeqCst);
        words.since().store(self.since, SeqCst);
        for (position, want) in self.wants.iter().take(count).enumerate() {
            words.want(position).store(want.to_word(), SeqCst);
        }
        words.head().store((self.policy as u32) << 8 | count as u32, SeqCst);
        words.version().store((version | 1).wrapping_add(1), SeqCst);
    }

    /// The record of the agent in that slot, with its version. `None`: it can go on.
    pub fn read(domain: &Domain, slot: u32) -> Option<(u32, Self)> {
        let words = Words { domain, start: domain.agents().record(slot) };
        let version = words.version().load(SeqCst);
        let head = words.head().load(SeqCst);
        let count = (head & 0xff) as usize;
        if version % 2 == 1 || count == 0 || count > WANTS_MAX {
            return None;
        }
        let since = words.since().load(SeqCst);
        let wants: Vec<u64> = (0..count).map(|position| words.want(position).load(SeqCst)).collect();
        if words.version().load(SeqCst) != version {
            return None;
        }
        // What is gone, or was never there, keeps nobody waiting.
        let wants: Option<Vec<Want>> = wants.into_iter().map(|word| Want::from_word(domain, word)).collect();
        Some((version, Self { since, policy: Policy::from_number(head >> 8), wants: wants? }))
    }
}

/// The agent in that slot, which is the caller's, runs.
pub fn clear(domain: &Domain, slot: u32) {
    let words = Words { domain, start: domain.agents().record(slot) };
    if words.head().load(SeqCst) as u8 == 0 {
        return;
    }
    let version = words.version().load(SeqCst);
    words.head().store(0, SeqCst);
    words.version().store((version | 1).wrapping_add(1), SeqCst);
}

/// The agent in that slot is to be nudged when the other one goes to sleep. `false`: it sleeps already.
pub fn watch(domain: &Domain, slot: u32, watcher: u32) -> bool {
    word(domain, slot, WATCHER).store(watcher + 1, SeqCst);
    Record::read(domain, slot).is_none()
}

/// Who has to be nudged now that the agent in that slot goes to sleep.
pub fn take_watcher(domain: &Domain, slot: u32) -> Option<u32> {
    let word = word(domain, slot, WATCHER);
    if word.load(SeqCst) == 0 {
        return None;
    }
    word.swap(0, SeqCst).checked_sub(1).filter(|slot| *slot < AGENT_COUNT)
}

/// The agent in that slot is to look at once.
pub fn nudge(domain: &Domain, slot: u32) {
    word(domain, slot, NUDGE).store(1, SeqCst);
    park::wake(domain, slot);
}

pub fn take_nudge(domain: &Domain, slot: u32) -> bool {
    let word = word(domain, slot, NUDGE);
    word.load(SeqCst) != 0 && word.swap(0, SeqCst) != 0
}

fn word(domain: &Domain, slot: u32, offset: u64) -> &AtomicU32 {
    domain.map().u32_at(domain.agents().record(slot) + offset)
}

struct Words<'d> {
    domain: &'d Domain,
    start: u64,
}

impl<'d> Words<'d> {
    fn version(&self) -> &'d AtomicU32 {
        self.domain.map().u32_at(self.start)
    }

    fn head(&self) -> &'d AtomicU32 {
        self.domain.map().u32_at(self.start + 4)
    }

    fn since(&self) -> &'d AtomicU64 {
        self.domain.map().u64_at(self.start + 8)
    }

    fn want(&self, position: usize) -> &'d AtomicU64 {
        self.domain.map().u64_at(self.start + 16 + position as u64 * 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_as_it_was() {
        let domain = Domain::create(64 << 20).expect("a domain");
        let lock = domain.allocate(Kind::RLock, lock::BLOCK_SIZE).expect("a lock");
        let wants = [
            Want { what: Wanted::Lock(lock.handle), may_give_way: true },
            Want { what: Wanted::Lock(lock.handle), may_give_way: false },
            Want { what: Wanted::End(4_194_304), may_give_way: false },
            Want { what: Wanted::Message(7), may_give_way: false },
        ];
        let record = Record { since: u64::MAX - 1, policy: Policy::Warn, wants: wants.to_vec() };
        let slot = domain.first_agent().slot();
        record.publish(&domain, slot);
        let (version, read) = Record::read(&domain, slot).expect("published");
        assert_eq!(read, record);
        clear(&domain, slot);
        assert!(Record::read(&domain, slot).is_none());
        record.publish(&domain, slot);
        assert_ne!(Record::read(&domain, slot).expect("published again").0, version);
        domain.detach(lock.handle);
        assert!(Record::read(&domain, slot).is_none(), "the lock is gone");
    }
}
