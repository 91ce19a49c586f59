//! The area of a message (channel/payload.rs) as an ArrayBuffer: large pieces are not copied out of shared memory.
//!
//! The block is the receiver's own from then on, until V8 has collected the buffer. V8 counts its bytes as it counts those
//! of every ArrayBuffer, and collects in time; but it need not, so what is out is bounded: beyond that a buffer is a copy.
//! (To have it count fewer, as of other shared memory, would save collections, and costs more than they do: the blocks
//! that are out fit no processor's cache then. Measured from 256 KiB to 64 MiB in November 2026.)

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use napi::bindgen_prelude::{Env, Unknown};
use napi::sys as raw;
use napi_derive::napi;

use super::arguments::throw;
use super::last_line::contained;
use crate::channel::payload::Area;
use crate::error::{Code, Error};

/// Bytes that this process has as buffers. Relaxed: a number, which publishes nothing.
static OUT: AtomicU64 = AtomicU64::new(0);
const OUT_MAX: u64 = 512 << 20;

struct Hint {
    _area: Area<'static>,
    bytes: u64,
}

pub fn to_javascript(env: Env, area: Area<'static>) -> napi::Result<raw::napi_value> {
    let (offset, length) = area.place();
    let data: *mut c_void =
        area.domain().map().pointer(offset, length).map_or(ptr::null_mut(), |data| data.as_ptr().cast());
    if OUT.load(Relaxed) + length > OUT_MAX || length == 0 || data.is_null() {
        return copy(env, data, length);
    }
    OUT.fetch_add(length, Relaxed);
    let hint: *mut c_void = Box::into_raw(Box::new(Hint { _area: area, bytes: length })).cast();
    let mut value = ptr::null_mut();
    // SAFETY: `env` is live; the memory stays mapped for the life of the process, and is this process's own until
    // `finalise` has the hint, which happens once.
    let status = unsafe {
        raw::napi_create_external_arraybuffer(env.raw(), data, length as usize, Some(finalise), hint, &raw mut value)
    };
    if status == raw::Status::napi_ok {
        return Ok(value);
    }
    // Programs that allow no such buffers, as Electron.
    let copied = copy(env, data, length);
    // SAFETY: the hint that was made above, and that nobody was given.
    drop(unsafe { Box::from_raw(hint.cast::<Hint>()) });
    OUT.fetch_sub(length, Relaxed);
    copied
}

/// Takes a buffer of `to_javascript` from its views and its owner, who gives it away.
#[napi(ts_args_type = "buffer: ArrayBuffer")]
pub fn detach_area(env: Env, buffer: Unknown) {
    // SAFETY: a live value of the running call; Node-API refuses what is no ArrayBuffer.
    unsafe { raw::napi_detach_arraybuffer(env.raw(), napi::JsValue::raw(&buffer)) };
}

fn copy(env: Env, data: *mut c_void, length: u64) -> napi::Result<raw::napi_value> {
    let (mut place, mut value) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: `env` is live.
    let status = unsafe { raw::napi_create_arraybuffer(env.raw(), length as usize, &raw mut place, &raw mut value) };
    if status != raw::Status::napi_ok {
        let message = format!("a message with {length} bytes in buffers does not fit the memory of this process");
        return Err(throw(Error::new(Code::ShmSpace, message)));
    }
    if length > 0 && !data.is_null() {
        // SAFETY: so many bytes at both places, of the domain and of the new buffer.
        unsafe { ptr::copy_nonoverlapping(data.cast::<u8>(), place.cast::<u8>(), length as usize) };
    }
    Ok(value)
}

unsafe extern "C" fn finalise(_: raw::napi_env, _: *mut c_void, hint: *mut c_void) {
    contained(|| {
        // SAFETY: the hint of `to_javascript`; Node-API calls this once for each buffer.
        let hint = unsafe { Box::from_raw(hint.cast::<Hint>()) };
        OUT.fetch_sub(hint.bytes, Relaxed);
    });
}
