//! What a queue that ends still holds: references inside items that nobody has got. They end with it, so that what they
//! name is not kept for ever. Called by the memory of the domain when the queue's last holder has gone, be it killed.

use super::layout::Queue;
use super::mend::Found;
use super::pipe_end::wake_pipe;
use super::{HAS_AREA, HAS_REFERENCES, split};
use crate::channel::payload::message_in;
use crate::memory::{self, Block, Domain, Handle, Kind};

/// Tells the memory of the domain how to look into queues. Once in a process, before anything is freed.
pub fn install() {
    memory::on_end(Kind::Queue, references_inside);
    memory::on_gone(Kind::PipeEnd, wake_pipe);
}

fn references_inside(domain: &Domain, block: Block) -> Vec<Handle> {
    let Ok(queue) = Queue::at(domain, block) else { return Vec::new() };
    let mut all = Vec::new();
    let mut add = |message_type: u8, offset: u64, length: u64| {
        let is_sound = offset.checked_add(length).is_some_and(|end| end <= domain.map().len());
        if message_type & HAS_REFERENCES == 0 || !is_sound {
            return;
        }
        if let Some(bytes) = domain.map().read_vec(offset, length as usize)
            && let Ok((_, handles)) = split(message_type, &bytes)
        {
            all.extend(handles);
        }
    };
    queue.walk(|found| match found {
        Found::Inline(message_type, offset, length) => add(message_type, offset, length),
        Found::Payload(message_type, handle, _) => {
            if let Ok(payload) = domain.kept(handle, queue.handle()) {
                let (offset, length) = message_in(domain, payload, payload.length, message_type & HAS_AREA != 0);
                add(message_type, offset, length);
            }
        }
    });
    for (message_type, handle) in queue.items_in_hands() {
        if let Ok(payload) = domain.kept(handle, queue.handle()) {
            add(message_type, payload.offset, payload.length);
        }
    }
    all
}
