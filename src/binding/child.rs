//! Child processes: started natively, waited for by their pidfd in the thread's own event loop.

use std::ffi::OsString;

use napi::bindgen_prelude::Env;
use napi_derive::napi;

use super::runtime;
use crate::memory::DESCRIPTOR_VARIABLE;
use crate::process::spawn::{ChildDescriptor, Limits, SpawnRequest, spawn};
use crate::sys::socket;

#[napi(object)]
#[expect(clippy::struct_excessive_bools, reason = "options of JavaScript, which are named there and independent")]
pub struct SpawnOptions {
    pub file: String,
    /// With the name that the program sees for itself as the first.
    pub args: Vec<String>,
    pub env_pairs: Vec<String>,
    pub cwd: Option<String>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub detached: bool,
    /// Descriptors by their number in the child; -1 is /dev/null.
    pub stdio: Vec<i32>,
    /// Whether it gets no other descriptors, not even those that are open on exec.
    pub close_others: bool,
    /// Sent to the child when this process dies; 0 for none.
    pub death_signal: i32,
    /// Whether the child inherits the domain's descriptor.
    pub share_domain: bool,
    /// Whether the child stays a zombie until its status is taken.
    pub manual_reap: bool,
    pub nice: Option<i32>,
    /// Processors by number; empty for no change.
    pub cpus: Vec<u32>,
    pub open_files: Option<f64>,
    pub cpu_seconds: Option<f64>,
    /// Of resident memory, in bytes; it is killed above that.
    pub memory_limit: Option<f64>,
}

/// `[id, pid]`, or `[-errno]` when the program could not be started. Its end is reported to this instance.
#[napi]
pub fn spawn_child(instance: u32, options: SpawnOptions) -> napi::Result<Vec<i32>> {
    runtime::with_any(|runtime| {
        let share_domain = options.share_domain;
        let (manual_reap, memory_limit) = (options.manual_reap, options.memory_limit.map(|bytes| bytes as u64));
        let mut request = request(options);
        if share_domain {
            let domain = runtime.domain();
            let value = domain.descriptor_value(request.stdio.len() as i32);
            request.envp.push(format!("{DESCRIPTOR_VARIABLE}={value}").into());
            request.stdio.push(ChildDescriptor::Fd(domain.raw_fd()));
        }
        Ok(match spawn(&request) {
            Err(errno) => vec![-(errno as i32)],
            Ok(child) => {
                let pid = child.pid as i32;
                vec![runtime.add_child(child, instance, manual_reap, memory_limit)? as i32, pid]
            }
        })
    })
}

/// What to start, with the descriptors that it names.
pub fn request(options: SpawnOptions) -> SpawnRequest {
    SpawnRequest {
        file: options.file.into(),
        argv: options.args.into_iter().map(OsString::from).collect(),
        envp: options.env_pairs.into_iter().map(OsString::from).collect(),
        cwd: options.cwd.map(OsString::from),
        uid: options.uid,
        gid: options.gid,
        detached: options.detached,
        stdio: options.stdio.into_iter().map(descriptor).collect(),
        inherits_others: !options.close_others,
        limits: Limits {
            nice: options.nice,
            cpus: options.cpus,
            open_files: options.open_files.map(|count| count as u64),
            cpu_seconds: options.cpu_seconds.map(|seconds| seconds as u64),
        },
        parent_death_signal: (options.death_signal != 0).then_some(options.death_signal),
    }
}

pub fn descriptor(fd: i32) -> ChildDescriptor {
    if fd < 0 { ChildDescriptor::Null } else { ChildDescriptor::Fd(fd) }
}

/// Sends a signal: 0, or the negative errno. A child that has ended is `ESRCH`, whoever has its pid now.
#[napi]
pub fn child_kill(id: u32, signal: i32) -> napi::Result<i32> {
    runtime::with_any(|runtime| Ok(runtime.kill_child(id, signal)))
}

/// Whether the child keeps the event loop alive.
#[napi]
pub fn child_ref(id: u32, referenced: bool) -> napi::Result<()> {
    runtime::with_any(|runtime| {
        runtime.set_child_ref(id, referenced);
        Ok(())
    })
}

/// Takes the status of a child that has ended, which removes the zombie: code, signal × 2¹⁶, and 2²⁴ when it was killed
/// for its memory. Nothing: it runs, or its status was taken before.
#[napi]
pub fn take_child_status(id: u32) -> napi::Result<Option<f64>> {
    runtime::with_any(|runtime| Ok(runtime.take_child_status(id)))
}

/// The same, and the zombie stays.
#[napi]
pub fn peek_child_status(id: u32) -> napi::Result<Option<f64>> {
    runtime::with_any(|runtime| Ok(runtime.peek_child_status(id)))
}

/// Whether the child has ended; blocks the thread for that, for so many milliseconds, below zero for ever.
#[napi]
pub fn await_child_sync(env: Env, id: u32, timeout_ms: f64) -> napi::Result<bool> {
    runtime::with_any(|runtime| Ok(runtime.await_child(env.raw(), id, timeout_ms)))
}

/// Two connected stream sockets, both closed on exec; or `[-errno]`.
#[napi]
pub fn socket_pair() -> Vec<i32> {
    match socket::stream_pair() {
        Ok((one, other)) => vec![one, other],
        Err(errno) => vec![-(errno as i32)],
    }
}

#[napi]
pub fn close_fd(fd: i32) {
    socket::close(fd);
}
