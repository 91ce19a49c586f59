//! The mutexes between threads of one process: loom's.
//!
//! A guard that is dropped because the model failed gives nothing back: loom's state may be unusable by then.

use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::sync::{LockResult, TryLockResult};

pub use loom::sync::MutexGuard;

use super::model::{is_failing, switching};

pub struct Mutex<T>(loom::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        switching(|| self.0.lock())
    }

    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        switching(|| self.0.try_lock())
    }
}

pub struct RwLock<T>(loom::sync::RwLock<T>);

impl<T> RwLock<T> {
    pub fn new(value: T) -> Self {
        Self(loom::sync::RwLock::new(value))
    }

    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        Ok(Guard(ManuallyDrop::new(switching(|| self.0.read()).expect("loom poisons nothing"))))
    }

    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        Ok(Guard(ManuallyDrop::new(switching(|| self.0.write()).expect("loom poisons nothing"))))
    }
}

pub type RwLockReadGuard<'a, T> = Guard<loom::sync::RwLockReadGuard<'a, T>>;
pub type RwLockWriteGuard<'a, T> = Guard<loom::sync::RwLockWriteGuard<'a, T>>;

pub struct Guard<G>(ManuallyDrop<G>);

impl<G: Deref> Deref for Guard<G> {
    type Target = G::Target;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<G: DerefMut> DerefMut for Guard<G> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<G> Drop for Guard<G> {
    fn drop(&mut self) {
        if !is_failing() {
            // SAFETY: the guard is used no more.
            unsafe { ManuallyDrop::drop(&mut self.0) };
        }
    }
}
