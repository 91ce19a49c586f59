//! What a wait is for, and what each kind of object is asked while one waits for it.
//!
//! | question | when |
//! |---|---|
//! | `register` | before the first look that may be followed by sleep: from here on a change wakes the agent |
//! | `attempt` | at each look: has the wait ended? |
//! | `give_up` | the time is over, or the wait was aborted |
//! | `unregister` | the agent has no wait for the object any more: a wake-up that it had got goes on to the next |

use crate::memory::{Block, Handle, Token};
use crate::queue::{Queue, Side};
use crate::sync::barrier::{self, Barrier, Progress};
use crate::sync::claim::Standing;
use crate::sync::condition::{self, Condition};
use crate::sync::event::{self, Event};
use crate::sync::latch::Latch;
use crate::sync::lock::{Attempt, Lock};
use crate::sync::once::Once;
use crate::sync::park::Agent;
use crate::sync::permits::Permits;
use crate::sync::rwlock::RwLock;
use crate::sync::semaphore::Semaphore;

/// What a wait is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// A lock; a re-entrant one is the same here.
    Lock,
    Semaphore,
    /// A permit of a bounded semaphore.
    Permit,
    Barrier(barrier::Ticket),
    Read,
    Write,
    Condition(condition::Ticket),
    Event(event::Ticket),
    Latch,
    Once,
    /// A queue in which there is something to get, room to put something, or nothing left to do.
    Queue(Side),
    /// The same in a queue that is half of a pipe, whose other end is that; or that end is gone.
    Pipe(Side, Handle),
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The goal is reached.
    Done,
    /// It is reached, and was taken over from an agent that died.
    FromDead(Token),
    TimedOut,
    /// The barrier broke.
    Broken,
    /// Somebody else has done it: nothing is left to do.
    Already,
    /// The wait would never have ended (deadlock/mod.rs).
    Deadlock,
}

impl Goal {
    /// Whether of one agent's waits for the object only the oldest may succeed. Others do not exclude each other.
    pub fn is_ordered(self) -> bool {
        matches!(self, Self::Lock | Self::Semaphore | Self::Permit | Self::Write | Self::Once)
    }

    /// Which of the object's sets of waiters the agent is in.
    pub(super) fn set(self) -> u8 {
        match self {
            Self::Write | Self::Queue(Side::Put) | Self::Pipe(Side::Put, _) => 1,
            Self::Queue(Side::Join) => 2,
            _ => 0,
        }
    }

    /// How the wait has ended, if it has.
    pub(super) fn attempt(self, agent: &Agent, block: Block, standing: &mut Standing) -> Option<Outcome> {
        let (domain, me) = (agent.domain, agent.token);
        match self {
            Self::Lock => ended(Lock::at(domain, block).acquire_in_turn(me, standing)),
            Self::Semaphore => done(Semaphore::at(domain, block).acquire_in_turn(me, standing)),
            Self::Permit => match Permits::at(domain, block) {
                Ok(permits) => done(permits.acquire_in_turn(me, standing)),
                Err(_) => Some(Outcome::Broken),
            },
            Self::Barrier(ticket) => match Barrier::at(domain, block).map(|barrier| barrier.look(me, ticket)) {
                Ok(Progress::Waiting) => None,
                Ok(Progress::Passed) => Some(Outcome::Done),
                Ok(Progress::Broken) | Err(_) => Some(Outcome::Broken),
            },
            Self::Read => ended(RwLock::at(domain, block).try_read(me)),
            Self::Write => ended(RwLock::at(domain, block).write_in_turn(me, standing)),
            Self::Condition(ticket) => done(Condition::at(domain, block).look(me, ticket)),
            Self::Event(ticket) => done(Event::at(domain, block).has_happened(ticket)),
            Self::Latch => done(Latch::at(domain, block).count() == 0),
            Self::Once => Once::at(domain, block).try_begin(me).map_or(Some(Outcome::Already), ended),
            Self::Pipe(_, end) if !domain.is_live(end) => Some(Outcome::Done),
            Self::Queue(side) | Self::Pipe(side, _) => match Queue::at(domain, block) {
                Ok(queue) => done(queue.look(me, side)),
                Err(_) => Some(Outcome::Broken),
            },
        }
    }

