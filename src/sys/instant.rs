//! Moments, by one name: the model checker puts its own in their place.

pub use std::time::Instant;
