//! Deadlocks: a wait that can never end, because it closed a circle of waits, ends with that news for one of them.
//!
//! | file | owns |
//! |---|---|
//! | mod | what is found, and what is done about it |
//! | detector | when an agent looks, and the second look |
//! | record | what each agent publishes of its waits when it goes to sleep |
//! | needs | who must go on before somebody gets what it wants |
//! | graph | who can still go on, the circle if one cannot, and who gives way |
//! | report | the circle in words and in figures |
//!
//! **What counts.** Only waits for what somebody owns (locks, reader-writer locks, once) and for what another process may
//! do: its end, its messages. A wait with a time limit or an abort signal ends by itself and closes no circle. A lock
//! that was ever released by another agent than its holder counts as released by anyone: nobody can tell that it will
//! not be.
//!
//! **Who is stuck.** An agent publishes a record when it goes to sleep. Blocking in one wait, it needs that one. In its
//! event loop it needs *any* of its waits, and it publishes them only when nothing else can make the loop go on: no
//! timer, no open handle or request, referenced or not. Every other agent can go on; so can one that was woken and has
//! not run yet, and one that needs what nobody owns, or what somebody owns who can go on. What is left over is stuck for
//! ever (the greatest fixed point), however slow the others are.
//!
//! **Who gives way.** Of the agents that wait for each other in a circle, the one whose wait began last (ties: the
//! higher slot). It looks LOOK_AFTER after it went to sleep, and again CONFIRM_AFTER later: only when all that it waits
//! for, directly or not, are in the same waits as before does its own end. Records carry a version that grows with every
//! sleep; so between the two looks there was a moment at which all of them slept, each for the next, and nobody else
//! could wake one. Before the end the system is asked as well: whether they all live, and whether another thread works
//! in the process of a sleeping event loop (WebAssembly is compiled so), which libuv knows nothing of.
//!
//! **When nobody can give way.** Under `Policy::Warn`, and in waits that must be seen through (a condition's for its
//! lock), the deadlock is told of, once, and stays.
//!
//! Everything here only reads what others wrote, and writes the own record and single words that ask for a look: killed
//! anywhere, nothing is left over. A record of the dead is not read, since their slot is not alive.

mod detector;
mod graph;
mod needs;
mod record;
mod report;

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

pub use detector::{Detector, Verdict};
pub use record::{Record, WANTS_MAX, Want, Wanted, clear};
pub use report::{Member, Report};

use crate::memory::{Domain, Token};
use crate::sync::park::Agent;
use graph::Graph;

/// What is done about a deadlock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Policy {
    Off = 0,
    Warn = 1,
    Throw = 2,
}

impl Policy {
    fn from_number(number: u32) -> Self {
        match number {
            1 => Self::Warn,
            2 => Self::Throw,
            _ => Self::Off,
        }
    }
}

static POLICY: AtomicU8 = AtomicU8::new(Policy::Throw as u8);

pub fn policy() -> Policy {
    Policy::from_number(u32::from(POLICY.load(Relaxed)))
}

/// For this process.
pub fn set_policy(policy: Policy) {
    POLICY.store(policy as u8, Relaxed);
}

/// Whether a blocking wait of this agent is for what the agent itself holds, and so can never end.
pub fn waits_for_itself(agent: &Agent, want: Want) -> Option<Report> {
    Graph::of_one(agent.domain, agent.token, want).report()
}

/// The circle that an agent's published waits are part of, as one look sees it: not certain, for diagnosis.
pub fn circle_of(domain: &Domain, agent: Token) -> Option<Report> {
    Graph::read(domain, agent).report()
}
