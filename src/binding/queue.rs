//! Queues and the ends of pipes, as JavaScript calls them.

use napi::bindgen_prelude::{Buffer, Either, Env, FromNapiValue, ToNapiValue, Uint8Array, Unknown};
use napi::sys as raw;
use napi_derive::napi;

use super::area;
use super::arguments::handle;
use super::direct::{Direct, answer};
use super::object::NativeObject;
use super::runtime;
use crate::error::{Code, Error, Result};
use crate::memory::{Handle, Kind};
use crate::queue::{self, Got, Limits, Put, Queue};

const PUT_DONE: f64 = 0.0;
const PUT_FULL: f64 = 1.0;
const PUT_CLOSED: f64 = 2.0;
const PUT_GONE: f64 = 3.0;
/// In place of the index of an end: none.
const NO_END: u32 = u32::MAX;
const GOT_NOTHING: f64 = -1.0;
const GOT_END: f64 = -2.0;
const GOT_LARGE: f64 = -3.0;

/// A new queue, or the one of that name. Limits of 0 are none.
#[napi]
pub fn create_queue(
    max_items: u32,
    max_bytes: f64,
    acknowledged: bool,
    by_priority: bool,
    name: Option<String>,
) -> napi::Result<NativeObject> {
    let limits = Limits { items: max_items, bytes: max_bytes as u64 };
    runtime::with(|runtime| {
        let domain = runtime.domain();
        let make = || {
            if by_priority {
                queue::priority::create(domain, max_items)
            } else {
                queue::create(domain, limits, acknowledged)
            }
        };
        let Some(name) = &name else { return Ok(NativeObject { block: Some(make()?), is_member: false }) };
        let (block, _) = domain.open_named(Kind::Queue, name, make)?;
        let found = Queue::at(domain, block)?;
        let is_alike = found.limits() == limits
            && found.is_acknowledged() == acknowledged
            && found.is_by_priority() == by_priority;
        if !is_alike {
            let Limits { items, bytes } = found.limits();
            let kind = if found.is_by_priority() { "PriorityQueue" } else { "Queue" };
            let way = if found.is_acknowledged() { "manual" } else { "auto" };
            domain.detach(block.handle);
            let message = format!(
                "the {kind} of that name has maxSize {items}, maxBytes {bytes} (0: no limit) and ackMode '{way}', and another \
                 one was asked for"
            );
            return Err(Error::new(Code::Name, message));
        }
        Ok(NativeObject { block: Some(block), is_member: false })
    })
}

/// A new end of a pipe: it is there as long as anybody has it. When nobody has, who waits in either queue looks again.
#[napi]
pub fn create_pipe_end(queues: Vec<u32>) -> napi::Result<NativeObject> {
    runtime::with(|runtime| {
        let domain = runtime.domain();
        let block = queue::create_pipe_end(domain, &queues)?;
        Ok(NativeObject { block: Some(block), is_member: false })
    })
}

/// Whether anybody has that end of a pipe, or it is on its way.
#[napi]
pub fn is_pipe_end(index: u32, generation: u32) -> napi::Result<bool> {
    let end = handle(Kind::PipeEnd as u32, index, generation)?;
    runtime::with(|runtime| Ok(runtime.domain().is_live(end)))
}

pub const DIRECT: &[Direct] = &[("queuePut", Some(queue_put)), ("queueGet", Some(queue_get))];

/// `queuePut(index, generation, content, length, endIndex, endGeneration, priority, references)`: puts the first `length`
/// bytes of `content` into the queue, which this process holds. 0 done, 1 full, 2 closed, 3: nobody has that end of a pipe
/// any more. `references` are the kind, index, generation of each shipped one inside, u32 in a Uint8Array.
extern "C" fn queue_put(env: raw::napi_env, info: raw::napi_callback_info) -> raw::napi_value {
    answer::<8>(env, info, |given| {
        let block = (given.number(0)?, given.number(1)?);
        let content = given.bytes(2)?;
        let content = content.get(..given.number(3)? as usize).unwrap_or(content);
        let end = Handle { kind: Kind::PipeEnd, index: given.number(4)?, generation: given.number(5)? };
        put(block, end, given.double(6)?, given.bytes(7)?, content, &[])
    })
}

/// The same with large pieces, `length` bytes of `content` and what lies behind them.
#[napi]
#[allow(clippy::too_many_arguments, reason = "those of `queuePut`, and the pieces; napi-rs hides from `expect`")]
pub fn queue_put_pieces(
    index: u32,
    generation: u32,
    content: &[u8],
    length: u32,
    end_index: u32,
    end_generation: u32,
    references: &[u8],
    pieces: Vec<Uint8Array>,
) -> napi::Result<f64> {
    let pieces: Vec<&[u8]> = pieces.iter().map(|piece| &**piece).collect();
    let content = content.get(..length as usize).unwrap_or(content);
    let end = Handle { kind: Kind::PipeEnd, index: end_index, generation: end_generation };
    put((index, generation), end, 0.0, references, content, &pieces)
}

fn put(
    block: (u32, u32),
    end: Handle,
    priority: f64,
    references: &[u8],
    content: &[u8],
    pieces: &[&[u8]],
) -> napi::Result<f64> {
    let references = handles(references);
    with_queue(block, |runtime, queue| {
        if end.index != NO_END && !runtime.domain().is_live(end) {
            return Ok(PUT_GONE);
        }
        let put = queue.put_with(runtime.agent.token, (0, priority), &references, content, pieces)?;
        runtime.note_traffic();
        Ok(match put {
            Put::Done => PUT_DONE,
            Put::Full => PUT_FULL,
            Put::Closed => PUT_CLOSED,
        })
    })
}

