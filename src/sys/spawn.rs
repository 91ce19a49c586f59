//! Starts a program: clone(2) that shares the parent's memory until exec, as `posix_spawn(3)` does.
//!
//! `CLONE_VM | CLONE_VFORK` copies no page table, so the time does not grow with the parent's heap; the calling thread
//! (no other) sleeps until the child has executed the program or given up. `CLONE_PIDFD` names the child before its pid
//! can be used again. The child reports a failing step through the shared memory, which is why exec errors need no pipe.
//!
//! The invariant: between clone and exec the child allocates nothing, takes no lock and runs no handler of ours, because
//! it would do so in the parent's memory. So every string and array is made before (here), signals are blocked around
//! the clone, and the child (spawn/child.rs) makes only system calls. Sources: clone(2), glibc's `spawni.c`, and
//! libuv's `uv__process_child_init`, whose order of steps is kept.
//!
//! System calls: mmap, mprotect, munmap, `rt_sigprocmask`, clone; waitid when the child failed before exec.

mod child;
mod stack;

use std::ffi::{CString, c_char, c_uint, c_void};
use std::os::fd::{AsFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

pub use nix::errno::Errno;

use super::{pidfd, signal};
use child::ChildPlan;
use stack::Stack;

/// What a number of the child's descriptor table refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildDescriptor {
    /// Nothing of the parent's: /dev/null for 0, 1 and 2, which every program expects to be open; from 3 on the number
    /// stays free. This is Node's `'ignore'`.
    Null,
    /// A copy of this descriptor of the parent, which stays open there.
    Fd(RawFd),
}

/// What the child may use. What is not given stays as it is in the parent.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// From -20, which needs a privilege, to 19.
    pub nice: Option<i32>,
    /// The processors that it may run on, by number. Empty: no change.
    pub cpus: Vec<u32>,
    /// Descriptors that it may have open, soft and hard limit.
    pub open_files: Option<u64>,
    /// Seconds of processor time. SIGXCPU after them, SIGKILL one second later.
    pub cpu_seconds: Option<u64>,
}

/// As many as the kernel can be built for.
const CPU_COUNT_MAX: u32 = 8192;

impl Limits {
    /// As `sched_setaffinity(2)` takes them. `EINVAL`: a number that no processor can have.
    fn cpu_mask(&self) -> Result<Vec<u64>, Errno> {
        let Some(&last) = self.cpus.iter().max() else { return Ok(Vec::new()) };
        if last >= CPU_COUNT_MAX {
            return Err(Errno::EINVAL);
        }
        let mut mask = vec![0_u64; last as usize / 64 + 1];
        for &cpu in &self.cpus {
            mask[cpu as usize / 64] |= 1 << (cpu % 64);
        }
        Ok(mask)
    }

    /// As prlimit(2) takes them.
    fn resources(&self) -> Vec<(c_uint, libc::rlimit64)> {
        let limit = |soft: u64, hard: u64| libc::rlimit64 { rlim_cur: soft, rlim_max: hard };
        let files = self.open_files.map(|count| (libc::RLIMIT_NOFILE, limit(count, count)));
        let time = self.cpu_seconds.map(|seconds| (libc::RLIMIT_CPU, limit(seconds, seconds.saturating_add(1))));
        files.into_iter().chain(time).collect()
    }
}

impl Limits {
    /// Sets them for this process: nice value and processors are each thread's own.
    pub fn apply(&self) -> Result<(), Errno> {
        let cpu_mask = self.cpu_mask()?;
        for thread in super::identity::threads() {
            child::set_limits(thread, self.nice, &cpu_mask, &[])?;
        }
        child::set_limits(0, None, &[], &self.resources())
    }
}

