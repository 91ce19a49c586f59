//! The newborn: a copy of the server that becomes the child which was ordered. What fails is told, and ends it.

use std::os::fd::{AsFd, BorrowedFd, IntoRawFd, OwnedFd};
use std::time::{Duration, Instant};

use super::order::Order;
use crate::sys::fork::Child;
use crate::sys::{Errno, identity, rights};

/// Of a newborn that ran nothing: the parent has seen the errno, or is gone.
const EXIT_NOT_BORN: i32 = 97;
const PATIENCE: Duration = Duration::from_secs(3);
/// The parent may be slow to say go; it is dead when its end of the cord is closed.
const REMIND_AFTER: Duration = Duration::from_secs(60);

/// What came with an order.
pub struct Newborn {
    cord: OwnedFd,
    streams: [OwnedFd; 3],
    named: Vec<OwnedFd>,
}

impl Newborn {
    pub fn new(descriptors: Vec<OwnedFd>) -> Option<Self> {
        let mut descriptors = descriptors.into_iter();
        let cord = descriptors.next()?;
        let streams = [descriptors.next()?, descriptors.next()?, descriptors.next()?];
        Some(Self { cord, streams, named: descriptors.collect() })
    }

    pub fn cord(&self) -> BorrowedFd<'_> {
        self.cord.as_fd()
    }

    /// From the fork to the parent's word to go.
    pub fn live(self, child: Child, order: &Order) {
        let pid = std::process::id();
        tell(self.cord.as_fd(), pid, 0);
        let Self { cord, streams, named } = self;
        if let Err(errno) = become_child(streams, named, child, order) {
            tell(cord.as_fd(), pid, errno as i32);
            identity::end_process(EXIT_NOT_BORN);
        }
        tell(cord.as_fd(), pid, 0);
        await_go(&cord);
    }
}

fn become_child(streams: [OwnedFd; 3], named: Vec<OwnedFd>, child: Child, order: &Order) -> Result<(), Errno> {
    child.unshare()?;
    identity::place_standard_streams(&streams)?;
    drop(streams);
    if order.detached {
        identity::lead_session()?;
    }
    identity::change_directory(&order.cwd)?;
    order.limits().apply()?;
    identity::follow_parent(order.death_signal, order.parent_pid)?;
    // Before the others, which may have a variable of the name: the first one counts.
    let mut environment = Vec::new();
    for (descriptor, (name, rest)) in named.into_iter().zip(&order.named) {
        // Kept for the life of the process: whoever reads the variable takes it over.
        let number = descriptor.into_raw_fd().to_string();
        environment.push([name.as_slice(), b"=", number.as_bytes(), rest.as_slice()].concat());
    }
    environment.extend_from_slice(&order.environment);
    identity::replace_environment(&environment);
    child.awake()
}

pub fn tell(cord: BorrowedFd<'_>, pid: u32, errno: i32) {
    let bytes = [pid.to_ne_bytes(), errno.to_ne_bytes()].concat();
    // A parent that is gone need not know; the next read of the cord tells.
    let _ = rights::send(cord, &bytes, &[], Instant::now() + PATIENCE);
}

fn await_go(cord: &OwnedFd) {
    let mut byte = [0];
    loop {
        match rights::receive(cord.as_fd(), &mut byte, Some(Instant::now() + REMIND_AFTER)) {
            Ok((1, _)) => return,
            Err(Errno::ETIMEDOUT) => {}
            _ => identity::end_process(EXIT_NOT_BORN),
        }
    }
}
