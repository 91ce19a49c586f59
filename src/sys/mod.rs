//! The only place that calls the operating system: safe functions over Linux's system calls.

pub mod atomic;
pub mod clock;
#[cfg(feature = "binding")]
pub mod dl;
pub mod doorbell;
pub mod epoll;
pub mod futex;
pub mod mapping;
pub mod memfd;
pub mod mutex;
pub mod pidfd;
pub mod procfs;
pub mod random;
pub mod signal;
pub mod socket;
pub mod spawn;
pub mod thread;
#[cfg(feature = "binding")]
pub mod uv;

pub use nix::errno::Errno;
