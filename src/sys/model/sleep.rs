//! Who sleeps on what.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::Duration;

use super::execution::{current, end_if_dead, is_raised, switching};
use super::process::Process;
use super::record::note;

/// What a thread sleeps on.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::sys) enum Bed {
    Futex(u64),
    Bell(Vec<u8>),
    Death(Process),
}

struct Sleeper {
    thread: loom::thread::Thread,
    number: u64,
    process: Process,
    bed: Bed,
    is_timed: bool,
}

thread_local! {
    static SLEEPERS: RefCell<Vec<Sleeper>> = RefCell::default();
    static COUNT: Cell<u64> = const { Cell::new(0) };
    /// Somebody has died, and sleeps with a time-out end by it from then on.
    static IS_TIME_UP: Cell<bool> = const { Cell::new(false) };
    static PASSES_TIME: Cell<bool> = const { Cell::new(false) };
    /// How long each sleep lasts, and how long each thread has slept.
    static SLEEP_LASTS: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    static SLEPT: RefCell<HashMap<u32, Duration>> = RefCell::default();
}

pub(super) fn reset() {
    SLEEPERS.take();
    COUNT.set(0);
    IS_TIME_UP.set(false);
    PASSES_TIME.set(false);
    SLEEP_LASTS.set(Duration::ZERO);
    SLEPT.take();
}

/// Sleeps until woken.
pub(in crate::sys) fn sleep(bed: Bed, is_timed: bool) {
    assert!(is_raised(), "a thread that is alone goes to sleep");
    end_if_dead();
    let number = COUNT.get() + 1;
    COUNT.set(number);
    let (thread, process) = (loom::thread::current(), current().process);
    SLEEPERS.with_borrow_mut(|sleepers| sleepers.push(Sleeper { thread, number, process, bed, is_timed }));
    note(|| "sleeps".to_owned());
    // loom has nothing between this look and its going to sleep.
    while SLEEPERS.with_borrow(|sleepers| sleepers.iter().any(|sleeper| sleeper.number == number)) {
        switching(loom::thread::park);
    }
    note(|| "wakes".to_owned());
    end_if_dead();
    SLEPT.with_borrow_mut(|slept| *slept.entry(current().thread).or_default() += SLEEP_LASTS.get());
}

pub(super) fn let_sleeps_last(duration: Duration) {
    SLEEP_LASTS.set(duration);
}

/// How long the calling thread has slept.
pub(in crate::sys) fn slept() -> Duration {
    SLEPT.with_borrow(|slept| slept.get(&current().thread).copied().unwrap_or_default())
}

/// Wakes at most `limit` sleepers on that bed, the longest asleep first.
pub(in crate::sys) fn wake(bed: &Bed, limit: usize) {
    wake_where(limit, |sleeper| sleeper.bed == *bed);
}

pub(super) fn wake_all() {
    wake_where(usize::MAX, |_| true);
}

/// The threads of the dead end, who waits for the death learns of it, and time passes where it may.
pub(super) fn wake_by_death(process: Process) {
    IS_TIME_UP.set(PASSES_TIME.get());
    wake_where(usize::MAX, |sleeper| {
        sleeper.process == process || sleeper.bed == Bed::Death(process) || sleeper.is_timed && is_time_up()
    });
}

pub(super) fn let_time_pass() {
    PASSES_TIME.set(true);
}

/// Whether a sleep with a time-out ends by it at once.
pub(in crate::sys) fn is_time_up() -> bool {
    IS_TIME_UP.get()
}

fn wake_where(limit: usize, condition: impl Fn(&Sleeper) -> bool) {
    let mut threads = Vec::new();
    SLEEPERS.with_borrow_mut(|sleepers| {
        sleepers.retain(|sleeper| {
            let stays = threads.len() == limit || !condition(sleeper);
            if !stays {
                threads.push(sleeper.thread.clone());
            }
            stays
        });
    });
    threads.iter().for_each(loom::thread::Thread::unpark);
}
