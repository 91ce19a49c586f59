//! Items that leave a queue in the order of their priority, the smallest number first; of equal ones the oldest.
//!
//! In place of the chain of segments the block has a table of entries and a binary heap over them (Williams, 1964), from
//! offset 384: order, capacity × u32 · entries, capacity × 32 bytes: 0 state u32 · 4 message type u32 · 8 priority f64 ·
//! 16 number u64 · 24 payload u64 (index << 32 | generation), a block that the queue keeps.
//!
//! | step | commit |
//! |---|---|
//! | put | the entry's state: USED |
//! | get | the entry's state: FREE |
//!
//! Both are done under the put guard. The entries are the truth. The order is derived from them: all places, those of the
//! heap first, then the free ones; whoever takes the guard over from the dead makes it anew.

use super::layout::{FIXED, Queue, Side};
use super::{Got, Item, item, too_large};
use crate::channel::segment::corrupt;
use crate::error::Result;
use crate::memory::{Domain, Handle, Kind, Token};
use crate::sys::atomic::Ordering::{Relaxed, SeqCst};
use crate::sys::atomic::{AtomicU32, AtomicU64};

pub const CAPACITY_MAX: u32 = 1 << 16;
const ENTRY_SIZE: u64 = 32;
const USED: u32 = 1;

pub(super) fn block_size(capacity: u32) -> u64 {
    FIXED + u64::from(capacity) * (4 + ENTRY_SIZE) + 8
}

impl<'d> Queue<'d> {
    /// Before the block is known to anybody else.
    pub(super) fn initialise_order(self) {
        for place in 0..self.capacity() {
            self.order(place).store(place, Relaxed);
        }
    }

    /// Under the put guard, when there is room.
    pub(super) fn insert(self, priority: f64, message_type: u8, payload: Handle, length: u64) -> Result<()> {
        let count = self.heap_length().load(Relaxed);
        if count >= self.capacity() {
            return Err(corrupt("more items than places"));
        }
        let place = self.place_at(count)?;
        self.entry_half(place, 4).store(u32::from(message_type), Relaxed);
        self.entry_word(place, 8).store(priority.to_bits(), Relaxed);
        self.entry_word(place, 16).store(self.items(Side::Put).load(Relaxed), Relaxed);
        let name = u64::from(payload.index) << 32 | u64::from(payload.generation);
        self.entry_word(place, 24).store(name, Relaxed);
        self.count(Side::Put, length);
        self.entry_half(place, 0).store(USED, SeqCst);
        self.heap_length().store(count + 1, Relaxed);
        self.rise(count)
    }

