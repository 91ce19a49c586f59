//! One thread's runtime: its agent, its waits, channels, task queues and children, joined to its event loop.
//!
//! | file | owns |
//! |---|---|
//! | mod | what is pending, and the look at all of it |
//! | descriptors | files, sockets and queues of the system that are waited for |
//! | members | channels, task queues and children |
//! | hopes | what can make the loop go on: for the search for deadlocks |
//! | event_loop | what libuv calls |
//! | spin_length | how long a spin lasts |
//! | instances | the environments of the thread, and how JavaScript is told |

mod descriptors;
mod event_loop;
mod hopes;
mod instances;
mod members;
mod spin_length;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use napi::sys as raw;

use self::descriptors::{Descriptors, KEY_DESCRIPTOR};
use self::event_loop::{on_check, on_poll, on_prepare};
use self::hopes::Hopes;
pub use self::hopes::note_start;
pub use self::instances::register;
use self::instances::{Instance, is_stopping};
use self::members::{ChannelState, ChildState, QueueState};
use self::spin_length::{looks_within, spin_from_environment};
use super::last_line::contained;
use crate::channel::spin::Spin;
use crate::error::{Code, Error, Result};
use crate::memory::{Block, Domain};
use crate::process::watcher;
use crate::queue::Item;
use crate::sync::park::{self, Agent, LOOK_AGAIN_AFTER};
use crate::sys::clock::Deadline;
use crate::sys::epoll::{Interrupt, Poller, Timer};
use crate::sys::{thread, uv};
use crate::waits::{Ending, Goal, Outcome, Patience, Waits};

const KEY_BELL: u64 = 0;
const KEY_TIMER: u64 = 1;
const KEY_INTERRUPT: u64 = 2;
/// Keys from here on are children.
const KEY_CHILD: u64 = 16;

/// What the dispatcher is told; lib/runtime.js has the same numbers.
pub const EVENT_WAIT: u32 = 1;
pub const EVENT_CHANNEL: u32 = 2;
pub const EVENT_CHANNEL_END: u32 = 3;
pub const EVENT_CHILD_EXIT: u32 = 4;
pub const EVENT_TASKS: u32 = 5;
pub const EVENT_DEADLOCK: u32 = 6;

/// In place of a timeout: none, but the wait may be aborted; or none, and whatever happens it is seen through.
const MAY_BE_ABORTED: f64 = -2.0;
const SEEN_THROUGH: f64 = -3.0;
/// How a wait ended (see arguments.rs): the domain is overwritten.
const OUTCOME_DOMAIN: f64 = -6.0;
/// A blocking wait of a worker thread asks this often whether the thread is to end.
const WORKER_LOOKS_AFTER: Duration = Duration::from_millis(100);

pub struct Event {
    instance: usize,
    kind: u32,
    id: u32,
    value: f64,
}

pub struct Runtime {
    waits: Waits,
    /// Whose each asynchronous wait is.
    wait_instances: BTreeMap<u32, usize>,
    channels: BTreeMap<u32, ChannelState>,
    queues: BTreeMap<u32, QueueState>,
    children: BTreeMap<u32, ChildState>,
    descriptors: Descriptors,
    /// Children whose end has been seen and not been looked at: id and status.
    ended_children: Vec<u32>,
    next_id: u32,
    instances: Vec<Option<Instance>>,
    poller: Poller,
    timer: Timer,
    interrupt: Interrupt,
    event_loop: uv::Loop,
    handles: Option<(uv::Handle, uv::Handle, uv::Handle)>,
    is_referenced: bool,
    is_worker: bool,
    armed: Option<Instant>,
    hopes: Hopes,
    spin: Spin,
    /// Of blocking waits, which have other chances.
    blocking_spin: Spin,
    /// A message was handled since the loop last slept.
    had_traffic: bool,
    /// An item of a queue that was got, and that JavaScript has not taken yet.
    pub got_item: Option<Item<'static>>,
    /// The last field, as fields are dropped in order: with the agent the process may leave the domain, and what it had
    /// there can be another's.
    pub agent: Agent,
}

/// A thread's runtime. The thread's end drops it, unless the environment's did.
struct Slot(RefCell<Option<Box<Runtime>>>);

impl Drop for Slot {
    fn drop(&mut self) {
        contained(|| drop(self.0.take()));
    }
}

thread_local! {
    static RUNTIME: Slot = const { Slot(RefCell::new(None)) };
}

/// Calls `action` with this thread's runtime, which must have been opened by `register`. An error when the domain is
/// known to be overwritten, or turns out to be during the call.
pub fn with<T>(action: impl FnOnce(&mut Runtime) -> Result<T>) -> napi::Result<T> {
    with_any(|runtime| {
        let domain = runtime.domain();
        domain.check()?;
        let result = action(runtime);
        domain.check()?;
        result
    })
}