/// `queueGet(index, generation, place)`: takes an item, copies it to `place`, and returns how many bytes it has; -1: there
/// is none; -2: there will be none; -3: it is too large or has large pieces, and `takeGotItem` has it.
extern "C" fn queue_get(env: raw::napi_env, info: raw::napi_callback_info) -> raw::napi_value {
    answer::<3>(env, info, |given| {
        let block = (given.number(0)?, given.number(1)?);
        let place = given.bytes(2)?;
        with_queue(block, |runtime, queue| {
            let item = match queue.get(runtime.agent.token)? {
                Got::Item(item) => item,
                Got::Empty => return Ok(GOT_NOTHING),
                Got::Ended => return Ok(GOT_END),
            };
            runtime.note_arrival();
            if let Some(place) = place.get_mut(..item.bytes.len()).filter(|_| item.area.is_none()) {
                place.copy_from_slice(&item.bytes);
                return Ok(item.bytes.len() as f64);
            }
            runtime.got_item = Some(item);
            Ok(GOT_LARGE)
        })
    })
}

/// The item that `queueGet` has kept: its bytes, and its area, if it has one.
#[napi(ts_return_type = "[Buffer, ArrayBuffer?]")]
pub fn take_got_item(env: Env) -> napi::Result<Vec<Unknown<'static>>> {
    let item = runtime::with_any(|runtime| {
        let missing = || Error::new(Code::Internal, "no item was kept".to_owned());
        runtime.got_item.take().ok_or_else(missing)
    })?;
    // SAFETY: `env` is live.
    let bytes = unsafe { Buffer::to_napi_value(env.raw(), Buffer::from(item.bytes)) }?;
    let area = item.area.map(|area| area::to_javascript(env, area)).transpose()?;
    // SAFETY: both are live values of this environment, in the scope of the running call.
    std::iter::once(bytes).chain(area).map(|value| unsafe { Unknown::from_napi_value(env.raw(), value) }).collect()
}

/// The queue of a NativeObject that is open: so it is held by this process.
fn with_queue(
    (index, generation): (u32, u32),
    action: impl FnOnce(&mut runtime::Runtime, Queue<'static>) -> Result<f64>,
) -> napi::Result<f64> {
    runtime::with(|runtime| {
        let domain = runtime.domain();
        let block = domain.block_of(Handle { kind: Kind::Queue, index, generation });
        let block = block.ok_or_else(|| Error::new(Code::Handle, "the queue is not there any more".to_owned()))?;
        action(runtime, Queue::at(domain, block)?)
    })
}

#[napi]
impl NativeObject {
    fn queue<T>(&self, action: impl FnOnce(&mut runtime::Runtime, Queue<'static>) -> Result<T>) -> napi::Result<T> {
        let block = self.block()?;
        runtime::with(|runtime| {
            let queue = Queue::at(runtime.domain(), block)?;
            action(runtime, queue)
        })
    }

    /// Gets an item that is to be acknowledged: its bytes, its hand, and whether somebody had it before (1); or one number
    /// as above.
    #[napi(ts_return_type = "Array<Buffer | number>")]
    pub fn queue_get_in_hand(&self) -> napi::Result<Vec<Either<f64, Buffer>>> {
        self.queue(|runtime, queue| {
            let item = match queue.get(runtime.agent.token)? {
                Got::Item(item) => item,
                Got::Empty => return Ok(vec![Either::A(GOT_NOTHING)]),
                Got::Ended => return Ok(vec![Either::A(GOT_END)]),
            };
            runtime.note_arrival();
            let hand = item.hand.map_or(-1.0, f64::from);
            Ok(vec![Either::B(item.bytes.into()), Either::A(hand), Either::A(f64::from(u8::from(item.is_again)))])
        })
    }

    /// Items, bytes, items not done, closed (1; 2: at once), the two limits, and whether items are acknowledged, and
    /// leave by priority (1).
    #[napi]
    pub fn queue_state(&self) -> napi::Result<Vec<f64>> {
        self.queue(|runtime, queue| {
            queue.look_after(runtime.agent.token);
            let limits = queue.limits();
            let closed = u8::from(queue.is_closed()) + u8::from(queue.is_closed_at_once());
            Ok(vec![
                queue.size() as f64,
                queue.bytes_inside() as f64,
                queue.unfinished() as f64,
                f64::from(closed),
                f64::from(limits.items),
                limits.bytes as f64,
                f64::from(u8::from(queue.is_acknowledged())),
                f64::from(u8::from(queue.is_by_priority())),
            ])
        })
    }

    #[napi]
    pub fn queue_close(&self, immediate: bool) -> napi::Result<()> {
        self.queue(|runtime, queue| {
            queue.close(runtime.agent.token, immediate);
            Ok(())
        })
    }

    /// `false`: every item is done already.
    #[napi]
    pub fn queue_task_done(&self) -> napi::Result<bool> {
        self.queue(|_, queue| Ok(queue.task_done()))
    }

    /// The item in that hand is done, or is to be got again by anybody. `false`: it is not this thread's.
    #[napi]
    pub fn queue_settle(&self, hand: u32, is_done: bool) -> napi::Result<bool> {
        self.queue(|runtime, queue| {
            let me = runtime.agent.token;
            Ok(if is_done { queue.acknowledge(me, hand) } else { queue.give_back(me, hand) })
        })
    }
}

/// Three numbers of four bytes each.
fn handles(bytes: &[u8]) -> Vec<Handle> {
    let (numbers, _) = bytes.as_chunks::<4>();
    let (named, _) = numbers.as_chunks::<3>();
    let named = named.iter().map(|three| three.map(u32::from_le_bytes));
    named
        .filter_map(|[kind, index, generation]| Some(Handle { kind: Kind::from_number(kind)?, index, generation }))
        .collect()
}
