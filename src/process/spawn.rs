//! Starting a program as a child of this process, and what its parent can do with it.
//!
//! A child is known by its pidfd: it is waited for and signalled through that and never by its pid, which may be
//! another's by then. Only the own child is waited for (no SIGCHLD handler, no `waitpid(-1)`), so that libuv and other
//! libraries of the process keep theirs.

use std::ffi::{CString, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::sync::OnceLock;
use std::time::Duration;

use super::{search, spawner};
use crate::sys::clock::Deadline;
use crate::sys::pidfd;
pub use crate::sys::pidfd::ExitStatus;
pub use crate::sys::spawn::{ChildDescriptor, Errno, Limits};
use crate::sys::spawn::{Program, start};

#[derive(Debug, Clone, Default)]
pub struct SpawnRequest {
    /// A path when it has a slash, else a name to be looked for in the PATH of `envp`.
    pub file: OsString,
    /// With the name that the program sees for itself as the first.
    pub argv: Vec<OsString>,
    /// `NAME=value`: the whole environment.
    pub envp: Vec<OsString>,
    pub cwd: Option<OsString>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    /// The leader of a new session, so that the terminal's and the group's signals do not reach it.
    pub detached: bool,
    /// The index is the number in the child.
    pub stdio: Vec<ChildDescriptor>,
    /// Whether the child gets what else is open here and not closed on exec, as it does in libuv: such a descriptor came to
    /// this process by its number, and goes on so. Otherwise what is not listed is not inherited.
    pub inherits_others: bool,
    /// Sent to the child when this process ends, however it ends. The child loses it by executing a set-user-id
    /// program or by changing its credentials (prctl(2)).
    pub parent_death_signal: Option<i32>,
    /// Set in the child before it executes the program. What the system refuses fails the start.
    pub limits: Limits,
}

/// A child. It becomes a zombie when it ends and stays one until `try_wait` or `wait` has returned its status.
#[derive(Debug)]
pub struct SpawnedChild {
    pub pid: u32,
    /// Readable once the child has ended.
    pub pidfd: OwnedFd,
    status: OnceLock<ExitStatus>,
}

/// Starts the program and returns when it runs. Blocks for that long, about a millisecond.
///
/// Fails with the errno of the step that failed (the working directory, the identity, a descriptor, the file), and
/// then no child is left. `EINVAL`: a string contains a NUL.
pub fn spawn(request: &SpawnRequest) -> Result<SpawnedChild, Errno> {
    let program = Program {
        candidates: c_strings(&search::candidates(&request.file, &request.envp))?,
        argv: c_strings(&request.argv)?,
        envp: c_strings(&request.envp)?,
        cwd: request.cwd.as_ref().map(c_string).transpose()?,
        uid: request.uid,
        gid: request.gid,
        detached: request.detached,
        descriptors: request.stdio.clone(),
        inherits_others: request.inherits_others,
        parent_death_signal: request.parent_death_signal,
        limits: request.limits.clone(),
    };
    let started = if program.parent_death_signal.is_some() { spawner::start_there(program)? } else { start(&program)? };
    Ok(SpawnedChild::new(started.pid, started.pidfd))
}

impl SpawnedChild {
    /// Of a child of this process that nobody else waits for.
    pub fn new(pid: u32, pidfd: OwnedFd) -> Self {
        Self { pid, pidfd, status: OnceLock::new() }
    }

    /// How the child ended, or `None` while it runs. The same answer ever after.
    pub fn try_wait(&self) -> Option<ExitStatus> {
        if self.status.get().is_none() {
            let _ = self.status.set(pidfd::try_wait(self.pidfd.as_fd())?);
        }
        self.status.get().copied()
    }

    /// The same, and the zombie stays one.
    pub fn peek(&self) -> Option<ExitStatus> {
        self.status.get().copied().or_else(|| pidfd::peek(self.pidfd.as_fd()))
    }

    /// Blocks the thread until the child has ended.
    pub fn wait(&self) -> ExitStatus {
        *self.status.get_or_init(|| pidfd::wait(self.pidfd.as_fd()))
    }

    /// Whether the child has ended, and waits for that until the deadline. Reaps nothing.
    pub fn await_end(&self, deadline: Deadline, look_after: Duration, gives_up: impl Fn() -> bool) -> bool {
        loop {
            if pidfd::has_ended(self.pidfd.as_fd(), deadline.remaining(look_after)) {
                return true;
            }
            if deadline.has_passed() || gives_up() {
                return false;
            }
        }
    }

    /// Sends a signal; 0 only asks. `ESRCH` once the child has been waited for, `EINVAL` for a number that is none.
    pub fn kill(&self, signal: i32) -> Result<(), Errno> {
        pidfd::send_signal(self.pidfd.as_fd(), signal)
    }
}

fn c_strings(strings: &[OsString]) -> Result<Vec<CString>, Errno> {
    strings.iter().map(c_string).collect()
}

fn c_string(string: &OsString) -> Result<CString, Errno> {
    CString::new(string.clone().into_vec()).map_err(|_| Errno::EINVAL)
}