/// As `with`, whatever the domain is like: for what gives back, ends, tells, or needs no shared memory.
pub fn with_any<T>(action: impl FnOnce(&mut Runtime) -> Result<T>) -> napi::Result<T> {
    let result = contained(|| {
        RUNTIME.with(|slot| match slot.0.borrow_mut().as_mut() {
            Some(runtime) => action(runtime),
            None => Err(Error::new(Code::Closed, "multiproc is not open in this thread: it is ending".to_owned())),
        })
    });
    let failed = || Err(Error::new(Code::Internal, "the call failed inside of the addon; please report it".to_owned()));
    result.unwrap_or_else(failed).map_err(super::arguments::throw)
}

/// As `with`, for finalisers: does nothing when the thread's runtime is gone or busy.
pub fn try_with(action: impl FnOnce(&mut Runtime)) {
    contained(|| {
        RUNTIME.try_with(|slot| {
            if let Ok(mut runtime) = slot.0.try_borrow_mut()
                && let Some(runtime) = runtime.as_mut()
            {
                action(runtime);
            }
        })
    });
}

impl Runtime {
    fn open(event_loop: uv::Loop) -> Result<Self> {
        let failed =
            |error: std::io::Error| Error::new(Code::Domain, format!("the runtime could not be opened: {error}"));
        let domain = Domain::of_family()?;
        crate::queue::install();
        watcher::start(domain)?;
        let agent = Agent::enlist(domain)?;
        let (poller, timer, interrupt) =
            (Poller::new().map_err(failed)?, Timer::new().map_err(failed)?, Interrupt::new().map_err(failed)?);
        poller.add(agent.bell().fd(), KEY_BELL).map_err(failed)?;
        poller.add(timer.fd(), KEY_TIMER).map_err(failed)?;
        poller.add(interrupt.fd(), KEY_INTERRUPT).map_err(failed)?;
        let handles = (
            uv::Handle::poll(event_loop, poller.raw_fd(), on_poll),
            uv::Handle::prepare(event_loop, on_prepare),
            uv::Handle::check(event_loop, on_check),
        );
        let (Some(poll), Some(prepare), Some(check)) = handles else {
            return Err(Error::new(Code::Internal, "libuv refused a handle".to_owned()));
        };
        poll.set_ref(false);
        prepare.set_ref(false);
        check.set_ref(false);
        Ok(Self {
            agent,
            waits: Waits::default(),
            wait_instances: BTreeMap::new(),
            channels: BTreeMap::new(),
            queues: BTreeMap::new(),
            children: BTreeMap::new(),
            descriptors: Descriptors::default(),
            ended_children: Vec::new(),
            next_id: 0,
            instances: Vec::new(),
            poller,
            timer,
            interrupt,
            event_loop,
            handles: Some((poll, prepare, check)),
            is_referenced: false,
            is_worker: thread::id() != std::process::id(),
            armed: None,
            hopes: Hopes::default(),
            spin: Spin::new(spin_from_environment()),
            blocking_spin: Spin::new(spin_from_environment()),
            had_traffic: false,
            got_item: None,
        })
    }

