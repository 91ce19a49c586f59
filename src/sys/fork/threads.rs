//! Stops all threads of this process but the calling one, each in a signal handler on its own stack.
//!
//! | step | who | what |
//! |---|---|---|
//! | 1 | caller | a new attempt: `TAKEN = ARRIVED = 0`, `ATTEMPT += 1`; sends the signal to each thread |
//! | 2 | each thread, in the handler | takes a place, writes where it stands, `ARRIVED += 1`, sleeps until `GATE >= ATTEMPT` |
//! | 3 | caller | all have arrived, and no thread has come since: looks whether each was stopped in a system call that waits |
//! | 4 | caller | if so, they sleep for good; else `GATE = ATTEMPT`, all go on, and after a while the next attempt |
//!
//! A thread that waits in the kernel holds no lock of the C library's or V8's, and its system call is begun anew or ends
//! with EINTR, in the original as in a copy. V8's threads may still work on what was loaded: hence the attempts. In one that
//! fails they stand anywhere, with any lock: from the first signal until the gate is open the caller takes nothing from the
//! heap and gives nothing back (tasks.rs).
//!
//! Threads that block all signals cannot be stopped. Node.js has one, which waits for SIGUSR1 to open the debugger: a copy
//! does without it. Others, which come later than `note_deaf`, are somebody else's, and are refused.

use std::fs;
use std::ops::Range;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use libc::{c_int, c_void, siginfo_t, ucontext_t};

use super::tasks::{Full, Looker, TASK_MAX, Tasks, Unlisted};
use super::{Refusal, refused};
use crate::sys::{Errno, futex, thread};

/// From the first real-time signal that programs may use: beyond those that are in use elsewhere.
const SIGNAL_OFFSET: c_int = 9;
/// V8 may compile what was loaded for so long; on a crowded machine its threads wait for a processor most of the time.
const PATIENCE: Duration = Duration::from_secs(90);
/// A crowded machine may keep a thread from running for long.
const ARRIVAL: Duration = Duration::from_secs(5);
/// Between two attempts the threads go on. Twice as long each time.
const PAUSE: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// Made by the C library with the lock of its heap held: a thread that is about to make one is at work.
const CALLS_FOR_MEMORY: [i64; 6] =
    [libc::SYS_brk, libc::SYS_mmap, libc::SYS_munmap, libc::SYS_mremap, libc::SYS_mprotect, libc::SYS_madvise];
/// The C library's description of a thread is about 2,300 bytes long.
const DESCRIPTION_SIZE: usize = 2304;

/// Where a thread stands, as it has written it itself. Read by the caller after `ARRIVED`.
struct Place {
    tid: AtomicI32,
    /// The `ucontext_t` on its stack, from which it goes on.
    context: AtomicUsize,
    /// Below this its stack is free.
    stack: AtomicUsize,
    /// Its description in the C library, which is also its thread pointer.
    description: AtomicUsize,
    robust_list: AtomicUsize,
    robust_list_size: AtomicUsize,
    name: [AtomicU64; 2],
    errno: AtomicI32,
}

impl Place {
    const fn new() -> Self {
        Self {
            tid: AtomicI32::new(0),
            context: AtomicUsize::new(0),
            stack: AtomicUsize::new(0),
            description: AtomicUsize::new(0),
            robust_list: AtomicUsize::new(0),
            robust_list_size: AtomicUsize::new(0),
            name: [const { AtomicU64::new(0) }; 2],
            errno: AtomicI32::new(0),
        }
    }
}

static PLACES: [Place; TASK_MAX] = [const { Place::new() }; TASK_MAX];
static TAKEN: AtomicUsize = AtomicUsize::new(0);
static ARRIVED: AtomicU32 = AtomicU32::new(0);
static ATTEMPT: AtomicU32 = AtomicU32::new(0);
static GATE: AtomicU32 = AtomicU32::new(0);

/// Threads that blocked the signal before anything was loaded.
static DEAF: Mutex<Tasks> = Mutex::new(Tasks::new());

