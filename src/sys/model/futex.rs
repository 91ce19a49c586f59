//! futex(2): compares and falls asleep in one step. A wake-up that comes first is lost, and a sleeper that nobody wakes
//! sleeps for ever, which loom reports as a deadlock.

use std::time::Duration;

use super::atomic::AtomicU32;
use super::model::{Bed, is_gone, is_time_up, sleep, spend, switching, wake as wake_sleepers};

/// Sleeps while `*word == expected`.
pub fn wait(word: &AtomicU32, expected: u32, timeout: Option<Duration>) {
    spend();
    if timeout.is_some() && is_time_up() {
        switching(loom::thread::yield_now);
        return;
    }
    // The kernel reads the newest value, with its queue locked: no switch comes between this and the sleep.
    let is_time_up = || timeout.is_some() && is_time_up();
    if word.newest() == expected && !is_time_up() {
        sleep(Bed::Futex(word.offset()), timeout.is_some());
    }
}

/// Wakes at most `count` threads that sleep on `word`.
pub fn wake(word: &AtomicU32, count: i32) {
    if is_gone() {
        return;
    }
    // For loom: this step and a `wait` on the same word must be tried in both orders.
    word.newest();
    wake_sleepers(&Bed::Futex(word.offset()), usize::try_from(count).unwrap_or(0));
}
