//! The block of a queue.
//!
//! | offset | what | written by |
//! |---|---|---|
//! | 0 | flags u32 | the creator, who closes, who mends |
//! | 4 | the most items u32, 0: any number | the creator |
//! | 8 | the most bytes u64, 0: any number | the creator |
//! | 16 | items done u64, unless they are acknowledged | who is done with one |
//! | 24 | by priority: places u32, 28 those in the heap u32 | the creator; who has the put guard |
//! | 64 | put: guard u32, 72 segment u64, 80 items u64, 88 bytes u64 | who has the put guard |
//! | 128 | get: the same | who has the get guard |
//! | 192, 256, 320 | who waits to get, to put, for the end of all work: 64 bytes each | themselves |
//! | 384 | hands, 256 × 16 bytes, when items are to be acknowledged | see hands.rs |
//! | 384 | order and entries, when items leave by priority | see priority.rs |
//!
//! Items and bytes only grow; what is in the queue is their difference. A segment word is index + 1 << 32 | generation.

use super::priority;
use crate::channel::segment::{Segment, corrupt};
use crate::error::{Code, Error, Result};
use crate::memory::{Block, Domain, Handle, Kind, Token};
use crate::sync::guard::Guard;
use crate::sync::waiters::Waiters;
use crate::sys::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use crate::sys::atomic::{AtomicU32, AtomicU64};

pub(super) const FIXED: u64 = 384;
pub(super) const HANDS: u64 = FIXED;
pub(super) const HAND_COUNT: u32 = 256;

const CLOSED: u32 = 1;
const CLOSED_AT_ONCE: u32 = 2;
const ACKNOWLEDGED: u32 = 4;
const BY_PRIORITY: u32 = 32;
pub(super) const MEND_PUT: u32 = 8;
pub(super) const MEND_GET: u32 = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// 0: any number.
    pub items: u32,
    /// An item is taken while fewer are in the queue. 0: any number.
    pub bytes: u64,
}

impl Limits {
    pub fn is_bounded(self) -> bool {
        self.items != 0 || self.bytes != 0
    }
}

/// What one does with a queue, and waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Put,
    Get,
    Join,
}

#[derive(Clone, Copy)]
pub struct Queue<'d> {
    pub(super) domain: &'d Domain,
    block: Block,
}

impl<'d> Queue<'d> {
    pub fn block_size(acknowledged: bool) -> u64 {
        if acknowledged { HANDS + u64::from(HAND_COUNT) * 16 } else { FIXED }
    }

    /// Refuses a block whose own figures do not fit it.
    pub fn at(domain: &'d Domain, block: Block) -> Result<Self> {
        let queue = Self { domain, block };
        if block.length < FIXED || block.length < queue.size_of_all() {
            return Err(Error::new(Code::Handle, "the queue's block has been overwritten".to_owned()));
        }
        Ok(queue)
    }

    fn size_of_all(self) -> u64 {
        if !self.is_by_priority() {
            return Self::block_size(self.is_acknowledged());
        }
        // More places than there can be are not there.
        if self.capacity() > priority::CAPACITY_MAX { u64::MAX } else { priority::block_size(self.capacity()) }
    }

    pub(super) fn initialise_by_priority(domain: &Domain, block: Block, capacity: u32) {
        let queue = Queue { domain, block };
        queue.flags().store(BY_PRIORITY, Relaxed);
        queue.half(4).store(capacity, Relaxed);
        queue.half(24).store(capacity, Relaxed);
        queue.initialise_order();
    }

    pub fn is_by_priority(self) -> bool {
        self.flags().load(Relaxed) & BY_PRIORITY != 0
    }

    /// Places for items, when they leave by priority.
    pub fn capacity(self) -> u32 {
        self.half(24).load(Relaxed)
    }

    pub(super) fn initialise(domain: &Domain, block: Block, limits: Limits, acknowledged: bool, segment: Handle) {
        let queue = Queue { domain, block };
        queue.flags().store(if acknowledged { ACKNOWLEDGED } else { 0 }, Relaxed);
        queue.half(4).store(limits.items, Relaxed);
        queue.word(8).store(limits.bytes, Relaxed);
        queue.move_to(Side::Put, segment);
        queue.move_to(Side::Get, segment);
    }

    pub fn handle(self) -> Handle {
        self.block.handle
    }

    pub fn limits(self) -> Limits {
        Limits { items: self.half(4).load(Relaxed), bytes: self.word(8).load(Relaxed) }
    }

    /// Whether items are to be acknowledged by who gets them.
    pub fn is_acknowledged(self) -> bool {
        self.flags().load(Relaxed) & ACKNOWLEDGED != 0
    }

    pub fn is_closed(self) -> bool {
        self.flags().load(SeqCst) & CLOSED != 0
    }

    pub fn is_closed_at_once(self) -> bool {
        self.flags().load(SeqCst) & CLOSED_AT_ONCE != 0
    }

    pub(super) fn set_closed(self, immediate: bool) {
        self.flags().fetch_or(if immediate { CLOSED | CLOSED_AT_ONCE } else { CLOSED }, SeqCst);
    }

    /// Items in the queue that can be got.
    pub fn size(self) -> u64 {
        if self.is_closed_at_once() {
            return 0;
        }
        let got = self.items(Side::Get).load(SeqCst);
        self.items(Side::Put).load(SeqCst).saturating_sub(got)
    }

    pub fn bytes_inside(self) -> u64 {
        if self.is_closed_at_once() {
            return 0;
        }
        let got = self.bytes(Side::Get).load(SeqCst);
        self.bytes(Side::Put).load(SeqCst).saturating_sub(got)
    }

