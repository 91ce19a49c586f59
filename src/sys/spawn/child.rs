//! What the child does between clone and exec, in the parent's memory: system calls on what was prepared, nothing else.
//!
//! Only async-signal-safe functions. Credentials are changed by raw system calls: the C library's functions of that
//! name change those of every thread it knows, and here it would signal the *parent's* threads.
//! A step that fails returns its errno, which `main` leaves in the plan for the parent.

use std::ffi::{c_char, c_int, c_long, c_uint, c_void};
use std::os::fd::RawFd;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

use nix::errno::Errno;

/// The plan, in memory that parent and child share while the parent sleeps.
pub struct ChildPlan<'a> {
    /// Ended by a null pointer, as all lists of pointers here.
    pub candidates: &'a [*const c_char],
    pub argv: *const *const c_char,
    /// `/bin/sh`, a place for the script's path, the arguments.
    pub script_argv: &'a mut [*const c_char],
    pub envp: *const *const c_char,
    /// Null: the parent's.
    pub cwd: *const c_char,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub detached: bool,
    /// For each number in the child the parent's descriptor, or `NO_SOURCE`.
    pub sources: &'a mut [RawFd],
    pub inherits_others: bool,
    pub nice: Option<c_int>,
    /// Empty: no change.
    pub cpu_mask: &'a [u64],
    pub resources: &'a [(c_uint, libc::rlimit64)],
    /// 0: none.
    pub parent_death_signal: c_int,
    pub parent_pid: libc::pid_t,
    /// The errno of the step that failed. Written by the child before it ends, read by the parent after.
    pub error: AtomicI32,
}

pub const NO_SOURCE: RawFd = -1;

const EXIT_NOT_STARTED: c_int = 127;
const SIGNAL_COUNT: c_long = 64;

/// The child's first function. Never returns: it becomes the program or ends.
pub extern "C" fn main(plan: *mut c_void) -> c_int {
    // SAFETY: `start` passes the address of its plan and sleeps until we are gone from its memory.
    let plan = unsafe { &mut *plan.cast::<ChildPlan<'_>>() };
    let errno = match prepare(plan) {
        Ok(()) => execute(plan),
        Err(errno) => errno,
    };
    // Relaxed: the parent reads it after the kernel has woken it, which orders both.
    plan.error.store(errno as i32, Ordering::Relaxed);
    // SAFETY: ends this process without running the parent's exit handlers.
    unsafe { libc::_exit(EXIT_NOT_STARTED) }
}

fn prepare(plan: &mut ChildPlan<'_>) -> Result<(), Errno> {
    reset_signal_handlers();
    if plan.detached {
        // SAFETY: takes no pointers.
        Errno::result(unsafe { libc::setsid() })?;
    }
    place_descriptors(plan.sources)?;
    if !plan.inherits_others {
        close_from(plan.sources.len() as RawFd);
    }
    if !plan.cwd.is_null() {
        // SAFETY: a NUL-terminated string that `start` keeps alive.
        Errno::result(unsafe { libc::chdir(plan.cwd) })?;
    }
    // Before the credentials: who may set a limit may not be who the child is to be. After the descriptors, which may
    // have larger numbers on their way than the limit allows.
    set_limits(0, plan.nice, plan.cpu_mask, plan.resources)?;
    change_identity(plan.uid, plan.gid)?;
    // After the credentials, whose change clears it.
    follow_parent(plan.parent_death_signal, plan.parent_pid)?;
    unblock_signals();
    Ok(())
}

/// Handlers of the parent must not run in the child. exec would reset them, but keeps ignored signals ignored: Node.js
/// ignores SIGPIPE, and programs do not expect that. By the system call: the C library's function refuses its two
/// internal signals.
fn reset_signal_handlers() {
    // The kernel's struct sigaction, all zero: SIG_DFL, no flags, an empty mask.
    let default = [0_u64; 4];
    for signal in 1..=SIGNAL_COUNT {
        let (new, old) = (default.as_ptr(), ptr::null_mut::<u64>());
        // SAFETY: `new` is as large as the kernel's struct on every 64-bit Linux; it changes the child's own table (no
        // CLONE_SIGHAND). Refused for SIGKILL and SIGSTOP, which have no handlers.
        unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, new, old, size_of::<u64>()) };
    }
}

/// Makes number `n` refer to `sources[n]`, for all `n`.
fn place_descriptors(sources: &mut [RawFd]) -> Result<(), Errno> {
    let count = sources.len() as RawFd;
    // Numbers are filled from 0 upwards, so a source below its number would be overwritten before it is used: such
    // ones are copied out of the way first.
    for (number, source) in (0..).zip(sources.iter_mut()) {
        if *source >= 0 && *source < number {
            // SAFETY: takes no pointers.
            *source = Errno::result(unsafe { libc::fcntl(*source, libc::F_DUPFD_CLOEXEC, count) })?;
        }
    }
    for (number, &source) in (0..).zip(sources.iter()) {
        if source >= 0 {
            inherit(source, number)?;
        } else if number <= libc::STDERR_FILENO {
            open_null(number)?;
        } else {
            // If it is a source itself, then of a smaller number, filled by now, or of a larger one, which has a copy.
            close(number);
        }
    }
    Ok(())
}

