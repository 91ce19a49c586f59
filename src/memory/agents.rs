//! The agent table: one slot for each JavaScript thread that uses the domain, in any process.
//!
//! A slot is named by a *token*: its index and a generation that grows with every reuse, in 30 bits that fit a lock word
//! beside two flags. "Who owns this lock" is a token; it stays meaningful after its owner died, since the generation of
//! a reused slot differs (after 2^21 reuses of one slot it repeats).
//!
//! Slot states (the `life` word: pid << 32 | generation << 8 | status, changed by compare-exchange):
//!
//! | from | to | who | when |
//! |---|---|---|---|
//! | FREE | CLAIMED | the claimer | one word names its pid, so a kill right after leaves a slot that can be reaped |
//! | CLAIMED | LIVE | the claimer | identity is written |
//! | LIVE | FREE | its thread | the thread ends and it is not the process's first |
//! | LIVE | RETIRED | its thread | the thread ends and it is the process's first: its bit still stands for the process |
//! | CLAIMED, LIVE, RETIRED | REAPING | a reaper, under the domain lock | its process is dead |
//! | REAPING | FREE | the same or, when that dies, another reaper | nothing refers to the slot's bit any more |
//!
//! Only LIVE (and CLAIMED) slots count as alive. Slots are claimed round robin, so a dead agent's pid can still be read
//! for a long while.
//!
//! A slot, 512 bytes: 0 life u64 · 8 start time u64 · 16 tid u32 · 20 primary slot + 1 u32 · 24 park u32 ·
//! 28 parent token u32 · 32 name length u32 · 36 name, 92 bytes · 128 what its agent waits for, 384 bytes
//! (waits/deadlock/record.rs).

use crate::sys::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use crate::sys::atomic::{AtomicU32, AtomicU64};

use super::layout::{AGENT_SIZE, H_NEXT_AGENT, Layout};
use crate::error::{Code, Error, Result};
use crate::sys::mapping::Mapping;
use crate::sys::procfs;

/// The model checker has fewer, since tables are walked whole.
pub const AGENT_COUNT: u32 = if cfg!(loom) { 64 } else { 512 };
const SLOT_BITS: u32 = 9;
const GENERATION_MASK: u32 = (1 << 21) - 1;
/// The bits of a word that hold a token; bits 30 and 31 are free for flags.
pub const TOKEN_MASK: u32 = (1 << 30) - 1;

const FREE: u64 = 0;
const CLAIMED: u64 = 1;
const LIVE: u64 = 2;
const RETIRED: u64 = 3;
const REAPING: u64 = 4;

/// States of the park word. A waker swaps NOTIFIED in and does what the old state asks for; the owner puts
/// PARKED_FUTEX or PARKED_LOOP only in place of RUNNING, so a notification that came first is never slept through.
pub const PARK_RUNNING: u32 = 0;
pub const PARK_NOTIFIED: u32 = 1;
pub const PARK_FUTEX: u32 = 2;
pub const PARK_LOOP: u32 = 3;

const NAME_MAX: usize = 92;
/// Where in a slot the record of its agent's waits begins, and how large it may be.
const RECORD: u64 = 128;
pub const RECORD_SIZE: u64 = AGENT_SIZE - RECORD;

/// Names one agent for ever: slot and generation. Zero is nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token(pub u32);

impl Token {
    pub const NOBODY: Self = Self(0);

    fn new(slot: u32, generation: u32) -> Self {
        Self(generation << SLOT_BITS | slot)
    }

    pub fn slot(self) -> u32 {
        self.0 & (AGENT_COUNT - 1)
    }

    fn generation(self) -> u32 {
        (self.0 & TOKEN_MASK) >> SLOT_BITS
    }
}

/// What the table knows of an agent.
#[derive(Debug, Clone)]
pub struct AgentInfo {
    pub token: Token,
    pub pid: u32,
    pub tid: u32,
    pub start_time: u64,
    pub name: String,
}

pub struct Agents<'d> {
    map: &'d Mapping,
}

#[derive(Clone, Copy)]
struct Life(u64);

impl Life {
    fn new(pid: u32, generation: u32, status: u64) -> Self {
        Self(u64::from(pid) << 32 | u64::from(generation) << 8 | status)
    }
    fn pid(self) -> u32 {
        (self.0 >> 32) as u32
    }
    fn generation(self) -> u32 {
        (self.0 >> 8) as u32 & GENERATION_MASK
    }
    fn status(self) -> u64 {
        self.0 & 0xff
    }
    fn with(self, status: u64) -> Self {
        Self(self.0 & !0xff | status)
    }
}

