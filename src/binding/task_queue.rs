//! The pool's queue of tasks: the producer's and the worker's side, by a number of the thread's runtime.

use napi::bindgen_prelude::{Buffer, Uint8Array};
use napi_derive::napi;

use super::arguments::handle;
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

/// Producer: `false` when the queue is full.
#[napi]
pub fn submit_task(id: u32, task: u32, payload: Uint8Array) -> napi::Result<bool> {
    runtime::with(|runtime| {
        let submitted = runtime.queue(id)?.queue.submit(task, &payload);
        runtime.note_traffic();
        runtime.settle();
        submitted
    })
}

#[napi(object)]
pub struct ClaimedTask {
    pub id: u32,
    pub payload: Buffer,
}

/// Worker: the next task, or nothing.
#[napi]
pub fn claim_task(id: u32) -> napi::Result<Option<ClaimedTask>> {
    runtime::with(|runtime| {
        let token = runtime.agent.token;
        let state = runtime.queue(id)?;
        let task = state.queue.claim(token, state.worker)?;
        Ok(task.map(|task| ClaimedTask { id: task.id, payload: task.payload.into() }))
    })
}

/// Worker: sends the result of its task over a channel, as a message of type `status` that begins with the task's number
/// (4 bytes, little-endian), and has no task from then on.
#[napi]
pub fn answer_task(id: u32, channel: u32, status: u32, task: u32, content: Uint8Array) -> napi::Result<()> {
    runtime::with(|runtime| {
        runtime.channel(channel)?.endpoint.send(status as u8, &[&task.to_le_bytes(), &content])?;
        runtime.note_traffic();
        let state = runtime.queue(id)?;
        state.queue.finish(state.worker);
        Ok(())
    })
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