    pub fn domain(&self) -> &'static Domain {
        self.agent.domain
    }

    pub fn begin_wait(
        &mut self,
        instance: u32,
        block: Block,
        goal: Goal,
        timeout_ms: f64,
    ) -> std::result::Result<u32, Outcome> {
        let wait = (block, goal, Deadline::after_ms(timeout_ms));
        let id = self.waits.begin(&self.agent, wait, ending_of(timeout_ms))?;
        self.wait_instances.insert(id, instance as usize);
        self.settle();
        Ok(id)
    }

    pub fn cancel_wait(&mut self, id: u32) -> Option<Outcome> {
        let outcome = self.waits.cancel(&self.agent, id)?;
        self.wait_instances.remove(&id);
        self.settle();
        Some(outcome)
    }

    /// Blocks the thread. One that is told to end meanwhile (`worker.terminate()`) gives up.
    pub fn wait_sync(&mut self, env: raw::napi_env, block: Block, goal: Goal, timeout_ms: f64) -> Outcome {
        // Only other threads than the main one are ever told to end while they block.
        let is_worker = self.is_worker;
        let began = Instant::now();
        let spins = self.blocking_spin.begins(began, thread::processor_delay);
        let patience = Patience {
            spins: if spins { looks_within(self.blocking_spin.limit()) } else { 0 },
            look_again_after: if is_worker { WORKER_LOOKS_AFTER } else { LOOK_AGAIN_AFTER },
        };
        let domain = self.domain();
        let is_stopping = || (is_worker && is_stopping(env)) || domain.check().is_err();
        let wait = (block, goal, Deadline::after_ms(timeout_ms));
        let outcome = self.waits.wait_until(&self.agent, wait, ending_of(timeout_ms), &patience, &is_stopping);
        if spins {
            // One that took longer has slept, and was not preempted in its spin as far as can be told.
            let (limit, took) = (self.blocking_spin.limit(), began.elapsed());
            self.blocking_spin.ended(took <= limit, took.min(limit));
        }
        self.blocking_spin.arrived(Instant::now);
        // Notifications for the asynchronous waits may have been taken away by the blocking one.
        self.interrupt.raise();
        outcome
    }

    pub fn note_traffic(&mut self) {
        self.had_traffic = true;
    }

    /// A message was taken: the next one may be near.
    pub fn note_arrival(&mut self) {
        self.had_traffic = true;
        self.spin.arrived(Instant::now);
    }

    /// Brings the loop's reference and the timer in line with what is pending.
    pub fn settle(&mut self) {
        let referenced = !self.waits.is_empty()
            || self.channels.values().any(|state| state.referenced)
            || self.children.values().any(|state| state.referenced)
            || self.descriptors.is_referenced();
        if referenced != self.is_referenced
            && let Some((poll, ..)) = &self.handles
        {
            poll.set_ref(referenced);
            self.is_referenced = referenced;
        }
        // A producer looks again too: the worker that it woke for a task may be stopped, and others idle.
        let is_watched = !self.waits.is_empty() || self.queues.values().any(QueueState::has_untaken_tasks);
        let deadline = is_watched.then(|| {
            let look_again = Instant::now() + park::look_again_after();
            let sooner = [self.waits.nearest_deadline(), self.waits.detector.next_look()];
            sooner.into_iter().flatten().fold(look_again, Instant::min)
        });
        let is_sooner = match (self.armed, deadline) {
            (_, None) => self.armed.is_some(),
            (None, Some(_)) => true,
            (Some(armed), Some(wanted)) => wanted < armed || armed <= Instant::now(),
        };
        if is_sooner {
            self.timer.set(deadline.map(|at| at.saturating_duration_since(Instant::now())));
            self.armed = deadline;
        }
    }

    /// Looks at everything that is pending.
    fn look(&mut self, events: &mut Vec<Event>) {
        if !self.ended_children.is_empty() {
            self.look_at_ended_children(events);
        }
        self.look_at_descriptors(events);
        if !self.waits.is_empty() && self.domain().check().is_err() {
            self.waits.abandon(&self.agent);
            for (id, instance) in std::mem::take(&mut self.wait_instances) {
                events.push(Event { instance, kind: EVENT_WAIT, id, value: OUTCOME_DOMAIN });
            }
        }
        if !self.waits.is_empty() {
            let mut ended = Vec::new();
            self.waits.look(&self.agent, &mut ended);
            for (id, outcome) in ended {
                let instance = self.wait_instances.remove(&id).unwrap_or(0);
                events.push(Event { instance, kind: EVENT_WAIT, id, value: super::arguments::outcome(outcome) });
            }
        }
        let mut has_come = false;
        for (&id, state) in &mut self.channels {
            if !state.reading {
                continue;
            }
            // The end first: what was sent before it is seen by the second look.
            let ended = state.endpoint.is_ended();
            if state.endpoint.has_data() {
                events.push(Event { instance: state.instance, kind: EVENT_CHANNEL, id, value: 0.0 });
                has_come = true;
            } else if ended && !state.end_reported {
                state.end_reported = true;
                events.push(Event { instance: state.instance, kind: EVENT_CHANNEL_END, id, value: 0.0 });
            }
        }
        for (&id, state) in &self.queues {
            if state.idle && state.queue.has_tasks() {
                events.push(Event { instance: state.instance, kind: EVENT_TASKS, id, value: 0.0 });
                has_come = true;
            }
        }
        if has_come {
            self.had_traffic = true;
            self.spin.arrived(Instant::now);
        }
        self.settle();
    }

    fn has_interest(&self) -> bool {
        let has_none = self.waits.is_empty() && self.channels.is_empty() && self.queues.is_empty();
        !(has_none && self.children.is_empty() && self.descriptors.is_empty())
    }

    /// Whether a message or a task is there.
    fn has_arrivals(&self) -> bool {
        self.channels.values().any(|state| state.reading && state.endpoint.has_data())
            || self.queues.values().any(|state| state.idle && state.queue.has_tasks())
    }

    fn drain_poller(&mut self) {
        let mut ready = Vec::new();
        self.poller.wait(Some(Duration::ZERO), &mut ready);
        for key in ready {
            match key {
                KEY_BELL => self.agent.bell().drain(),
                KEY_INTERRUPT => self.interrupt.clear(),
                KEY_TIMER => {
                    self.timer.clear();
                    self.armed = None;
                    // Nothing happened for a while: look for deaths that nobody could tell of.
                    if self.domain().reap_dead() {
                        park::wake_all(self.domain());
                    }
                    for state in self.queues.values().filter(|state| state.has_untaken_tasks()) {
                        state.queue.wake_all_workers();
                    }
                }
                descriptor if descriptor >= KEY_DESCRIPTOR => self.descriptors.note_ready(descriptor),
                child => {
                    let id = (child - KEY_CHILD) as u32;
                    if !self.ended_children.contains(&id) {
                        self.ended_children.push(id);
                    }
                }
            }
        }
    }
}

/// Which timeouts stand for what else may end a wait.
fn ending_of(timeout_ms: f64) -> Ending {
    match timeout_ms {
        ms if ms <= SEEN_THROUGH => Ending::Nothing,
        ms if ms <= MAY_BE_ABORTED => Ending::Abort,
        _ => Ending::Deadlock,
    }
}
