//! The server's side: waits for orders, and forks.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd};
use std::time::{Duration, Instant};

use super::newborn::{self, Newborn};
use super::order::{DESCRIPTOR_COUNT, LENGTH_SIZE, Order, SIZE_MAX};
use crate::sys::fork::{Refusal, Side, freeze};
use crate::sys::signal::{self, Signal};
use crate::sys::{Errno, identity, rights};

const PATIENCE: Duration = Duration::from_secs(3);
/// A terminal sends these to the server, too, and others to all of a group: it ends when its parent does.
const IGNORED: [Signal; 5] = [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGHUP, Signal::SIGTSTP, Signal::SIGUSR1];

/// Stops this process's threads for good and serves orders until the parent is gone. Returns in each newborn, with the
/// message of its order; in the server only when it cannot be forked, and then `report` stays open. Otherwise `ready`,
/// which is called once, before the first order, closes it.
pub fn serve(control: OwnedFd, report: OwnedFd, ready: impl FnOnce(OwnedFd)) -> Result<Vec<u8>, Refusal> {
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
        let Some((order, descriptors)) = next_order(control.as_fd()) else { identity::end_process(0) };
        let Some(newborn) = Newborn::new(descriptors) else { continue };
        let (side, original) = frozen.fork();
        match side {
            Side::Copy(child) => {
                drop(control);
                ignored.restore();
                newborn.live(child, &order);
                return Ok(order.message);
            }
            Side::Original(result) => {
                if let Err(errno) = result {
                    newborn::tell(newborn.cord(), 0, errno as i32);
                }
            }
        }
        // Never absent in the original.
        match original {
            Some(original) => frozen = original,
            None => identity::end_process(1),
        }
    }
}

/// `None`: the parent is gone, or is none of ours.
fn next_order(control: BorrowedFd<'_>) -> Option<(Order, Vec<OwnedFd>)> {
    let mut length = [0; LENGTH_SIZE];
    let (got, descriptors) = rights::receive(control, &mut length, None).ok()?;
    if got == 0 {
        return None;
    }
    let deadline = Instant::now() + PATIENCE;
    fill(control, &mut length[got..], deadline).ok()?;
    let length = u32::from_le_bytes(length);
    if length > SIZE_MAX {
        return None;
    }
    let mut bytes = vec![0; length as usize];
    fill(control, &mut bytes, deadline).ok()?;
    let order = Order::decode(&bytes)?;
    (descriptors.len() == DESCRIPTOR_COUNT + order.named.len()).then_some((order, descriptors))
}

fn fill(control: BorrowedFd<'_>, mut into: &mut [u8], deadline: Instant) -> Result<(), Errno> {
    while !into.is_empty() {
        match rights::receive(control, into, Some(deadline))? {
            (0, _) => return Err(Errno::EPIPE),
            (got, _) => into = &mut into[got..],
        }
    }
    Ok(())
}
