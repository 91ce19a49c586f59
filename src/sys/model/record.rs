//! What an exploration counts, and what it records of the execution that it is asked to.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::ops::Add;

use super::execution::current;

/// What an exploration came to.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    pub executions: u64,
    /// Executions that cannot be: see atomic.rs.
    pub voids: u64,
    /// Processes that ran out of fuel.
    pub deaths: u64,
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            executions: self.executions + other.executions,
            voids: self.voids + other.voids,
            deaths: self.deaths + other.deaths,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} executions, {} of them void", self.executions, self.voids)
    }
}

thread_local! {
    static TALLY: Cell<Tally> = Cell::default();
    static STEPS: RefCell<Vec<String>> = RefCell::default();
    static IS_RECORDED: Cell<bool> = const { Cell::new(false) };
    /// An execution is under way whose panics are not to be printed.
    static IS_SILENT: Cell<bool> = const { Cell::new(false) };
}

/// The next execution, which is recorded when it is the one asked for.
pub(super) fn begin(recorded: Option<u64>) {
    count(|tally| tally.executions += 1);
    let is_recorded = recorded == Some(TALLY.get().executions);
    IS_RECORDED.set(is_recorded);
    IS_SILENT.set(!is_recorded);
    STEPS.take();
}

pub(super) fn count(what: impl FnOnce(&mut Tally)) {
    let mut tally = TALLY.get();
    what(&mut tally);
    TALLY.set(tally);
}

/// Ends the count, and the silence.
pub(super) fn take_tally() -> Tally {
    IS_SILENT.set(false);
    TALLY.take()
}

pub(super) fn take_steps() -> Vec<String> {
    STEPS.take()
}

pub(super) fn is_silent() -> bool {
    IS_SILENT.get()
}

/// Adds a line to the record.
pub fn note(text: impl FnOnce() -> String) {
    if IS_RECORDED.get() {
        let caller = current();
        let line = format!("thread {} of process {}: {}", caller.thread, caller.process.pid(), text());
        STEPS.with_borrow_mut(|steps| steps.push(line));
    }
}
