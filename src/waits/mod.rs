//! Waiting, whatever for.
//!
//! | file | owns |
//! |---|---|
//! | mod | one agent's pending waits, blocking and asynchronous |
//! | goal | what a wait is for: the one place that knows all kinds of objects |
//! | deadlock | waits that can never end |
//!
//! One agent's waits: at most one blocking wait at a time, and any number of asynchronous ones.
//!
//! An agent has one bit in an object's waiter bitmap, however many of its waits are for that object; the count is kept
//! here. Asynchronous waits for the same object succeed in the order in which they began. Nothing here is shared.
//!
//! While the thread blocks, its asynchronous waits cannot be told anything, and a wake-up that is meant for one of them
//! would be lost on it: before it sleeps it leaves the line in all other objects, which passes such wake-ups on, and
//! lines up again afterwards.

pub mod deadlock;
mod goal;

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::time::Duration;

use self::deadlock::{Detector, Policy, Record, Report, Verdict, WANTS_MAX, Want, Wanted};
pub use self::goal::{Goal, Outcome};
use crate::memory::Block;
use crate::sync::claim::Standing;
use crate::sync::park::{self, Agent};
use crate::sys::clock::{self, Deadline};
use crate::sys::instant::Instant;

/// How a blocking wait waits.
pub struct Patience {
    /// Looks before the first sleep.
    pub spins: u32,
    /// The longest sleep.
    pub look_again_after: Duration,
}

/// What may end a wait, beside its goal and its deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The news of a deadlock.
    Deadlock,
    /// An abort: the wait can end whatever the others do.
    Abort,
    /// Nothing: who waits cannot go on without.
    Nothing,
}

struct Pending {
    id: u32,
    block: Block,
    goal: Goal,
    deadline: Deadline,
    ending: Ending,
    /// When it began, in nanoseconds of the monotonic clock.
    since: u64,
    standing: Standing,
}

/// An object's set of waiters that the agent is in: the object's offset, and which set.
type Line = (u64, u8);

#[derive(Default)]
pub struct Waits {
    next_id: u32,
    pending: Vec<Pending>,
    /// Waits of this agent in each line, with what leaves it.
    lines: HashMap<Line, (u32, Block, Goal)>,
    /// Of the asynchronous waits, while the event loop sleeps.
    pub detector: Detector,
    /// Of the last wait that ended with `Outcome::Deadlock`.
    report: Option<Report>,
}

impl Waits {
    /// Begins an asynchronous wait. `Err` is its outcome, when that is known at once; `Ok` its number.
    pub fn begin(
        &mut self,
        agent: &Agent,
        (block, goal, deadline): (Block, Goal, Deadline),
        ending: Ending,
    ) -> Result<u32, Outcome> {
        self.register(agent, block, goal);
        // Registered first, looked second: see waiters.rs. Earlier waits of this agent for the object go first.
        let line = line(block, goal);
        let is_first = !self.pending.iter().any(|other| self::line(other.block, other.goal) == line);
        let mut standing = Standing::begin();
        let may_try = is_first || !goal.is_ordered();
        let mut outcome = may_try.then(|| goal.attempt(agent, block, &mut standing)).flatten();
        if outcome.is_none() && deadline.has_passed() {
            outcome = Some(goal.give_up(agent, block));
        }
        if let Some(outcome) = outcome {
            self.unregister(agent, block, goal);
            return Err(outcome);
        }
        self.next_id = self.next_id.wrapping_add(1);
        // The wait keeps the block: its object may be closed meanwhile, and the memory become another's.
        agent.domain.retain(block.handle);
        let since = clock::monotonic_ns();
        self.pending.push(Pending { id: self.next_id, block, goal, deadline, ending, since, standing });
        Ok(self.next_id)
    }

    /// Ends an asynchronous wait before its time. `None`: there is no such wait (it has just ended).
    pub fn cancel(&mut self, agent: &Agent, id: u32) -> Option<Outcome> {
        let position = self.pending.iter().position(|pending| pending.id == id)?;
        let Pending { block, goal, .. } = self.pending.remove(position);
        let outcome = goal.give_up(agent, block);
        self.unregister(agent, block, goal);
        agent.domain.detach(block.handle);
        Some(outcome)
    }

