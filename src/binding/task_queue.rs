//! The pool's queue of tasks: the producer's and the worker's side, by a number of the thread's runtime.

use napi::bindgen_prelude::Buffer;
use napi::sys as raw;
use napi_derive::napi;

use super::arguments::handle;
use super::direct::{Direct, answer};
use super::runtime;
use crate::memory::{Kind, Token};
use crate::pool::task_queue::TaskQueue;

/// A new queue: `[id, index, generation]`.
#[napi]
pub fn create_task_queue(instance: u32) -> napi::Result<Vec<u32>> {
    runtime::with(|runtime| {
        let queue = TaskQueue::create(runtime.domain())?;
        let handle = queue.handle();
        Ok(vec![runtime.add_queue(queue, instance, None), handle.index, handle.generation])
    })
}

/// A reference to the queue is about to travel to a worker.
#[napi]
pub fn ship_task_queue(id: u32) -> napi::Result<()> {
    runtime::with(|runtime| {
        runtime.queue(id)?.queue.ship();
        Ok(())
    })
}

/// Worker: the queue that a shipped handle names; `worker` is this worker's number in it.
#[napi]
pub fn open_task_queue(instance: u32, index: u32, generation: u32, worker: u32) -> napi::Result<u32> {
    let handle = handle(Kind::TaskQueue as u32, index, generation)?;
    runtime::with(|runtime| {
        let queue = TaskQueue::open(runtime.domain(), handle)?;
        Ok(runtime.add_queue(queue, instance, Some(worker)))
    })
}

pub const DIRECT: &[Direct] =
    &[("submitTask", Some(submit_task)), ("claimTask", Some(claim_task)), ("answerTask", Some(answer_task))];

/// `submitTask(id, task, payload, length)`, by the producer: 1, or 0 when the queue is full.
extern "C" fn submit_task(env: raw::napi_env, info: raw::napi_callback_info) -> raw::napi_value {
    answer::<4>(env, info, |given| {
        let (id, task, payload) = (given.number(0)?, given.number(1)?, given.bytes(2)?);
        let payload = payload.get(..given.number(3)? as usize).unwrap_or(payload);
        runtime::with(|runtime| {
            let submitted = runtime.queue(id)?.queue.submit(task, payload);
            runtime.note_traffic();
            runtime.settle();
            Ok(f64::from(u8::from(submitted?)))
        })
    })
}

/// `claimTask(id, place)`, by a worker: takes the next task. Its number u32 and its payload are copied to `place`, and the
/// bytes used returned; -1: there is none; -2: it is too large, and `takeClaimedTask` has it.
extern "C" fn claim_task(env: raw::napi_env, info: raw::napi_callback_info) -> raw::napi_value {
    answer::<2>(env, info, |given| {
        let (id, place) = (given.number(0)?, given.bytes(1)?);
        runtime::with(|runtime| {
            let token = runtime.agent.token;
            let state = runtime.queue(id)?;
            let Some(task) = state.queue.claim(token, state.worker)? else { return Ok(NO_TASK) };
            let length = NUMBER + task.payload.len();
            let Some((number, payload)) = place.get_mut(..length).map(|place| place.split_at_mut(NUMBER)) else {
                state.claimed = Some(task);
                return Ok(LARGE_TASK);
            };
            number.copy_from_slice(&task.id.to_le_bytes());
            payload.copy_from_slice(&task.payload);
            Ok(length as f64)
        })
    })
}

/// Worker: the task that was too large for `claimTask`'s place.
#[napi]
pub fn take_claimed_task(id: u32) -> napi::Result<Option<ClaimedTask>> {
    runtime::with(|runtime| {
        let task = runtime.queue(id)?.claimed.take();
        Ok(task.map(|task| ClaimedTask { id: task.id, payload: task.payload.into() }))
    })
}

/// `answerTask(id, channel, status, task, content, length)`, by a worker: sends the result of its task over a channel, as
/// a message of type `status` that begins with the task's number (4 bytes, little-endian); it has no task from then on.
extern "C" fn answer_task(env: raw::napi_env, info: raw::napi_callback_info) -> raw::napi_value {
    answer::<6>(env, info, |given| {
        let (id, channel, status, task) = (given.number(0)?, given.number(1)?, given.number(2)?, given.number(3)?);
        let content = given.bytes(4)?;
        let content = content.get(..given.number(5)? as usize).unwrap_or(content);
        runtime::with(|runtime| {
            runtime.channel(channel)?.endpoint.send(status as u8, &[&task.to_le_bytes(), content])?;
            runtime.note_traffic();
            let state = runtime.queue(id)?;
            state.queue.finish(state.worker);
            Ok(0.0)
        })
    })
}

const NO_TASK: f64 = -1.0;
const LARGE_TASK: f64 = -2.0;
/// Bytes of a task's number.
const NUMBER: usize = 4;

#[napi(object)]
pub struct ClaimedTask {
    pub id: u32,
    pub payload: Buffer,
}

/// Worker: whether new tasks are to be reported to it.
#[napi]
pub fn set_worker_idle(id: u32, idle: bool) -> napi::Result<()> {
    runtime::with(|runtime| runtime.set_idle(id, idle))
}

/// Producer: the tasks that a dead worker had taken.
#[napi]
pub fn tasks_of_dead(id: u32, token: u32, worker: u32) -> napi::Result<Vec<u32>> {
    runtime::with_any(|runtime| Ok(runtime.queue(id)?.queue.tasks_of_dead(Token(token), worker)))
}

/// Producer: takes back all tasks that no worker has taken, and returns their payloads.
#[napi]
pub fn withdraw_tasks(id: u32) -> napi::Result<Vec<Buffer>> {
    runtime::with_any(|runtime| {
        let token = runtime.agent.token;
        Ok(runtime.queue(id)?.queue.withdraw(token).into_iter().map(|task| task.payload.into()).collect())
    })
}

#[napi]
pub fn close_task_queue(id: u32) -> napi::Result<()> {
    runtime::with_any(|runtime| {
        runtime.remove_queue(id);
        Ok(())
    })
}