/// Everything that the child needs, as the system takes it.
#[derive(Debug, Clone)]
pub struct Program {
    /// The files to try, in this order, as execvp(3) does.
    pub candidates: Vec<CString>,
    pub argv: Vec<CString>,
    pub envp: Vec<CString>,
    pub cwd: Option<CString>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    /// The leader of a new session.
    pub detached: bool,
    /// The index is the number in the child.
    pub descriptors: Vec<ChildDescriptor>,
    /// Whether what is not listed stays open unless it is closed on exec. Otherwise all of it is closed in the child.
    pub inherits_others: bool,
    /// Sent to the child when the calling *thread* ends (prctl(2), `PR_SET_PDEATHSIG`).
    pub parent_death_signal: Option<i32>,
    pub limits: Limits,
}

#[derive(Debug)]
pub struct Started {
    pub pid: u32,
    pub pidfd: OwnedFd,
}

/// Blocks the calling thread until the program runs, or until a step failed: then nothing of the child is left.
pub fn start(program: &Program) -> Result<Started, Errno> {
    let stack = Stack::new()?;
    let candidates = pointers(&program.candidates);
    let argv = pointers(&program.argv);
    let envp = pointers(&program.envp);
    // A file without a magic number is a script for the shell: sh FILE ARGUMENT…
    let mut script_argv = vec![c"/bin/sh".as_ptr(), ptr::null()];
    script_argv.extend(if program.argv.is_empty() { &argv } else { &argv[1..] });
    let mut sources = sources(&program.descriptors)?;
    let (cpu_mask, resources) = (program.limits.cpu_mask()?, program.limits.resources());
    let mut plan = ChildPlan {
        candidates: &candidates,
        argv: argv.as_ptr(),
        script_argv: &mut script_argv,
        envp: envp.as_ptr(),
        cwd: program.cwd.as_ref().map_or(ptr::null(), |cwd| cwd.as_ptr()),
        uid: program.uid,
        gid: program.gid,
        detached: program.detached,
        sources: &mut sources,
        inherits_others: program.inherits_others,
        nice: program.limits.nice,
        cpu_mask: &cpu_mask,
        resources: &resources,
        parent_death_signal: program.parent_death_signal.unwrap_or(0),
        parent_pid: std::process::id() as libc::pid_t,
        error: AtomicI32::new(0),
    };
    let (pid, pidfd) = clone((&raw mut plan).cast(), &stack)?;
    // Relaxed: the child wrote it before the kernel let this thread go on.
    match plan.error.load(Ordering::Relaxed) {
        0 => Ok(Started { pid: pid as u32, pidfd }),
        errno => {
            pidfd::wait(pidfd.as_fd());
            Err(Errno::from_raw(errno))
        }
    }
}

/// The descriptors as the child's plan has them.
fn sources(descriptors: &[ChildDescriptor]) -> Result<Vec<RawFd>, Errno> {
    let source = |descriptor: &ChildDescriptor| match *descriptor {
        ChildDescriptor::Null => Ok(child::NO_SOURCE),
        ChildDescriptor::Fd(fd) if fd >= 0 => Ok(fd),
        ChildDescriptor::Fd(_) => Err(Errno::EBADF),
    };
    descriptors.iter().map(source).collect()
}

fn clone(plan: *mut c_void, stack: &Stack) -> Result<(libc::pid_t, OwnedFd), Errno> {
    let mut pidfd: RawFd = -1;
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
    let mask = signal::block_all();
    // SAFETY: the child runs `child::main` with the live plan on a stack of its own; CLONE_VFORK keeps this frame, the
    // plan and the stack in place until the child has left this memory. `pidfd` is where CLONE_PIDFD writes.
    let pid = unsafe { libc::clone(child::main, stack.top(), flags, plan, &raw mut pidfd) };
    let result = Errno::result(pid);
    signal::set_mask(mask);
    let pid = result?;
    // SAFETY: clone succeeded, so `pidfd` is a new descriptor that nobody else owns.
    Ok((pid, unsafe { OwnedFd::from_raw_fd(pidfd) }))
}

/// A list as exec takes it, ended by a null pointer.
fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
}
