//! The only place that calls the operating system: safe functions over Linux's system calls.

#[cfg_attr(loom, path = "model/atomic.rs")]
pub mod atomic;
pub mod carrier;
pub mod clock;
pub mod dl;
#[cfg_attr(loom, path = "model/doorbell.rs")]
pub mod doorbell;
pub mod epoll;
pub mod fifo;
#[cfg(not(loom))]
pub mod fork;
#[cfg_attr(loom, path = "model/futex.rs")]
pub mod futex;
pub mod identity;
#[cfg_attr(loom, path = "model/instant.rs")]
pub mod instant;
pub mod local_socket;
#[cfg_attr(loom, path = "model/mapping.rs")]
pub mod mapping;
#[cfg_attr(loom, path = "model/memfd.rs")]
pub mod memfd;
#[cfg(loom)]
pub mod model;
pub mod mqueue;
#[cfg_attr(loom, path = "model/mutex.rs")]
pub mod mutex;
pub mod pidfd;
pub mod poll;
pub mod process_table;
#[cfg_attr(loom, path = "model/procfs.rs")]
pub mod procfs;
pub mod random;
pub mod rights;
pub mod signal;
pub mod socket;
pub mod spawn;
#[cfg_attr(loom, path = "model/thread.rs")]
pub mod thread;
#[cfg(feature = "binding")]
pub mod uv;

pub use nix::errno::Errno;
