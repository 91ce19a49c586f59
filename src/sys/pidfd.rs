//! pidfd: a process as a descriptor. It names one process for ever, however often its pid is used again, and becomes
//! readable when that process ends.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// Fails with `ESRCH` when there is no such process.
pub fn open(pid: u32) -> io::Result<OwnedFd> {
    // SAFETY: pidfd_open takes no pointers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid as libc::pid_t, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call just returned a new descriptor, which nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}
