//! Children whose thread has ended before they have: nobody is left who could be told of their end.
//!
//! They are reaped all the same, so that no zombie stays for as long as the process lives: whenever any thread starts a
//! child, hears of the end of one, or ends itself.

use std::sync::{Mutex, PoisonError};

use super::spawn::SpawnedChild;

static LEFT: Mutex<Vec<SpawnedChild>> = Mutex::new(Vec::new());

pub fn leave(children: impl IntoIterator<Item = SpawnedChild>) {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner).extend(children);
    reap();
}

pub fn reap() {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner).retain(|child| child.try_wait().is_none());
}
