//! Copies the process, and starts its threads anew in the copy.
//!
//! A thread of the copy begins on the stack that the original's thread has, below what is in use of it, with that
//! thread's thread pointer, so that the C library and V8 take it for the same. It then does what the kernel does at the end
//! of the signal handler, rt_sigreturn(2) with the context on the stack: registers, signal mask and alternative stack are
//! as they were, and it goes on with the instruction at which it was stopped.
//!
//! What the C library keeps of a thread's kernel id (its description has it, and pthread_join waits for it to become 0) is
//! written by the kernel: `CLONE_PARENT_SETTID` and `CLONE_CHILD_CLEARTID` with the id's place. By the raw system call for
//! the process: no handler of pthread_atfork runs, and none must, since no thread is missing in the copy.

use std::arch::asm;
use std::ptr;

use libc::{c_int, c_void};

use super::threads::{Stopped, StoppedThread};
use crate::sys::Errno;
use crate::sys::dl;

pub enum Side {
    /// With the pid of the copy.
    Original(u32),
    Copy,
}

/// Room for the frames of the handler, which are below the place that it has named.
const HANDLER_FRAMES: usize = 4096;
/// What the C library registers restartable sequences with on x86-64 (its `RSEQ_SIG`).
const RSEQ_SIGNATURE: u32 = 0x5305_3053;
const RSEQ_SIZE: u32 = 32;

/// All signals must be blocked.
pub fn clone_process(stopped: &Stopped) -> Result<Side, Errno> {
    let (head, size) = robust_list();
    let flags = libc::CLONE_PARENT | libc::CLONE_CHILD_SETTID | libc::CLONE_CHILD_CLEARTID | libc::SIGCHLD;
    // SAFETY: takes no arguments.
    let description = unsafe { libc::pthread_self() } as usize;
    let tid_place = description + stopped.tid_offset;
    let (no_stack, no_parent_place, no_tls) = (0_usize, 0_usize, 0_usize);
    // SAFETY: without CLONE_VM the copy runs on a copy of this stack. `tid_place` is the C library's word for the id of
    // this thread, in the memory of the copy.
    let result = unsafe { libc::syscall(libc::SYS_clone, flags, no_stack, no_parent_place, tid_place, no_tls) };
    match Errno::result(result)? {
        0 => {
            set_robust_list(head, size);
            Ok(Side::Copy)
        }
        pid => Ok(Side::Original(pid as u32)),
    }
}

/// Starts every thread. All signals must be blocked: each takes its own mask from its context.
pub fn revive(stopped: Stopped) -> Result<(), Errno> {
    // They read it when they come to run.
    let threads: &'static [StoppedThread] = stopped.threads.leak();
    threads.iter().try_for_each(|thread| start(thread, stopped.tid_offset))
}

fn start(thread: &'static StoppedThread, tid_offset: usize) -> Result<(), Errno> {
    let flags = libc::CLONE_VM
        | libc::CLONE_FS
        | libc::CLONE_FILES
        | libc::CLONE_SIGHAND
        | libc::CLONE_THREAD
        | libc::CLONE_SYSVSEM
        | libc::CLONE_SETTLS
        | libc::CLONE_PARENT_SETTID
        | libc::CLONE_CHILD_CLEARTID;
    let stack = ((thread.stack - HANDLER_FRAMES) & !63) as *mut c_void;
    let tid_place = (thread.description + tid_offset) as *mut libc::pid_t;
    let argument = ptr::from_ref(thread).cast_mut().cast::<c_void>();
    let description = thread.description as *mut c_void;
    // SAFETY: the stack is that of a thread which does not exist in this process, below what it had in use; the
    // description is the C library's of that thread; `thread` lives for ever.
    let tid = unsafe { libc::clone(reborn, stack, flags, argument, tid_place, description, tid_place) };
    Errno::result(tid).map(drop)
}

/// The first and last function of a reborn thread: from here it goes back to where it was stopped.
extern "C" fn reborn(argument: *mut c_void) -> c_int {
    // SAFETY: what `start` has passed, which lives for ever.
    let thread = unsafe { &*argument.cast::<StoppedThread>() };
    set_robust_list(thread.robust_list, thread.robust_list_size);
    register_sequences();
    // SAFETY: 16 bytes, ended by a NUL as the kernel gave them.
    unsafe { libc::prctl(libc::PR_SET_NAME, thread.name.as_ptr()) };
    Errno::set_raw(thread.errno);
    // SAFETY: `context` is what the kernel left on this thread's stack for the end of the handler; all signals are
    // blocked, so nothing has used that stack since. Never returns.
    unsafe {
        asm!("mov rsp, {context}", "syscall", "ud2", context = in(reg) thread.context, in("rax") libc::SYS_rt_sigreturn, options(noreturn));
    }
}

fn robust_list() -> (usize, usize) {
    let (mut head, mut size) = (0_usize, 0_usize);
    // SAFETY: 0 is the calling thread; both results go to live places of their types.
    unsafe { libc::syscall(libc::SYS_get_robust_list, 0, &raw mut head, &raw mut size) };
    (head, size)
}

fn set_robust_list(head: usize, size: usize) {
    // SAFETY: the list that the C library keeps for this thread.
    unsafe { libc::syscall(libc::SYS_set_robust_list, head, size) };
}

/// As the C library does for each thread since 2.35, if it does.
fn register_sequences() {
    let (Some(offset), Some(size)) = (dl::symbol(c"__rseq_offset"), dl::symbol(c"__rseq_size")) else { return };
    // SAFETY: the C library's constants of these types (sys/rseq.h).
    let offset = unsafe { *offset.cast::<isize>() };
    // SAFETY: as above.
    let is_registered = unsafe { *size.cast::<u32>() } != 0;
    if is_registered {
        // SAFETY: takes no arguments.
        let area = unsafe { libc::pthread_self() as isize } + offset;
        // SAFETY: this thread's area, of that size and alignment, which the C library has reserved.
        unsafe { libc::syscall(libc::SYS_rseq, area, RSEQ_SIZE, 0, RSEQ_SIGNATURE) };
    }
}
