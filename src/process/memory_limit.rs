//! Limits of resident memory: one native thread looks at the processes that have one, and kills those above it.
//!
//! No limit of the system does this (RLIMIT_RSS has no effect on Linux, RLIMIT_AS counts address space, of which V8
//! reserves gigabytes), so it is looked at from outside, whatever the parent's JavaScript does meanwhile. A process may
//! exceed its limit for as long as passes between two looks. The thread begins with the first limit, and sleeps while
//! there is none.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::sys::{pidfd, process_table, signal, thread};

const LOOK_AFTER: Duration = Duration::from_millis(50);

struct Watched {
    pid: u32,
    /// Of its own: the process is known by it, also when the pid is another's.
    fd: OwnedFd,
    limit_bytes: u64,
    breached: Arc<AtomicBool>,
}

struct Watch {
    entries: Vec<Watched>,
    /// The process that the thread belongs to: a fork of it has the memory, and may not have the thread.
    thread_of: u32,
}

static WATCH: Mutex<Watch> = Mutex::new(Watch { entries: Vec::new(), thread_of: 0 });
static HAS_ENTRIES: Condvar = Condvar::new();

/// Kills the child when it has more resident memory than that; the flag is set before. Ends with the child.
/// `None`: the thread cannot be had.
pub fn watch(pid: u32, fd: OwnedFd, limit_bytes: u64) -> Option<Arc<AtomicBool>> {
    let breached = Arc::new(AtomicBool::new(false));
    let mut watch = WATCH.lock().unwrap_or_else(PoisonError::into_inner);
    if watch.thread_of != std::process::id() {
        std::thread::Builder::new()
            .name("multiproc-memory".to_owned())
            .stack_size(128 << 10)
            .spawn(|| {
                thread::block_signals();
                look_for_ever();
            })
            .ok()?;
        watch.thread_of = std::process::id();
        watch.entries.clear();
    }
    watch.entries.push(Watched { pid, fd, limit_bytes, breached: Arc::clone(&breached) });
    HAS_ENTRIES.notify_one();
    Some(breached)
}

fn look_for_ever() {
    loop {
        let mut watch = WATCH.lock().unwrap_or_else(PoisonError::into_inner);
        while watch.entries.is_empty() {
            watch = HAS_ENTRIES.wait(watch).unwrap_or_else(PoisonError::into_inner);
        }
        watch.entries.retain(Watched::is_within);
        drop(watch);
        std::thread::sleep(LOOK_AFTER);
    }
}

impl Watched {
    /// Whether it goes on to be watched.
    fn is_within(&self) -> bool {
        let resident = process_table::resident_bytes(self.pid);
        // Asked for after the look: while it has not ended, the pid was its own.
        if pidfd::has_ended(self.fd.as_fd(), Duration::ZERO) {
            return false;
        }
        if resident.is_none_or(|bytes| bytes <= self.limit_bytes) {
            return true;
        }
        // Release: who sees the end that the signal makes sees the flag (Acquire in `SpawnedChild`'s owner).
        self.breached.store(true, Ordering::Release);
        let _ = pidfd::send_signal(self.fd.as_fd(), signal::KILL);
        false
    }
}
