//! Permits, as JavaScript calls them: semaphores, bounded ones too.

use napi_derive::napi;

use super::object::NativeObject;
use super::runtime;
use crate::sync::permits::Permits;
use crate::sync::semaphore::Semaphore;

#[napi]
impl NativeObject {
    #[napi]
    pub fn semaphore_value(&self) -> napi::Result<u32> {
        let block = self.block()?;
        runtime::with(|runtime| Ok(Semaphore::at(runtime.domain(), block).value()))
    }

    #[napi]
    pub fn semaphore_try(&self) -> napi::Result<bool> {
        let block = self.block()?;
        runtime::with(|runtime| Ok(Semaphore::at(runtime.domain(), block).try_acquire()))
    }

    #[napi]
    pub fn semaphore_release(&self, count: u32) -> napi::Result<()> {
        let block = self.block()?;
        runtime::with(|runtime| Semaphore::at(runtime.domain(), block).release(count))
    }

    /// Free permits, and how many there are in all.
    #[napi]
    pub fn permits_state(&self) -> napi::Result<Vec<u32>> {
        let block = self.block()?;
        runtime::with(|runtime| {
            let permits = Permits::at(runtime.domain(), block)?;
            Ok(vec![permits.value(), permits.bound()])
        })
    }

    #[napi]
    pub fn permits_try(&self) -> napi::Result<bool> {
        let block = self.block()?;
        runtime::with(|runtime| Ok(Permits::at(runtime.domain(), block)?.try_acquire(runtime.agent.token)))
    }

    #[napi]
    pub fn permits_release(&self) -> napi::Result<()> {
        let block = self.block()?;
        runtime::with(|runtime| Permits::at(runtime.domain(), block)?.release(runtime.agent.token))
    }
}