/// Makes `number` a copy of `source` that the program inherits.
fn inherit(source: RawFd, number: RawFd) -> Result<(), Errno> {
    if source == number {
        // SAFETY: takes no pointers.
        Errno::result(unsafe { libc::fcntl(number, libc::F_SETFD, 0) })?;
    } else {
        // SAFETY: takes no pointers. The copy has no close-on-exec flag.
        Errno::result(unsafe { libc::dup2(source, number) })?;
    }
    if number <= libc::STDERR_FILENO {
        // Programs expect their standard streams to block.
        // SAFETY: takes no pointers.
        let flags = unsafe { libc::fcntl(number, libc::F_GETFL) };
        if flags >= 0 && flags & libc::O_NONBLOCK != 0 {
            // SAFETY: takes no pointers.
            unsafe { libc::fcntl(number, libc::F_SETFL, flags & !libc::O_NONBLOCK) };
        }
    }
    Ok(())
}

fn open_null(number: RawFd) -> Result<(), Errno> {
    let mode = if number == libc::STDIN_FILENO { libc::O_RDONLY } else { libc::O_RDWR };
    // SAFETY: a NUL-terminated string.
    let opened = Errno::result(unsafe { libc::open(c"/dev/null".as_ptr(), mode | libc::O_CLOEXEC) })?;
    let placed = inherit(opened, number);
    if opened != number {
        close(opened);
    }
    placed
}

fn close(number: RawFd) {
    // SAFETY: takes no pointers; a number that is not open is refused.
    unsafe { libc::close(number) };
}

/// Closes all from `first` on. Nothing up there is used again: the error goes through memory, not through a pipe.
/// The table is the child's own (no `CLONE_FILES`). `close_range(2)` is in Linux 5.9; where a sandbox refuses it, the
/// close-on-exec flags of Node.js and of this package have to do.
fn close_from(first: RawFd) {
    // SAFETY: takes no pointers.
    unsafe { libc::syscall(libc::SYS_close_range, first as c_long, c_long::from(u32::MAX), 0) };
}

/// Nice value and processors for that thread, 0 for the calling one; the rest for the process.
pub fn set_limits(
    thread: libc::pid_t,
    nice: Option<c_int>,
    cpu_mask: &[u64],
    resources: &[(c_uint, libc::rlimit64)],
) -> Result<(), Errno> {
    if let Some(nice) = nice {
        let one = 0;
        // SAFETY: takes no pointers.
        Errno::result(unsafe { libc::syscall(libc::SYS_setpriority, one, thread, nice) })?;
    }
    if !cpu_mask.is_empty() {
        let (mask, size) = (cpu_mask.as_ptr(), size_of_val(cpu_mask));
        // SAFETY: `mask` points to `size` bytes of the caller's.
        Errno::result(unsafe { libc::syscall(libc::SYS_sched_setaffinity, thread, size, mask) })?;
    }
    for (resource, limit) in resources {
        let (new, old) = (&raw const *limit, ptr::null_mut::<libc::rlimit64>());
        // SAFETY: `new` points to a limit of the caller's; the old one is not asked for.
        Errno::result(unsafe { libc::syscall(libc::SYS_prlimit64, 0, *resource, new, old) })?;
    }
    Ok(())
}

fn change_identity(uid: Option<u32>, gid: Option<u32>) -> Result<(), Errno> {
    if uid.is_none() && gid.is_none() {
        return Ok(());
    }
    // The parent's extra groups must not stay. Without privilege this fails, and so does any change worth the name.
    // SAFETY: a count of 0, so no list is read.
    unsafe { libc::syscall(libc::SYS_setgroups, 0, ptr::null::<libc::gid_t>()) };
    if let Some(gid) = gid {
        // SAFETY: takes no pointers.
        Errno::result(unsafe { libc::syscall(libc::SYS_setgid, gid) })?;
    }
    if let Some(uid) = uid {
        // SAFETY: takes no pointers.
        Errno::result(unsafe { libc::syscall(libc::SYS_setuid, uid) })?;
    }
    Ok(())
}

fn follow_parent(signal: c_int, parent: libc::pid_t) -> Result<(), Errno> {
    if signal == 0 {
        return Ok(());
    }
    // SAFETY: takes no pointers.
    Errno::result(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, signal as libc::c_ulong) })?;
    // A parent that died before the call sends nothing.
    // SAFETY: takes no pointers.
    if unsafe { libc::getppid() } != parent {
        // SAFETY: as in `main`. Nobody is left to be told.
        unsafe { libc::_exit(EXIT_NOT_STARTED) };
    }
    Ok(())
}

/// The program starts with an empty mask, whatever the parent's was.
fn unblock_signals() {
    let empty = 0_u64;
    let (new, old) = (&raw const empty, ptr::null_mut::<u64>());
    // SAFETY: `new` points to a set of 64 signals; the old one is not asked for.
    unsafe { libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, new, old, size_of::<u64>()) };
}

/// execvp(3) over the prepared candidates. Returns only when none could be executed.
fn execute(plan: &mut ChildPlan<'_>) -> Errno {
    let mut denied = false;
    let mut last = Errno::ENOENT;
    for &path in plan.candidates.iter().take_while(|path| !path.is_null()) {
        last = exec(path, plan.argv, plan.envp);
        if last == Errno::ENOEXEC
            && let [shell, script, ..] = &mut *plan.script_argv
        {
            *script = path;
            last = exec(*shell, plan.script_argv.as_ptr(), plan.envp);
        }
        match last {
            Errno::EACCES => denied = true,
            Errno::ENOENT | Errno::ENOTDIR | Errno::ENODEV | Errno::ESTALE | Errno::ETIMEDOUT => {}
            _ => return last,
        }
    }
    // A file that may not be executed tells more than the directories that have none.
    if denied { Errno::EACCES } else { last }
}

fn exec(path: *const c_char, argv: *const *const c_char, envp: *const *const c_char) -> Errno {
    // SAFETY: a NUL-terminated string and two lists ended by null, all kept alive by `start`.
    unsafe { libc::execve(path, argv, envp) };
    Errno::last()
}
