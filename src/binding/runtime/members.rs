//! What a runtime looks after: channels, task queues and children, each by a number and with the instance it belongs to.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use napi::sys as raw;

use super::instances::is_stopping;
use super::{EVENT_CHILD_EXIT, Event, KEY_CHILD, Runtime, WORKER_LOOKS_AFTER};
use crate::channel::Endpoint;
use crate::error::{Code, Error, Result};
use crate::pool::task_queue::{Task, TaskQueue};
use crate::process::spawn::{ExitStatus, SpawnedChild};
use crate::process::{left, memory_limit};
use crate::sync::park::{self, LOOK_AGAIN_AFTER};
use crate::sys::clock::Deadline;
use crate::sys::{Errno, procfs, signal};

#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own; together they make no state machine")]
pub struct ChannelState {
    pub endpoint: Endpoint,
    pub(super) instance: usize,
    pub(super) reading: bool,
    pub(super) referenced: bool,
    /// Of the package's own: what comes by it makes none of the program's waits end.
    pub(super) internal: bool,
    pub(super) end_reported: bool,
}

pub struct QueueState {
    pub queue: TaskQueue,
    pub worker: u32,
    /// A task that this worker has taken, and that JavaScript has not got yet.
    pub claimed: Option<Task>,
    is_producer: bool,
    pub(super) instance: usize,
    pub(super) idle: bool,
}

impl QueueState {
    /// Of the producer: tasks lie in the queue.
    pub(super) fn has_untaken_tasks(&self) -> bool {
        self.is_producer && self.queue.has_tasks()
    }
}

/// States: running → ended (reported; its status is there, or with `manual` still with the zombie) → taken.
pub struct ChildState {
    child: SpawnedChild,
    pub(super) instance: usize,
    pub(super) referenced: bool,
    /// It stays a zombie until its status is taken.
    manual: bool,
    has_ended: bool,
    /// Whether it was killed for its memory.
    breached: Option<Arc<AtomicBool>>,
}

impl ChildState {
    /// `None`: it has ended.
    pub(super) fn running(&self) -> Option<u32> {
        (!self.has_ended).then_some(self.child.pid)
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.pid
    }

    fn value(&self, status: ExitStatus) -> f64 {
        // Acquire: with the store in process/memory_limit.rs.
        let breached = self.breached.as_ref().is_some_and(|flag| flag.load(Ordering::Acquire));
        f64::from(u8::from(breached)) * 16_777_216.0
            + f64::from(status.signal) * 65_536.0
            + f64::from(status.code & 0xffff)
    }
}

impl Runtime {
    /// The channel is one of the package's own.
    pub fn set_internal(&mut self, id: u32) -> Result<()> {
        self.channel(id)?.internal = true;
        Ok(())
    }

    pub fn add_channel(&mut self, endpoint: Endpoint, instance: u32) -> u32 {
        self.next_id += 1;
        let state = ChannelState {
            endpoint,
            instance: instance as usize,
            reading: false,
            referenced: false,
            internal: false,
            end_reported: false,
        };
        self.channels.insert(self.next_id, state);
        self.next_id
    }

    /// `worker`: this worker's number; `None` for the producer.
    pub fn add_queue(&mut self, queue: TaskQueue, instance: u32, worker: Option<u32>) -> u32 {
        self.next_id += 1;
        let state = QueueState {
            queue,
            worker: worker.unwrap_or(0),
            claimed: None,
            is_producer: worker.is_none(),
            instance: instance as usize,
            idle: false,
        };
        self.queues.insert(self.next_id, state);
        self.next_id
    }

    pub fn queue(&mut self, id: u32) -> Result<&mut QueueState> {
        self.queues.get_mut(&id).ok_or_else(|| Error::new(Code::Closed, "the task queue is closed".to_owned()))
    }

    /// Whether new tasks are reported: while it is so, they wake this thread.
    pub fn set_idle(&mut self, id: u32, idle: bool) -> Result<()> {
        let slot = self.agent.slot();
        let state = self.queue(id)?;
        state.idle = idle;
        state.queue.set_idle(slot, idle);
        if idle {
            // Tasks that came before the bit was set are reported by the next look.
            self.interrupt.raise();
        }
        Ok(())
    }

    pub fn remove_queue(&mut self, id: u32) {
        let slot = self.agent.slot();
        if let Some(state) = self.queues.remove(&id) {
            state.queue.set_idle(slot, false);
        }
    }

    pub fn channel(&mut self, id: u32) -> Result<&mut ChannelState> {
        self.channels.get_mut(&id).ok_or_else(|| Error::new(Code::ChannelClosed, "the channel is closed".to_owned()))
    }

    /// Whether the channel's messages are reported, and whether it keeps the event loop alive.
    pub fn set_channel(&mut self, id: u32, reading: bool, referenced: bool) -> Result<()> {
        let state = self.channel(id)?;
        state.reading = reading;
        state.referenced = referenced;
        // What is there already is reported by the next look, which must not be slept over.
        self.interrupt.raise();
        self.settle();
        Ok(())
    }