    pub(super) fn give_up(self, agent: &Agent, block: Block) -> Outcome {
        let (domain, me) = (agent.domain, agent.token);
        match self {
            Self::Barrier(ticket) => match Barrier::at(domain, block).map(|barrier| barrier.give_up(me, ticket)) {
                Ok(Progress::Passed) => Outcome::Done,
                _ => Outcome::TimedOut,
            },
            Self::Condition(ticket) if !Condition::at(domain, block).give_up(me, ticket) => Outcome::Done,
            Self::Write => {
                RwLock::at(domain, block).give_up_write(me);
                Outcome::TimedOut
            }
            _ => Outcome::TimedOut,
        }
    }

    /// The wait ends with that outcome, unless it turns out to have succeeded.
    pub(super) fn give_up_for(self, agent: &Agent, block: Block, outcome: Outcome) -> Outcome {
        match self.give_up(agent, block) {
            Outcome::TimedOut => outcome,
            succeeded => succeeded,
        }
    }

    pub(super) fn register(self, agent: &Agent, block: Block) {
        let (domain, slot) = (agent.domain, agent.slot());
        match self {
            Self::Lock => Lock::at(domain, block).register(slot),
            Self::Semaphore => Semaphore::at(domain, block).register(slot),
            Self::Permit => drop(Permits::at(domain, block).map(|permits| permits.register(slot))),
            Self::Barrier(_) => drop(Barrier::at(domain, block).map(|barrier| barrier.register(slot))),
            Self::Read => RwLock::at(domain, block).register_reader(slot),
            Self::Write => RwLock::at(domain, block).register_writer(slot),
            // Its place was taken by `enter`, and names the agent.
            Self::Condition(_) => {}
            Self::Event(_) => Event::at(domain, block).register(slot),
            Self::Latch => Latch::at(domain, block).register(slot),
            Self::Once => Once::at(domain, block).register(slot),
            Self::Queue(side) | Self::Pipe(side, _) => {
                drop(Queue::at(domain, block).map(|queue| queue.register(side, slot)));
            }
        }
    }

    pub(super) fn unregister(self, agent: &Agent, block: Block) {
        let (domain, me, slot) = (agent.domain, agent.token, agent.slot());
        match self {
            Self::Lock => Lock::at(domain, block).unregister(me),
            Self::Semaphore => Semaphore::at(domain, block).unregister(me),
            Self::Permit => drop(Permits::at(domain, block).map(|permits| permits.unregister(me))),
            Self::Barrier(_) => drop(Barrier::at(domain, block).map(|barrier| barrier.unregister(slot))),
            Self::Read => RwLock::at(domain, block).unregister_reader(slot),
            Self::Write => RwLock::at(domain, block).unregister_writer(me),
            Self::Condition(_) => {}
            Self::Event(_) => Event::at(domain, block).unregister(slot),
            Self::Latch => Latch::at(domain, block).unregister(slot),
            Self::Once => Once::at(domain, block).unregister(slot),
            Self::Queue(side) | Self::Pipe(side, _) => {
                drop(Queue::at(domain, block).map(|queue| queue.unregister(side, slot)));
            }
        }
    }
}

fn ended(attempt: Attempt) -> Option<Outcome> {
    match attempt {
        Attempt::Acquired => Some(Outcome::Done),
        Attempt::AcquiredFromDead(dead) => Some(Outcome::FromDead(dead)),
        Attempt::Held => None,
    }
}

fn done(reached: bool) -> Option<Outcome> {
    reached.then_some(Outcome::Done)
}
