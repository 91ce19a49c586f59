//! Signals to this process and to others.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The number of SIGKILL.
pub const KILL: i32 = libc::SIGKILL;
pub const TERMINATE: i32 = libc::SIGTERM;
pub const STOP: i32 = libc::SIGSTOP;
pub const CONTINUE: i32 = libc::SIGCONT;

/// Ends this process at once, whatever its threads do.
pub fn kill_self() {
    let _ = kill(Pid::this(), Signal::SIGKILL);
}

/// Asks this process to end.
pub fn terminate_self() {
    let _ = kill(Pid::this(), Signal::SIGTERM);
}

/// The parent's death no longer kills this process: it wakes it, if it stands still, for its watcher to go on.
pub fn wake_at_parent_death() {
    let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGCONT);
}
