//! Channels: one agent's end of a channel of messages, by a number of the thread's runtime.

use napi::bindgen_prelude::{Buffer, Either, Env, Uint8Array, Unknown};
use napi::sys as raw;
use napi_derive::napi;

use super::arguments::{handle, throw};
use super::runtime;
use crate::channel::Endpoint;
use crate::memory::Kind;

/// How many messages one call hands to JavaScript.
const BATCH: usize = 256;
/// The type whose bytes are UTF-8 text, handed over as a string.
const TEXT: u8 = 0;

/// A new channel: `[id, index, generation]`. The peer's reference is shipped with the handle.
#[napi]
pub fn create_channel(instance: u32) -> napi::Result<Vec<u32>> {
    runtime::with(|runtime| {
        let endpoint = Endpoint::create(&runtime.agent)?;
        let handle = endpoint.handle();
        Ok(vec![runtime.add_channel(endpoint, instance), handle.index, handle.generation])
    })
}

/// The other end of a channel. Returns its id.
#[napi]
pub fn open_channel(instance: u32, index: u32, generation: u32) -> napi::Result<u32> {
    let handle = handle(Kind::Channel as u32, index, generation)?;
    runtime::with(|runtime| {
        let endpoint = Endpoint::open(&runtime.agent, handle)?;
        Ok(runtime.add_channel(endpoint, instance))
    })
}

/// Whether incoming messages are reported, and whether the channel keeps the event loop alive.
#[napi]
pub fn set_channel(id: u32, reading: bool, referenced: bool) -> napi::Result<()> {
    runtime::with_any(|runtime| runtime.set_channel(id, reading, referenced))
}

/// What comes by this channel makes none of the program's waits end: it is a worker's own.
#[napi]
pub fn set_channel_internal(id: u32) -> napi::Result<()> {
    runtime::with_any(|runtime| runtime.set_internal(id))
}

/// Sends text (type 0) or bytes (of any other type); returns the bytes that the peer has not taken yet.
#[napi]
pub fn channel_send(id: u32, message_type: u32, content: Either<String, Uint8Array>) -> napi::Result<f64> {
    runtime::with(|runtime| {
        let endpoint = &mut runtime.channel(id)?.endpoint;
        match &content {
            Either::A(text) => endpoint.send(TEXT, &[text.as_bytes()])?,
            Either::B(bytes) => endpoint.send(message_type as u8, &[bytes])?,
        }
        let backlog = endpoint.backlog_bytes();
        runtime.note_traffic();
        Ok(backlog as f64)
    })
}

/// The next messages: type, content, type, content, … Content of type 0 is a string, of others a Buffer of its own.
#[napi(ts_return_type = "Array<number | string | Buffer>")]
pub fn channel_receive(env: Env, id: u32) -> napi::Result<Unknown<'static>> {
    let mut array = std::ptr::null_mut();
    // SAFETY: `env` is live.
    unsafe { raw::napi_create_array(env.raw(), &raw mut array) };
    for index in 0..BATCH {
        let message = match runtime::with_any(|runtime| runtime.channel(id)?.endpoint.receive()) {
            Ok(Some(message)) => message,
            Ok(None) => break,
            // The good messages first. The channel has failed, and ends.
            Err(_) if index > 0 => break,
            Err(error) => return Err(error),
        };
        let mut kind = std::ptr::null_mut();
        // SAFETY: `env` is live.
        unsafe { raw::napi_create_uint32(env.raw(), u32::from(message.message_type), &raw mut kind) };
        let content = to_javascript(env, message)?;
        // SAFETY: array and value are live in the scope of the running call.
        unsafe { raw::napi_set_element(env.raw(), array, index as u32 * 2, kind) };
        // SAFETY: see above.
        unsafe { raw::napi_set_element(env.raw(), array, index as u32 * 2 + 1, content) };
    }
    // SAFETY: a live value of this environment, in the scope of the running call.
    unsafe { napi::bindgen_prelude::FromNapiValue::from_napi_value(env.raw(), array) }
}

fn to_javascript(env: Env, message: crate::channel::Message) -> napi::Result<raw::napi_value> {
    use napi::bindgen_prelude::ToNapiValue;
    if message.message_type == TEXT {
        let mut value = std::ptr::null_mut();
        // SAFETY: pointer and length are those of a live vector; V8 replaces what is not UTF-8.
        let status = unsafe {
            raw::napi_create_string_utf8(
                env.raw(),
                message.bytes.as_ptr().cast(),
                message.bytes.len() as isize,
                &raw mut value,
            )
        };
        return if status == raw::Status::napi_ok { Ok(value) } else { Err(throw(crate::channel::too_long())) };
    }
    // SAFETY: `env` is live.
    unsafe { Buffer::to_napi_value(env.raw(), Buffer::from(message.bytes)) }
}

/// Whether the other end has ever been taken.
#[napi]
pub fn channel_was_taken(id: u32) -> napi::Result<bool> {
    runtime::with_any(|runtime| Ok(runtime.channel(id)?.endpoint.was_taken()))
}

/// The peer never came, and finds its end taken should it come now.
#[napi]
pub fn refuse_channel_peer(id: u32) -> napi::Result<()> {
    runtime::with_any(|runtime| {
        runtime.channel(id)?.endpoint.refuse_peer();
        Ok(())
    })
}

/// When nobody has the other end any more: the next messages that nobody will read, without those that are text; none
/// when all were taken back.
#[napi]
pub fn channel_take_back(id: u32) -> napi::Result<Vec<Buffer>> {
    runtime::with_any(|runtime| {
        let endpoint = &mut runtime.channel(id)?.endpoint;
        loop {
            let messages = endpoint.take_back(BATCH);
            let is_all = messages.is_empty();
            let values = messages.into_iter().filter(|message| message.message_type != TEXT);
            let values: Vec<Buffer> = values.map(|message| message.bytes.into()).collect();
            if is_all || !values.is_empty() {
                return Ok(values);
            }
        }
    })
}

/// Nothing is sent or received here any more; the peer finds the end behind what was sent.
#[napi]
pub fn shut_channel(id: u32) -> napi::Result<()> {
    runtime::with_any(|runtime| {
        runtime.channel(id)?.endpoint.shut();
        runtime.set_channel(id, false, false)
    })
}

/// Gives this end up; what was sent can still be read by the peer.
#[napi]
pub fn close_channel(id: u32) -> napi::Result<()> {
    runtime::with_any(|runtime| {
        runtime.remove_channel(id);
        Ok(())
    })
}
