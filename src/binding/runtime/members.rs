//! What a runtime looks after: channels, task queues and children, each by a number and with the instance it belongs to.

use std::os::fd::AsFd;

use super::{EVENT_CHILD_EXIT, Event, KEY_CHILD, Runtime};
use crate::channel::Endpoint;
use crate::error::{Code, Error, Result};
use crate::pool::task_queue::{Task, TaskQueue};
use crate::process::spawn::SpawnedChild;
use crate::sync::park;
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

pub struct ChildState {
    child: SpawnedChild,
    pub(super) instance: usize,
    pub(super) referenced: bool,
}

impl ChildState {
    pub(super) fn pid(&self) -> u32 {
        self.child.pid
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

    pub fn add_child(&mut self, child: SpawnedChild, instance: u32) -> Result<u32> {
        self.next_id += 1;
        let id = self.next_id;
        if let Err(error) = self.poller.add(child.pidfd.as_fd(), KEY_CHILD + u64::from(id)) {
            // Not to be watched, so not to be left running.
            let _ = child.kill(signal::KILL);
            child.wait();
            return Err(Error::new(Code::Internal, format!("the child cannot be watched: {error}")));
        }
        self.children.insert(id, ChildState { child, instance: instance as usize, referenced: true });
        self.settle();
        Ok(id)
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

    /// A child has ended: what it held in the domain is given back before anybody is told.
    pub(super) fn look_at_ended_children(&mut self, events: &mut Vec<Event>) {
        for id in std::mem::take(&mut self.ended_children) {
            let Some(status) = self.children.get(&id).and_then(|state| state.child.try_wait()) else { continue };
            let Some(state) = self.children.remove(&id) else { continue };
            self.poller.remove(state.child.pidfd.as_fd());
            let domain = self.domain();
            for (_, pid, start_time) in domain.agents().processes() {
                if pid == state.child.pid && !procfs::is_alive(pid, start_time) {
                    domain.reap(pid, start_time);
                    park::wake_all(domain);
                }
            }
            let value = f64::from(status.signal) * 65_536.0 + f64::from(status.code & 0xffff);
            events.push(Event { instance: state.instance, kind: EVENT_CHILD_EXIT, id, value });
        }
    }
}
