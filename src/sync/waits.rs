//! One agent's waits: at most one blocking wait at a time, and any number of asynchronous ones.
//!
//! An agent has one bit in an object's waiter bitmap, however many of its waits are for that object; the count is kept
//! here. Asynchronous waits for the same object succeed in the order in which they began. Nothing here is shared.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::barrier::{Barrier, Progress, Ticket};
use super::lock::{Attempt, Lock};
use super::park::{self, Agent};
use super::semaphore::Semaphore;
use crate::memory::{Block, Domain, Kind, Token};
use crate::sys::clock::Deadline;

/// What a wait is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    Lock,
    Semaphore,
    Barrier(Ticket),
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The goal is reached.
    Done,
    /// The lock was taken over from an agent that died.
    FromDead(Token),
    TimedOut,
    /// The barrier broke.
    Broken,
}

/// How a blocking wait waits.
pub struct Patience {
    /// Looks before the first sleep.
    pub spins: u32,
    /// The longest sleep.
    pub look_again_after: Duration,
}

struct Pending {
    id: u32,
    block: Block,
    goal: Goal,
    deadline: Deadline,
}

#[derive(Default)]
pub struct Waits {
    next_id: u32,
    pending: Vec<Pending>,
    /// Waits of this agent for each object (by offset).
    counts: HashMap<u64, u32>,
}

impl Waits {
    /// Begins an asynchronous wait. `Err` is its outcome, when that is known at once; `Ok` its number.
    pub fn begin(&mut self, agent: &Agent, block: Block, goal: Goal, deadline: Deadline) -> Result<u32, Outcome> {
        self.register(agent, block, goal);
        // Registered first, looked second: see waiters.rs. Earlier waits of this agent for the object go first.
        let is_first = !self.pending.iter().any(|other| other.block.offset == block.offset);
        let mut outcome = if is_first || matches!(goal, Goal::Barrier(_)) { attempt(agent, block, goal) } else { None };
        if outcome.is_none() && deadline.has_passed() {
            outcome = Some(give_up(agent, block, goal));
        }
        if let Some(outcome) = outcome {
            self.unregister(agent, block, goal);
            return Err(outcome);
        }
        self.next_id = self.next_id.wrapping_add(1);
        // The wait keeps the block: its object may be closed meanwhile, and the memory become another's.
        agent.domain.retain(block.handle);
        self.pending.push(Pending { id: self.next_id, block, goal, deadline });
        Ok(self.next_id)
    }

    /// Ends an asynchronous wait before its time. `None`: there is no such wait (it has just ended).
    pub fn cancel(&mut self, agent: &Agent, id: u32) -> Option<Outcome> {
        let position = self.pending.iter().position(|pending| pending.id == id)?;
        let pending = self.pending.remove(position);
        let outcome = give_up(agent, pending.block, pending.goal);
        self.unregister(agent, pending.block, pending.goal);
        agent.domain.detach(pending.block.handle);
        Some(outcome)
    }

    /// Looks at all asynchronous waits, and reports those that ended.
    pub fn look(&mut self, agent: &Agent, ended: &mut Vec<(u32, Outcome)>) {
        let mut blocked = HashSet::new();
        let mut index = 0;
        while index < self.pending.len() {
            let Pending { id, block, goal, deadline } = self.pending[index];
            let may_try = matches!(goal, Goal::Barrier(_)) || !blocked.contains(&block.offset);
            let outcome = may_try.then(|| attempt(agent, block, goal)).flatten();
            let outcome = outcome.or_else(|| deadline.has_passed().then(|| give_up(agent, block, goal)));
            if let Some(outcome) = outcome {
                self.pending.remove(index);
                self.unregister(agent, block, goal);
                agent.domain.detach(block.handle);
                ended.push((id, outcome));
            } else {
                blocked.insert(block.offset);
                index += 1;
            }
        }
    }

