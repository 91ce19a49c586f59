//! A note that V8 was about to run out of heap, which the parent reads when the process has died.
//!
//! V8 aborts a process whose heap is full, and the abort says no more than SIGABRT. Before that it calls back
//! (`Isolate::AddNearHeapLimitCallback`, an exported C++ function, looked up and never linked). The note is one byte of
//! shared memory; the limit stays as it is, so what V8 does is what it would have done.

use std::ffi::c_void;
use std::sync::atomic::{AtomicU8, Ordering};

use napi::bindgen_prelude::{Env, Unknown};
use napi::sys as raw;
use napi_derive::napi;

use crate::memory::Domain;
use crate::sys::dl;

type Callback = unsafe extern "C" fn(*mut c_void, usize, usize) -> usize;
type AddCallback = unsafe extern "C" fn(*mut c_void, Callback, *mut c_void);
type GetCurrentIsolate = unsafe extern "C" fn() -> *mut c_void;

/// From now on the view's first byte becomes 1 before this thread's heap is full. Whoever calls keeps the view for the life
/// of the process. `false`: this Node.js does not tell, or the view is not of shared memory.
#[napi(ts_args_type = "view: Uint8Array")]
pub fn note_heap_limit(env: Env, view: Unknown) -> bool {
    let mut address = std::ptr::null_mut();
    let (mut kind, mut length, mut buffer, mut offset) = (0, 0, std::ptr::null_mut(), 0);
    let value = napi::JsValue::raw(&view);
    // SAFETY: `value` is live; all results are ours.
    let status = unsafe {
        raw::napi_get_typedarray_info(
            env.raw(),
            value,
            &raw mut kind,
            &raw mut length,
            &raw mut address,
            &raw mut buffer,
            &raw mut offset,
        )
    };
    let is_shared = Domain::if_open().is_some_and(|domain| domain.map().offset_of(address.cast()).is_some());
    if status != raw::Status::napi_ok || length == 0 || !is_shared {
        return false;
    }
    let Some(get_current) = dl::symbol(c"_ZN2v87Isolate10GetCurrentEv") else { return false };
    let Some(add) = dl::symbol(c"_ZN2v87Isolate24AddNearHeapLimitCallbackEPFmPvmmES1_") else { return false };
    // SAFETY: V8's exported function of that mangled name has this signature.
    let get_current = unsafe { std::mem::transmute::<*mut c_void, GetCurrentIsolate>(get_current) };
    // SAFETY: as above.
    let add = unsafe { std::mem::transmute::<*mut c_void, AddCallback>(add) };
    // SAFETY: called from JavaScript, so this thread is in an isolate.
    let isolate = unsafe { get_current() };
    if isolate.is_null() {
        return false;
    }
    // SAFETY: a live isolate, entered by this thread; `note` fits, and its data is memory that the caller keeps.
    unsafe { add(isolate, note, address) };
    true
}

/// In the middle of a collection: no JavaScript, no allocation.
unsafe extern "C" fn note(address: *mut c_void, current_limit: usize, _initial_limit: usize) -> usize {
    // SAFETY: the byte of the view given to `note_heap_limit`, which is kept; others only read it.
    let byte = unsafe { AtomicU8::from_ptr(address.cast()) };
    // Relaxed: it is read when this process has died, and publishes nothing.
    byte.store(1, Ordering::Relaxed);
    current_limit
}