/// Why an attempt has failed. Nothing of it is on the heap.
enum Failure {
    /// This thread was at work: the next attempt may find it at rest.
    Busy(i32),
    /// The next one would fail, too.
    Unlisted(Unlisted),
    Silent,
    UnknownLibrary,
}

impl From<Unlisted> for Failure {
    fn from(why: Unlisted) -> Self {
        Self::Unlisted(why)
    }
}

impl From<Full> for Failure {
    fn from(_: Full) -> Self {
        Self::Unlisted(Unlisted::Full)
    }
}

/// One stopped thread.
#[derive(Debug, Clone)]
pub struct StoppedThread {
    pub tid: i32,
    pub context: usize,
    pub stack: usize,
    pub description: usize,
    pub robust_list: usize,
    pub robust_list_size: usize,
    pub name: [u8; 16],
    pub errno: i32,
}

/// They sleep until `open_gate`, or for ever.
pub struct Stopped {
    pub threads: Vec<StoppedThread>,
    /// Where in a thread's description its kernel id stands.
    pub tid_offset: usize,
}

/// Lets the threads of the last attempt go on.
pub fn open_gate() {
    // Release: pairs with the handler's Acquire, which needs nothing of ours; the order costs nothing here.
    GATE.store(ATTEMPT.load(Ordering::Relaxed), Ordering::Release);
    futex::wake(&GATE, i32::MAX);
}

fn park_signal() -> c_int {
    libc::SIGRTMIN() + SIGNAL_OFFSET
}

/// Stops the other threads. Those that were stopped go on when it fails.
pub fn stop() -> Result<Stopped, Refusal> {
    install_handler()?;
    let deadline = Instant::now() + PATIENCE;
    let mut pause = PAUSE;
    let mut looker = Looker::new();
    loop {
        let mut threads = Vec::with_capacity(TASK_MAX);
        let known = DEAF.lock().unwrap_or_else(PoisonError::into_inner);
        let failure = match attempt(&mut looker, &known, &mut threads) {
            Ok(tid_offset) => return Ok(Stopped { threads, tid_offset }),
            Err(failure) => failure,
        };
        // Before anything else: see the top of this file.
        open_gate();
        match failure {
            Failure::Busy(tid) if Instant::now() > deadline => {
                return Err(refused(format!("its thread {} does not rest", name_of(tid))));
            }
            Failure::Busy(_) => {}
            Failure::Unlisted(Unlisted::Full) => {
                return Err(refused(format!("it has more than {TASK_MAX} threads")));
            }
            Failure::Unlisted(Unlisted::Unreadable(errno)) => {
                return Err(refused(format!("/proc cannot be read: {}", errno.desc())));
            }
            Failure::Silent => return Err(refused("one of its threads does not answer")),
            Failure::UnknownLibrary => return Err(refused("this C library is not known")),
        }
        std::thread::sleep(pause);
        pause = PAUSE_MAX.min(pause * 2);
    }
}

pub fn note_deaf() {
    let mut looker = Looker::new();
    let mut deaf = looker.list().unwrap_or(Tasks::new());
    deaf.retain(|tid| looker.blocks(tid, park_signal()) == Some(true));
    *DEAF.lock().unwrap_or_else(PoisonError::into_inner) = deaf;
}