    /// Looks at all asynchronous waits, and reports those that ended.
    pub fn look(&mut self, agent: &Agent, ended: &mut Vec<(u32, Outcome)>) {
        let mut blocked = HashSet::new();
        let mut index = 0;
        while index < self.pending.len() {
            let pending = &mut self.pending[index];
            let (block, goal) = (pending.block, pending.goal);
            let may_try = !goal.is_ordered() || !blocked.contains(&line(block, goal));
            let outcome = may_try.then(|| goal.attempt(agent, block, &mut pending.standing)).flatten();
            let outcome = outcome.or_else(|| pending.deadline.has_passed().then(|| goal.give_up(agent, block)));
            if let Some(outcome) = outcome {
                let id = self.pending.remove(index).id;
                self.unregister(agent, block, goal);
                agent.domain.detach(block.handle);
                ended.push((id, outcome));
            } else {
                blocked.insert(line(block, goal));
                index += 1;
            }
        }
    }

    /// Blocks the calling thread until the wait has ended, or until `is_stopping` says that the thread is to end; it is
    /// asked as often as `patience` tells.
    pub fn wait(
        &mut self,
        agent: &Agent,
        wait: (Block, Goal, Deadline),
        patience: &Patience,
        is_stopping: &dyn Fn() -> bool,
    ) -> Outcome {
        self.wait_until(agent, wait, Ending::Deadlock, patience, is_stopping)
    }

    /// The same, where something else or nothing may end it.
    pub fn wait_until(
        &mut self,
        agent: &Agent,
        (block, goal, deadline): (Block, Goal, Deadline),
        ending: Ending,
        patience: &Patience,
        is_stopping: &dyn Fn() -> bool,
    ) -> Outcome {
        let mut standing = Standing::begin();
        for _ in 0..patience.spins {
            if let Some(outcome) = goal.attempt(agent, block, &mut standing) {
                return outcome;
            }
            for _ in 0..16 {
                std::hint::spin_loop();
            }
        }
        self.register(agent, block, goal);
        self.leave_other_lines(agent, line(block, goal));
        let mut detector = Detector::default();
        let mut at_once = None;
        if let Some(want) = want(block, goal, deadline, ending) {
            let (since, policy) = (clock::monotonic_ns(), deadlock::policy());
            if policy != Policy::Off
                && let Some(report) = deadlock::waits_for_itself(agent, want)
                && self.ends_with(report, want.may_give_way, &mut detector)
            {
                at_once = Some(goal.give_up_for(agent, block, Outcome::Deadlock));
            }
            detector.sleep(agent, Record { since, policy, wants: vec![want] });
        }
        let mut look_around = Instant::now() + patience.look_again_after;
        let mut net = Instant::now() + park::look_again_after();
        let mut may_try = true;
        let outcome = loop {
            if let Some(outcome) = at_once {
                break outcome;
            }
            if may_try && let Some(outcome) = goal.attempt(agent, block, &mut standing) {
                break outcome;
            }
            if deadline.has_passed() {
                break goal.give_up(agent, block);
            }
            let looks = [Some(look_around), standing.look_again(), detector.next_look()];
            let next_look = looks.into_iter().flatten().min().unwrap_or(look_around);
            let was_notified = agent.park(deadline.remaining(next_look.saturating_duration_since(Instant::now())));
            let now = Instant::now();
            // Whatever it woke for, it looks; a test that relies on being woken does not.
            let relies_on_waking = park::net().is_some() && now < net;
            may_try = was_notified || !relies_on_waking || standing.look_again().is_some_and(|at| at <= now);
            if now >= net {
                net = now + park::look_again_after();
            }
            if let Some(Verdict { report, gives_way }) = detector.look(agent, false)
                && self.ends_with(report, gives_way, &mut detector)
            {
                break goal.give_up_for(agent, block, Outcome::Deadlock);
            }
            if Instant::now() >= look_around {
                look_around = Instant::now() + patience.look_again_after;
                if is_stopping() {
                    break goal.give_up(agent, block);
                }
                if agent.domain.reap_dead() {
                    park::wake_all(agent.domain);
                }
            }
        };
        detector.wake(agent);
        self.rejoin_other_lines(agent, line(block, goal));
        self.unregister(agent, block, goal);
        outcome
    }