    /// Takes the first item.
    pub(super) fn take_first(self, me: Token) -> Result<Got<'d>> {
        let guard = self.enter_put(me);
        let count = if self.is_closed_at_once() { 0 } else { self.heap_length().load(Relaxed) };
        if count == 0 {
            return Ok(if self.is_closed() { Got::Ended } else { Got::Empty });
        }
        if count > self.capacity() {
            return Err(corrupt("more items than places"));
        }
        let place = self.place_at(0)?;
        let message_type = self.entry_half(place, 4).load(Relaxed) as u8;
        let handle = self.payload_of(place);
        // This process's own before the item has left the queue.
        let block = self.domain.kept(handle, self.handle()).and_then(|_| self.domain.attach(handle));
        self.entry_half(place, 0).store(0, SeqCst);
        // Killed between the two, it counts as never put: nobody has to be done with it.
        self.count(Side::Get, block.as_ref().map_or(0, |block| block.length));
        self.order(0).store(self.place_at(count - 1)?, Relaxed);
        self.order(count - 1).store(place, Relaxed);
        self.heap_length().store(count - 1, Relaxed);
        self.sink(count - 1)?;
        self.domain.let_go(handle, self.handle());
        drop(guard);
        self.wake_after_get();
        let block = block?;
        let bytes = self.domain.map().read_vec(block.offset, block.length as usize);
        self.domain.detach(handle);
        let taken: Item = item(message_type, bytes.ok_or_else(too_large)?)?;
        Ok(Got::Item(taken))
    }

    /// Under both guards: the order, from the entries. Returns how many items there are.
    pub(super) fn make_order(self) {
        let (mut used, mut free) = (0, self.capacity());
        for place in 0..self.capacity() {
            if self.is_used(place) {
                self.order(used).store(place, Relaxed);
                used += 1;
            } else {
                free -= 1;
                self.order(free).store(place, Relaxed);
            }
        }
        self.heap_length().store(used, Relaxed);
        // Sorted is a heap, and this happens once in a death.
        let mut places: Vec<u32> = (0..used).map(|at| self.order(at).load(Relaxed)).collect();
        places.sort_by(|left, right| {
            self.rank(*left).partial_cmp(&self.rank(*right)).unwrap_or(std::cmp::Ordering::Equal)
        });
        for (at, place) in (0..).zip(places) {
            self.order(at).store(place, Relaxed);
        }
    }

    /// Message type and payload of each item.
    pub(super) fn entries(self) -> impl Iterator<Item = (u8, Handle)> + use<'d> {
        (0..self.capacity())
            .filter(move |place| self.is_used(*place))
            .map(move |place| (self.entry_half(place, 4).load(Relaxed) as u8, self.payload_of(place)))
    }

    fn rise(self, mut at: u32) -> Result<()> {
        while at > 0 {
            let parent = (at - 1) / 2;
            if !self.is_before(at, parent)? {
                break;
            }
            self.swap(at, parent);
            at = parent;
        }
        Ok(())
    }

    fn sink(self, count: u32) -> Result<()> {
        let mut at = 0;
        loop {
            let mut first = at;
            for child in [at * 2 + 1, at * 2 + 2] {
                if child < count && self.is_before(child, first)? {
                    first = child;
                }
            }
            if first == at {
                return Ok(());
            }
            self.swap(at, first);
            at = first;
        }
    }

    fn is_before(self, left: u32, right: u32) -> Result<bool> {
        Ok(self.rank(self.place_at(left)?) < self.rank(self.place_at(right)?))
    }

    fn swap(self, left: u32, right: u32) {
        let held = self.order(left).load(Relaxed);
        self.order(left).store(self.order(right).load(Relaxed), Relaxed);
        self.order(right).store(held, Relaxed);
    }

    fn rank(self, place: u32) -> (f64, u64) {
        (f64::from_bits(self.entry_word(place, 8).load(Relaxed)), self.entry_word(place, 16).load(Relaxed))
    }

    fn is_used(self, place: u32) -> bool {
        self.entry_half(place, 0).load(SeqCst) == USED
    }

    fn payload_of(self, place: u32) -> Handle {
        let word = self.entry_word(place, 24).load(Relaxed);
        Handle { kind: Kind::Payload, index: (word >> 32) as u32, generation: word as u32 }
    }

    fn place_at(self, at: u32) -> Result<u32> {
        let place = self.order(at).load(Relaxed);
        if place < self.capacity() { Ok(place) } else { Err(corrupt("an order that names no place")) }
    }

    fn heap_length(self) -> &'d AtomicU32 {
        self.half(28)
    }

    fn order(self, at: u32) -> &'d AtomicU32 {
        self.half(FIXED + u64::from(at) * 4)
    }

    fn entry_half(self, place: u32, offset: u64) -> &'d AtomicU32 {
        self.half(self.entry(place) + offset)
    }

    fn entry_word(self, place: u32, offset: u64) -> &'d AtomicU64 {
        self.word(self.entry(place) + offset)
    }

    fn entry(self, place: u32) -> u64 {
        FIXED + (u64::from(self.capacity()) * 4).next_multiple_of(8) + u64::from(place) * ENTRY_SIZE
    }
}

/// A new queue by priority for so many items, held by this process.
pub fn create(domain: &Domain, capacity: u32) -> Result<crate::memory::Block> {
    let block = domain.allocate(Kind::Queue, block_size(capacity))?;
    Queue::initialise_by_priority(domain, block, capacity);
    Ok(block)
}
