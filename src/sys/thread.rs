//! The calling thread and process.

use std::time::Duration;

/// The threads' own variables, by one name: the model checker puts its own in their place.
pub use std::thread_local;

/// The kernel's id of this process.
pub fn process_id() -> u32 {
    std::process::id()
}

/// The kernel's id of the calling thread.
pub fn id() -> u32 {
    nix::unistd::gettid().as_raw() as u32
}

/// How many processors this process may run on, at least 1.
pub fn processor_count() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// How many processors the calling thread's affinity mask allows, at least 1. No quota of a control group counts.
pub fn allowed_processor_count() -> usize {
    let set = nix::sched::sched_getaffinity(nix::unistd::Pid::from_raw(0));
    let allowed =
        |set: nix::sched::CpuSet| (0..nix::sched::CpuSet::count()).filter(|&cpu| set.is_set(cpu) == Ok(true)).count();
    set.map(allowed).ok().filter(|&count| count > 0).unwrap_or_else(processor_count)
}

/// Keeps every signal away from the calling thread, so that Node's threads get them.
pub fn block_signals() {
    let _ = nix::sys::signal::SigSet::all().thread_block();
}

/// How long the calling thread has waited for a processor in its life, when it could run. `None`: the system does not tell.
pub fn processor_delay() -> Option<Duration> {
    let statistics = std::fs::read("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = std::str::from_utf8(&statistics).ok()?.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    #[test]
    fn more_threads_than_processors_wait_for_one() {
        if super::processor_delay().is_none() {
            return;
        }
        let waits = || {
            let before = super::processor_delay();
            let end = Instant::now() + Duration::from_millis(50);
            while Instant::now() < end {
                std::hint::spin_loop();
            }
            super::processor_delay().zip(before).map_or(Duration::ZERO, |(after, before)| after.saturating_sub(before))
        };
        let threads: Vec<_> = (0..3 * super::processor_count()).map(|_| std::thread::spawn(waits)).collect();
        let waited: Duration = threads.into_iter().map(|thread| thread.join().expect("it ends")).sum();
        assert!(waited > Duration::from_millis(10), "{waited:?}");
    }
}
