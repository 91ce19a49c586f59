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

/// What a buffer shows. It is read by JavaScript alone, and kept for it.
enum Memory {
    Shared(Area<'static>),
    Own(Vec<u8>),
}

struct Hint {
    kept: Memory,
    /// Of OUT.
    bytes: u64,
}

impl Drop for Hint {
    fn drop(&mut self) {
        OUT.fetch_sub(self.bytes, Relaxed);
    }
}

pub fn to_javascript(env: Env, area: Area<'static>) -> napi::Result<raw::napi_value> {
    let (offset, length) = area.place();
    let Some(data) = area.domain().map().pointer(offset, length).filter(|_| length > 0) else {
        return copy(env, &[]);
    };
    if OUT.load(Relaxed) + length > OUT_MAX {
        let bytes = area.domain().map().read_vec(offset, length as usize).ok_or_else(|| no_memory(length))?;
        return own(env, bytes);
    }
    OUT.fetch_add(length, Relaxed);
    let hint = Box::new(Hint { kept: Memory::Shared(area), bytes: length });
    // SAFETY: the memory stays mapped for the life of the process, and is this process's own until the hint is dropped.
    match unsafe { external(env, data.as_ptr(), length as usize, hint) } {
        Ok(value) => Ok(value),
        Err(hint) => {
            let Memory::Shared(area) = &hint.kept else { return Err(no_memory(length)) };
            let bytes = area.domain().map().read_vec(offset, length as usize).ok_or_else(|| no_memory(length))?;
            copy(env, &bytes)
        }
    }
}

/// The bytes as an ArrayBuffer, which owns them.
fn own(env: Env, mut bytes: Vec<u8>) -> napi::Result<raw::napi_value> {
    let (data, length) = (bytes.as_mut_ptr(), bytes.len());
    // SAFETY: the memory of the vector that the hint has, until that is dropped.
    match unsafe { external(env, data, length, Box::new(Hint { kept: Memory::Own(bytes), bytes: 0 })) } {
        Ok(value) => Ok(value),
        Err(hint) => {
            let Memory::Own(bytes) = &hint.kept else { return Err(no_memory(length as u64)) };
            copy(env, bytes)
        }
    }
}

/// An ArrayBuffer over memory that `hint` keeps; or the hint, in programs that allow no such buffers, as Electron.
///
/// # Safety
/// So many bytes at `data` stay there, and nobody else's, until the hint is dropped.
unsafe fn external(env: Env, data: *mut u8, length: usize, hint: Box<Hint>) -> Result<raw::napi_value, Box<Hint>> {
    let hint = Box::into_raw(hint);
    let mut value = ptr::null_mut();
    // SAFETY: `env` is live; the memory is as our caller promises; `finalise` gets the hint once.
    let status = unsafe {
        raw::napi_create_external_arraybuffer(
            env.raw(),
            data.cast(),
            length,
            Some(finalise),
            hint.cast(),
            &raw mut value,
        )
    };
    // SAFETY: the hint that was made above, and that nobody was given.
    if status == raw::Status::napi_ok { Ok(value) } else { Err(unsafe { Box::from_raw(hint) }) }
}

/// Takes a buffer of `to_javascript` from its views and its owner, who gives it away.
#[napi(ts_args_type = "buffer: ArrayBuffer")]
pub fn detach_area(env: Env, buffer: Unknown) {
    // SAFETY: a live value of the running call; Node-API refuses what is no ArrayBuffer.
    unsafe { raw::napi_detach_arraybuffer(env.raw(), napi::JsValue::raw(&buffer)) };
}

fn copy(env: Env, bytes: &[u8]) -> napi::Result<raw::napi_value> {
    let (mut place, mut value) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: `env` is live.
    let status = unsafe { raw::napi_create_arraybuffer(env.raw(), bytes.len(), &raw mut place, &raw mut value) };
    if status != raw::Status::napi_ok {
        return Err(no_memory(bytes.len() as u64));
    }
    if !bytes.is_empty() {
        // SAFETY: so many bytes at the place of the new buffer.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), place.cast::<u8>(), bytes.len()) };
    }
    Ok(value)
}

fn no_memory(length: u64) -> napi::Error {
    let message = format!("a message with {length} bytes in buffers does not fit the memory of this process");
    throw(Error::new(Code::ShmSpace, message))
}

unsafe extern "C" fn finalise(_: raw::napi_env, _: *mut c_void, hint: *mut c_void) {
    contained(|| {
        // SAFETY: the hint of `external`; Node-API calls this once for each buffer.
        drop(unsafe { Box::from_raw(hint.cast::<Hint>()) });
    });
}
