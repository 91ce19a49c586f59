//! Functions that are called for every message, on Node-API itself.
//!
//! napi-rs keeps a record of borrowed values for each call and a list of its arguments, which takes longer (some 100 ns)
//! than to put a small message into a ring. Here a call reads its arguments and returns a number. There are few of these
//! functions; each stands with its noun, and is listed there for `add_direct`.

use napi::bindgen_prelude::{Env, Object};
use napi::{JsValue, sys as raw};
use napi_derive::napi;

use super::{channel, queue, task_queue};
use crate::error::{Code, Error};

/// A function by its name in JavaScript.
pub type Direct = (&'static str, raw::napi_callback);

/// Of one call, the first `N`; those that were not given are undefined.
pub struct Arguments<const N: usize> {
    env: raw::napi_env,
    values: [raw::napi_value; N],
}

impl<const N: usize> Arguments<N> {
    pub fn number(&self, position: usize) -> napi::Result<u32> {
        let mut number = 0;
        // SAFETY: a value of the running call.
        let status = unsafe { raw::napi_get_value_uint32(self.env, self.values[position], &raw mut number) };
        if status == raw::Status::napi_ok { Ok(number) } else { Err(unfit(position)) }
    }

    pub fn double(&self, position: usize) -> napi::Result<f64> {
        let mut number = 0.0;
        // SAFETY: a value of the running call.
        let status = unsafe { raw::napi_get_value_double(self.env, self.values[position], &raw mut number) };
        if status == raw::Status::napi_ok { Ok(number) } else { Err(unfit(position)) }
    }

    /// The bytes of a Uint8Array, valid for the length of the call. Each argument is asked for once.
    pub fn bytes<'a>(&self, position: usize) -> napi::Result<&'a mut [u8]> {
        let (mut kind, mut length, mut data) = (0, 0, std::ptr::null_mut());
        // SAFETY: a value of the running call; the results that are not wanted are left out.
        let status = unsafe {
            raw::napi_get_typedarray_info(
                self.env,
                self.values[position],
                &raw mut kind,
                &raw mut length,
                &raw mut data,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
            )
        };
        if status != raw::Status::napi_ok || kind != raw::TypedarrayType::uint8_array {
            return Err(unfit(position));
        }
        if length == 0 {
            return Ok(&mut []);
        }
        // SAFETY: the memory of a Uint8Array that JavaScript gives away for the length of the call.
        Ok(unsafe { std::slice::from_raw_parts_mut(data.cast(), length) })
    }
}

fn unfit(position: usize) -> napi::Error {
    super::arguments::throw(Error::new(Code::Internal, format!("argument {position} of a call does not fit")))
}

/// Runs `action` with the arguments of a call; what it returns is the call's.
pub fn answer<const N: usize>(
    env: raw::napi_env,
    info: raw::napi_callback_info,
    action: impl FnOnce(&Arguments<N>) -> napi::Result<f64>,
) -> raw::napi_value {
    let (mut values, mut count) = ([std::ptr::null_mut(); N], N);
    // SAFETY: `info` is that of the running call; there is room for `count` values.
    unsafe {
        raw::napi_get_cb_info(
            env,
            info,
            &raw mut count,
            values.as_mut_ptr(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        )
    };
    let mut result = std::ptr::null_mut();
    match action(&Arguments { env, values }) {
        Ok(number) => {
            // SAFETY: `env` is live.
            unsafe { raw::napi_create_double(env, number, &raw mut result) };
        }
        Err(error) => {
            let text = std::ffi::CString::new(error.reason.as_bytes()).unwrap_or_default();
            // SAFETY: `env` is live, and the text ends with a NUL.
            unsafe { raw::napi_throw_error(env, std::ptr::null(), text.as_ptr()) };
        }
    }
    result
}

/// Adds them to what the addon exports.
#[napi(module_exports)]
pub fn add_direct(exports: Object, env: Env) -> napi::Result<()> {
    for (name, function) in [channel::DIRECT, queue::DIRECT, task_queue::DIRECT].concat() {
        let mut value = std::ptr::null_mut();
        // SAFETY: `env` is live; the name's length is given; the function is a callback of Node-API.
        let status = unsafe {
            raw::napi_create_function(
                env.raw(),
                name.as_ptr().cast(),
                name.len() as isize,
                function,
                std::ptr::null_mut(),
                &raw mut value,
            )
        };
        if status != raw::Status::napi_ok {
            return Err(napi::Error::from_status(status.into()));
        }
        let key = std::ffi::CString::new(name)?;
        // SAFETY: object and value are live in the scope of the running call.
        unsafe { raw::napi_set_named_property(env.raw(), exports.raw(), key.as_ptr(), value) };
    }
    Ok(())
}
