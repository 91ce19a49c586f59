//! What a worker does with everything that one can wait for: each is acquired, given back or forgotten, changed and
//! waited for; most waits have a time limit, some are ended from outside, so that deadlocks are looked for as well.

use std::time::{Duration, Instant};

use multiproc::error::{Code, Error, Result};
use multiproc::memory::{Block, Domain, Kind};
use multiproc::sync::condition::{self, Condition};
use multiproc::sync::event::{self, Event};
use multiproc::sync::latch::{self, Latch};
use multiproc::sync::lock::{self, Attempt, Lock};
use multiproc::sync::once::{self, Once};
use multiproc::sync::permits::Permits;
use multiproc::sync::rwlock::{self, RwLock};
use multiproc::sync::semaphore::{self, Semaphore};
use multiproc::sync::waits::{Goal, Outcome, Patience};
use multiproc::sys::clock::Deadline;

use crate::worker::Worker;

pub const KINDS: [Kind; 9] = [
    Kind::Lock,
    Kind::RLock,
    Kind::Semaphore,
    Kind::BoundedSemaphore,
    Kind::Condition,
    Kind::Event,
    Kind::RwLock,
    Kind::Latch,
    Kind::Once,
];
/// Longer than it takes to look for a deadlock twice.
const WITHOUT_LIMIT: Duration = Duration::from_millis(120);

/// What the block of such an object has, at least.
pub fn size_of(kind: Kind) -> u64 {
    match kind {
        Kind::Lock | Kind::RLock => lock::BLOCK_SIZE,
        Kind::Semaphore => semaphore::BLOCK_SIZE,
        Kind::BoundedSemaphore => Permits::block_size(3),
        Kind::Condition => condition::BLOCK_SIZE,
        Kind::Event => event::BLOCK_SIZE,
        Kind::RwLock => rwlock::BLOCK_SIZE,
        Kind::Latch => latch::BLOCK_SIZE,
        Kind::Once => once::BLOCK_SIZE,
        _ => 0,
    }
}

pub fn initialise(domain: &Domain, block: Block) {
    match block.handle.kind {
        Kind::Semaphore => Semaphore::at(domain, block).initialise(2),
        Kind::BoundedSemaphore => Permits::initialise(domain, block, 3),
        Kind::Latch => Latch::at(domain, block).initialise(5),
        _ => {}
    }
}

/// As the binding does: whoever attaches an object looks whether its block is long enough.
pub fn checked(domain: &Domain, block: Block) -> Result<Block> {
    if block.length < size_of(block.handle.kind) {
        domain.detach(block.handle);
        return Err(Error::new(Code::Handle, "the object's block has been overwritten"));
    }
    Ok(block)
}

impl Worker {
    pub fn use_primitive(&mut self) -> Result<()> {
        let kind = KINDS[self.random.below(KINDS.len() as u64) as usize];
        let Some(block) = self.one_of(kind) else { return Ok(()) };
        let (domain, me) = (self.domain, self.agent.token);
        match kind {
            Kind::Lock | Kind::RLock => {
                let lock = Lock::at(domain, block);
                let got = match self.random.below(2) {
                    0 => self.waited(block, Goal::Lock),
                    _ => lock.try_acquire(me) != Attempt::Held,
                };
                domain.agents().info(lock.owner());
                // Some are never given back, so that others wait.
                if got && self.random.below(4) > 0 {
                    lock.release(me)?;
                }
            }
            Kind::Semaphore => {
                let semaphore = Semaphore::at(domain, block);
                if self.waited(block, Goal::Semaphore) && self.random.below(4) > 0 {
                    semaphore.release(1 + self.random.below(2) as u32)?;
                }
                semaphore.value();
            }
            Kind::BoundedSemaphore => {
                let permits = Permits::at(domain, block)?;
                if self.waited(block, Goal::Permit) && self.random.below(4) > 0 {
                    permits.release(me)?;
                }
                permits.value();
            }
            Kind::Condition => {
                let condition = Condition::at(domain, block);
                if self.random.below(2) == 0 {
                    condition.notify(1 + self.random.below(3) as u32);
                } else {
                    let ticket = condition.enter(me)?;
                    self.waited(block, Goal::Condition(ticket));
                }
                condition.waiting();
            }
            Kind::Event => {
                let event = Event::at(domain, block);
                match self.random.below(4) {
                    0 => event.set(),
                    1 => event.clear(),
                    _ => drop(self.waited(block, Goal::Event(event.ticket()))),
                }
            }
            Kind::RwLock => self.read_or_write(block)?,
            Kind::Latch => {
                let latch = Latch::at(domain, block);
                latch.count_down(self.random.below(2) as u32);
                self.waited(block, Goal::Latch);
            }
            _ => {
                if self.waited(block, Goal::Once) {
                    Once::at(domain, block).finish(me, self.random.below(3) == 0)?;
                }
            }
        }
        Ok(())
    }

    fn read_or_write(&mut self, block: Block) -> Result<()> {
        let (lock, me) = (RwLock::at(self.domain, block), self.agent.token);
        let tokens = lock.reader_tokens().chain([lock.writer_token()]);
        tokens.for_each(|token| drop(self.domain.agents().info(token)));
        if self.random.below(2) == 0 {
            if self.waited(block, Goal::Read) && self.random.below(4) > 0 {
                lock.release_read(me)?;
            }
        } else if self.waited(block, Goal::Write) && self.random.below(4) > 0 {
            if self.random.below(3) == 0 {
                lock.downgrade(me)?;
                return lock.release_read(me);
            }
            lock.release_write(me)?;
        }
        Ok(())
    }

    /// Whether the wait succeeded.
    fn waited(&mut self, block: Block, goal: Goal) -> bool {
        if self.random.below(40) > 0 {
            return matches!(self.wait(block, goal), Outcome::Done | Outcome::FromDead(_));
        }
        let begun = Instant::now();
        let patience = Patience { spins: 20, look_again_after: Duration::from_millis(20) };
        let wait = (block, goal, Deadline::NEVER);
        let outcome = self.waits.wait(&self.agent, wait, &patience, &|| begun.elapsed() > WITHOUT_LIMIT);
        matches!(outcome, Outcome::Done | Outcome::FromDead(_))
    }
}
