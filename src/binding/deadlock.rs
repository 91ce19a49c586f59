//! Deadlocks, as JavaScript learns of them.

use napi::bindgen_prelude::Env;
use napi_derive::napi;

use super::runtime;
use crate::waits::deadlock::{self, Policy, Report};

#[napi(object)]
pub struct DeadlockMember {
    pub pid: u32,
    pub thread_id: u32,
    pub name: String,
    pub holds: String,
    pub waits_for: String,
}

#[napi(object)]
pub struct Deadlock {
    pub text: String,
    /// Each waits for what the next one holds, the last one for what the first holds.
    pub cycle: Vec<DeadlockMember>,
}

/// The deadlock that ended the last wait which ended with one.
#[napi]
pub fn take_deadlock() -> napi::Result<Option<Deadlock>> {
    runtime::with(|runtime| Ok(runtime.take_deadlock().map(told)))
}

/// The last deadlock that ended no wait, and is only told of.
#[napi]
pub fn take_deadlock_warning() -> napi::Result<Option<Deadlock>> {
    runtime::with(|runtime| Ok(runtime.take_warning().map(told)))
}

fn told(report: Report) -> Deadlock {
    let text = report.to_string();
    let cycle = report
        .cycle
        .into_iter()
        .map(|member| DeadlockMember {
            pid: member.pid,
            thread_id: member.thread_id,
            name: member.name,
            holds: member.holds,
            waits_for: member.waits_for,
        })
        .collect();
    Deadlock { text, cycle }
}

/// To be called when the package is loaded: what is in the event loop now is not the program's. `ipc_fd`: the descriptor
/// of Node.js's own IPC channel, -1 if there is none.
#[napi]
pub fn note_loop_at_start(env: Env, ipc_fd: i32) {
    runtime::note_start(env.raw(), ipc_fd);
}

/// For this process: 0 off, 1 warn, 2 throw.
#[napi]
pub fn set_deadlock_policy(policy: u32) {
    deadlock::set_policy(match policy {
        0 => Policy::Off,
        1 => Policy::Warn,
        _ => Policy::Throw,
    });
}

#[napi]
pub fn deadlock_policy() -> u32 {
    deadlock::policy() as u32
}
