//! Shared buffers: blocks of the domain that JavaScript sees as SharedArrayBuffers.
//!
//! A buffer posted to a worker thread is another object there over the same memory; so a block is found again by its
//! address, in a table of the whole process.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use napi::bindgen_prelude::{Env, FromNapiValue, Unknown};
use napi::sys as raw;
use napi_derive::napi;

use super::arguments::{handle, throw};
use super::object::{attach_shipped, detach};
use super::{runtime, shared_array_buffer};
use crate::memory::{Block, Domain, Kind};

/// Blocks that are visible as buffers in this process, by offset, with how many backing stores there are.
static VISIBLE: Mutex<BTreeMap<u64, (Block, u32)>> = Mutex::new(BTreeMap::new());

/// A new zeroed buffer of `byte_length` bytes (or the one of that name), and whether it is new.
#[napi(ts_return_type = "[SharedArrayBuffer, number, number, boolean]")]
pub fn create_buffer(env: Env, byte_length: f64, name: Option<String>) -> napi::Result<Vec<Unknown<'static>>> {
    let length = byte_length as u64;
    let (domain, block, is_new) = runtime::with(|runtime| {
        let domain = runtime.domain();
        let make = || domain.allocate(Kind::Buffer, length);
        let (block, is_new) = match &name {
            None => (make()?, true),
            Some(name) => domain.open_named(Kind::Buffer, name, make)?,
        };
        Ok((domain, block, is_new))
    })?;
    show(env, domain, block, if is_new { length } else { block.length }, is_new)
}

/// The buffer that a handle names; its reference was shipped with the handle.
#[napi(ts_return_type = "[SharedArrayBuffer, number, number, boolean]")]
pub fn open_buffer(env: Env, index: u32, generation: u32, byte_length: f64) -> napi::Result<Vec<Unknown<'static>>> {
    let handle = handle(Kind::Buffer as u32, index, generation)?;
    let (domain, block) = runtime::with(|runtime| {
        let domain = runtime.domain();
        let block = attach_shipped(domain, handle, 0)?;
        Ok((domain, block))
    })?;
    show(env, domain, block, (byte_length as u64).min(block.length), false)
}

/// Index and generation of the shared buffer at a view's address, or nothing. `view` is a Uint8Array over the buffer.
#[napi(ts_args_type = "view: Uint8Array")]
pub fn identify_buffer(env: Env, view: Unknown) -> Option<Vec<u32>> {
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
    if status != raw::Status::napi_ok {
        return None;
    }
    let domain = Domain::if_open()?;
    let place = domain.map().offset_of(address.cast())?;
    let visible = VISIBLE.lock().unwrap_or_else(PoisonError::into_inner);
    visible.get(&place).map(|(block, _)| vec![block.handle.index, block.handle.generation])
}

/// A message that names the buffer is about to be sent.
#[napi]
pub fn ship_buffer(index: u32, generation: u32) -> napi::Result<()> {
    let handle = handle(Kind::Buffer as u32, index, generation)?;
    runtime::with(|runtime| {
        runtime.domain().ship(handle);
        Ok(())
    })
}

fn show(
    env: Env,
    domain: &'static Domain,
    block: Block,
    length: u64,
    is_new: bool,
) -> napi::Result<Vec<Unknown<'static>>> {
    VISIBLE
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .entry(block.offset)
        .and_modify(|(_, count)| *count += 1)
        .or_insert((block, 1));
    let buffer = shared_array_buffer::create(env.raw(), domain, block.offset, length, Some(block)).map_err(throw)?;
    let number = |value: u32| {
        let mut result = std::ptr::null_mut();
        // SAFETY: `env` is live.
        unsafe { raw::napi_create_uint32(env.raw(), value, &raw mut result) };
        result
    };
    let mut flag = std::ptr::null_mut();
    // SAFETY: `env` is live.
    unsafe { raw::napi_get_boolean(env.raw(), is_new, &raw mut flag) };
    [buffer, number(block.handle.index), number(block.handle.generation), flag]
        .into_iter()
        // SAFETY: each is a live value of this environment, in the scope of the running call.
        .map(|value| unsafe { Unknown::from_napi_value(env.raw(), value) })
        .collect()
}

/// JavaScript has let one backing store of the block go. On any thread, at any time.
pub fn forget(block: Block) {
    {
        let mut visible = VISIBLE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, count)) = visible.get_mut(&block.offset) {
            *count -= 1;
            if *count == 0 {
                visible.remove(&block.offset);
            }
        }
    }
    detach(Some(block));
}

/// The window: a buffer over the small arena, through which JavaScript's fast paths touch state words.
#[napi(ts_return_type = "SharedArrayBuffer")]
pub fn window(env: Env) -> napi::Result<Unknown<'static>> {
    let domain = runtime::with(|runtime| Ok(runtime.domain()))?;
    let (start, end) = (domain.layout().small_start, domain.layout().small_end());
    let buffer = shared_array_buffer::create(env.raw(), domain, start, end - start, None).map_err(throw)?;
    // SAFETY: a live value of this environment, in the scope of the running call.
    unsafe { Unknown::from_napi_value(env.raw(), buffer) }
}
