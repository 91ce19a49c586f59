//! The server's side: waits for cords, and forks.

use std::os::fd::{AsFd, AsRawFd, IntoRawFd, OwnedFd};

use super::newborn::{self, EXISTS, Newborn};
use super::order::Order;
use crate::sys::fork::{Refusal, Side, freeze};
use crate::sys::identity;
use crate::sys::signal::{self, Signal};

/// A terminal sends these to the server, too, and others to all of a group: it ends when its parent does.
const IGNORED: [Signal; 5] = [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGHUP, Signal::SIGTSTP, Signal::SIGUSR1];
/// The cord. The domain's descriptor is named.
const DESCRIPTOR_COUNT: usize = 1;

/// Stops this process's threads for good and forks until the parent is gone. Returns in each newborn, which then calls
/// `await_order`; in the server only when it cannot be forked, and then `report` stays open. Otherwise `ready`, which is
/// called once, before the first fork, closes it.
pub fn serve(control: OwnedFd, report: OwnedFd, ready: impl FnOnce(OwnedFd)) -> Result<(), Refusal> {
    let mut frozen = match freeze(&[control.as_raw_fd(), report.as_raw_fd()]) {
        Ok(frozen) => frozen,
        Err(refusal) => {
            // JavaScript tells of it there.
            let _ = report.into_raw_fd();
            return Err(refusal);
        }
    };
    let ignored = signal::ignore(&IGNORED);
    ready(report);
    loop {
        let Some((order, descriptors)) = Order::receive(control.as_fd(), DESCRIPTOR_COUNT) else {
            identity::end_process(0)
        };
        let Some(newborn) = Newborn::new(descriptors, order) else { continue };
        let (side, original) = frozen.fork();
        match side {
            Side::Copy(child) => {
                drop(control);
                newborn.begin(child, ignored);
                return Ok(());
            }
            Side::Original(Err(errno)) => newborn::tell(newborn.cord(), 0, errno as i32),
            // It tells that itself, too: whichever of the two lives for so long.
            Side::Original(Ok(pid)) => newborn::tell(newborn.cord(), pid, EXISTS),
        }
        // Never absent in the original.
        match original {
            Some(original) => frozen = original,
            None => identity::end_process(1),
        }
    }
}