/// Fills `threads`, which have all stopped where they waited, and returns `Stopped::tid_offset`.
fn attempt(looker: &mut Looker, known: &Tasks, threads: &mut Vec<StoppedThread>) -> Result<usize, Failure> {
    TAKEN.store(0, Ordering::Relaxed);
    ARRIVED.store(0, Ordering::Relaxed);
    ATTEMPT.fetch_add(1, Ordering::Release);
    let own = thread::id() as i32;
    let mut told = Tasks::new();
    let mut deaf = Tasks::new();
    loop {
        let mut has_new = false;
        for &tid in looker.list()?.all() {
            if tid == own || told.contains(tid) || deaf.contains(tid) {
                continue;
            }
            has_new = true;
            match looker.blocks(tid, park_signal()) {
                Some(true) => deaf.add(tid)?,
                Some(false) if send(tid) => told.add(tid)?,
                // It has ended.
                _ => {}
            }
        }
        if !has_new {
            break;
        }
        await_arrivals(looker, &mut told)?;
    }
    // One that is on its way out of the handler blocks all signals, too, for a moment.
    if let Some(&stranger) = deaf.all().iter().find(|&&tid| !known.contains(tid)) {
        return Err(Failure::Busy(stranger));
    }
    // There is room for them.
    threads.extend(PLACES[..told.all().len()].iter().map(read_place));
    match threads.iter().find(|thread| !is_waiting(thread)) {
        Some(busy) => Err(Failure::Busy(busy.tid)),
        None => tid_offset(own, threads).ok_or(Failure::UnknownLibrary),
    }
}

fn await_arrivals(looker: &mut Looker, told: &mut Tasks) -> Result<(), Failure> {
    let deadline = Instant::now() + ARRIVAL;
    loop {
        // Acquire: pairs with the handler's Release, after which the place is written.
        let arrived = ARRIVED.load(Ordering::Acquire);
        if arrived as usize >= told.all().len() {
            return Ok(());
        }
        let rest = deadline.saturating_duration_since(Instant::now());
        if rest.is_zero() {
            // One that has ended never comes.
            let living = looker.list()?;
            let before = told.all().len();
            told.retain(|tid| living.contains(tid));
            if told.all().len() == before {
                return Err(Failure::Silent);
            }
        }
        futex::wait(&ARRIVED, arrived, Some(rest.max(PAUSE)));
    }
}

/// Runs on each thread. Async-signal-safe: atomics and system calls.
extern "C" fn on_park(_signal: c_int, _info: *mut siginfo_t, context: *mut c_void) {
    let errno = Errno::last_raw();
    // Acquire: pairs with the caller's Release, before which the counters were set.
    let attempt = ATTEMPT.load(Ordering::Acquire);
    let here = 0_u8;
    if let Some(place) = PLACES.get(TAKEN.fetch_add(1, Ordering::Relaxed)) {
        write_place(place, context as usize, (&raw const here) as usize, errno);
    }
    // Release: pairs with the caller's Acquire.
    ARRIVED.fetch_add(1, Ordering::Release);
    futex::wake(&ARRIVED, 1);
    loop {
        // Acquire: pairs with `open_gate`.
        let gate = GATE.load(Ordering::Acquire);
        // Or a later one: this thread may have come to no processor while the next attempt began and ended.
        if gate.wrapping_sub(attempt) as i32 >= 0 {
            break;
        }
        futex::wait(&GATE, gate, None);
    }
    Errno::set_raw(errno);
}

fn write_place(place: &Place, context: usize, stack: usize, errno: i32) {
    let (mut head, mut size) = (0_usize, 0_usize);
    // SAFETY: 0 is the calling thread; both results go to live places of their types.
    unsafe { libc::syscall(libc::SYS_get_robust_list, 0, &raw mut head, &raw mut size) };
    let mut name = [0_u64; 2];
    // SAFETY: the kernel writes at most 16 bytes to a place of 16.
    unsafe { libc::prctl(libc::PR_GET_NAME, (&raw mut name).cast::<u8>()) };
    // SAFETY: takes no arguments.
    let description = unsafe { libc::pthread_self() } as usize;
    // Relaxed: published by the Release of `ARRIVED`.
    place.tid.store(thread::id() as i32, Ordering::Relaxed);
    place.context.store(context, Ordering::Relaxed);
    place.stack.store(stack, Ordering::Relaxed);
    place.description.store(description, Ordering::Relaxed);
    place.robust_list.store(head, Ordering::Relaxed);
    place.robust_list_size.store(size, Ordering::Relaxed);
    place.name[0].store(name[0], Ordering::Relaxed);
    place.name[1].store(name[1], Ordering::Relaxed);
    place.errno.store(errno, Ordering::Relaxed);
}

