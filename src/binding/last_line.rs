//! The last line of defence: no panic of ours unwinds into C, where it would end the process.
//!
//! What is read from shared memory is validated where it is read, and accesses outside of the domain are turned away by
//! the mapping, so nothing here should ever happen. When it does, this process trusts its domain no more: the calls that
//! follow throw `ERR_MULTIPROC_DOMAIN`.
//!
//! Everything that C calls goes through here: callbacks of libuv, cleanup hooks, finalisers and, by way of
//! `runtime::with`, the functions that JavaScript calls.

use std::panic::{AssertUnwindSafe, catch_unwind};

use napi_derive::napi;

use super::runtime;
use crate::memory::Domain;

/// `None`: the action panicked. What it was about to change may be half changed, which is why the domain is condemned.
pub fn contained<T>(action: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(action)) {
        Ok(result) => Some(result),
        Err(payload) => {
            let reason = payload
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| payload.downcast_ref::<&str>().copied())
                .unwrap_or("an invariant does not hold")
                .to_owned();
            // Dropping the payload could panic again.
            std::mem::forget(payload);
            if let Some(domain) = Domain::if_open() {
                domain.condemn(&reason);
            }
            None
        }
    }
}

/// For the tests, since nothing else gets here: an access outside of the domain, or a panic.
#[napi]
pub fn cross_last_line(by_panic: bool) -> napi::Result<u32> {
    runtime::with(|runtime| {
        assert!(!by_panic, "a panic on request");
        let map = runtime.domain().map();
        Ok(map.u32_at(map.len()).load(std::sync::atomic::Ordering::Relaxed))
    })
}
