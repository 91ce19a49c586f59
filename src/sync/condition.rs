//! A condition: agents that wait to be told, each in a place of its own.
//!
//! Block: 0 places ever used u32 · 4 next number u32 · 64 places, PLACES × u64: token (bits 0 to 29) | state (bits 30,
//! 31) | number (bits 32 to 63), 0 when free.
//!
//! | state of a place | next | by | commit |
//! |---|---|---|---|
//! | free, or of a dead agent | WAITING | a waiter, which holds the condition's lock | compare-exchange |
//! | WAITING | NOTIFIED | a notifier, for the n lowest numbers of living agents; then it wakes them | compare-exchange |
//! | WAITING | free | its waiter, whose time is over or which was aborted | compare-exchange |
//! | NOTIFIED | free | its waiter, which goes on | compare-exchange |
//!
//! A notification is given to one place, so exactly n of those that waited go on, and none that comes later. Nobody
//! waits for a waiter's answer. A waiter that gave up, or died, has no WAITING place any more and takes no notification
//! from the others; one that dies between being notified and going on takes its own with it. A notifier killed on the
//! way has notified some; those that it did not wake are woken by the reaper.

use super::park;
use crate::error::{Code, Error, Result};
use crate::memory::{Block, Domain, TOKEN_MASK, Token};
use crate::sys::atomic::Ordering::SeqCst;
use crate::sys::atomic::{AtomicU32, AtomicU64};

/// How many waits there can be at the same time.
pub const PLACES: u32 = 2000;
const FIRST_PLACE: u64 = 64;
pub const BLOCK_SIZE: u64 = FIRST_PLACE + PLACES as u64 * 8;

const STATE_MASK: u64 = 3 << 30;
const WAITING: u64 = 1 << 30;
const NOTIFIED: u64 = 2 << 30;

/// A place, and the number that the wait has there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    pub place: u32,
    pub number: u32,
}

#[derive(Clone, Copy)]
pub struct Condition<'d> {
    domain: &'d Domain,
    block: Block,
}

impl<'d> Condition<'d> {
    pub fn at(domain: &'d Domain, block: Block) -> Self {
        debug_assert!(block.length >= BLOCK_SIZE);
        Self { domain, block }
    }

    /// From here on a notification may be this agent's. It holds the lock, and gives it back afterwards.
    pub fn enter(self, me: Token) -> Result<Ticket> {
        let number = self.next_number().fetch_add(1, SeqCst);
        for place in 0..PLACES {
            let word = self.place(place);
            let seen = word.load(SeqCst);
            if seen != 0 && self.is_alive(seen) {
                continue;
            }
            // The mark first: a notifier looks at the places below it.
            self.used().fetch_max(place + 1, SeqCst);
            if word.compare_exchange(seen, occupied(me, WAITING, number), SeqCst, SeqCst).is_ok() {
                return Ok(Ticket { place, number });
            }
        }
        Err(Error::new(
            Code::Waiters,
            format!("condition.wait(): {PLACES} waits are under way already, and no more can be"),
        ))
    }

    /// Whether the wait has been notified; it has left its place then.
    pub fn look(self, me: Token, ticket: Ticket) -> bool {
        let word = self.place(ticket.place);
        let seen = word.load(SeqCst);
        if seen == occupied(me, WAITING, ticket.number) {
            return false;
        }
        // Overwritten by a hostile peer counts as notified: the waiter looks at what it waits for anyway.
        let _ = word.compare_exchange(occupied(me, NOTIFIED, ticket.number), 0, SeqCst, SeqCst);
        true
    }

    /// The wait is over without a notification. `false`: one had come, and is used.
    pub fn give_up(self, me: Token, ticket: Ticket) -> bool {
        let waiting = occupied(me, WAITING, ticket.number);
        if self.place(ticket.place).compare_exchange(waiting, 0, SeqCst, SeqCst).is_ok() {
            return true;
        }
        !self.look(me, ticket)
    }

    /// Notifies those that wait longest, at most `count`. Returns how many.
    pub fn notify(self, count: u32) -> u32 {
        let next = self.next_number().load(SeqCst);
        let mut waiting: Vec<(u32, u32)> = (0..self.used().load(SeqCst).min(PLACES))
            .filter_map(|place| {
                let seen = self.place(place).load(SeqCst);
                let age = next.wrapping_sub((seen >> 32) as u32);
                (seen & STATE_MASK == WAITING && self.is_alive(seen)).then_some((age, place))
            })
            .collect();
        waiting.sort_unstable_by(|left, right| right.cmp(left));
        let mut notified = 0;
        for (_, place) in waiting {
            if notified == count {
                break;
            }
            let word = self.place(place);
            let seen = word.load(SeqCst);
            if seen & STATE_MASK == WAITING
                && word.compare_exchange(seen, seen & !STATE_MASK | NOTIFIED, SeqCst, SeqCst).is_ok()
            {
                notified += 1;
                park::wake(self.domain, token_of(seen).slot());
            }
        }
        notified
    }

    /// How many wait now.
    pub fn waiting(self) -> u32 {
        (0..self.used().load(SeqCst).min(PLACES))
            .filter(|place| {
                let seen = self.place(*place).load(SeqCst);
                seen & STATE_MASK == WAITING && self.is_alive(seen)
            })
            .count() as u32
    }

    fn is_alive(self, seen: u64) -> bool {
        self.domain.agents().is_alive(token_of(seen))
    }

    fn used(self) -> &'d AtomicU32 {
        self.domain.map().u32_at(self.block.offset)
    }

    fn next_number(self) -> &'d AtomicU32 {
        self.domain.map().u32_at(self.block.offset + 4)
    }

    fn place(self, index: u32) -> &'d AtomicU64 {
        self.domain.map().u64_at(self.block.offset + FIRST_PLACE + u64::from(index % PLACES) * 8)
    }
}

fn occupied(token: Token, state: u64, number: u32) -> u64 {
    u64::from(number) << 32 | state | u64::from(token.0)
}

fn token_of(word: u64) -> Token {
    Token(word as u32 & TOKEN_MASK)
}
