//! Deadlocks: a wait that can never end, because it closed a cycle of waits, ends with that news for one of them.
//!
//! | file | owns |
//! |---|---|
//! | mod | when an agent looks, the second look, and who gives way |
//! | record | what each agent publishes of its waits when it goes to sleep |
//! | graph | who can still go on, and the cycle if one cannot |
//! | report | the cycle in words and in figures |
//!
//! **What counts.** Only waits for what somebody owns: locks, reader-writer locks, once, and the end of a child. A wait
//! with a time limit or an abort signal ends by itself and closes no cycle. A lock that was ever released by another
//! agent than its holder counts as released by anyone: nobody can tell that it will not be.
//!
//! **Who is stuck.** An agent publishes a record when it goes to sleep. Blocking in one wait, it needs that one. In its
//! event loop it needs *any* of its waits, and it publishes them only when nothing else can make the loop go on: no
//! timer, no open handle or request, no message channel that is listened to. Every other agent can go on; so can one
//! that needs what nobody owns, or what somebody owns who can go on. What is left over is stuck for ever (the greatest
//! fixed point), however slow the others are.
//!
//! **Who gives way.** Of the agents that wait for each other in a circle, the one whose wait began last (ties: the
//! higher slot). It looks LOOK_AFTER after it went to sleep, and again CONFIRM_AFTER later: only when every record and
//! every owner is the same as before does its wait end. Records carry a version that changes with every sleep.
//!
//! Everything here only reads what others wrote, and writes the own record: killed anywhere, nothing is left over. A
//! record of the dead is not read, since their slot is not alive.

mod graph;
mod record;
mod report;

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::time::{Duration, Instant};

pub use record::{Record, Wanted};
pub use report::{Member, Report};

use super::park::Agent;
use graph::Graph;

/// How long after it went to sleep an agent looks.
pub const LOOK_AFTER: Duration = Duration::from_millis(30);
const CONFIRM_AFTER: Duration = Duration::from_millis(10);
/// Second looks that may find something changed, before the agent leaves it for a while.
const CONFIRMATIONS_MAX: u32 = 5;

/// What is done about a deadlock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Policy {
    Off = 0,
    Warn = 1,
    Throw = 2,
}

static POLICY: AtomicU8 = AtomicU8::new(Policy::Throw as u8);

pub fn policy() -> Policy {
    match POLICY.load(Relaxed) {
        0 => Policy::Off,
        1 => Policy::Warn,
        _ => Policy::Throw,
    }
}

/// For this process.
pub fn set_policy(policy: Policy) {
    POLICY.store(policy as u8, Relaxed);
}

/// One agent's looks. Nothing here is shared.
#[derive(Default)]
pub struct Detector {
    published: Option<Record>,
    next_look: Option<Instant>,
    /// What the first look saw.
    candidate: Option<Vec<u64>>,
    confirmations: u32,
    /// Told of already, under the policy `Warn`.
    warned: Option<Vec<u64>>,
}

impl Detector {
    /// The agent goes to sleep with these waits and no other hope. `since`: when the newest of them began.
    pub fn sleep(&mut self, agent: &Agent, record: Record) {
        record.publish(agent.domain, agent.slot());
        if self.published.as_ref() != Some(&record) {
            *self =
                Self { next_look: Some(Instant::now() + LOOK_AFTER), warned: self.warned.take(), ..Self::default() };
            self.published = Some(record);
        }
    }

    /// The agent runs.
    pub fn wake(&self, agent: &Agent) {
        record::clear(agent.domain, agent.slot());
    }

    /// The agent has no such waits any more.
    pub fn forget(&mut self) {
        *self = Self { warned: self.warned.take(), ..Self::default() };
    }

    /// When to look at the latest.
    pub fn next_look(&self) -> Option<Instant> {
        self.next_look
    }

    /// Looks, when it is time. To be called while the record is published. A report: the agent's wait must end.
    pub fn look(&mut self, agent: &Agent, look_again_after: Duration) -> Option<Report> {
        let now = Instant::now();
        if self.next_look.is_none_or(|at| now < at) {
            return None;
        }
        self.next_look = Some(now + look_again_after);
        let graph = Graph::read(agent.domain);
        let Some(signature) = graph.signature_for_victim(agent.token) else {
            (self.candidate, self.confirmations) = (None, 0);
            return None;
        };
        if self.candidate.as_ref() == Some(&signature) {
            (self.candidate, self.confirmations) = (None, 0);
            return graph.report(agent.token);
        }
        self.candidate = Some(signature);
        self.confirmations += 1;
        if self.confirmations <= CONFIRMATIONS_MAX {
            self.next_look = Some(now + CONFIRM_AFTER);
        } else {
            self.confirmations = 0;
        }
        None
    }

    /// Under the policy `Warn`: whether this is another deadlock than the last that was told of.
    pub fn is_news(&mut self, report: &Report) -> bool {
        let key: Vec<u64> = report.cycle.iter().map(|member| u64::from(member.token.0)).collect();
        let is_news = self.warned.as_ref() != Some(&key);
        self.warned = Some(key);
        is_news
    }
}

/// Whether a blocking wait of this agent is for what the agent itself holds, and so can never end.
pub fn waits_for_itself(agent: &Agent, wanted: Wanted) -> Option<Report> {
    let graph = Graph::of_one(agent.domain, agent.token, wanted);
    graph.signature_for_victim(agent.token)?;
    graph.report(agent.token)
}