fn read_place(place: &Place) -> StoppedThread {
    // Relaxed: after the Acquire of `ARRIVED`.
    let load = |word: &AtomicUsize| word.load(Ordering::Relaxed);
    let mut name = [0; 16];
    name[..8].copy_from_slice(&place.name[0].load(Ordering::Relaxed).to_ne_bytes());
    name[8..].copy_from_slice(&place.name[1].load(Ordering::Relaxed).to_ne_bytes());
    StoppedThread {
        tid: place.tid.load(Ordering::Relaxed),
        context: load(&place.context),
        stack: load(&place.stack),
        description: load(&place.description),
        robust_list: load(&place.robust_list),
        robust_list_size: load(&place.robust_list_size),
        name,
        errno: place.errno.load(Ordering::Relaxed),
    }
}

/// Whether the thread was stopped in a system call that waits: one that the kernel begins anew, or has ended with EINTR.
fn is_waiting(thread: &StoppedThread) -> bool {
    let context = thread.context as *const ucontext_t;
    // SAFETY: the kernel wrote it to the stack of a thread that sleeps below it.
    let registers = unsafe { (*context).uc_mcontext.gregs };
    let next = registers[libc::REG_RIP as usize] as usize;
    let result = registers[libc::REG_RAX as usize];
    if is_system_call(next) {
        // The register holds the call's number: it is begun anew, or was not begun yet.
        return !CALLS_FOR_MEMORY.contains(&result);
    }
    result == -i64::from(libc::EINTR) && is_system_call(next - 2)
}

/// Whether the two bytes there are the instruction `syscall`.
fn is_system_call(address: usize) -> bool {
    // SAFETY: the address of the next instruction of a thread of this process, or of the two bytes before it.
    unsafe { std::ptr::read_unaligned(address as *const [u8; 2]) == [0x0f, 0x05] }
}

/// The one place in all descriptions at which the kernel id of the thread stands.
fn tid_offset(own: i32, threads: &[StoppedThread]) -> Option<usize> {
    // SAFETY: takes no arguments.
    let own_description = unsafe { libc::pthread_self() } as usize;
    let is_there = |description: usize, offset: usize, tid: i32| {
        // SAFETY: inside of the C library's description of a living thread, which is longer than that.
        let found = unsafe { std::ptr::read_volatile((description + offset) as *const i32) };
        found == tid
    };
    let range: Range<usize> = 0..DESCRIPTION_SIZE;
    range.step_by(4).find(|&offset| {
        is_there(own_description, offset, own)
            && threads.iter().all(|thread| is_there(thread.description, offset, thread.tid))
    })
}

fn install_handler() -> Result<(), Refusal> {
    let signal = park_signal();
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all zero is a sigaction: SIG_DFL, no flags, an empty mask.
    let action = unsafe { action.assume_init_mut() };
    action.sa_sigaction = on_park as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
    // SAFETY: a live set.
    unsafe { libc::sigfillset(&raw mut action.sa_mask) };
    let mut before = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: `action` is a whole sigaction, and `before` a place for one.
    let result = unsafe { libc::sigaction(signal, action, before.as_mut_ptr()) };
    // SAFETY: zeroed, and written by the call.
    let before = unsafe { before.assume_init() };
    if result != 0 {
        return Err(refused("its threads cannot be signalled"));
    }
    let is_free = before.sa_sigaction == libc::SIG_DFL || before.sa_sigaction == on_park as *const () as usize;
    if is_free { Ok(()) } else { Err(refused(format!("signal {signal} is in use"))) }
}

/// False when the thread has ended.
fn send(tid: i32) -> bool {
    let pid = thread::process_id() as i32;
    // SAFETY: takes no pointers.
    unsafe { libc::syscall(libc::SYS_tgkill, pid, tid, park_signal()) == 0 }
}

fn name_of(tid: i32) -> String {
    let name = fs::read_to_string(format!("/proc/self/task/{tid}/comm")).unwrap_or_default();
    format!("\"{}\"", name.trim_end())
}
