//! Items that were handed out and are to be acknowledged: a table of 256 hands.
//!
//! A hand: 0 holder u32 · 4 message type u32 · 8 payload u64 (index << 32 | generation), a block that the queue keeps.
//!
//! | holder | next | by | commit |
//! |---|---|---|---|
//! | 0 | a token | who gets the item, under the get guard, before the item leaves the queue | the holder word |
//! | a token | 0 | its agent: acknowledged, or the item was still in the queue when it was killed (mend.rs) | the holder word |
//! | a token | GIVEN_BACK | its agent | the holder word |
//! | a dead token, GIVEN_BACK | a token | who gets the item again, under the get guard | the holder word |
//!
//! Killed between acknowledging and freeing the payload: the block ends with the queue; what it referred to stays counted
//! as in flight until the domain ends.

use super::layout::{HAND_COUNT, HANDS, Queue, Side};
use super::{HAS_REFERENCES, Item, item, split, too_large};
use crate::error::Result;
use crate::memory::{Handle, Kind, Token};
use crate::sys::atomic::AtomicU32;
use crate::sys::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

const GIVEN_BACK: u32 = u32::MAX;

impl<'d> Queue<'d> {
    /// Under the get guard. `None`: all hands are full.
    pub(super) fn lay_into_hand(self, me: Token, payload: Handle, message_type: u8) -> Option<u32> {
        let hand = (0..HAND_COUNT).find(|hand| self.holder(*hand).load(Acquire) == 0)?;
        self.half(place(hand) + 4).store(u32::from(message_type), Relaxed);
        self.word(place(hand) + 8).store(u64::from(payload.index) << 32 | u64::from(payload.generation), Relaxed);
        self.holder(hand).store(me.0, SeqCst);
        Some(hand)
    }

    /// Under the get guard: a hand whose holder died or gave its item back is this agent's.
    pub(super) fn take_over_hand(self, me: Token) -> Option<u32> {
        if !self.is_acknowledged() {
            return None;
        }
        (0..HAND_COUNT).find(|hand| {
            let seen = self.holder(*hand).load(SeqCst);
            self.is_orphan(seen) && self.holder(*hand).compare_exchange(seen, me.0, SeqCst, Relaxed).is_ok()
        })
    }

    pub(super) fn read_hand(self, hand: u32, is_again: bool) -> Result<Item<'d>> {
        let block = self.domain.kept(self.payload_in(hand), self.handle())?;
        let message_type = self.half(place(hand) + 4).load(Relaxed) as u8;
        let bytes = self.domain.map().read_vec(block.offset, block.length as usize).ok_or_else(too_large)?;
        // Whoever reads the item ends its references; those of the item itself stay, as it may be handed out again.
        for handle in split(message_type, &bytes)?.1 {
            if self.domain.is_live(handle) {
                self.domain.ship(handle);
            }
        }
        Ok(Item { hand: Some(hand), is_again, ..item(message_type, bytes)? })
    }

    /// The item is done with. `false`: it is not this agent's.
    pub fn acknowledge(self, me: Token, hand: u32) -> bool {
        let payload = if hand < HAND_COUNT && self.is_acknowledged() { self.payload_in(hand) } else { return false };
        let references = self.references_in(hand, payload);
        if self.holder(hand).compare_exchange(me.0, 0, SeqCst, Relaxed).is_err() {
            return false;
        }
        self.domain.let_go(payload, self.handle());
        for handle in references {
            self.domain.unship(handle);
        }
        if self.is_done() {
            self.wake_all(Side::Join);
        }
        // There may be waiters that found all hands full, or that wait for the end of the queue.
        self.wake_all(Side::Get);
        true
    }

    /// What the item in that hand refers to.
    fn references_in(self, hand: u32, payload: Handle) -> Vec<Handle> {
        let message_type = self.half(place(hand) + 4).load(Relaxed) as u8;
        let Some(block) = (message_type & HAS_REFERENCES != 0)
            .then(|| self.domain.kept(payload, self.handle()).ok())
            .flatten()
            .filter(|block| block.length >= 4)
        else {
            return Vec::new();
        };
        let count = u64::from(self.domain.map().u32_at(block.offset).load(Relaxed));
        let names = self.domain.map().read_vec(block.offset, block.length.min(4 + count * 12) as usize);
        names.and_then(|bytes| split(message_type, &bytes).ok()).map_or_else(Vec::new, |(_, handles)| handles)
    }

    /// The item is to be got again, by anybody. `false`: it is not this agent's.
    pub fn give_back(self, me: Token, hand: u32) -> bool {
        let given = hand < HAND_COUNT
            && self.is_acknowledged()
            && self.holder(hand).compare_exchange(me.0, GIVEN_BACK, SeqCst, Relaxed).is_ok();
        if given {
            self.wake(Side::Get, 1);
        }
        given
    }

    pub(super) fn has_orphan(self) -> bool {
        self.is_acknowledged() && (0..HAND_COUNT).any(|hand| self.is_orphan(self.holder(hand).load(SeqCst)))
    }

    pub(super) fn has_free_hand(self) -> bool {
        (0..HAND_COUNT).any(|hand| self.holder(hand).load(SeqCst) == 0)
    }

    /// Whether any item is out and not acknowledged.
    pub(super) fn has_hands(self) -> bool {
        self.is_acknowledged() && (0..HAND_COUNT).any(|hand| self.holder(hand).load(SeqCst) != 0)
    }

    pub(super) fn hands_in_use(self) -> u64 {
        (0..HAND_COUNT).filter(|hand| self.holder(*hand).load(SeqCst) != 0).count() as u64
    }

    /// Under both guards: whoever was killed had laid the item into a hand, and not taken it from the queue.
    pub(super) fn empty_hand_of(self, payload: Handle) {
        if !self.is_acknowledged() {
            return;
        }
        for hand in 0..HAND_COUNT {
            let seen = self.holder(hand).load(SeqCst);
            // As the system knows it: the agent table may not have heard of the death yet.
            let is_dead = seen != 0 && seen != GIVEN_BACK && !self.domain.agents().is_alive_now(Token(seen));
            if is_dead && self.payload_in(hand) == payload {
                self.holder(hand).store(0, Release);
            }
        }
    }

    /// The references inside items that are out; when the queue ends.
    pub(super) fn items_in_hands(self) -> impl Iterator<Item = (u8, Handle)> + use<'d> {
        (0..if self.is_acknowledged() { HAND_COUNT } else { 0 })
            .filter(move |hand| self.holder(*hand).load(Relaxed) != 0)
            .map(move |hand| (self.half(place(hand) + 4).load(Relaxed) as u8, self.payload_in(hand)))
            .filter(|(message_type, _)| message_type & HAS_REFERENCES != 0)
    }

    fn is_orphan(self, holder: u32) -> bool {
        holder == GIVEN_BACK || (holder != 0 && !self.domain.agents().is_alive(Token(holder)))
    }

    fn payload_in(self, hand: u32) -> Handle {
        let word = self.word(place(hand) + 8).load(Relaxed);
        Handle { kind: Kind::Payload, index: (word >> 32) as u32, generation: word as u32 }
    }

    fn holder(self, hand: u32) -> &'d AtomicU32 {
        self.half(place(hand))
    }
}

fn place(hand: u32) -> u64 {
    HANDS + u64::from(hand) * 16
}
