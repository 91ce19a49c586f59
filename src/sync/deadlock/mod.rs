//! Deadlocks: a wait that can never end, because it closed a circle of waits, ends with that news for one of them.
//!
//! | file | owns |
//! |---|---|
//! | mod | when an agent looks, and the second look |
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
//! Everything here only reads what others wrote, and writes the own record: killed anywhere, nothing is left over. A
//! record of the dead is not read, since their slot is not alive.

mod graph;
mod needs;
mod record;
mod report;

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::time::Duration;

pub use record::{Record, WANTS_MAX, Want, Wanted, clear};
pub use report::{Member, Report};

use super::park::{self, Agent, LOOK_AGAIN_AFTER};
use crate::memory::{Domain, Token};
use crate::sys::instant::Instant;
use graph::{Graph, Signature};

/// How long after it went to sleep an agent looks. Then after twice that, and so on up to LOOK_AGAIN_AFTER: what it waits
/// for may come to be stuck later, and two that look at the same moment find each other awake.
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

/// A deadlock that is this agent's to act upon.
pub struct Verdict {
    pub report: Report,
    /// The wait for `report.wanted` is to end; otherwise it is only told of.
    pub gives_way: bool,
}

/// One agent's looks. Nothing here is shared.
#[derive(Default)]
pub struct Detector {
    published: Option<Record>,
    next_look: Option<Instant>,
    /// How long after the last look that is.
    pause: Duration,
    /// What the first look saw.
    candidate: Option<Signature>,
    confirmations: u32,
    /// Told of already, and not to be told of again.
    told: Option<Vec<u32>>,
}

impl Detector {
    /// The agent goes to sleep with these waits and no other hope.
    pub fn sleep(&mut self, agent: &Agent, record: Record) {
        record.publish(agent.domain, agent.slot());
        if self.published.as_ref() != Some(&record) {
            let looks = record.policy != Policy::Off && record.looks();
            *self = Self {
                next_look: looks.then(|| Instant::now() + LOOK_AFTER),
                pause: LOOK_AFTER,
                told: self.told.take(),
                ..Self::default()
            };
            self.published = Some(record);
        }
    }

    /// The agent runs.
    pub fn wake(&self, agent: &Agent) {
        record::clear(agent.domain, agent.slot());
    }

    /// The agent has no such waits any more.
    pub fn forget(&mut self) {
        *self = Self { told: self.told.take(), ..Self::default() };
    }

    /// When to look at the latest.
    pub fn next_look(&self) -> Option<Instant> {
        self.next_look
    }

    /// Looks, when it is time. To be called while the record is published.
    pub fn look(&mut self, agent: &Agent, sleeps_in_loop: bool) -> Option<Verdict> {
        let now = Instant::now();
        if self.next_look.is_none_or(|at| now < at) {
            return None;
        }
        let graph = Graph::read(agent.domain, agent.token);
        let Some(gives_way) = graph.is_mine() else {
            self.look_later(now);
            return None;
        };
        if !graph.is_borne_out(sleeps_in_loop) {
            if agent.domain.reap_dead() {
                park::wake_all(agent.domain);
            }
            self.look_again(now, None);
            return None;
        }
        let signature = graph.signature();
        if self.candidate.as_ref() == Some(&signature) {
            self.look_later(now);
            return graph.report().map(|report| Verdict { report, gives_way });
        }
        self.look_again(now, Some(signature));
        None
    }

    fn look_again(&mut self, now: Instant, seen: Option<Signature>) {
        if self.confirmations == CONFIRMATIONS_MAX {
            return self.look_later(now);
        }
        self.candidate = seen;
        self.confirmations += 1;
        self.next_look = Some(now + CONFIRM_AFTER);
    }

    fn look_later(&mut self, now: Instant) {
        (self.candidate, self.confirmations) = (None, 0);
        self.pause = (self.pause * 2).min(LOOK_AGAIN_AFTER);
        self.next_look = Some(now + self.pause);
    }

    /// Whether it is another deadlock than the last that was told of.
    pub fn is_news(&mut self, report: &Report) -> bool {
        let key: Vec<u32> = report.cycle.iter().map(|member| member.token.0).collect();
        let is_news = self.told.as_ref() != Some(&key);
        self.told = Some(key);
        is_news
    }
}

/// Whether a blocking wait of this agent is for what the agent itself holds, and so can never end.
pub fn waits_for_itself(agent: &Agent, want: Want) -> Option<Report> {
    Graph::of_one(agent.domain, agent.token, want).report()
}

/// The circle that an agent's published waits are part of, as one look sees it: not certain, for diagnosis.
pub fn circle_of(domain: &Domain, agent: Token) -> Option<Report> {
    Graph::read(domain, agent).report()
}