    /// Blocks the calling thread until the wait has ended, or until `is_stopping` says that the thread is to end; it is
    /// asked as often as `patience` tells.
    pub fn wait(
        &mut self,
        agent: &Agent,
        (block, goal, deadline): (Block, Goal, Deadline),
        patience: &Patience,
        is_stopping: &dyn Fn() -> bool,
    ) -> Outcome {
        for _ in 0..patience.spins {
            if let Some(outcome) = attempt(agent, block, goal) {
                return outcome;
            }
            for _ in 0..16 {
                std::hint::spin_loop();
            }
        }
        self.register(agent, block, goal);
        let outcome = loop {
            if let Some(outcome) = attempt(agent, block, goal) {
                break outcome;
            }
            if deadline.has_passed() {
                break give_up(agent, block, goal);
            }
            let before = Instant::now();
            agent.park(deadline.remaining(patience.look_again_after));
            if before.elapsed() >= patience.look_again_after {
                if is_stopping() {
                    break give_up(agent, block, goal);
                }
                if agent.domain.reap_dead() {
                    park::wake_all(agent.domain);
                }
            }
        };
        self.unregister(agent, block, goal);
        outcome
    }

    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// When the event loop must look at the latest.
    pub fn nearest_deadline(&self) -> Option<Instant> {
        self.pending.iter().filter_map(|pending| pending.deadline.instant()).min()
    }

    /// Ends all waits without an outcome: the agent's thread ends.
    pub fn abandon(&mut self, agent: &Agent) {
        for pending in std::mem::take(&mut self.pending) {
            give_up(agent, pending.block, pending.goal);
            self.unregister(agent, pending.block, pending.goal);
            agent.domain.detach(pending.block.handle);
        }
    }

    fn register(&mut self, agent: &Agent, block: Block, goal: Goal) {
        let count = self.counts.entry(block.offset).or_insert(0);
        *count += 1;
        if *count == 1 {
            match goal {
                Goal::Lock => Lock::at(agent.domain, block).register(agent.slot()),
                Goal::Semaphore => Semaphore::at(agent.domain, block).register(agent.slot()),
                Goal::Barrier(_) => with_barrier(agent.domain, block, |barrier| barrier.register(agent.slot())),
            }
        }
    }

    fn unregister(&mut self, agent: &Agent, block: Block, goal: Goal) {
        let Some(count) = self.counts.get_mut(&block.offset) else { return };
        *count -= 1;
        if *count == 0 {
            self.counts.remove(&block.offset);
            match goal {
                Goal::Lock => Lock::at(agent.domain, block).unregister(agent.slot()),
                Goal::Semaphore => Semaphore::at(agent.domain, block).unregister(agent.slot()),
                Goal::Barrier(_) => with_barrier(agent.domain, block, |barrier| barrier.unregister(agent.slot())),
            }
        }
    }
}

fn attempt(agent: &Agent, block: Block, goal: Goal) -> Option<Outcome> {
    match goal {
        Goal::Lock => match Lock::at(agent.domain, block).try_acquire(agent.token) {
            Attempt::Acquired => Some(Outcome::Done),
            Attempt::AcquiredFromDead(dead) => Some(Outcome::FromDead(dead)),
            Attempt::Held => None,
        },
        Goal::Semaphore => Semaphore::at(agent.domain, block).try_acquire().then_some(Outcome::Done),
        Goal::Barrier(ticket) => match Barrier::at(agent.domain, block) {
            Err(_) => Some(Outcome::Broken),
            Ok(barrier) => match barrier.look(agent.token, ticket) {
                Progress::Waiting => None,
                Progress::Passed => Some(Outcome::Done),
                Progress::Broken => Some(Outcome::Broken),
            },
        },
    }
}

fn give_up(agent: &Agent, block: Block, goal: Goal) -> Outcome {
    if let Goal::Barrier(ticket) = goal
        && let Ok(barrier) = Barrier::at(agent.domain, block)
    {
        return match barrier.give_up(agent.token, ticket) {
            Progress::Passed => Outcome::Done,
            _ => Outcome::TimedOut,
        };
    }
    Outcome::TimedOut
}

fn with_barrier(domain: &Domain, block: Block, action: impl FnOnce(Barrier<'_>)) {
    debug_assert_eq!(block.handle.kind, Kind::Barrier);
    if let Ok(barrier) = Barrier::at(domain, block) {
        action(barrier);
    }
}
