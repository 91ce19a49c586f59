//! That somebody has an end of a pipe: a block of four words, index and generation of the two queues of the pipe.
//!
//! It ends with whoever had it last, by whatever means: closed, killed, thrown away inside a message. Whoever waits in the
//! queues may wait in vain then, and is woken to look.

use super::layout::{Queue, Side};
use crate::error::Result;
use crate::memory::{Block, Domain, Handle, Kind};
use crate::sys::atomic::Ordering::Relaxed;

const SIZE: u64 = 64;

/// A new end, held by this process. `queues`: index and generation of each; one of a simplex pipe.
pub fn create_pipe_end(domain: &Domain, queues: &[u32]) -> Result<Block> {
    let block = domain.allocate(Kind::PipeEnd, SIZE)?;
    for (place, number) in queues.iter().take(4).enumerate() {
        domain.map().u32_at(block.offset + place as u64 * 4).store(*number, Relaxed);
    }
    Ok(block)
}

pub(super) fn wake_pipe(domain: &Domain, block: Block) {
    let number = |place: u64| domain.map().u32_at(block.offset + place * 4).load(Relaxed);
    for place in [0, 2] {
        let handle = Handle { kind: Kind::Queue, index: number(place), generation: number(place + 1) };
        if let Some(queue) = domain.block_of(handle).and_then(|block| Queue::at(domain, block).ok()) {
            queue.wake_all(Side::Get);
            queue.wake_all(Side::Put);
        }
    }
}
