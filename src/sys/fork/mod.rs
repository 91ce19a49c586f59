//! Forks a process that has threads, so that the copy has them too: the system's part of the fork server.
//!
//! fork(2) copies the memory of a process and one of its threads. Node.js cannot live on in such a copy: it waits for its
//! other threads at the latest when it ends. So all of them are stopped first, each in a signal handler that leaves its
//! registers on its own stack (threads.rs), and the copy starts each of them anew on that very stack, where it returns
//! from the handler to the place at which it was stopped (rebirth.rs). Before that the copy gets what a fork would share
//! with it and must not: the kernel objects behind its event loops (descriptors.rs). V8 keeps its heap out of copies; that
//! is undone (memory.rs). Source: our own experiments; no other program is known to do this.
//!
//! The invariant: between `freeze` and the end of the process no thread of the original but the calling one runs. Its
//! memory stands still, and one look at the descriptors and mappings serves all forks.
//!
//! Only where it is known to work: Linux on x86-64 with glibc. Elsewhere `freeze` refuses.

mod descriptors;
#[cfg(target_arch = "x86_64")]
mod memory;
pub mod preload;
#[cfg(target_arch = "x86_64")]
mod rebirth;
#[cfg(target_arch = "x86_64")]
mod tasks;
#[cfg(target_arch = "x86_64")]
mod threads;

use std::fmt;
use std::os::fd::RawFd;

use super::Errno;

/// Why a process cannot be forked, in words for its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub String);

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn refused(why: impl Into<String>) -> Refusal {
    Refusal(why.into())
}

/// Where `fork` has returned.
pub enum Side {
    /// In the process that called it. The pid of the child, if there is one.
    Original(Result<u32, Errno>),
    /// In the copy, with the calling thread alone: `Child::awake` gives it the others.
    Copy(Child),
}

/// A process all of whose threads stand still, but for the calling one.
pub struct Frozen {
    #[cfg(target_arch = "x86_64")]
    threads: threads::Stopped,
    descriptors: descriptors::Plan,
}

/// The copy, before its threads run.
pub struct Child {
    #[cfg(target_arch = "x86_64")]
    threads: threads::Stopped,
    #[cfg(target_arch = "x86_64")]
    mask: u64,
    descriptors: descriptors::Plan,
}

/// Which threads cannot be stopped: to be called before anything is loaded that is not known.
#[cfg(target_arch = "x86_64")]
pub fn note_own_threads() {
    threads::note_deaf();
}

#[cfg(not(target_arch = "x86_64"))]
pub fn note_own_threads() {}

/// Stops the other threads of this process for good and makes it ready to be forked. `own`: the descriptors of the
/// caller's that a copy is to have no part in.
#[cfg(target_arch = "x86_64")]
pub fn freeze(own: &[RawFd]) -> Result<Frozen, Refusal> {
    refuse_children()?;
    let threads = threads::stop()?;
    // From here on nothing changes any more; what is refused now starts the threads again.
    let plan = descriptors::plan(own).and_then(|plan| {
        memory::give_to_copies().map_err(|error| refused(format!("its memory cannot be copied: {error}")))?;
        Ok(plan)
    });
    match plan {
        Ok(descriptors) => Ok(Frozen { threads, descriptors }),
        Err(refusal) => {
            threads::open_gate();
            Err(refusal)
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
pub fn freeze(_own: &[RawFd]) -> Result<Frozen, Refusal> {
    Err(refused("it is known to work on x86-64 alone"))
}

/// A copy would take its parent's children for its own.
#[cfg(target_arch = "x86_64")]
fn refuse_children() -> Result<(), Refusal> {
    use nix::sys::wait::{Id, WaitPidFlag, waitid};
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT | WaitPidFlag::__WALL;
    match waitid(Id::All, flags) {
        Err(Errno::ECHILD) => Ok(()),
        _ => Err(refused("what was preloaded has started a process, which lives")),
    }
}

#[cfg(target_arch = "x86_64")]
impl Frozen {
    /// Forks. The copy's parent is the parent of this process (clone(2), `CLONE_PARENT`), which so waits for it itself.
    pub fn fork(self) -> (Side, Option<Self>) {
        let mask = super::signal::block_all();
        match rebirth::clone_process(&self.threads) {
            Ok(rebirth::Side::Copy) => {
                let Self { threads, descriptors } = self;
                (Side::Copy(Child { threads, mask, descriptors }), None)
            }
            Ok(rebirth::Side::Original(pid)) => {
                super::signal::set_mask(mask);
                (Side::Original(Ok(pid)), Some(self))
            }
            Err(errno) => {
                super::signal::set_mask(mask);
                (Side::Original(Err(errno)), Some(self))
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl Child {
    /// Puts objects of its own in the place of those that it shares with the original.
    pub fn unshare(&self) -> Result<(), Errno> {
        self.descriptors.unshare()
    }

    /// Starts the other threads. Each goes on where it was stopped.
    pub fn awake(self) -> Result<(), Errno> {
        rebirth::revive(self.threads)?;
        super::signal::set_mask(self.mask);
        Ok(())
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl Frozen {
    pub fn fork(self) -> (Side, Option<Self>) {
        (Side::Original(Err(Errno::ENOSYS)), Some(self))
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl Child {
    pub fn unshare(&self) -> Result<(), Errno> {
        self.descriptors.unshare()
    }

    pub fn awake(self) -> Result<(), Errno> {
        Err(Errno::ENOSYS)
    }
}
