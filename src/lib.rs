//! multiproc: the native core of multiprocessing for Node.js.
//!
//! Layers, each using only those below it: `binding` (Node-API) → `waits` → `pool`, `queue`, `process` → `channel` →
//! `sync` → `memory` → `sys`.
//! `binding` alone knows Node-API; `sys` alone calls the operating system.

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
compile_error!("multiproc runs on 64-bit Linux; other systems enter through src/sys");

pub mod channel;
pub mod error;
pub mod memory;
pub mod pool;
pub mod process;
pub mod queue;
pub mod sync;
pub mod sys;
pub mod waits;

#[cfg(feature = "binding")]
mod binding;