    /// What the asynchronous waits are for, the newest first, when others own all of it and no wait can end by itself.
    pub fn wants(&self) -> Option<Record> {
        let mut record = Record { since: 0, policy: deadlock::policy(), wants: vec![] };
        for pending in self.pending.iter().rev() {
            let want = want(pending.block, pending.goal, pending.deadline, pending.ending)?;
            record.since = record.since.max(pending.since);
            if !record.wants.contains(&want) {
                record.wants.push(want);
            }
            if record.wants.len() > WANTS_MAX {
                return None;
            }
        }
        Some(record)
    }

    /// The number of the newest asynchronous wait for that.
    pub fn newest_for(&self, wanted: Wanted) -> Option<u32> {
        self.pending
            .iter()
            .rfind(|pending| Wanted::of(pending.goal, pending.block) == Some(wanted))
            .map(|found| found.id)
    }

    /// The asynchronous wait that closed a deadlock ends with that news. Returns its number.
    pub fn end_deadlocked(&mut self, agent: &Agent, report: Report) -> Option<u32> {
        let is_meant = |pending: &Pending| {
            pending.ending == Ending::Deadlock && Wanted::of(pending.goal, pending.block) == Some(report.wanted)
        };
        let position = self.pending.iter().rposition(is_meant)?;
        let Pending { id, block, goal, .. } = self.pending.remove(position);
        goal.give_up(agent, block);
        self.unregister(agent, block, goal);
        agent.domain.detach(block.handle);
        self.report = Some(report);
        Some(id)
    }

    /// The cycle of the last wait that ended with `Outcome::Deadlock`.
    pub fn take_report(&mut self) -> Option<Report> {
        self.report.take()
    }

    /// Of a blocking wait: whether it ends with this news. Otherwise it has been told on stderr, as no JavaScript can run.
    fn ends_with(&mut self, report: Report, gives_way: bool, detector: &mut Detector) -> bool {
        if gives_way && deadlock::policy() == Policy::Throw {
            self.report = Some(report);
            return true;
        }
        if detector.is_news(&report) {
            let _ = writeln!(std::io::stderr(), "(multiproc) deadlock: {report}");
        }
        false
    }

    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// When the event loop must look at the latest.
    pub fn nearest_deadline(&self) -> Option<Instant> {
        let deadlines = self.pending.iter().filter_map(|pending| pending.deadline.instant());
        deadlines.chain(self.pending.iter().filter_map(|pending| pending.standing.look_again())).min()
    }

    /// Ends all waits without an outcome: the agent's thread ends.
    pub fn abandon(&mut self, agent: &Agent) {
        for Pending { block, goal, .. } in std::mem::take(&mut self.pending) {
            goal.give_up(agent, block);
            self.unregister(agent, block, goal);
            agent.domain.detach(block.handle);
        }
    }

    fn register(&mut self, agent: &Agent, block: Block, goal: Goal) {
        let (count, ..) = self.lines.entry(line(block, goal)).or_insert((0, block, goal));
        *count += 1;
        if *count == 1 {
            goal.register(agent, block);
        }
    }

    fn unregister(&mut self, agent: &Agent, block: Block, goal: Goal) {
        let Some((count, ..)) = self.lines.get_mut(&line(block, goal)) else { return };
        *count -= 1;
        if *count == 0 {
            self.lines.remove(&line(block, goal));
            goal.unregister(agent, block);
        }
    }

    fn leave_other_lines(&self, agent: &Agent, own: Line) {
        for (_, &(_, block, goal)) in self.lines.iter().filter(|(line, _)| **line != own) {
            // What a writer has reserved would keep readers out for as long as this thread blocks.
            if goal == Goal::Write {
                goal.give_up(agent, block);
            }
            goal.unregister(agent, block);
        }
    }

    fn rejoin_other_lines(&self, agent: &Agent, own: Line) {
        for (_, &(_, block, goal)) in self.lines.iter().filter(|(line, _)| **line != own) {
            goal.register(agent, block);
        }
    }
}

/// `None`: the wait can end whatever others do, or what it needs has no owner.
fn want(block: Block, goal: Goal, deadline: Deadline, ending: Ending) -> Option<Want> {
    let what = Wanted::of(goal, block)?;
    let ends_by_itself = !deadline.is_never() || ending == Ending::Abort;
    (!ends_by_itself).then_some(Want { what, may_give_way: ending == Ending::Deadlock })
}

fn line(block: Block, goal: Goal) -> Line {
    (block.offset, goal.set())
}
