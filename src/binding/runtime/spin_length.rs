//! How long a spin lasts: as the environment says, and in looks of a blocking wait. Whether there is one: channel/spin.rs.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::sys::thread;

/// How many looks of a blocking wait fill that time. How long the processor takes for its pause instruction differs tenfold
/// between makes, so it is measured, once in a process.
pub fn looks_within(time: Duration) -> u32 {
    static NANOSECONDS: OnceLock<u32> = OnceLock::new();
    const TRIALS: u32 = 5;
    let nanoseconds = *NANOSECONDS.get_or_init(|| {
        let shortest = (0..TRIALS).map(|_| {
            let began = Instant::now();
            (0..16).for_each(|_| std::hint::spin_loop());
            began.elapsed()
        });
        // The look itself, and the clock in what was measured, are about as long.
        shortest.min().map_or(100, |pauses| pauses.as_nanos() as u32).clamp(20, 2000)
    });
    time.as_nanos() as u32 / nanoseconds
}

/// MULTIPROC_SPIN_US. Without a second processor nothing can come while we spin.
pub fn spin_from_environment() -> Duration {
    if thread::processor_count() < 2 {
        return Duration::ZERO;
    }
    let micros = std::env::var("MULTIPROC_SPIN_US").ok().and_then(|value| value.parse().ok()).unwrap_or(20);
    Duration::from_micros(u64::min(micros, 1000))
}