impl<'d> Agents<'d> {
    pub(super) fn new(map: &'d Mapping) -> Self {
        Self { map }
    }

    /// Takes a slot for the calling thread. `primary` is the slot of the process's first agent, `None` for that first.
    pub(super) fn claim(&self, pid: u32, tid: u32, primary: Option<u32>, parent: Token) -> Result<Token> {
        let start_time = procfs::process_start_time(pid).unwrap_or(0);
        for _ in 0..AGENT_COUNT {
            let slot = self.map.u32_at(H_NEXT_AGENT).fetch_add(1, Relaxed) % AGENT_COUNT;
            let old = self.life(slot);
            if old.status() != FREE {
                continue;
            }
            let generation = (old.generation() + 1) & GENERATION_MASK;
            let generation = generation.max(1);
            let claimed = Life::new(pid, generation, CLAIMED);
            // Acquire pairs with the Release of `finish_reaping` and `retire`: what the slot's bit stood for is gone.
            if self.life_word(slot).compare_exchange(old.0, claimed.0, AcqRel, Relaxed).is_err() {
                continue;
            }
            self.field64(slot, 8).store(start_time, Relaxed);
            self.field(slot, 16).store(tid, Relaxed);
            self.field(slot, 20).store(primary.unwrap_or(slot) + 1, Relaxed);
            self.park(slot).store(PARK_RUNNING, Relaxed);
            self.field(slot, 28).store(parent.0, Relaxed);
            self.field(slot, 32).store(0, Relaxed);
            // Nothing is waited for; the version that stands before the count is even and goes on from what it was.
            self.field(slot, RECORD + 4).store(0, Relaxed);
            // Release: whoever sees LIVE sees the identity. An exchange: the slot is ours only while nobody took it away.
            if self.life_word(slot).compare_exchange(claimed.0, claimed.with(LIVE).0, AcqRel, Relaxed).is_ok() {
                return Ok(Token::new(slot, generation));
            }
        }
        Err(Error::new(
            Code::Agents,
            format!("all {AGENT_COUNT} agent slots of the domain are taken by living threads"),
        ))
    }

    /// The calling thread's agent ends. The process's first slot stays taken, for the bits that stand for the process.
    pub(super) fn retire(&self, token: Token) {
        let slot = token.slot();
        let old = self.life(slot);
        if old.generation() != token.generation() || old.status() != LIVE {
            return;
        }
        let status = if self.primary_of(slot) == slot { RETIRED } else { FREE };
        let _ = self.life_word(slot).compare_exchange(old.0, old.with(status).0, AcqRel, Relaxed);
    }

    /// Whether that agent still lives, as far as the table knows; its process's death is entered by the reaper.
    #[inline]
    pub fn is_alive(&self, token: Token) -> bool {
        let life = self.life(token.slot());
        life.generation() == token.generation() && matches!(life.status(), LIVE | CLAIMED)
    }

    /// As the table, and the system as well, know it.
    pub fn is_alive_now(&self, token: Token) -> bool {
        if !self.is_alive(token) {
            return false;
        }
        let slot = token.slot();
        let pid = self.life(slot).pid();
        // The second look: what was read may have been of the slot's next owner.
        procfs::is_alive(pid, self.field64(slot, 8).load(Acquire)) && self.is_alive(token)
    }

    /// Whether the process behind the token of its first agent still runs, whatever became of that agent's thread. Never
    /// so for another agent's token.
    pub(super) fn is_process_alive_now(&self, first: Token) -> bool {
        let slot = first.slot();
        let life = self.life(slot);
        life.generation() == first.generation()
            && self.primary_of(slot) == slot
            && matches!(life.status(), LIVE | CLAIMED | RETIRED | REAPING)
            && procfs::is_alive(life.pid(), self.field64(slot, 8).load(Acquire))
    }

    /// The agent's identity while its slot has not been taken by another.
    pub fn info(&self, token: Token) -> Option<AgentInfo> {
        let slot = token.slot();
        let life = self.life(slot);
        if life.generation() != token.generation() {
            return None;
        }
        let mut name = [0; NAME_MAX];
        let length = (self.field(slot, 32).load(Relaxed) as usize).min(NAME_MAX);
        self.map.read(Layout::agent(slot) + 36, &mut name[..length]);
        Some(AgentInfo {
            token,
            pid: life.pid(),
            tid: self.field(slot, 16).load(Relaxed),
            start_time: self.field64(slot, 8).load(Relaxed),
            name: String::from_utf8_lossy(&name[..length]).into_owned(),
        })
    }

