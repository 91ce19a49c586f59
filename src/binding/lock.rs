//! `NativeLock`: a lock of the domain.

use napi::bindgen_prelude::Env;
use napi_derive::napi;

use super::arguments::{begun, closed, handle, identity, outcome, throw};
use super::runtime;
use crate::error::{Code, Error, Result};
use crate::memory::{Block, Domain, Kind};
use crate::sync::lock::{Attempt, BLOCK_SIZE, Lock};
use crate::sync::waits::{Goal, Outcome};

#[napi]
pub struct NativeLock {
    block: Option<Block>,
}

/// A new lock, or the one of that name.
#[napi]
pub fn create_lock(name: Option<String>) -> napi::Result<NativeLock> {
    runtime::with(|runtime| {
        let domain = runtime.domain();
        let make = || domain.allocate(Kind::Lock, BLOCK_SIZE);
        let block = match &name {
            None => make()?,
            Some(name) => domain.open_named(Kind::Lock, name, make)?.0,
        };
        Ok(NativeLock { block: Some(block) })
    })
}

/// The lock that a handle names; its reference was shipped with the handle.
#[napi]
pub fn open_lock(index: u32, generation: u32) -> napi::Result<NativeLock> {
    let handle = handle(Kind::Lock as u32, index, generation)?;
    runtime::with(|runtime| Ok(NativeLock { block: Some(attach_shipped(runtime.domain(), handle, BLOCK_SIZE)?) }))
}

#[napi]
impl NativeLock {
    #[napi]
    pub fn identity(&self) -> napi::Result<Vec<u32>> {
        Ok(identity(self.block()?))
    }

    /// Index of the state word in the window, as an Int32Array counts.
    #[napi]
    pub fn word_index(&self) -> napi::Result<u32> {
        let block = self.block()?;
        runtime::with(|runtime| Ok(((block.offset - runtime.domain().layout().small_start) / 4) as u32))
    }

    #[napi]
    pub fn ship(&self) -> napi::Result<()> {
        let block = self.block()?;
        runtime::with(|runtime| {
            runtime.domain().ship(block.handle);
            Ok(())
        })
    }

    /// -1, -(16 + token) or, when it is held, 0.
    #[napi]
    pub fn try_acquire(&self) -> napi::Result<f64> {
        let block = self.block()?;
        runtime::with(|runtime| {
            Ok(match Lock::at(runtime.domain(), block).try_acquire(runtime.agent.token) {
                Attempt::Acquired => outcome(Outcome::Done),
                Attempt::AcquiredFromDead(dead) => outcome(Outcome::FromDead(dead)),
                Attempt::Held => 0.0,
            })
        })
    }

    #[napi]
    pub fn acquire_sync(&self, env: Env, timeout_ms: f64) -> napi::Result<f64> {
        let block = self.block()?;
        runtime::with(|runtime| Ok(outcome(runtime.wait_sync(env.raw(), block, Goal::Lock, timeout_ms))))
    }

    #[napi]
    pub fn begin(&self, instance: u32, timeout_ms: f64) -> napi::Result<f64> {
        let block = self.block()?;
        runtime::with(|runtime| Ok(begun(runtime.begin_wait(instance, block, Goal::Lock, timeout_ms))))
    }

    #[napi]
    pub fn release(&self) -> napi::Result<()> {
        let block = self.block()?;
        runtime::with(|runtime| Lock::at(runtime.domain(), block).release())
    }

    /// Token of the holder, 0 when it is free.
    #[napi]
    pub fn owner(&self) -> napi::Result<u32> {
        let block = self.block()?;
        runtime::with(|runtime| Ok(Lock::at(runtime.domain(), block).owner().0))
    }

    #[napi]
    pub fn close(&mut self) {
        detach(self.block.take());
    }

    fn block(&self) -> napi::Result<Block> {
        self.block.ok_or_else(closed)
    }
}

impl Drop for NativeLock {
    fn drop(&mut self) {
        self.close();
    }
}

/// Gives a block back, from any thread and at any time.
pub fn detach(block: Option<Block>) {
    if let (Some(block), Some(domain)) = (block, Domain::if_open()) {
        domain.detach(block.handle);
    }
}

/// Attaches a block whose reference came with a message, and ends that reference.
pub fn attach_shipped(domain: &Domain, handle: crate::memory::Handle, size: u64) -> Result<Block> {
    let block = domain.attach(handle)?;
    domain.unship(handle);
    if block.length < size {
        domain.detach(handle);
        return Err(Error::new(Code::Handle, "the object's block has been overwritten".to_owned()));
    }
    Ok(block)
}

/// Ends an asynchronous wait before its time. 0: it has already ended.
#[napi]
pub fn cancel_wait(id: u32) -> napi::Result<f64> {
    runtime::with(|runtime| Ok(runtime.cancel_wait(id).map_or(0.0, outcome)))
}

/// Ends the reference that travelled with a message which nobody will read.
#[napi]
pub fn unship(kind: u32, index: u32, generation: u32) -> napi::Result<()> {
    let handle = handle(kind, index, generation)?;
    if let Some(domain) = Domain::if_open() {
        domain.unship(handle);
        return Ok(());
    }
    Err(throw(Error::new(Code::Closed, "multiproc is not open".to_owned())))
}
