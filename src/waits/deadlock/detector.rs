//! When an agent looks whether its waits can ever end, and how it makes sure.
//!
//! A look that finds this agent to be the one that gives way is followed by a second one; only when both saw the same is
//! there a verdict. A look that finds somebody awake leaves a note with it, so that the next one comes when that one
//! goes to sleep. A process that only waits is woken for a few looks in the first second, and then for none beside those
//! that every wait takes once a second.

use std::time::Duration;

use super::graph::{Graph, Signature};
use super::record::{self, Record};
use super::{Policy, Report};
use crate::sync::park::{self, Agent, LOOK_AGAIN_AFTER};
use crate::sys::instant::Instant;

/// How long after it went to sleep an agent looks. Then after twice that, and so on up to LOOK_AGAIN_AFTER; sooner when
/// somebody that it found awake goes to sleep.
const LOOK_AFTER: Duration = Duration::from_millis(30);
const CONFIRM_AFTER: Duration = Duration::from_millis(10);
/// However often it is nudged, an agent does not look more often.
const NUDGED_AFTER: Duration = Duration::from_millis(50);
/// Second looks that may find something changed, before the agent leaves it for a while.
const CONFIRMATIONS_MAX: u32 = 5;

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
    last_look: Option<Instant>,
    /// How long after that the next one is, unless something calls for it.
    pause: Duration,
    is_urgent: bool,
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
        if let Some(watcher) = record::take_watcher(agent.domain, agent.slot()) {
            record::nudge(agent.domain, watcher);
        }
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

    /// When to look at the latest, if that is sooner than LOOK_AGAIN_AFTER: so often every wait looks around anyway.
    pub fn next_look(&self) -> Option<Instant> {
        self.next_look.filter(|_| self.pause < LOOK_AGAIN_AFTER || self.is_urgent)
    }

    /// Looks, when it is time. To be called while the record is published.
    pub fn look(&mut self, agent: &Agent, sleeps_in_loop: bool) -> Option<Verdict> {
        let now = Instant::now();
        if record::take_nudge(agent.domain, agent.slot()) {
            self.hurry(now);
        }
        if self.next_look.is_none_or(|at| now < at) {
            return None;
        }
        let graph = Graph::read(agent.domain, agent.token);
        let Some((_, gives_way)) = graph.actor().filter(|(token, _)| *token == agent.token) else {
            self.leave_to_others(agent, &graph, now);
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

    /// It is somebody else who acts, or nobody is stuck, as far as one can see.
    fn leave_to_others(&mut self, agent: &Agent, graph: &Graph<'_>, now: Instant) {
        self.look_later(now);
        if let Some((actor, _)) = graph.actor() {
            record::nudge(agent.domain, actor.slot());
        }
        for awake in graph.awake() {
            if !record::watch(agent.domain, awake.slot(), agent.slot()) {
                self.hurry(now);
            }
        }
    }

    /// Something has changed: not at this very moment, since who goes to sleep does not sleep yet.
    fn hurry(&mut self, now: Instant) {
        let not_before = self.last_look.map_or(now, |last| last + NUDGED_AFTER).max(now + CONFIRM_AFTER);
        if self.next_look.is_some_and(|at| at > not_before) {
            self.next_look = Some(not_before);
            self.is_urgent = true;
        }
    }

    fn look_again(&mut self, now: Instant, seen: Option<Signature>) {
        if self.confirmations == CONFIRMATIONS_MAX {
            return self.look_later(now);
        }
        self.candidate = seen;
        self.confirmations += 1;
        self.is_urgent = true;
        self.last_look = Some(now);
        self.next_look = Some(now + CONFIRM_AFTER);
    }

    fn look_later(&mut self, now: Instant) {
        (self.candidate, self.confirmations, self.is_urgent) = (None, 0, false);
        self.last_look = Some(now);
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
