//! pidfd: a process as a descriptor. It names one process for ever, however often its pid is used again, and becomes
//! readable when that process ends.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// How a process ended, in the two numbers that libuv reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExitStatus {
    /// What the process passed to `exit`; 0 when a signal ended it. `-ECHILD` when the status was taken by somebody
    /// else: this process ignores SIGCHLD, or a library in it calls `waitpid(-1)`.
    pub code: i32,
    /// The signal that ended it, else 0.
    pub signal: i32,
}

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

/// Sends a signal to that very process; 0 only asks whether it is there. `ESRCH` once it has been waited for.
pub fn send_signal(pidfd: BorrowedFd<'_>, signal: i32) -> Result<(), Errno> {
    let no_info = ptr::null::<libc::siginfo_t>();
    // SAFETY: with a null `info` the call reads no memory.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, no_info, 0) };
    Errno::result(result).map(drop)
}

/// Whether that process has ended, and waits for it so long. It need not be a child; nothing is reaped.
pub fn has_ended(pidfd: BorrowedFd<'_>, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    loop {
        let rest = deadline.saturating_duration_since(Instant::now());
        // Rounded up: a wait must not end before its time.
        let rest = PollTimeout::try_from(rest + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(pidfd, PollFlags::POLLIN)], rest) {
            Ok(count) if count > 0 => return true,
            Err(Errno::EINTR) => {}
            _ if Instant::now() >= deadline => return false,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

/// Takes the status of a child that has ended, which removes the zombie; `None` while it runs.
///
/// waitid(2) with `P_PIDFD`: it sees this one child, and no other part of the program loses a status to it.
pub fn try_wait(pidfd: BorrowedFd<'_>) -> Option<ExitStatus> {
    wait_with(pidfd, libc::WEXITED | libc::WNOHANG)
}

/// As `try_wait`, and the zombie stays.
pub fn peek(pidfd: BorrowedFd<'_>) -> Option<ExitStatus> {
    wait_with(pidfd, libc::WEXITED | libc::WNOHANG | libc::WNOWAIT)
}

/// As `try_wait`, blocking the thread until the child ends.
pub fn wait(pidfd: BorrowedFd<'_>) -> ExitStatus {
    loop {
        if let Some(status) = wait_with(pidfd, libc::WEXITED) {
            return status;
        }
    }
}

fn wait_with(pidfd: BorrowedFd<'_>, options: i32) -> Option<ExitStatus> {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    loop {
        let id = pidfd.as_raw_fd() as libc::id_t;
        // SAFETY: `info` is writable memory of the right type.
        let result = unsafe { libc::waitid(libc::P_PIDFD, id, info.as_mut_ptr(), options) };
        match Errno::result(result) {
            Ok(_) => break,
            Err(Errno::EINTR) => {}
            Err(errno) => return Some(ExitStatus { code: -(errno as i32), signal: 0 }),
        }
    }
    // SAFETY: it was zeroed, which is a valid siginfo_t, before the kernel wrote to it.
    let info = unsafe { info.assume_init() };
    // SAFETY: waitid fills in the SIGCHLD member, and leaves it zeroed when nothing has ended.
    if unsafe { info.si_pid() } == 0 {
        return None;
    }
    // SAFETY: as above.
    let status = unsafe { info.si_status() };
    Some(match info.si_code {
        libc::CLD_EXITED => ExitStatus { code: status, signal: 0 },
        _ => ExitStatus { code: 0, signal: status },
    })
}