    pub fn set_name(&self, token: Token, name: &str) {
        let end = (0..=NAME_MAX.min(name.len())).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
        let bytes = &name.as_bytes()[..end];
        self.field(token.slot(), 32).store(0, Relaxed);
        self.map.write(Layout::agent(token.slot()) + 36, bytes);
        self.field(token.slot(), 32).store(bytes.len() as u32, Release);
    }

    /// The token of the living agent in that slot.
    pub fn token_in(&self, slot: u32) -> Option<Token> {
        let life = self.life(slot);
        (life.status() == LIVE).then(|| Token::new(slot, life.generation()))
    }

    /// The token of the slot's last or present agent, while the slot stands for a process.
    pub fn token_standing_in(&self, slot: u32) -> Option<Token> {
        let life = self.life(slot);
        matches!(life.status(), LIVE | RETIRED).then(|| Token::new(slot, life.generation()))
    }

    /// All processes that have a slot and whose death has not been dealt with: first slot, pid and start time.
    pub fn processes(&self) -> Vec<(u32, u32, u64)> {
        (0..AGENT_COUNT)
            .filter_map(|slot| {
                let life = self.life(slot);
                let listed = match life.status() {
                    FREE => false,
                    LIVE | RETIRED => self.primary_of(slot) == slot,
                    // CLAIMED, whose identity is not written yet; or REAPING, by somebody who may have been killed.
                    _ => true,
                };
                // The start time beside CLAIMED is that of the slot's owner before: any will do.
                let start_time = if life.status() == CLAIMED { 0 } else { self.field64(slot, 8).load(Relaxed) };
                listed.then(|| (slot, life.pid(), start_time))
            })
            .collect()
    }

    /// The slots of that process's agents, of those that have ended as well.
    pub(super) fn slots_of(&self, pid: u32, start_time: u64) -> Vec<u32> {
        let is_its = |slot: &u32| {
            let life = self.life(*slot);
            matches!(life.status(), LIVE | RETIRED)
                && life.pid() == pid
                && self.field64(*slot, 8).load(Relaxed) == start_time
        };
        (0..AGENT_COUNT).filter(is_its).collect()
    }

    /// The offset of what the agent in that slot has published of its waits.
    pub fn record(&self, slot: u32) -> u64 {
        Layout::agent(slot % AGENT_COUNT) + RECORD
    }

    pub fn park(&self, slot: u32) -> &'d AtomicU32 {
        self.field(slot, 24)
    }

    /// Marks every slot of a dead process. Under the domain lock. Returns the slots.
    pub(super) fn start_reaping(&self, pid: u32, start_time: u64) -> Vec<u32> {
        let mut slots = Vec::new();
        for slot in 0..AGENT_COUNT {
            let life = self.life(slot);
            let started = self.field64(slot, 8).load(Relaxed);
            // Beside CLAIMED stands the start time of the owner before: such a slot is dead when its pid is nobody's.
            let same = life.pid() == pid
                && if life.status() == CLAIMED { !procfs::is_alive(pid, 0) } else { started == start_time };
            if !same || life.status() == FREE {
                continue;
            }
            let marked = life.status() == REAPING
                || self.life_word(slot).compare_exchange(life.0, life.with(REAPING).0, AcqRel, Relaxed).is_ok();
            if marked {
                slots.push(slot);
            }
        }
        slots
    }

    /// The slot may be claimed again. Under the domain lock, by the one that marked it.
    pub(super) fn finish_reaping(&self, slot: u32) {
        let life = self.life(slot);
        if life.status() == REAPING {
            // Release pairs with the Acquire of `claim`.
            let _ = self.life_word(slot).compare_exchange(life.0, life.with(FREE).0, Release, Relaxed);
        }
    }

    fn primary_of(&self, slot: u32) -> u32 {
        self.field(slot, 20).load(Relaxed).wrapping_sub(1)
    }

    fn life(&self, slot: u32) -> Life {
        // SeqCst: a waiter reads this after it published itself, a reaper wakes after it changed this.
        Life(self.life_word(slot).load(SeqCst))
    }

    fn life_word(&self, slot: u32) -> &'d AtomicU64 {
        self.field64(slot, 0)
    }

    fn field(&self, slot: u32, offset: u64) -> &'d AtomicU32 {
        self.map.u32_at(Layout::agent(slot % AGENT_COUNT) + offset)
    }

    fn field64(&self, slot: u32, offset: u64) -> &'d AtomicU64 {
        self.map.u64_at(Layout::agent(slot % AGENT_COUNT) + offset)
    }
}
