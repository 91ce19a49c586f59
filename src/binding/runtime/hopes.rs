//! What can make a sleeping event loop go on: its waits, its children and channels, and whatever else libuv watches. The
//! loop tells the others only when all of it is in the hands of agents (sync/deadlock).
//!
//! libuv does not know of work that V8 does in threads of its own, nor of `Atomics.waitAsync()`: the former is looked for
//! before a wait is ended.

use std::cell::Cell;
use std::ffi::c_int;

use napi::sys as raw;

use super::members::ChildState;
use super::{EVENT_DEADLOCK, EVENT_WAIT, Event, Runtime};
use crate::sys::uv;
use crate::waits::Outcome;
use crate::waits::deadlock::{Record, Report, Verdict, Want, Wanted};

thread_local! {
    /// What there was when the package was loaded: the asyncs of Node.js itself, and the descriptor of its IPC channel,
    /// which is watched also when nobody listens.
    static AT_START: Cell<Option<(u32, c_int)>> = const { Cell::new(None) };
}

/// Looks at the calling thread's loop, once, when the package is loaded.
pub fn note_start(env: raw::napi_env, ipc_fd: c_int) {
    let mut event_loop = std::ptr::null_mut();
    // SAFETY: `env` is the calling thread's live environment.
    let status = unsafe { raw::napi_get_uv_event_loop(env, &raw mut event_loop) };
    if status == raw::Status::napi_ok && AT_START.get().is_none() {
        // SAFETY: Node-API just gave this thread's loop, which is used here and now.
        let event_loop = unsafe { uv::Loop::from_raw(event_loop.cast()) };
        AT_START.set(Some((uv::unreferenced(event_loop, None, ipc_fd).asyncs, ipc_fd)));
    }
}

#[derive(Default)]
pub struct Hopes {
    /// The loop was made to turn because it could not be told whether it has other work.
    was_turned: bool,
    /// A deadlock that JavaScript is to be told of, and that ends no wait.
    warning: Option<Report>,
}

impl Runtime {
    /// The loop is about to sleep. When nothing but others can make it go on, they are told; and when they never will,
    /// one wait ends.
    pub(super) fn look_for_deadlock(&mut self, events: &mut Vec<Event>) {
        let Some(record) = self.hopes_in_others() else {
            self.waits.detector.forget();
            return;
        };
        self.waits.detector.sleep(&self.agent, record);
        if let Some(verdict) = self.waits.detector.look(&self.agent, true) {
            self.waits.detector.wake(&self.agent);
            self.act_upon(verdict, events);
        }
        self.settle();
    }

    fn act_upon(&mut self, Verdict { report, gives_way }: Verdict, events: &mut Vec<Event>) {
        let instance = |runtime: &Self, id| runtime.wait_instances.get(&id).copied().unwrap_or(0);
        if gives_way {
            let Some(id) = self.waits.end_deadlocked(&self.agent, report) else { return };
            // What is left may be a deadlock of its own, for the same things.
            self.waits.detector.forget();
            let instance = self.wait_instances.remove(&id).unwrap_or(0);
            let value = super::super::arguments::outcome(Outcome::Deadlock);
            events.push(Event { instance, kind: EVENT_WAIT, id, value });
        } else if self.waits.detector.is_news(&report) {
            let instance = self.waits.newest_for(report.wanted).map_or(0, |id| instance(self, id));
            self.hopes.warning = Some(report);
            events.push(Event { instance, kind: EVENT_DEADLOCK, id: 0, value: 0.0 });
        }
    }

    /// The deadlock of the last wait that ended with one.
    pub fn take_deadlock(&mut self) -> Option<Report> {
        self.waits.take_report()
    }

    /// The last deadlock that ended no wait.
    pub fn take_warning(&mut self) -> Option<Report> {
        self.hopes.warning.take()
    }

    /// All that the loop waits for, if others own all of it.
    fn hopes_in_others(&mut self) -> Option<Record> {
        let is_idle_worker = self.queues.values().any(|state| state.idle);
        let mut record = self.waits.wants()?;
        let mut add = |what| record.wants.push(Want { what, may_give_way: false });
        for pid in self.children.values().filter_map(ChildState::running) {
            add(Wanted::End(pid));
        }
        for state in self.channels.values() {
            // A worker's own channel brings tasks, and while it runs one nothing that the task could wait for.
            let is_heard = if state.internal { is_idle_worker } else { state.referenced };
            if !is_heard || state.end_reported {
                continue;
            }
            let peer = self.agent.domain.agents().info(state.endpoint.living_peer()?)?;
            if !self.children.values().any(|child| child.pid() == peer.pid) {
                add(Wanted::Message(peer.pid));
            }
        }
        (!record.wants.is_empty() && !self.has_other_work()).then_some(record)
    }

    fn has_other_work(&mut self) -> bool {
        if !self.descriptors.is_empty() {
            return true;
        }
        let Some((poll, ..)) = self.handles.as_ref() else { return true };
        poll.set_ref(false);
        let is_alive = uv::is_alive(self.event_loop);
        poll.set_ref(self.is_referenced);
        if is_alive {
            return true;
        }
        let timeout = uv::backend_timeout(self.event_loop);
        // 0 without other work: a descriptor is not watched yet. The loop would sleep all the same, and tell nothing: let it
        // turn once.
        if timeout == 0 && !std::mem::replace(&mut self.hopes.was_turned, true) {
            self.interrupt.raise();
        }
        if timeout != 0 {
            self.hopes.was_turned = false;
        }
        let (asyncs_at_start, ipc_fd) = AT_START.get().unwrap_or((0, -1));
        let unreferenced = uv::unreferenced(self.event_loop, Some(poll), ipc_fd);
        timeout == 0 || unreferenced.has_timer() || unreferenced.others > 0 || unreferenced.asyncs > asyncs_at_start
    }
}
