//! A queue of tasks from one producer to many workers, any of which may be killed at any instruction.
//!
//! Block: 0 head u32 (any worker advances it) · 4 tail u32 (the producer) · 64 waiters, 64 bytes ·
//! 128 running task of each worker, 256 × u32 · 1152 slots, 1024 × 256 B.
//! A slot: 0 state u32 · 4 task u32 · 8 length u32 · 12 is reference u32 · 16 payload, 240 B (or the handle of a block
//! that the queue's block keeps, memory/keeping.rs).
//!
//! | slot state | next | by | commit |
//! |---|---|---|---|
//! | EMPTY | READY | the producer, payload first | the state |
//! | READY | token of worker w | w: compare-exchange, so one worker gets it | the state |
//! | token of w | EMPTY | w, when it has copied the payload and written `running[w]` | the state |
//! | token of dead w | EMPTY | the producer, which fails that task | the state |
//!
//! Which task did a dead worker have? The one in `running[w]`, or the slot with its token: the producer looks at both,
//! after it has read the results that w had sent. A task that w finished but whose `running` it had not cleared has its
//! result already; the others are failed. None is ever given to a second worker.
//!
//! `head` only says where to start looking; it is advanced past slots that are not READY by whoever sees them. The
//! producer writes slot t only when t - head < 1024 and the slot is EMPTY.

use crate::sys::atomic::AtomicU32;
use crate::sys::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

use crate::error::{Code, Error, Result};
use crate::memory::{Block, Domain, Handle, Kind, Token};
use crate::sync::waiters::Waiters;

pub const WORKERS_MAX: u32 = 256;
const SLOTS: u32 = 1024;
const SLOT_SIZE: u64 = 256;
const INLINE_MAX: usize = 240;
const RUNNING: u64 = 128;
const FIRST_SLOT: u64 = RUNNING + WORKERS_MAX as u64 * 4;
const BLOCK_SIZE: u64 = FIRST_SLOT + SLOTS as u64 * SLOT_SIZE;

const EMPTY: u32 = 0;
const READY: u32 = 1;

pub struct Task {
    pub id: u32,
    pub payload: Vec<u8>,
}

pub struct TaskQueue {
    domain: &'static Domain,
    block: Block,
}

impl TaskQueue {
    /// A new queue, held by this process.
    pub fn create(domain: &'static Domain) -> Result<Self> {
        Ok(Self { domain, block: domain.allocate(Kind::TaskQueue, BLOCK_SIZE)? })
    }

    /// The queue that a shipped handle names.
    pub fn open(domain: &'static Domain, handle: Handle) -> Result<Self> {
        let block = domain.attach(handle)?;
        domain.unship(handle);
        if block.length < BLOCK_SIZE {
            domain.detach(handle);
            return Err(crate::channel::overwritten("a task queue of the wrong size"));
        }
        Ok(Self { domain, block })
    }

    pub fn handle(&self) -> Handle {
        self.block.handle
    }

    pub fn ship(&self) {
        self.domain.ship(self.block.handle);
    }

    /// Producer: publishes a task and wakes a worker. `false`: the queue is full.
    pub fn submit(&self, id: u32, payload: &[u8]) -> Result<bool> {
        let tail = self.field(4).load(Relaxed);
        let slot = tail % SLOTS;
        let head = self.field(0).load(Acquire);
        // Acquire pairs with the Release of the worker that emptied it: its copy is done.
        if tail.wrapping_sub(head) >= SLOTS || self.slot(slot, 0).load(Acquire) != EMPTY {
            return Ok(false);
        }
        let place = self.slot_offset(slot) + 16;
        if payload.len() <= INLINE_MAX {
            self.domain.map().write(place, payload);
            self.slot(slot, 12).store(0, Relaxed);
        } else {
            let block = self.domain.allocate(Kind::Payload, payload.len() as u64)?;
            self.domain.map().write(block.offset, payload);
            self.domain.keep(block.handle, self.block.handle);
            self.domain.detach(block.handle);
            let reference = u64::from(block.handle.index) << 32 | u64::from(block.handle.generation);
            self.domain.map().u64_at(place).store(reference, Relaxed);
            self.slot(slot, 12).store(1, Relaxed);
        }
        self.slot(slot, 4).store(id, Relaxed);
        self.slot(slot, 8).store(payload.len() as u32, Relaxed);
        // SYNC POINT S: Release; the worker's compare-exchange acquires it.
        self.slot(slot, 0).store(READY, SeqCst);
        self.field(4).store(tail.wrapping_add(1), SeqCst);
        self.waiters().wake(1);
        Ok(true)
    }

