//! A `SharedArrayBuffer` over memory of the domain: real shared memory between processes.
//!
//! Node.js 22.23, 24.21, 26 and later have `node_api_create_external_sharedarraybuffer`. Before that V8's own exported
//! C++ functions do the same: `SharedArrayBuffer::NewBackingStore(void*, size_t, deleter, void*)` and
//! `SharedArrayBuffer::New(Isolate*, std::shared_ptr<BackingStore>)`. A `unique_ptr` comes back through a hidden pointer,
//! a `shared_ptr` goes in by hidden reference (pointer and libstdc++ control block, made here by hand), and a `Local<>`
//! is a `napi_value`.
//!
//! The finaliser may run on any thread, and after the environment is gone: it only gives a reference back.

use std::ffi::{CStr, c_void};
use std::ptr;
use std::sync::OnceLock;

use napi::sys as raw;

use super::external_memory::Kept;
use super::last_line::contained;
use crate::error::{Code, Error, Result};
use crate::memory::{Block, Domain};
use crate::sys::dl;

type CreateExternal = unsafe extern "C" fn(
    raw::napi_env,
    *mut c_void,
    usize,
    Option<unsafe extern "C" fn(*mut c_void, *mut c_void)>,
    *mut c_void,
    *mut raw::napi_value,
) -> raw::napi_status;
type Deleter = unsafe extern "C" fn(*mut c_void, usize, *mut c_void);
type NewBackingStore = unsafe extern "C" fn(*mut c_void, usize, Deleter, *mut c_void) -> HiddenResult;
type NewSharedArrayBuffer = unsafe extern "C" fn(*mut c_void, *const SharedPointer) -> raw::napi_value;
type GetCurrentIsolate = unsafe extern "C" fn() -> *mut c_void;
type Destructor = unsafe extern "C" fn(*mut c_void);

/// Larger than two registers, so that it is returned through a hidden pointer as a `unique_ptr` is; the callee writes
/// the first word.
#[repr(C)]
struct HiddenResult([*mut c_void; 4]);

/// `std::shared_ptr` of libstdc++.
#[repr(C)]
struct SharedPointer {
    object: *mut c_void,
    control: *mut ControlBlock,
}

/// `std::_Sp_counted_base` of libstdc++, with the object it counts. V8 is threaded, so the counts are atomic.
#[repr(C)]
struct ControlBlock {
    table: *const ControlTable,
    use_count: i32,
    weak_count: i32,
    object: *mut c_void,
}

#[repr(C)]
struct ControlTable {
    destroy_complete: unsafe extern "C" fn(*mut ControlBlock),
    destroy_deleting: unsafe extern "C" fn(*mut ControlBlock),
    dispose: unsafe extern "C" fn(*mut ControlBlock),
    destroy: unsafe extern "C" fn(*mut ControlBlock),
    get_deleter: unsafe extern "C" fn(*mut ControlBlock, *const c_void) -> *mut c_void,
}

static CONTROL_TABLE: ControlTable = ControlTable {
    destroy_complete: nothing,
    destroy_deleting: nothing,
    dispose: dispose_backing_store,
    destroy: destroy_control_block,
    get_deleter: no_deleter,
};

struct V8Functions {
    new_backing_store: NewBackingStore,
    new_shared_array_buffer: NewSharedArrayBuffer,
    current_isolate: GetCurrentIsolate,
    destroy_backing_store: Destructor,
}

/// What the finaliser is given: a block to give back, and what V8 was told of it.
struct Hint {
    block: Block,
    _kept: Kept,
}

/// The buffer over `length` bytes at `offset`. `held`, if any, is given back when JavaScript has let the buffer go, or
/// when there is an error.
pub fn create(
    env: raw::napi_env,
    domain: &'static Domain,
    offset: u64,
    length: u64,
    held: Option<Block>,
) -> Result<raw::napi_value> {
    let hint: *mut c_void = held
        .map_or(ptr::null_mut(), |block| Box::into_raw(Box::new(Hint { block, _kept: Kept::by(env, length) })).cast());
    let Some(data) = domain.map().pointer(offset, length) else {
        give_back(hint);
        return Err(refused("its block lies outside of the domain"));
    };
    let data = data.as_ptr().cast();
    if let Some(create) = official() {
        let mut value = ptr::null_mut();
        // SAFETY: the memory stays mapped for the life of the process; the hint is ours and freed by `finalise`.
        let status = unsafe { create(env, data, length as usize, Some(finalise), hint, &raw mut value) };
        if status == raw::Status::napi_ok {
            return Ok(value);
        }
        give_back(hint);
        return Err(refused(&format!("status {status}")));
    }
    let Some(v8) = v8_functions() else {
        give_back(hint);
        return Err(refused("this Node.js has neither node_api_create_external_sharedarraybuffer nor V8's functions"));
    };
    create_with_v8(v8, data, length as usize, hint)
}

