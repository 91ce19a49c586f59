//! The atomics of shared memory, by one name: the model checker puts its own in their place.

pub use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
