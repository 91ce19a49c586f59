//! What an agent that was killed inside of a guard may have left half done: an item that was counted and not committed, or
//! the other way round; and an item that lies in a hand (hands.rs) and in the queue.
//!
//! Who takes a guard over sets a flag, while it has the guard; the flag goes when the counts were made anew, under both
//! guards, put before get. Killed in between, the next one finds the guard dead, or the flag.

use super::layout::{MEND_GET, MEND_PUT, Queue, Side};
use crate::channel::segment::{INLINE, JUMP, OUT_OF_LINE, Segment, handle_from};
use crate::memory::{Handle, Kind, Token};
use crate::sync::guard::Guard;
use crate::sys::atomic::Ordering::{Relaxed, SeqCst};

/// A chain longer than that was not written by one of ours.
const SEGMENTS_MAX: u32 = 1 << 20;

/// What a walk along the chain finds.
pub(super) enum Found {
    /// A message type, and where its bytes are.
    Inline(u8, u64, u64),
    /// A message type, the block, and the item's length.
    Payload(u8, Handle, u64),
}

impl<'d> Queue<'d> {
    pub(super) fn enter_put(self, me: Token) -> Guard<'d> {
        let (guard, dead) = Guard::enter(self.domain, self.guard_word(Side::Put), me);
        if dead.is_some() {
            self.flags().fetch_or(MEND_PUT, SeqCst);
        }
        if self.needs_mending() {
            self.mend(me);
        }
        guard
    }

    pub(super) fn enter_get(self, me: Token) -> Guard<'d> {
        loop {
            let (guard, dead) = Guard::enter(self.domain, self.guard_word(Side::Get), me);
            if dead.is_some() {
                self.flags().fetch_or(MEND_GET, SeqCst);
            }
            if !self.needs_mending() {
                return guard;
            }
            // Put before get.
            drop(guard);
            drop(self.enter_put(me));
        }
    }

    fn needs_mending(self) -> bool {
        self.flags().load(SeqCst) & (MEND_PUT | MEND_GET) != 0
    }

    /// Somebody died inside, and nobody has come since: sizes may be wrong.
    pub fn look_after(self, me: Token) {
        if self.is_abandoned() || self.needs_mending() {
            drop(self.enter_put(me));
            drop(self.enter_get(me));
        }
    }

    /// Under the put guard.
    fn mend(self, me: Token) {
        let (_get, dead) = Guard::enter(self.domain, self.guard_word(Side::Get), me);
        if dead.is_some() {
            self.flags().fetch_or(MEND_GET, SeqCst);
        }
        let flags = self.flags().load(SeqCst);
        let (mut items, mut bytes, mut first) = (0_u64, 0_u64, None);
        self.walk(|found| {
            let length = match found {
                Found::Inline(_, _, length) => length,
                Found::Payload(_, handle, length) => {
                    if items == 0 {
                        first = Some(handle);
                    }
                    length
                }
            };
            items += 1;
            bytes = bytes.wrapping_add(length);
        });
        if let Some(handle) = first {
            self.empty_hand_of(handle);
        }
        if flags & MEND_GET != 0 {
            self.items(Side::Get).store(self.items(Side::Put).load(Relaxed).saturating_sub(items), SeqCst);
            self.bytes(Side::Get).store(self.bytes(Side::Put).load(Relaxed).wrapping_sub(bytes), SeqCst);
        } else {
            self.items(Side::Put).store(self.items(Side::Get).load(Relaxed).wrapping_add(items), SeqCst);
            self.bytes(Side::Put).store(self.bytes(Side::Get).load(Relaxed).wrapping_add(bytes), SeqCst);
        }
        if self.is_by_priority() {
            self.make_order();
        } else if let Some(last) = self.last_segment() {
            // A jump that was committed, and the word not moved.
            self.move_to(Side::Put, last);
        }
        self.flags().fetch_and(!(MEND_PUT | MEND_GET), SeqCst);
        for side in [Side::Put, Side::Get, Side::Join] {
            self.wake_all(side);
        }
    }

    /// Tells of each item from the next one to the last, without taking any; stops where memory makes no sense.
    pub(super) fn walk(self, mut tell: impl FnMut(Found)) -> Option<Handle> {
        if self.is_by_priority() {
            for (message_type, handle) in self.entries() {
                let length = self.domain.kept(handle, self.handle()).map_or(0, |block| block.length);
                tell(Found::Payload(message_type, handle, length));
            }
            return None;
        }
        let mut segment = self.segment(Side::Get).ok()?;
        let mut head = segment.head();
        let mut jumps = 0;
        while let Some(frame) = segment.peek(head).ok()? {
            let message_type = (frame.tag >> 8) as u8;
            match frame.tag & 0xff {
                JUMP => {
                    jumps += 1;
                    if jumps > SEGMENTS_MAX {
                        return None;
                    }
                    let (handle, _) = handle_from(self.domain, &frame, Kind::Segment).ok()?;
                    segment = Segment::find(self.domain, self.handle(), handle).ok()?;
                    head = segment.head();
                    continue;
                }
                INLINE => tell(Found::Inline(message_type, frame.offset, frame.length)),
                OUT_OF_LINE => {
                    let (handle, length) = handle_from(self.domain, &frame, Kind::Payload).ok()?;
                    tell(Found::Payload(message_type, handle, length));
                }
                _ => {}
            }
            head = frame.end;
        }
        Some(segment.handle())
    }

    fn last_segment(self) -> Option<Handle> {
        self.walk(|_| {})
    }
}
