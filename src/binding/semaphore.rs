//! `NativeSemaphore`: a counting semaphore of the domain.

use napi::bindgen_prelude::Env;
use napi_derive::napi;

use super::arguments::{begun, closed, handle, identity, outcome};
use super::lock::{attach_shipped, detach};
use super::runtime;
use crate::memory::{Block, Kind};
use crate::sync::semaphore::{BLOCK_SIZE, Semaphore};
use crate::sync::waits::Goal;

#[napi]
pub struct NativeSemaphore {
    block: Option<Block>,
}

/// A new semaphore of that value, or the one of that name, whatever its value.
#[napi]
pub fn create_semaphore(value: u32, name: Option<String>) -> napi::Result<NativeSemaphore> {
    runtime::with(|runtime| {
        let domain = runtime.domain();
        let make = || {
            let block = domain.allocate(Kind::Semaphore, BLOCK_SIZE)?;
            Semaphore::at(domain, block).initialise(value);
            Ok(block)
        };
        let block = match &name {
            None => make()?,
            Some(name) => domain.open_named(Kind::Semaphore, name, make)?.0,
        };
        Ok(NativeSemaphore { block: Some(block) })
    })
}

/// The semaphore that a handle names; its reference was shipped with the handle.
#[napi]
pub fn open_semaphore(index: u32, generation: u32) -> napi::Result<NativeSemaphore> {
    let handle = handle(Kind::Semaphore as u32, index, generation)?;
    runtime::with(|runtime| Ok(NativeSemaphore { block: Some(attach_shipped(runtime.domain(), handle, BLOCK_SIZE)?) }))
}

#[napi]
impl NativeSemaphore {
    #[napi]
    pub fn identity(&self) -> napi::Result<Vec<u32>> {
        Ok(identity(self.block()?))
    }

    #[napi]
    pub fn ship(&self) -> napi::Result<()> {
        let block = self.block()?;
        runtime::with(|runtime| {
            runtime.domain().ship(block.handle);
            Ok(())
        })
    }

    #[napi]
    pub fn value(&self) -> napi::Result<u32> {
        let block = self.block()?;
        runtime::with(|runtime| Ok(Semaphore::at(runtime.domain(), block).value()))
    }

    #[napi]
    pub fn try_acquire(&self) -> napi::Result<bool> {
        let block = self.block()?;
        runtime::with(|runtime| Ok(Semaphore::at(runtime.domain(), block).try_acquire()))
    }

    #[napi]
    pub fn acquire_sync(&self, env: Env, timeout_ms: f64) -> napi::Result<f64> {
        let block = self.block()?;
        runtime::with(|runtime| Ok(outcome(runtime.wait_sync(env.raw(), block, Goal::Semaphore, timeout_ms))))
    }

    #[napi]
    pub fn begin(&self, instance: u32, timeout_ms: f64) -> napi::Result<f64> {
        let block = self.block()?;
        runtime::with(|runtime| Ok(begun(runtime.begin_wait(instance, block, Goal::Semaphore, timeout_ms))))
    }

    #[napi]
    pub fn release(&self, count: u32) -> napi::Result<()> {
        let block = self.block()?;
        runtime::with(|runtime| Semaphore::at(runtime.domain(), block).release(count))
    }

    #[napi]
    pub fn close(&mut self) {
        detach(self.block.take());
    }

    fn block(&self) -> napi::Result<Block> {
        self.block.ok_or_else(closed)
    }
}

impl Drop for NativeSemaphore {
    fn drop(&mut self) {
        self.close();
    }
}
