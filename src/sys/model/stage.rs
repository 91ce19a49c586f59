//! The threads of an execution, between the setting up and the looking at what came out.

use std::panic::resume_unwind;
use std::time::Duration;

use super::execution::{self, Caller, is_void, run_role, set_current, set_raised, switching};
use super::process::{self, Process};
use super::record::note;
use super::sleep;
use crate::sys::{doorbell, mapping};

/// What unwinds the scenario of an execution that is void.
pub(super) struct Void;

/// Empties the stage for the next execution.
pub(super) fn reset() {
    execution::reset();
    process::reset();
    sleep::reset();
    mapping::reset();
    doorbell::reset();
}

/// While it stands, loom decides who runs.
pub struct Stage {
    handles: Vec<loom::thread::JoinHandle<()>>,
}

impl Stage {
    /// From here on threads run side by side.
    pub fn raise() -> Self {
        process::raise();
        mapping::raise();
        doorbell::raise();
        set_raised(true);
        Self { handles: Vec::new() }
    }

    /// Once somebody has died, sleeps with a time-out end by it.
    pub fn let_time_pass() {
        sleep::let_time_pass();
    }

    /// A thread's clock goes on by so much with each of its sleeps.
    pub fn let_sleeps_last(duration: Duration) {
        sleep::let_sleeps_last(duration);
    }

    /// A thread of that process. It ends with its action, or where its process is killed.
    pub fn spawn(&mut self, process: Process, action: impl FnOnce() + 'static) {
        let thread = self.handles.len() as u32 + 1;
        let role = move || {
            set_current(Caller { thread, process });
            play(action);
        };
        self.handles.push(switching(|| loom::thread::spawn(role)));
    }

    /// The thread that raised the stage takes a role itself.
    pub fn play(&mut self, process: Process, action: impl FnOnce()) {
        process.run(|| play(action));
    }

    /// Waits for all threads; what they did is settled from here on.
    pub fn end(self) {
        for handle in self.handles {
            switching(|| handle.join()).expect("the thread ended");
        }
        if is_void() {
            resume_unwind(Box::new(Void));
        }
        mapping::settle();
        set_raised(false);
    }
}

fn play(action: impl FnOnce()) {
    match run_role(action) {
        Ok(()) => note(|| "ends".to_owned()),
        Err(payload) => resume_unwind(payload),
    }
}
