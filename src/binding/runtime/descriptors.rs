//! Descriptors that JavaScript waits for, each once: a socket with a connection to accept, a message queue with a message
//! or with room.
//!
//! What is watched is a duplicate of the runtime's own: the original may be closed meanwhile, and be watched twice.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::{Event, Runtime};
use crate::error::{Code, Error, Result};

/// What the dispatcher is told; lib/runtime.js has the same number.
const EVENT_DESCRIPTOR: u32 = 7;
/// In the poller's keys, beyond the ids of children.
pub(super) const KEY_DESCRIPTOR: u64 = 1 << 40;

struct Watched {
    fd: OwnedFd,
    instance: usize,
    referenced: bool,
}

#[derive(Default)]
pub struct Descriptors {
    watched: BTreeMap<u32, Watched>,
    ready: Vec<u32>,
}

impl Descriptors {
    pub(super) fn is_empty(&self) -> bool {
        self.watched.is_empty()
    }

    pub(super) fn is_referenced(&self) -> bool {
        self.watched.values().any(|watched| watched.referenced)
    }

    pub(super) fn note_ready(&mut self, key: u64) {
        self.ready.push((key - KEY_DESCRIPTOR) as u32);
    }
}

impl Runtime {
    /// Tells the instance once when the descriptor can be read, or written.
    pub fn await_descriptor(
        &mut self,
        fd: BorrowedFd<'_>,
        writable: bool,
        instance: u32,
        referenced: bool,
    ) -> Result<u32> {
        let failed = |error: std::io::Error| {
            Error::new(Code::Internal, format!("the descriptor cannot be watched: {error}; are too many open?"))
        };
        let fd = fd.try_clone_to_owned().map_err(failed)?;
        self.next_id += 1;
        let id = self.next_id;
        self.poller.add_once(fd.as_fd(), KEY_DESCRIPTOR + u64::from(id), writable).map_err(failed)?;
        self.descriptors.watched.insert(id, Watched { fd, instance: instance as usize, referenced });
        self.settle();
        Ok(id)
    }

    pub fn forget_descriptor(&mut self, id: u32) {
        if let Some(watched) = self.descriptors.watched.remove(&id) {
            self.poller.remove(watched.fd.as_fd());
            self.settle();
        }
    }

    pub fn set_descriptor_ref(&mut self, id: u32, referenced: bool) {
        if let Some(watched) = self.descriptors.watched.get_mut(&id) {
            watched.referenced = referenced;
            self.settle();
        }
    }

    pub(super) fn look_at_descriptors(&mut self, events: &mut Vec<Event>) {
        for id in std::mem::take(&mut self.descriptors.ready) {
            let Some(watched) = self.descriptors.watched.remove(&id) else { continue };
            self.poller.remove(watched.fd.as_fd());
            events.push(Event { instance: watched.instance, kind: EVENT_DESCRIPTOR, id, value: 0.0 });
        }
    }
}
