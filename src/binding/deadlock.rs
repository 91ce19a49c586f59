//! Deadlocks, as JavaScript learns of them.

use napi_derive::napi;

use super::runtime;
use crate::sync::deadlock::{self, Policy};

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

/// The deadlock that ended the last wait which ended with one, or else the one of the last warning.
#[napi]
pub fn take_deadlock() -> napi::Result<Option<Deadlock>> {
    runtime::with(|runtime| {
        Ok(runtime.take_deadlock().map(|report| Deadlock {
            text: report.to_string(),
            cycle: report
                .cycle
                .into_iter()
                .map(|member| DeadlockMember {
                    pid: member.pid,
                    thread_id: member.thread_id,
                    name: member.name,
                    holds: member.holds,
                    waits_for: member.waits_for,
                })
                .collect(),
        }))
    })
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
