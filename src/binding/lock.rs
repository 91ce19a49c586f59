//! Mutual exclusion, as JavaScript calls it: locks (re-entrant ones too), reader-writer locks, once.

use napi_derive::napi;

use super::arguments::outcome;
use super::object::NativeObject;
use super::runtime;
use crate::sync::lock::{Attempt, Lock};
use crate::sync::once::Once;
use crate::sync::rwlock::RwLock;
use crate::waits::Outcome;

#[napi]
impl NativeObject {
    /// -1, -(16 + token) or, when it is held, 0.
    #[napi]
    pub fn lock_try(&self) -> napi::Result<f64> {
        let block = self.block()?;
        runtime::with(|runtime| Ok(attempted(Lock::at(runtime.domain(), block).try_acquire(runtime.agent.token))))
    }

    #[napi]
    pub fn lock_release(&self) -> napi::Result<()> {
        let block = self.block()?;
        runtime::with(|runtime| Lock::at(runtime.domain(), block).release(runtime.agent.token))
    }

    /// Token of the holder, 0 when it is free.
    #[napi]
    pub fn lock_owner(&self) -> napi::Result<u32> {
        let block = self.block()?;
        runtime::with(|runtime| Ok(Lock::at(runtime.domain(), block).owner().0))
    }

    /// As `lock_try`.
    #[napi]
    pub fn rw_try(&self, writes: bool) -> napi::Result<f64> {
        let block = self.block()?;
        runtime::with(|runtime| {
            let (lock, me) = (RwLock::at(runtime.domain(), block), runtime.agent.token);
            Ok(attempted(if writes { lock.try_write(me) } else { lock.try_read(me) }))
        })
    }

    #[napi]
    pub fn rw_release(&self, writes: bool) -> napi::Result<()> {
        let block = self.block()?;
        runtime::with(|runtime| {
            let (lock, me) = (RwLock::at(runtime.domain(), block), runtime.agent.token);
            if writes { lock.release_write(me) } else { lock.release_read(me) }
        })
    }

    #[napi]
    pub fn rw_downgrade(&self) -> napi::Result<()> {
        let block = self.block()?;
        runtime::with(|runtime| RwLock::at(runtime.domain(), block).downgrade(runtime.agent.token))
    }

    /// Token of the writer or 0, and the tokens of the readers, each as often as it reads.
    #[napi]
    pub fn rw_holders(&self) -> napi::Result<Vec<u32>> {
        let block = self.block()?;
        runtime::with(|runtime| {
            let lock = RwLock::at(runtime.domain(), block);
            let writer = if lock.is_writing() { lock.writer_token().0 } else { 0 };
            Ok(std::iter::once(writer).chain(lock.reader_tokens().map(|token| token.0)).collect())
        })
    }

    /// -1 or -(16 + token): this thread is to do it. 0: somebody else is at it. -4: it is done.
    #[napi]
    pub fn once_try(&self) -> napi::Result<f64> {
        let block = self.block()?;
        runtime::with(|runtime| {
            let begun = Once::at(runtime.domain(), block).try_begin(runtime.agent.token);
            Ok(begun.map_or(outcome(Outcome::Already), attempted))
        })
    }

    #[napi]
    pub fn once_finish(&self, succeeded: bool) -> napi::Result<()> {
        let block = self.block()?;
        runtime::with(|runtime| Once::at(runtime.domain(), block).finish(runtime.agent.token, succeeded))
    }

    /// Token of the agent that does it at this moment, or died doing it; else 0.
    #[napi]
    pub fn once_runner(&self) -> napi::Result<u32> {
        let block = self.block()?;
        runtime::with(|runtime| Ok(Once::at(runtime.domain(), block).runner().0))
    }

    #[napi]
    pub fn once_is_done(&self) -> napi::Result<bool> {
        let block = self.block()?;
        runtime::with(|runtime| Ok(Once::at(runtime.domain(), block).is_done()))
    }
}

fn attempted(attempt: Attempt) -> f64 {
    match attempt {
        Attempt::Acquired => outcome(Outcome::Done),
        Attempt::AcquiredFromDead(dead) => outcome(Outcome::FromDead(dead)),
        Attempt::Held => 0.0,
    }
}
