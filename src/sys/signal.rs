//! Signals to this process and to others.

pub use nix::sys::signal::Signal;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, kill, sigaction};
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

/// Sets the calling thread's mask, and returns the one before: bit `n - 1` is signal `n`. By the system call: the C
/// library's function leaves out its two internal signals, whose handlers must not run in a half-made child either.
pub fn set_mask(mask: u64) -> u64 {
    let mut before = 0_u64;
    let (new, old, size) = (&raw const mask, &raw mut before, size_of::<u64>());
    // SAFETY: both point to a set of 64 signals, the kernel's size on every 64-bit Linux that we build for.
    unsafe { libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, new, old, size) };
    before
}

/// Blocks every signal for the calling thread, and returns the mask before.
pub fn block_all() -> u64 {
    set_mask(u64::MAX)
}

/// What some signals did before they were ignored.
pub struct Ignored {
    before: Vec<(Signal, SigAction)>,
}

/// Ignores signals, for the whole process.
pub fn ignore(signals: &[Signal]) -> Ignored {
    let action = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    // SAFETY: no handler is installed.
    let ignore = |&signal: &Signal| Some((signal, unsafe { sigaction(signal, &action) }.ok()?));
    Ignored { before: signals.iter().filter_map(ignore).collect() }
}

impl Ignored {
    /// They do again what they did.
    pub fn restore(&self) {
        for (signal, action) in &self.before {
            // SAFETY: a handler that this process had before, and that is still there.
            let _ = unsafe { sigaction(*signal, action) };
        }
    }
}
