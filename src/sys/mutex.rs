//! The mutexes between threads of one process, by one name: the model checker puts its own in their place.

pub use std::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard};