    /// Worker: takes the oldest task that nobody has taken.
    pub fn claim(&self, me: Token, worker: u32) -> Result<Option<Task>> {
        loop {
            let head = self.field(0).load(Acquire);
            let waiting = self.field(4).load(SeqCst).wrapping_sub(head);
            if waiting == 0 {
                return Ok(None);
            }
            if waiting > SLOTS {
                // `head` may be older than `tail`: only a difference that stays is one that we never wrote.
                if self.field(0).load(SeqCst) == head {
                    return Err(crate::channel::overwritten("counters that do not fit the task queue"));
                }
                continue;
            }
            let slot = head % SLOTS;
            let taken = self.slot(slot, 0).compare_exchange(READY, me.0, SeqCst, Relaxed).is_ok();
            // Ours or another's: this one is taken.
            let _ = self.field(0).compare_exchange(head, head.wrapping_add(1), AcqRel, Relaxed);
            if taken {
                return self.take(slot, worker).map(Some);
            }
        }
    }

    fn take(&self, slot: u32, worker: u32) -> Result<Task> {
        let id = self.slot(slot, 4).load(Relaxed);
        let payload = self.payload(slot);
        self.running(worker).store(id, SeqCst);
        self.slot(slot, 0).store(EMPTY, Release);
        payload.map(|payload| Task { id, payload })
    }

    /// Worker: the result of its task has been sent.
    pub fn finish(&self, worker: u32) {
        self.running(worker).store(0, SeqCst);
    }

    /// Whether there may be a task to claim.
    pub fn has_tasks(&self) -> bool {
        let waiting = self.field(4).load(SeqCst).wrapping_sub(self.field(0).load(SeqCst));
        (1..=SLOTS).contains(&waiting)
    }

    /// Producer: tasks that nobody takes although a worker was woken for each: that one may be stopped.
    pub fn wake_all_workers(&self) {
        self.waiters().wake_all();
    }

    /// Worker: a new task should wake it (`true`), or it is busy.
    pub fn set_idle(&self, slot: u32, idle: bool) {
        if idle {
            self.waiters().set(slot);
        } else {
            self.waiters().clear(slot);
        }
    }

    /// Producer: the tasks that a dead worker had taken, of which some may have their results.
    pub fn tasks_of_dead(&self, token: Token, worker: u32) -> Vec<u32> {
        // Its bit would stand for whoever takes its slot next, and be woken in place of a worker.
        if token != Token::NOBODY && self.domain.agents().token_in(token.slot()).is_none() {
            self.waiters().clear(token.slot());
        }
        let mut tasks = Vec::new();
        let running = self.running(worker).swap(0, SeqCst);
        if running != 0 {
            tasks.push(running);
        }
        for slot in 0..SLOTS {
            if token != Token::NOBODY && self.slot(slot, 0).load(SeqCst) == token.0 {
                let task = self.slot(slot, 4).load(Relaxed);
                // Killed between noting its number and freeing the slot: one task in both places.
                if task != running {
                    tasks.push(task);
                }
                let _ = self.payload(slot);
                self.slot(slot, 0).store(EMPTY, Release);
            }
        }
        tasks
    }

    /// Producer: takes all tasks away that no worker has taken.
    pub fn withdraw(&self, me: Token) -> Vec<Task> {
        let mut tasks = Vec::new();
        while let Ok(Some(task)) = self.claim(me, WORKERS_MAX - 1) {
            tasks.push(task);
        }
        self.finish(WORKERS_MAX - 1);
        tasks
    }

    fn payload(&self, slot: u32) -> Result<Vec<u8>> {
        let place = self.slot_offset(slot) + 16;
        let length = self.slot(slot, 8).load(Relaxed) as usize;
        if self.slot(slot, 12).load(Relaxed) == 0 {
            return self.domain.map().read_vec(place, length.min(INLINE_MAX)).ok_or_else(out_of_memory);
        }
        let reference = self.domain.map().u64_at(place).load(Relaxed);
        let handle = Handle { kind: Kind::Payload, index: (reference >> 32) as u32, generation: reference as u32 };
        let block = self.domain.kept(handle, self.block.handle)?;
        let bytes = self.domain.map().read_vec(block.offset, length.min(block.length as usize));
        self.domain.let_go(handle, self.block.handle);
        bytes.ok_or_else(out_of_memory)
    }

    fn running(&self, worker: u32) -> &'static AtomicU32 {
        self.field(RUNNING + u64::from(worker % WORKERS_MAX) * 4)
    }

    fn slot(&self, slot: u32, offset: u64) -> &'static AtomicU32 {
        self.domain.map().u32_at(self.slot_offset(slot) + offset)
    }

    fn slot_offset(&self, slot: u32) -> u64 {
        self.block.offset + FIRST_SLOT + u64::from(slot % SLOTS) * SLOT_SIZE
    }

    fn waiters(&self) -> Waiters<'static> {
        Waiters::at(self.domain, self.block.offset + 64)
    }

    fn field(&self, offset: u64) -> &'static AtomicU32 {
        self.domain.map().u32_at(self.block.offset + offset)
    }
}

impl Drop for TaskQueue {
    fn drop(&mut self) {
        self.domain.detach(self.block.handle);
    }
}

fn out_of_memory() -> Error {
    Error::new(Code::ShmSpace, "a task does not fit the memory of this process".to_owned())
}
