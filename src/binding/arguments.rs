//! Between the core's values and JavaScript's: errors, handles, outcomes.

use napi::bindgen_prelude::{Error as NapiError, Status};

use crate::error::{Code, Error};
use crate::memory::{Block, Handle, Kind};
use crate::sys::Errno;
use crate::waits::Outcome;

/// The core's error as an exception. lib/binding.js turns `CODE: message` into a MultiprocError.
pub fn throw(error: Error) -> NapiError {
    NapiError::new(Status::GenericFailure, error.to_string())
}

/// What the operating system refused. lib/binding.js makes an error of it as Node.js reports one.
pub fn refused(call: &str, errno: Errno) -> NapiError {
    NapiError::new(Status::GenericFailure, format!("SYSTEM:{}:{call}", errno as i32))
}

pub fn closed() -> NapiError {
    throw(Error::new(Code::Closed, "the object was closed".to_owned()))
}

/// A handle as JavaScript passes it: kind, index, generation.
pub fn handle(kind: u32, index: u32, generation: u32) -> napi::Result<Handle> {
    let kind = Kind::from_number(kind)
        .ok_or_else(|| throw(Error::new(Code::Handle, format!("{kind} is no kind of shared object"))))?;
    Ok(Handle { kind, index, generation })
}

/// Index and generation of a block, for JavaScript.
pub fn identity(block: Block) -> Vec<u32> {
    vec![block.handle.index, block.handle.generation]
}

/// How a wait ended, in a number below zero. Numbers above zero name waits that go on.
///
/// -1 done · -2 timed out · -3 the barrier broke · -4 somebody else has done it · -5 a deadlock · -6 the domain is
/// overwritten (runtime/mod.rs) · -(16 + token) done, taken over from that dead agent
pub fn outcome(outcome: Outcome) -> f64 {
    match outcome {
        Outcome::Done => -1.0,
        Outcome::TimedOut => -2.0,
        Outcome::Broken => -3.0,
        Outcome::Already => -4.0,
        Outcome::Deadlock => -5.0,
        Outcome::FromDead(token) => -16.0 - f64::from(token.0),
    }
}

/// A wait that goes on, or how it ended.
pub fn begun(result: Result<u32, Outcome>) -> f64 {
    match result {
        Ok(id) => f64::from(id),
        Err(ended) => outcome(ended),
    }
}