fn create_with_v8(v8: &V8Functions, data: *mut c_void, length: usize, hint: *mut c_void) -> Result<raw::napi_value> {
    // SAFETY: the signature is that of V8's exported symbol; the memory stays mapped for the life of the process.
    let result = unsafe { (v8.new_backing_store)(data, length, delete, hint) };
    let store = result.0[0];
    if store.is_null() {
        give_back(hint);
        return Err(refused("no backing store"));
    }
    let control = ControlBlock { table: &raw const CONTROL_TABLE, use_count: 1, weak_count: 1, object: store };
    let pointer = SharedPointer { object: store, control: Box::into_raw(Box::new(control)) };
    // SAFETY: we are called from JavaScript, so this thread has a current isolate.
    let isolate = unsafe { (v8.current_isolate)() };
    // SAFETY: the callee copies the shared_ptr, which is laid out as libstdc++ lays it out.
    let value = unsafe { (v8.new_shared_array_buffer)(isolate, &raw const pointer) };
    // With the last use the backing store goes, and its deleter gives the hint back.
    release(pointer.control);
    if value.is_null() { Err(refused("no buffer")) } else { Ok(value) }
}

fn official() -> Option<CreateExternal> {
    static FOUND: OnceLock<Option<CreateExternal>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let address = dl::symbol(c"node_api_create_external_sharedarraybuffer")?;
        // SAFETY: the symbol of that name has that signature, in every Node.js that has it.
        Some(unsafe { std::mem::transmute::<*mut c_void, CreateExternal>(address) })
    })
}

fn v8_functions() -> Option<&'static V8Functions> {
    static FOUND: OnceLock<Option<V8Functions>> = OnceLock::new();
    FOUND
        .get_or_init(|| {
            let find = |name: &CStr| dl::symbol(name);
            let store = find(c"_ZN2v817SharedArrayBuffer15NewBackingStoreEPvmPFvS1_mS1_ES1_")?;
            let buffer = find(c"_ZN2v817SharedArrayBuffer3NewEPNS_7IsolateESt10shared_ptrINS_12BackingStoreEE")?;
            let isolate = find(c"_ZN2v87Isolate10GetCurrentEv")?;
            let destructor = find(c"_ZN2v812BackingStoreD1Ev")?;
            Some(V8Functions {
                // SAFETY: the mangled name spells this signature out; likewise below.
                new_backing_store: unsafe { std::mem::transmute::<*mut c_void, NewBackingStore>(store) },
                // SAFETY: see above.
                new_shared_array_buffer: unsafe { std::mem::transmute::<*mut c_void, NewSharedArrayBuffer>(buffer) },
                // SAFETY: see above.
                current_isolate: unsafe { std::mem::transmute::<*mut c_void, GetCurrentIsolate>(isolate) },
                // SAFETY: see above.
                destroy_backing_store: unsafe { std::mem::transmute::<*mut c_void, Destructor>(destructor) },
            })
        })
        .as_ref()
}

fn refused(reason: &str) -> Error {
    Error::new(Code::Internal, format!("a SharedArrayBuffer over shared memory could not be made: {reason}"))
}

unsafe extern "C" fn finalise(_data: *mut c_void, hint: *mut c_void) {
    give_back(hint);
}

unsafe extern "C" fn delete(_data: *mut c_void, _length: usize, hint: *mut c_void) {
    give_back(hint);
}

fn give_back(hint: *mut c_void) {
    if hint.is_null() {
        return;
    }
    // SAFETY: the hint is the box that `create` made, and V8 calls the deleter once.
    let hint = unsafe { Box::from_raw(hint.cast::<Hint>()) };
    contained(|| super::buffer::forget(hint.block));
}

/// Drops one use; the last one disposes, as `_Sp_counted_base::_M_release` does.
fn release(control: *mut ControlBlock) {
    // SAFETY: the block is alive while its use count is not zero, and ours has not been dropped yet.
    let uses = unsafe { &raw mut (*control).use_count };
    // SAFETY: libstdc++ counts with atomic adds on this very field.
    let uses = unsafe { std::sync::atomic::AtomicI32::from_ptr(uses) };
    if uses.fetch_sub(1, std::sync::atomic::Ordering::AcqRel) == 1 {
        // SAFETY: the last use is gone.
        unsafe { dispose_backing_store(control) };
        // SAFETY: and with it the last weak one: V8 keeps none of a buffer that it did not take.
        unsafe { destroy_control_block(control) };
    }
}

unsafe extern "C" fn nothing(_: *mut ControlBlock) {}

unsafe extern "C" fn dispose_backing_store(control: *mut ControlBlock) {
    // SAFETY: libstdc++ calls this once, when the last use is gone.
    let store = unsafe { (*control).object };
    if let Some(v8) = v8_functions() {
        // SAFETY: `store` is the BackingStore that this block counts.
        unsafe { (v8.destroy_backing_store)(store) };
        // SAFETY: BackingStore's operator delete is free().
        unsafe { libc_free(store) };
    }
}

unsafe extern "C" fn destroy_control_block(control: *mut ControlBlock) {
    // SAFETY: made by `Box::into_raw` in `create_with_v8`; libstdc++ calls this once, when the last weak use is gone.
    drop(unsafe { Box::from_raw(control) });
}

unsafe extern "C" fn no_deleter(_: *mut ControlBlock, _: *const c_void) -> *mut c_void {
    ptr::null_mut()
}

unsafe extern "C" {
    #[link_name = "free"]
    fn libc_free(pointer: *mut c_void);
}