    pub fn has_room(self) -> bool {
        let limits = self.limits();
        (limits.items == 0 || self.size() < u64::from(limits.items))
            && (limits.bytes == 0 || self.bytes_inside() < limits.bytes)
    }

    /// Whether `get` would find something: an item, an end, or an error.
    pub fn is_readable(self) -> bool {
        self.is_closed_at_once() || self.has_item() || (self.is_closed() && !self.has_hands())
    }

    pub(super) fn has_item(self) -> bool {
        if self.is_by_priority() {
            return self.size() > 0;
        }
        if self.has_orphan() {
            return true;
        }
        if self.is_acknowledged() && !self.has_free_hand() {
            return false;
        }
        loop {
            let word = self.segment_word(Side::Get).load(SeqCst);
            match self.segment(Side::Get) {
                Ok(segment) => return segment.head() != segment.tail(),
                // Somebody has just gone on to the next one; or it makes no sense, and `get` says so.
                Err(_) if self.segment_word(Side::Get).load(SeqCst) == word => return true,
                Err(_) => {}
            }
        }
    }

    /// Whether `put` would not find it full.
    pub fn is_writable(self) -> bool {
        self.is_closed() || self.has_room()
    }

    /// Whether every item that was put is done.
    pub fn is_done(self) -> bool {
        self.is_closed_at_once() || self.unfinished() == 0
    }

    /// Items that were put and are not done. Those that are acknowledged are done when they are in no hand any more, so that
    /// whoever is killed in between keeps nobody waiting; they come into a hand before they leave the queue.
    pub fn unfinished(self) -> u64 {
        if self.is_acknowledged() {
            return self.size() + self.hands_in_use();
        }
        self.items(Side::Put).load(SeqCst).saturating_sub(self.done().load(SeqCst))
    }

    /// Whether what one waits for is there. Whoever waits looks after the dead as well.
    pub fn look(self, me: Token, side: Side) -> bool {
        self.look_after(me);
        match side {
            Side::Get => self.is_readable(),
            Side::Put => self.is_writable(),
            Side::Join => self.is_done(),
        }
    }

    pub fn register(self, side: Side, slot: u32) {
        self.waiters(side).set(slot);
    }

    /// The agent waits no more. A wake-up that it had got is the next one's.
    pub fn unregister(self, side: Side, slot: u32) {
        self.waiters(side).clear(slot);
        let is_others = match side {
            Side::Put => self.is_writable(),
            Side::Get => self.is_readable(),
            Side::Join => false,
        };
        if is_others {
            self.wake(side, 1);
        }
    }

    pub(super) fn wake(self, side: Side, sleepers: u32) {
        let waiters = self.waiters(side);
        if waiters.any() {
            waiters.wake(sleepers);
        }
    }

    pub fn wake_all(self, side: Side) {
        let waiters = self.waiters(side);
        if waiters.any() {
            waiters.wake_all();
        }
    }

    pub(super) fn segment(self, side: Side) -> Result<Segment<'d>> {
        // Acquire pairs with the Release of `move_to`.
        let word = self.segment_word(side).load(Acquire);
        let index = ((word >> 32) as u32).checked_sub(1).ok_or_else(|| corrupt("a queue without a segment"))?;
        Segment::find(self.domain, self.handle(), Handle { kind: Kind::Segment, index, generation: word as u32 })
    }

    pub(super) fn move_to(self, side: Side, segment: Handle) {
        let word = u64::from(segment.index + 1) << 32 | u64::from(segment.generation);
        self.segment_word(side).store(word, Release);
    }

    /// One more item has been put, or got. Under that side's guard, before the commit.
    pub(super) fn count(self, side: Side, bytes: u64) {
        let (items, sum) = (self.items(side), self.bytes(side));
        items.store(items.load(Relaxed).wrapping_add(1), Release);
        sum.store(sum.load(Relaxed).wrapping_add(bytes), Release);
    }

    pub(super) fn flags(self) -> &'d AtomicU32 {
        self.half(0)
    }

    pub(super) fn done(self) -> &'d AtomicU64 {
        self.word(16)
    }

    pub(super) fn guard_word(self, side: Side) -> &'d AtomicU32 {
        self.half(side_offset(side))
    }

    pub(super) fn is_abandoned(self) -> bool {
        [Side::Put, Side::Get].iter().any(|side| Guard::is_abandoned(self.domain, self.guard_word(*side)))
    }

    pub(super) fn segment_word(self, side: Side) -> &'d AtomicU64 {
        self.word(side_offset(side) + 8)
    }

    pub(super) fn items(self, side: Side) -> &'d AtomicU64 {
        self.word(side_offset(side) + 16)
    }

    pub(super) fn bytes(self, side: Side) -> &'d AtomicU64 {
        self.word(side_offset(side) + 24)
    }

    fn waiters(self, side: Side) -> Waiters<'d> {
        let offset = match side {
            Side::Get => 192,
            Side::Put => 256,
            Side::Join => 320,
        };
        Waiters::at(self.domain, self.block.offset + offset)
    }

    pub(super) fn half(self, offset: u64) -> &'d AtomicU32 {
        self.domain.map().u32_at(self.block.offset + offset)
    }

    pub(super) fn word(self, offset: u64) -> &'d AtomicU64 {
        self.domain.map().u64_at(self.block.offset + offset)
    }
}

fn side_offset(side: Side) -> u64 {
    match side {
        Side::Put | Side::Join => 64,
        Side::Get => 128,
    }
}
