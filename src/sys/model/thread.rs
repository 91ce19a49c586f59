//! The calling thread of the model and its process.

use std::cell::Cell;
use std::marker::PhantomData;

use super::model::{current, local};

/// The threads' own variables: each thread of each execution has them anew.
#[macro_export]
#[doc(hidden)]
macro_rules! model_thread_local {
    ($($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;)*) => {
        $($(#[$meta])* static $name: $crate::sys::thread::LocalKey<$type> =
            $crate::sys::thread::LocalKey::new(|| $init);)*
    };
}
pub use model_thread_local as thread_local;

pub struct LocalKey<T: 'static> {
    init: fn() -> T,
    is: PhantomData<fn() -> T>,
}

impl<T: 'static> LocalKey<T> {
    pub const fn new(init: fn() -> T) -> Self {
        Self { init, is: PhantomData }
    }

    fn key(&'static self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl<T: Copy + 'static> LocalKey<Cell<T>> {
    pub fn get(&'static self) -> T {
        local(self.key(), || (self.init)().get(), None)
    }

    pub fn set(&'static self, value: T) {
        local(self.key(), || (self.init)().get(), Some(value));
    }
}

/// The model's number of the thread: no system's process has it for its pid.
pub fn id() -> u32 {
    1 << 31 | current().thread
}

pub fn process_id() -> u32 {
    current().process.pid()
}

pub fn processor_count() -> usize {
    2
}

pub fn block_signals() {}

pub fn switches() -> u64 {
    0
}
