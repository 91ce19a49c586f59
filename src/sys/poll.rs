//! poll(2): waiting, in the calling thread alone, until one of a few descriptors is ready. It keeps no state and no
//! descriptor, so whatever else the process waits for is undisturbed.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// What a descriptor is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    Read,
    Write,
}

/// For each entry, whether it is ready or broken; all false when the time is over. `None` waits for ever.
pub fn wait(entries: &[(BorrowedFd<'_>, Interest)], timeout: Option<Duration>) -> Result<Vec<bool>, Errno> {
    let flags = |interest| if interest == Interest::Read { PollFlags::POLLIN } else { PollFlags::POLLOUT };
    let mut polled: Vec<PollFd<'_>> = entries.iter().map(|&(fd, interest)| PollFd::new(fd, flags(interest))).collect();
    match poll(&mut polled, milliseconds(timeout)) {
        Ok(_) => Ok(polled.iter().map(|entry| entry.any().unwrap_or(true)).collect()),
        // The caller looks at its clock and comes again.
        Err(Errno::EINTR) => Ok(vec![false; entries.len()]),
        Err(errno) => Err(errno),
    }
}

/// Rounded up, so that a wait that ends has lasted for its time.
fn milliseconds(timeout: Option<Duration>) -> PollTimeout {
    let Some(timeout) = timeout else { return PollTimeout::NONE };
    PollTimeout::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(PollTimeout::MAX)
}
