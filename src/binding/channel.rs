//! Channels: one agent's end of a channel of messages, by a number of the thread's runtime.

use napi::bindgen_prelude::{Buffer, Env, Uint8Array, Unknown};
use napi::sys as raw;
use napi_derive::napi;

use super::area;
use super::arguments::{handle, throw};
use super::direct::{Direct, answer};
use super::runtime;
use crate::channel::{Arrival, Endpoint, Message};
use crate::error::Result;
use crate::memory::Kind;

/// How many messages are taken back in one call.
const BATCH: usize = 256;
/// The type whose bytes are UTF-8 text, handed over as a string.
const TEXT: u8 = 0;
/// Before each message in a scratch buffer; lib/channel/channel.js knows these three as well.
const HEADER: usize = 8;
const ASCII: u32 = 0x100;
const TOO_LARGE: f64 = -1.0;

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

pub const DIRECT: &[Direct] = &[("channelSend", Some(channel_send)), ("channelReceive", Some(channel_receive))];

/// `channelSend(id, type, content, length)`: sends a message, the first `length` bytes of `content`; returns the bytes that
/// the peer has not taken yet.
extern "C" fn channel_send(env: raw::napi_env, info: raw::napi_callback_info) -> raw::napi_value {
    answer::<4>(env, info, |given| {
        let content = given.bytes(2)?;
        let content = content.get(..given.number(3)? as usize).unwrap_or(content);
        send(given.number(0)?, given.number(1)? as u8, content, &[])
    })
}

/// Sends text that is too long for a scratch buffer.
#[napi]
pub fn channel_send_text(id: u32, text: String) -> napi::Result<f64> {
    send(id, TEXT, text.as_bytes(), &[])
}

/// Sends a message with large pieces, the first `length` bytes of `content` and what lies behind it.
#[napi]
pub fn channel_send_pieces(
    id: u32,
    message_type: u32,
    content: &[u8],
    length: u32,
    pieces: Vec<Uint8Array>,
) -> napi::Result<f64> {
    let pieces: Vec<&[u8]> = pieces.iter().map(|piece| &**piece).collect();
    send(id, message_type as u8, content.get(..length as usize).unwrap_or(content), &pieces)
}

fn send(id: u32, message_type: u8, content: &[u8], pieces: &[&[u8]]) -> napi::Result<f64> {
    runtime::with(|runtime| {
        let endpoint = &mut runtime.channel(id)?.endpoint;
        endpoint.send_with(message_type, &[content], pieces)?;
        let backlog = endpoint.backlog_bytes();
        runtime.note_traffic();
        Ok(backlog as f64)
    })
}

/// `channelReceive(id, place)`: copies the next messages to `place`, each after its type and its length, u32 both, and
/// filled up to 8 bytes. Text whose characters are a byte each has the type ASCII. Returns the bytes used; -1: the next
/// message is too large for it.
extern "C" fn channel_receive(env: raw::napi_env, info: raw::napi_callback_info) -> raw::napi_value {
    answer::<2>(env, info, |given| {
        let (id, place) = (given.number(0)?, given.bytes(1)?);
        runtime::with_any(|runtime| receive(&mut runtime.channel(id)?.endpoint, place))
    })
}

fn receive(endpoint: &mut Endpoint, place: &mut [u8]) -> Result<f64> {
    let mut used = 0;
    while let Some((header, rest)) = place.get_mut(used..).and_then(|free| free.split_at_mut_checked(HEADER)) {
        match endpoint.receive_to(rest) {
            Ok(Arrival::Here { message_type, length }) => {
                let is_ascii = message_type == TEXT && rest[..length].is_ascii();
                let message_type = if is_ascii { ASCII } else { u32::from(message_type) };
                header[..4].copy_from_slice(&message_type.to_le_bytes());
                header[4..].copy_from_slice(&(length as u32).to_le_bytes());
                used += HEADER + length.next_multiple_of(8);
            }
            Ok(Arrival::Larger) if used == 0 => return Ok(TOO_LARGE),
            // The good messages first. A channel that has failed ends.
            Err(error) if used == 0 => return Err(error),
            Ok(_) | Err(_) => break,
        }
    }
    Ok(used as f64)
}

/// The next message, of any size: its type and its content, a string for type 0, a Buffer of its own for others, and its
/// area as an ArrayBuffer, if it has one; none of that if there is none.
#[napi(ts_return_type = "Array<number | string | Buffer | ArrayBuffer>")]
pub fn channel_receive_one(env: Env, id: u32) -> napi::Result<Unknown<'static>> {
    let mut array = std::ptr::null_mut();
    // SAFETY: `env` is live.
    unsafe { raw::napi_create_array(env.raw(), &raw mut array) };
    if let Some(mut message) = runtime::with_any(|runtime| runtime.channel(id)?.endpoint.receive())? {
        let area = message.area.take();
        let mut kind = std::ptr::null_mut();
        // SAFETY: `env` is live.
        unsafe { raw::napi_create_uint32(env.raw(), u32::from(message.message_type), &raw mut kind) };
        let content = to_javascript(env, message)?;
        // SAFETY: array and value are live in the scope of the running call.
        unsafe { raw::napi_set_element(env.raw(), array, 0, kind) };
        // SAFETY: see above.
        unsafe { raw::napi_set_element(env.raw(), array, 1, content) };
        if let Some(area) = area {
            let area = area::to_javascript(env, area)?;
            // SAFETY: see above.
            unsafe { raw::napi_set_element(env.raw(), array, 2, area) };
        }
    }
    // SAFETY: a live value of this environment, in the scope of the running call.
    unsafe { napi::bindgen_prelude::FromNapiValue::from_napi_value(env.raw(), array) }
}

fn to_javascript(env: Env, message: Message) -> napi::Result<raw::napi_value> {
    use napi::bindgen_prelude::ToNapiValue;
    if message.message_type == TEXT {
        let create =
            if message.bytes.is_ascii() { raw::napi_create_string_latin1 } else { raw::napi_create_string_utf8 };
        let mut value = std::ptr::null_mut();
        // SAFETY: pointer and length are those of a live vector; V8 replaces what is not UTF-8.
        let status =
            unsafe { create(env.raw(), message.bytes.as_ptr().cast(), message.bytes.len() as isize, &raw mut value) };
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
