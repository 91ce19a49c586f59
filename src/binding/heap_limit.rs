//! A note that V8 was about to run out of heap, which the parent reads when the process has died.
//!
//! V8 aborts a process whose heap is full, and the abort says no more than SIGABRT. Before that it calls back
//! (`Isolate::AddNearHeapLimitCallback`, an exported C++ function, looked up and never linked). The note is one word of
//! shared memory; the limit stays as it is, so what V8 does is what it would have done.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use napi_derive::napi;

use super::arguments::handle;
use super::runtime;
use crate::memory::Kind;
use crate::sys::dl;

type Callback = unsafe extern "C" fn(*mut c_void, usize, usize) -> usize;
type AddCallback = unsafe extern "C" fn(*mut c_void, Callback, *mut c_void);
type GetCurrentIsolate = unsafe extern "C" fn() -> *mut c_void;

/// From now on the block's first word becomes 1 before this thread's heap is full. This process has the block as long as it
/// lives. `false`: this Node.js does not tell, or the one who made the block has let it go.
#[napi]
pub fn note_heap_limit(index: u32, generation: u32) -> napi::Result<bool> {
    let Some(get_current) = dl::symbol(c"_ZN2v87Isolate10GetCurrentEv") else { return Ok(false) };
    let Some(add) = dl::symbol(c"_ZN2v87Isolate24AddNearHeapLimitCallbackEPFmPvmmES1_") else { return Ok(false) };
    // SAFETY: V8's exported function of that mangled name has this signature.
    let get_current = unsafe { std::mem::transmute::<*mut c_void, GetCurrentIsolate>(get_current) };
    // SAFETY: as above.
    let add = unsafe { std::mem::transmute::<*mut c_void, AddCallback>(add) };
    // SAFETY: called from JavaScript, so this thread is in an isolate.
    let isolate = unsafe { get_current() };
    if isolate.is_null() {
        return Ok(false);
    }
    let handle = handle(Kind::Buffer as u32, index, generation)?;
    let word = runtime::with(|runtime| {
        let domain = runtime.domain();
        // Nothing was shipped: whoever made it has it.
        let attached = domain.attach(handle).ok();
        Ok(attached.map(|block| domain.map().u32_at(block.offset)))
    })?;
    let Some(word) = word else { return Ok(false) };
    // SAFETY: a live isolate, entered by this thread; `note` fits, and its data is a word that is never let go.
    unsafe { add(isolate, note, ptr::from_ref(word).cast_mut().cast()) };
    Ok(true)
}

/// In the middle of a collection: no JavaScript, no allocation.
unsafe extern "C" fn note(address: *mut c_void, current_limit: usize, _initial_limit: usize) -> usize {
    // SAFETY: the word of the block attached in `note_heap_limit`, which is kept.
    let word = unsafe { &*address.cast::<AtomicU32>() };
    // Relaxed: it is read when this process has died, and publishes nothing.
    word.store(1, Ordering::Relaxed);
    current_limit
}
