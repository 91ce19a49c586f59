//! Processes of the system, as JavaScript asks for them: what one is doing, its end, and what is below it.
//!
//! Members of a tree are pairs of pid and start time in one flat list.

use std::os::fd::AsFd;

use napi_derive::napi;

use super::runtime;
use crate::process::tree::{self, Member};
use crate::sys::process_table;

#[napi(object)]
pub struct ProcessStatus {
    /// The letter of proc(5).
    pub letter: String,
    pub name: String,
    pub parent: u32,
    pub threads: u32,
    /// Processor time in milliseconds.
    pub user: f64,
    pub system: f64,
    /// Bytes.
    pub rss: f64,
    /// In clock ticks since the system's start.
    pub start_ticks: f64,
    /// In milliseconds since 1970; absent where the system does not tell.
    pub started_at: Option<f64>,
}

/// Nothing: there is no such process.
#[napi]
pub fn process_status(pid: u32) -> Option<ProcessStatus> {
    process_table::status(pid).map(|status| ProcessStatus {
        letter: status.state.to_string(),
        name: status.name,
        parent: status.parent,
        threads: status.thread_count,
        user: status.user.as_secs_f64() * 1000.0,
        system: status.system.as_secs_f64() * 1000.0,
        rss: status.resident_bytes as f64,
        start_ticks: status.start_time as f64,
        started_at: process_table::started_at_ms(status.start_time),
    })
}

/// Whether that very process has not ended. It need not be a child.
#[napi]
pub fn process_is_alive(pid: u32, start_time: f64) -> bool {
    process_table::open(pid, start_time as u64).is_some()
}

/// Reports the end of a process that need not be a child, once, as that of a descriptor. 0: it has ended.
#[napi]
pub fn await_process(instance: u32, pid: u32, start_time: f64, referenced: bool) -> napi::Result<u32> {
    runtime::with_any(|runtime| match process_table::open(pid, start_time as u64) {
        None => Ok(0),
        Some(fd) => runtime.await_descriptor(fd.as_fd(), false, instance, referenced),
    })
}

/// What is below a process.
#[napi]
pub fn tree_below(pid: u32, start_time: f64) -> Vec<f64> {
    flat(&tree::below(Member { pid, start_time: start_time as u64 }))
}

/// Sends SIGTERM to the process, once everything below it is listed: the list.
#[napi]
pub fn tree_terminate(pid: u32, start_time: f64) -> Vec<f64> {
    flat(&tree::terminate_root(Member { pid, start_time: start_time as u64 }))
}

/// Kills the living of them, and everything below: all who were killed.
#[napi]
pub fn tree_kill(members: Vec<f64>) -> Vec<f64> {
    flat(&tree::kill(&listed(&members)))
}

#[napi]
pub fn tree_signal(members: Vec<f64>, signal: i32) {
    tree::send(&listed(&members), signal);
}

/// Those that have not ended.
#[napi]
pub fn tree_living(members: Vec<f64>) -> Vec<f64> {
    flat(&tree::living(&listed(&members)))
}

fn flat(members: &[Member]) -> Vec<f64> {
    members.iter().flat_map(|member| [f64::from(member.pid), member.start_time as f64]).collect()
}

fn listed(numbers: &[f64]) -> Vec<Member> {
    numbers.chunks_exact(2).map(|pair| Member { pid: pair[0] as u32, start_time: pair[1] as u64 }).collect()
}
