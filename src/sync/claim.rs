//! The right of way: how a waiter that was overtaken gets its turn. Locks and semaphores are barging (whoever runs may
//! take a free one before the sleeper that was woken for it), which keeps them fast; a claim bounds that.
//!
//! One word of the object's block: 0, or the token of the claimant.
//!
//! | event | by | commit |
//! |---|---|---|
//! | a wait that has lasted CLAIM_AFTER stakes a claim | compare-exchange from 0 or from a dead token | the word |
//! | another wait finds the object free and claimed | it leaves it to the claimant, for GIVE_WAY at the most | – |
//! | GIVE_WAY is over: the claimant is stopped or has no processor | the other takes the claim away | the word |
//! | the claimant acquires, or gives up | compare-exchange from its token to 0 | the word |
//!
//! So a waiter is overtaken for CLAIM_AFTER, and from its claim on by nobody who waits, but for each claimant before it.
//! A claimant that dies leaves a dead token, which bars nobody. `tryAcquire` heeds no claim: it does not wait.

use std::time::Duration;

use crate::memory::{Domain, Token};
use crate::sys::atomic::AtomicU32;
use crate::sys::atomic::Ordering::{Relaxed, SeqCst};
use crate::sys::instant::Instant;

/// How long a wait may be overtaken.
pub const CLAIM_AFTER: Duration = Duration::from_millis(10);
/// How long a free object is left to a claimant.
pub const GIVE_WAY: Duration = Duration::from_millis(5);

/// What one wait remembers of its standing in line. Nothing here is shared.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    since: Instant,
    /// When this wait first left the free object to a claimant.
    gave_way: Option<(Token, Instant)>,
    /// When this wait to write first left the lock to readers that had waited (rwlock.rs).
    gave_way_to_readers: Option<Instant>,
}

impl Standing {
    pub fn begin() -> Self {
        Self { since: Instant::now(), gave_way: None, gave_way_to_readers: None }
    }

    /// When the wait should look again though nobody wakes it.
    pub fn look_again(&self) -> Option<Instant> {
        let to_claimant = self.gave_way.map(|(_, since)| since);
        to_claimant.into_iter().chain(self.gave_way_to_readers).min().map(|since| since + GIVE_WAY)
    }

    /// Whether the readers' turn still counts for this wait.
    pub(super) fn gives_way_to_readers(&mut self) -> bool {
        let since = *self.gave_way_to_readers.get_or_insert_with(Instant::now);
        let gives_way = since.elapsed() < GIVE_WAY;
        if !gives_way {
            self.gave_way_to_readers = None;
        }
        gives_way
    }

    pub(super) fn readers_have_come(&mut self) {
        self.gave_way_to_readers = None;
    }
}

#[derive(Clone, Copy)]
pub struct Claim<'d> {
    domain: &'d Domain,
    offset: u64,
}

impl<'d> Claim<'d> {
    pub fn at(domain: &'d Domain, offset: u64) -> Self {
        Self { domain, offset }
    }

    /// The living claimant.
    pub fn holder(self) -> Option<Token> {
        let token = Token(self.word().load(SeqCst));
        (token != Token::NOBODY).then_some(token)
    }

    /// Whether a wait of `me` has to leave the free object to somebody else.
    pub fn bars(self, me: Token, standing: &mut Standing) -> bool {
        let Some(claimant) = self.holder().filter(|token| *token != me) else {
            standing.gave_way = None;
            return false;
        };
        match standing.gave_way {
            Some((token, since)) if token == claimant => {
                if since.elapsed() < GIVE_WAY {
                    return true;
                }
                let _ = self.word().compare_exchange(claimant.0, 0, SeqCst, Relaxed);
                standing.gave_way = None;
                false
            }
            _ => {
                standing.gave_way = Some((claimant, Instant::now()));
                true
            }
        }
    }

    /// The object is not free: a wait that has lasted long enough stakes its claim.
    pub fn stake(self, me: Token, standing: &Standing) {
        let seen = self.word().load(Relaxed);
        if seen == me.0 || standing.since.elapsed() < CLAIM_AFTER || self.holder().is_some() {
            return;
        }
        let _ = self.word().compare_exchange(seen, me.0, SeqCst, Relaxed);
    }

    /// The wait of `me` has ended, in whatever way.
    pub fn withdraw(self, me: Token) {
        if self.word().load(Relaxed) == me.0 {
            let _ = self.word().compare_exchange(me.0, 0, SeqCst, Relaxed);
        }
    }

    fn word(self) -> &'d AtomicU32 {
        self.domain.map().u32_at(self.offset)
    }
}