    pub fn remove_channel(&mut self, id: u32) {
        self.channels.remove(&id);
        self.settle();
    }

    /// `manual`: it stays a zombie until its status is taken. `memory_limit`: of resident memory, in bytes.
    pub fn add_child(
        &mut self,
        child: SpawnedChild,
        instance: u32,
        manual: bool,
        memory_limit: Option<u64>,
    ) -> Result<u32> {
        left::reap();
        self.next_id += 1;
        let id = self.next_id;
        let give_up = |child: &SpawnedChild, reason: String| {
            // Not to be watched, so not to be left running. One that has become another user's cannot be killed, and is not
            // waited for.
            if child.kill(signal::KILL).is_ok() {
                child.wait();
            }
            Err(Error::new(Code::Internal, format!("the child cannot be watched: {reason}")))
        };
        let breached = match memory_limit {
            None => None,
            Some(limit) => match child.pidfd.try_clone().map(|fd| memory_limit::watch(child.pid, fd, limit)) {
                Ok(Some(flag)) => Some(flag),
                Ok(None) => return give_up(&child, "no thread can be had".to_owned()),
                Err(error) => return give_up(&child, error.to_string()),
            },
        };
        if let Err(error) = self.poller.add(child.pidfd.as_fd(), KEY_CHILD + u64::from(id)) {
            return give_up(&child, error.to_string());
        }
        let state =
            ChildState { child, instance: instance as usize, referenced: true, manual, has_ended: false, breached };
        self.children.insert(id, state);
        self.settle();
        Ok(id)
    }

    /// Whether the child has ended; blocks the thread for that, up to the deadline. Reaps nothing.
    pub fn await_child(&self, env: raw::napi_env, id: u32, timeout_ms: f64) -> bool {
        let Some(state) = self.children.get(&id) else { return true };
        // As for other blocking waits: only worker threads are ever told to end while they block.
        let is_worker = self.is_worker;
        let look_after = if is_worker { WORKER_LOOKS_AFTER } else { LOOK_AGAIN_AFTER };
        state.child.await_end(Deadline::after_ms(timeout_ms), look_after, || is_worker && is_stopping(env))
    }

    /// Takes the status of a child that has ended, which reaps it. `None`: it runs, or was taken before.
    pub fn take_child_status(&mut self, id: u32) -> Option<f64> {
        let status = self.children.get(&id)?.child.try_wait()?;
        self.end_child(id);
        let state = self.children.remove(&id)?;
        self.settle();
        Some(state.value(status))
    }

    /// As `take_child_status`, and the zombie stays.
    pub fn peek_child_status(&self, id: u32) -> Option<f64> {
        let state = self.children.get(&id)?;
        Some(state.value(state.child.peek()?))
    }

    pub fn kill_child(&self, id: u32, signal: i32) -> i32 {
        match self.children.get(&id).map(|state| state.child.kill(signal)) {
            Some(Ok(())) => 0,
            Some(Err(errno)) => -(errno as i32),
            None => -(Errno::ESRCH as i32),
        }
    }

    pub fn set_child_ref(&mut self, id: u32, referenced: bool) {
        if let Some(state) = self.children.get_mut(&id) {
            state.referenced = referenced;
            self.settle();
        }
    }

    /// Children have ended: what they held in the domain is given back before anybody is told.
    pub(super) fn look_at_ended_children(&mut self, events: &mut Vec<Event>) {
        if !self.ended_children.is_empty() {
            left::reap();
        }
        for id in std::mem::take(&mut self.ended_children) {
            let Some(state) = self.children.get(&id) else { continue };
            if !state.manual && state.child.try_wait().is_none() {
                continue;
            }
            let (instance, is_deaf) = (state.instance, self.is_gone(state.instance));
            self.end_child(id);
            if is_deaf {
                // Nobody is there to take the status.
                self.take_child_status(id);
            }
            events.push(Event { instance, kind: EVENT_CHILD_EXIT, id, value: 0.0 });
        }
    }

    /// The thread ends before these.
    pub(super) fn leave_children(&mut self) {
        left::leave(std::mem::take(&mut self.children).into_values().map(|state| state.child));
    }

    fn is_gone(&self, instance: usize) -> bool {
        self.instances.get(instance).is_none_or(Option::is_none)
    }

    /// The child has ended: it is watched no longer, and what it held in the domain is given back.
    fn end_child(&mut self, id: u32) {
        let Some(state) = self.children.get_mut(&id) else { return };
        if std::mem::replace(&mut state.has_ended, true) {
            return;
        }
        state.referenced = false;
        let ended = state.child.pid;
        self.poller.remove(state.child.pidfd.as_fd());
        let domain = self.domain();
        for (_, pid, start_time) in domain.agents().processes() {
            if pid == ended && !procfs::is_alive(pid, start_time) {
                domain.reap(pid, start_time);
                park::wake_all(domain);
            }
        }
    }
}
