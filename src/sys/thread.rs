//! The calling thread and process.

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

/// Keeps every signal away from the calling thread, so that Node's threads get them.
pub fn block_signals() {
    let _ = nix::sys::signal::SigSet::all().thread_block();
}

/// How often the calling thread was taken off its processor although it had something to do.
pub fn switches() -> u64 {
    use nix::sys::resource::{UsageWho, getrusage};
    getrusage(UsageWho::RUSAGE_THREAD).map_or(0, |usage| usage.involuntary_context_switches() as u64)
}
