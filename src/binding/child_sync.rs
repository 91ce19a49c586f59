//! Child processes whose end is waited for in the call that starts them. No runtime is needed, and the event loop of the
//! thread, with the children that it waits for, stands still meanwhile.

use std::time::Duration;

use napi::bindgen_prelude::{Buffer, Uint8Array};
use napi_derive::napi;

use super::child::{SpawnOptions, descriptor, request};
use crate::process::run::{Limits, Stdio, run};

/// In `stdio`: a pipe. Number 0 gets `input`, what comes from the others is collected.
const PIPE: i32 = -2;

#[napi(object)]
pub struct SyncLimits {
    /// Milliseconds; 0 for none.
    pub timeout: f64,
    /// Bytes; 0 for none.
    pub max_output: f64,
    pub kill_signal: i32,
}

#[napi(object)]
pub struct SyncOutcome {
    /// 0: not started.
    pub pid: u32,
    /// -1: not started, or nobody knows.
    pub status: i32,
    /// 0: none.
    pub signal: i32,
    /// A negative errno, or 0.
    pub error: i32,
    pub output: Vec<Option<Buffer>>,
}

/// Blocks the thread until the program and its pipes have ended.
#[napi]
pub fn spawn_child_sync(options: SpawnOptions, input: Option<Uint8Array>, limits: SyncLimits) -> SyncOutcome {
    let input = input.as_deref().unwrap_or_default();
    let stdio: Vec<Stdio<'_>> =
        options.stdio.iter().enumerate().map(|(number, &fd)| stdio(number, fd, input)).collect();
    let limits = Limits {
        timeout: (limits.timeout > 0.0).then(|| Duration::from_secs_f64((limits.timeout / 1000.0).min(1e9))),
        // A size without limit is as large as can be told.
        max_output: (limits.max_output > 0.0).then_some(limits.max_output as u64),
        kill_signal: limits.kill_signal,
    };
    let outcome = run(request(options), &stdio, limits);
    let status = outcome.status.filter(|status| status.code >= 0);
    SyncOutcome {
        pid: outcome.pid,
        status: status.map_or(-1, |status| status.code),
        signal: status.map_or(0, |status| status.signal),
        error: outcome.error.map_or(0, |errno| -(errno as i32)),
        output: outcome.output.into_iter().map(|bytes| bytes.map(Buffer::from)).collect(),
    }
}

fn stdio(number: usize, fd: i32, input: &[u8]) -> Stdio<'_> {
    match fd {
        PIPE if number == 0 => Stdio::ToChild(input),
        PIPE => Stdio::FromChild,
        _ => Stdio::Descriptor(descriptor(fd)),
    }
}
