//! The fork server: what its parent does with it, and what it does itself.

use std::os::fd::{IntoRawFd, OwnedFd};
use std::time::Instant;

use napi::bindgen_prelude::{Buffer, Uint8Array};
use napi_derive::napi;

use super::child::{SpawnOptions, request};
use super::runtime;
use crate::memory::DESCRIPTOR_VARIABLE;
use crate::process::fork_server::{self, ForkServer, NotForked, serve};
use crate::process::spawn::ChildDescriptor;
use crate::sys::fork::{self, preload};
use crate::sys::{Errno, random, rights, socket};

/// Instead of `[id, pid]`: this child cannot be forked, and no child of this server can be any more.
const UNABLE: i32 = 0;
const SERVER_GONE: i32 = -1;
const STANDARD_STREAMS: usize = 3;

/// The descriptor of a library that a fork server must be started with (`LD_PRELOAD`), which the caller closes; or the
/// negative errno.
#[napi]
pub fn fork_server_library() -> i32 {
    if !preload::is_supported() {
        return -(Errno::ENOSYS as i32);
    }
    preload::library().map_or_else(|error| -error.raw_os_error().unwrap_or(1), IntoRawFd::into_raw_fd)
}

/// The parent's hold of a server, from its start. The server ends when this is closed, or collected, or when the thread ends.
#[napi]
pub struct ForkServerLink {
    server: Option<ForkServer>,
    /// Of a worker thread, whose process lives on after it.
    is_workers: bool,
}

impl Drop for ForkServerLink {
    fn drop(&mut self) {
        match self.server.take() {
            Some(server) if self.is_workers => server.end(),
            Some(server) => server.abandon(),
            None => {}
        }
    }
}

#[napi]
impl ForkServerLink {
    /// Takes over our end of the server's socket, when the server has just been started.
    #[napi(factory)]
    pub fn open(descriptor: i32, pid: u32, is_workers: bool) -> napi::Result<Self> {
        let taken = socket::take(descriptor).ok_or_else(|| napi::Error::from_reason("it is no descriptor"))?;
        let server = ForkServer::new(taken, pid).map_err(|error| napi::Error::from_reason(error.to_string()))?;
        Ok(Self { server: Some(server), is_workers })
    }

    /// `[id, pid]` of a child that has begun, as `spawn_child` has it, or `[UNABLE]`, or `[SERVER_GONE]`: then nothing of
    /// the user's has run. Blocks for less than a millisecond, or some when no newborn waits. `numbered`: the variables that
    /// are to hold the numbers which the descriptors after the standard streams have in the child.
    #[napi]
    pub fn fork(
        &mut self,
        instance: u32,
        options: SpawnOptions,
        message: Uint8Array,
        numbered: Vec<String>,
    ) -> napi::Result<Vec<i32>> {
        let Some(server) = &mut self.server else { return Ok(vec![SERVER_GONE]) };
        let manual_reap = options.manual_reap;
        let memory_limit = options.memory_limit.map(|bytes| bytes as u64);
        let mut request = request(options);
        if request.stdio.len() != STANDARD_STREAMS + numbered.len() {
            return Ok(vec![UNABLE]);
        }
        let others = request.stdio.split_off(STANDARD_STREAMS);
        let forked = runtime::with_any(|runtime| {
            let domain = runtime.domain();
            let joins = (domain.raw_fd(), DESCRIPTOR_VARIABLE, domain.descriptor_suffix());
            let named: Vec<_> = numbered.iter().zip(&others).filter_map(named).collect();
            Ok(match server.fork(&request, &joins, &named, message.to_vec()) {
                Err(why) => Err(why),
                Ok(child) => {
                    let pid = child.pid as i32;
                    Ok(vec![runtime.add_child(child, instance, manual_reap, memory_limit)? as i32, pid])
                }
            })
        })?;
        Ok(match forked {
            Ok(child) => child,
            Err(NotForked::Unable) => vec![UNABLE],
            Err(NotForked::ServerGone) => {
                self.server = None;
                vec![SERVER_GONE]
            }
        })
    }

    /// Whether this process has changed since the server was started, so that it can start nothing for it.
    #[napi]
    pub fn is_outdated(&self) -> bool {
        self.server.as_ref().is_some_and(ForkServer::is_outdated)
    }

    /// Has a newborn made for the next start, if there is none. Does not wait for it.
    #[napi]
    pub fn prepare(&mut self) -> napi::Result<()> {
        let Some(server) = &mut self.server else { return Ok(()) };
        runtime::with_any(|runtime| {
            let domain = runtime.domain();
            // If it cannot be made, the next start will see why.
            let _ = server.prepare(&(domain.raw_fd(), DESCRIPTOR_VARIABLE, domain.descriptor_suffix()));
            Ok(())
        })
    }

    #[napi]
    pub fn close(&mut self) {
        self.server = None;
    }
}

fn named<'a>((variable, descriptor): (&'a String, &ChildDescriptor)) -> Option<(i32, &'a str, String)> {
    match descriptor {
        ChildDescriptor::Fd(fd) => Some((*fd, variable.as_str(), String::new())),
        ChildDescriptor::Null => None,
    }
}

/// In the server, before it loads anything: what is there of threads now is Node's.
#[napi]
pub fn note_own_threads() {
    fork::note_own_threads();
}

/// In the server: serves until the parent is gone, which ends the process. Returns in each newborn. Writes a line to
/// `report`, and closes it, when the first order can come. Throws, in the server, why the process cannot be forked: the
/// message is for the user.
#[napi]
pub fn serve_forks(control: i32, report: i32) -> napi::Result<()> {
    let (Some(control), Some(report)) = (socket::take(control), socket::take(report)) else {
        return Err(napi::Error::from_reason("it was not started as a fork server"));
    };
    let ready = |report: OwnedFd| {
        use std::os::fd::AsFd;
        // A parent that is gone is noticed at once.
        let _ = rights::send(report.as_fd(), b"{\"isReady\":true}\n", &[], Instant::now());
    };
    serve(control, report, ready).map_err(|refusal| napi::Error::from_reason(refusal.to_string()))
}

/// In a newborn: whether its order is there.
#[napi]
pub fn is_ordered() -> bool {
    fork_server::is_ordered()
}

/// In a newborn, once: blocks until it is ordered to be something, and returns the message for JavaScript. Streams,
/// directory, limits and environment are right then.
#[napi]
pub fn await_order() -> Buffer {
    fork_server::await_order().into()
}

/// In a newborn that cannot become a process: ends it, and the parent starts an ordinary one.
#[napi]
pub fn end_newborn() {
    fork_server::give_up();
}

/// The pid that this process has now.
#[napi]
pub fn process_id() -> u32 {
    std::process::id()
}

/// Four words of the kernel's randomness.
#[napi]
pub fn random_seed() -> napi::Result<Vec<u32>> {
    let bytes = random::nonce().map_err(|error| napi::Error::from_reason(error.to_string()))?;
    Ok(bytes.chunks_exact(4).map(|word| u32::from_ne_bytes([word[0], word[1], word[2], word[3]])).collect())
}
