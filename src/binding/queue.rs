//! Queues and the ends of pipes, as JavaScript calls them.

use napi::bindgen_prelude::{Buffer, Either, Uint8Array};
use napi_derive::napi;

use super::arguments::handle;
use super::object::NativeObject;
use super::runtime;
use crate::error::{Code, Error, Result};
use crate::memory::{Handle, Kind};
use crate::queue::{self, Got, Limits, Put, Queue};

const PUT_DONE: u32 = 0;
const PUT_FULL: u32 = 1;
const PUT_CLOSED: u32 = 2;
const PUT_GONE: u32 = 3;
/// In place of the index of an end: none.
const NO_END: u32 = u32::MAX;
const GOT_NOTHING: f64 = -1.0;
const GOT_END: f64 = -2.0;

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

#[napi]
impl NativeObject {
    fn queue<T>(&self, action: impl FnOnce(&mut runtime::Runtime, Queue<'static>) -> Result<T>) -> napi::Result<T> {
        let block = self.block()?;
        runtime::with(|runtime| {
            let queue = Queue::at(runtime.domain(), block)?;
            action(runtime, queue)
        })
    }

    /// Puts an item: 0 done, 1 full, 2 closed, 3: nobody has that end of a pipe any more. `references`: kind, index,
    /// generation of each shipped one inside.
    #[napi]
    pub fn queue_put(
        &self,
        content: Uint8Array,
        length: u32,
        end_index: u32,
        end_generation: u32,
        priority: f64,
        references: Option<Vec<u32>>,
    ) -> napi::Result<u32> {
        let content = content.get(..length as usize).unwrap_or(&content);
        self.queue(|runtime, queue| {
            let references = match &references {
                Some(numbers) => handles(numbers),
                None => Vec::new(),
            };
            let end = Handle { kind: Kind::PipeEnd, index: end_index, generation: end_generation };
            if end_index != NO_END && !runtime.domain().is_live(end) {
                return Ok(PUT_GONE);
            }
            let put = queue.put(runtime.agent.token, (0, priority), &references, content)?;
            runtime.note_traffic();
            Ok(match put {
                Put::Done => PUT_DONE,
                Put::Full => PUT_FULL,
                Put::Closed => PUT_CLOSED,
            })
        })
    }

    /// Gets an item: how many bytes of it are in `scratch` now, or all of them when they do not fit; -1: there is none,
    /// -2: there will be none.
    #[napi]
    pub fn queue_get(&self, mut scratch: Uint8Array) -> napi::Result<Either<f64, Buffer>> {
        self.queue(|runtime, queue| {
            let item = match queue.get(runtime.agent.token)? {
                Got::Item(item) => item,
                Got::Empty => return Ok(Either::A(GOT_NOTHING)),
                Got::Ended => return Ok(Either::A(GOT_END)),
            };
            runtime.note_arrival();
            // SAFETY: JavaScript gives its scratch buffer away for the length of this call, in which nothing else runs.
            let place = unsafe { scratch.as_mut() };
            match place.get_mut(..item.bytes.len()) {
                Some(place) => {
                    place.copy_from_slice(&item.bytes);
                    Ok(Either::A(item.bytes.len() as f64))
                }
                None => Ok(Either::B(item.bytes.into())),
            }
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

fn handles(numbers: &[u32]) -> Vec<Handle> {
    let named = numbers
        .chunks_exact(3)
        .filter_map(|three| Some(Handle { kind: Kind::from_number(three[0])?, index: three[1], generation: three[2] }));
    named.collect()
}
