//! The domain and this thread's place in it.

use napi::bindgen_prelude::{Env, Unknown};
use napi_derive::napi;

use super::runtime;
use crate::memory::{DESCRIPTOR_VARIABLE, Domain, HOLDER_VARIABLE, Token};
use crate::process::watcher::{self, Parent};
use crate::sys::{procfs, signal, thread};

/// Opens the domain and this thread's runtime if need be; `dispatcher(kind, id, value)` learns what happens.
/// Returns the number of this registration.
#[napi(ts_args_type = "dispatcher: (kind: number, id: number, value: number) => void")]
pub fn register(env: Env, dispatcher: Unknown) -> napi::Result<u32> {
    runtime::register(env.raw(), napi::JsValue::raw(&dispatcher))
}

#[napi(object)]
pub struct DomainInfo {
    pub holder_variable: String,
    pub holder_value: String,
    pub descriptor_variable: String,
    pub descriptor: i32,
    pub byte_length: f64,
    pub live_bytes: f64,
    pub live_blocks: u32,
}

#[napi]
pub fn domain_info() -> napi::Result<DomainInfo> {
    runtime::with_any(|runtime| {
        let domain = runtime.domain();
        let (live_bytes, live_blocks) = domain.usage();
        Ok(DomainInfo {
            holder_variable: HOLDER_VARIABLE.to_owned(),
            holder_value: domain.holder_value(),
            descriptor_variable: DESCRIPTOR_VARIABLE.to_owned(),
            descriptor: domain.raw_fd(),
            byte_length: domain.map().len() as f64,
            live_bytes: live_bytes as f64,
            live_blocks,
        })
    })
}

/// Throws when the domain is known to be overwritten.
#[napi]
pub fn check_domain() -> napi::Result<()> {
    runtime::with(|_| Ok(()))
}

/// The value of the descriptor variable for a child that inherits the domain as `fd`.
#[napi]
pub fn descriptor_value(fd: i32) -> napi::Result<String> {
    runtime::with_any(|runtime| Ok(runtime.domain().descriptor_value(fd)))
}

/// This thread's token.
#[napi]
pub fn own_token() -> napi::Result<u32> {
    runtime::with_any(|runtime| Ok(runtime.agent.token.0))
}

#[napi(object)]
pub struct AgentInfo {
    pub pid: u32,
    pub thread_id: u32,
    pub name: String,
    pub alive: bool,
}

/// What is known of an agent, or nothing when its slot is another's by now.
#[napi]
pub fn agent_info(token: u32) -> napi::Result<Option<AgentInfo>> {
    runtime::with_any(|runtime| {
        let agents = runtime.domain().agents();
        Ok(agents.info(Token(token)).map(|info| AgentInfo {
            pid: info.pid,
            thread_id: info.tid,
            name: info.name,
            alive: agents.is_alive(info.token),
        }))
    })
}

#[napi]
pub fn set_agent_name(name: String) -> napi::Result<()> {
    runtime::with(|runtime| {
        runtime.domain().agents().set_name(runtime.agent.token, &name);
        Ok(())
    })
}

/// This process ends when that one does, after a grace in milliseconds; with `terminates` SIGTERM comes first.
#[napi]
pub fn end_with_parent(pid: u32, start_time: f64, grace_ms: u32, terminates: bool) -> napi::Result<()> {
    runtime::with_any(|_| {
        let grace = std::time::Duration::from_millis(u64::from(grace_ms));
        watcher::end_with(Parent { pid, start_time: start_time as u64, grace, terminates });
        Ok(())
    })
}

/// The system no longer kills this process when its parent dies (the watcher takes that over), but wakes it.
#[napi]
pub fn wake_at_parent_death() {
    signal::wake_at_parent_death();
}

/// Start time of a process, in clock ticks since boot; 0 when there is none.
#[napi]
pub fn process_start_time(pid: u32) -> f64 {
    procfs::process_start_time(pid).unwrap_or(0) as f64
}

/// Whether this process has opened its domain.
#[napi]
pub fn is_open() -> bool {
    Domain::if_open().is_some()
}

/// Of this thread's affinity mask.
#[napi]
pub fn processor_count() -> u32 {
    thread::allowed_processor_count() as u32
}
