//! A lock for many readers or one writer.
//!
//! Block: 0 writer u32 · 4 turn u32 · 8 claim u32, of writers (claim.rs) · 64 waiting readers, 64 bytes · 128 waiting
//! writers, 64 bytes · 192 readers, READERS_MAX × u32 (holders.rs).
//!
//! | writer word | meaning | goes to | by |
//! |---|---|---|---|
//! | 0 | no writer | t | a writer that waits for the readers to leave: compare-exchange |
//! | t | t waits for the readers; no new ones come in | t + ACTIVE | t, when no living reader is left |
//! | t + ACTIVE | t writes | 0 | its release; then all waiting readers and one writer are woken |
//! | t, dead | – | as 0 | whoever looks next |
//! | t + ACTIVE, dead | abandoned | u + ACTIVE, or 0 by a reader that is in | whoever looks next: it learns of it |
//!
//! SYNC POINT R: a reader enters its token first and looks at the writer word second, and leaves again when there is a
//! writer; a writer sets its word first and looks at the readers second (all SeqCst): one of the two sees the other.
//!
//! Writers are preferred: one that waits keeps new readers out. Readers do not starve: a writer that ends while readers
//! wait sets `turn`, and until they have come in (5 ms at most) no other writer begins. Among writers claim.rs holds.
//!
//! A killed reader's place counts as free; the reaper wakes all, and the writer looks.

use super::claim::{Claim, Standing};
use super::holders::Holders;
use super::lock::Attempt;
use super::park;
use super::waiters::Waiters;
use crate::error::{Code, Error, Result};
use crate::memory::{Block, Domain, TOKEN_MASK, Token};
use crate::sys::atomic::AtomicU32;
use crate::sys::atomic::Ordering::SeqCst;

pub const READERS_MAX: u32 = 960;
const READERS: u64 = 192;
pub const BLOCK_SIZE: u64 = READERS + READERS_MAX as u64 * Holders::PLACE_SIZE;
const ACTIVE: u32 = 1 << 30;

#[derive(Clone, Copy)]
pub struct RwLock<'d> {
    domain: &'d Domain,
    block: Block,
}

impl<'d> RwLock<'d> {
    pub fn at(domain: &'d Domain, block: Block) -> Self {
        debug_assert!(block.length >= BLOCK_SIZE);
        Self { domain, block }
    }

    pub fn try_read(self, me: Token) -> Attempt {
        if self.bars_readers(self.writer().load(SeqCst)) {
            return Attempt::Held;
        }
        if self.readers().take(me).is_none() {
            return Attempt::Held;
        }
        // SYNC POINT R: our token is in.
        loop {
            let seen = self.writer().load(SeqCst);
            if seen == 0 {
                return Attempt::Acquired;
            }
            if self.bars_readers(seen) {
                self.readers().give_back(me);
                park::wake(self.domain, Token(seen & TOKEN_MASK).slot());
                return Attempt::Held;
            }
            if self.writer().compare_exchange(seen, 0, SeqCst, SeqCst).is_ok() {
                let dead = Token(seen & TOKEN_MASK);
                return if seen & ACTIVE == 0 { Attempt::Acquired } else { Attempt::AcquiredFromDead(dead) };
            }
        }
    }

    /// Once: takes the lock if there is neither writer nor reader.
    pub fn try_write(self, me: Token) -> Attempt {
        let attempt = self.advance_writer(me);
        if attempt == Attempt::Held {
            self.give_up_write(me);
        }
        attempt
    }

    /// As a wait does: keeps new readers out from now on; heeds the readers' turn, and other writers' claims.
    pub fn write_in_turn(self, me: Token, standing: &mut Standing) -> Attempt {
        let seen = self.writer().load(SeqCst);
        let is_vacant = self.is_vacant(seen);
        if seen == me.0 || (is_vacant && !self.readers_come_first(standing) && !self.claim().bars(me, standing)) {
            let attempt = self.advance_writer(me);
            if attempt != Attempt::Held {
                self.claim().withdraw(me);
                return attempt;
            }
        }
        self.claim().stake(me, standing);
        Attempt::Held
    }

    /// One step further towards writing, if possible.
    fn advance_writer(self, me: Token) -> Attempt {
        loop {
            let seen = self.writer().load(SeqCst);
            if seen == me.0 {
                break;
            }
            if !self.is_vacant(seen) {
                return Attempt::Held;
            }
            // Nobody reads beside an active writer, be it dead: its successor writes at once.
            let was_active = seen & ACTIVE != 0;
            let wanted = if was_active { me.0 | ACTIVE } else { me.0 };
            if self.writer().compare_exchange(seen, wanted, SeqCst, SeqCst).is_ok() {
                if was_active {
                    return Attempt::AcquiredFromDead(Token(seen & TOKEN_MASK));
                }
                break;
            }
        }
        // SYNC POINT R: our word is set.
        if self.readers().alive().next().is_some() {
            return Attempt::Held;
        }
        let begun = self.writer().compare_exchange(me.0, me.0 | ACTIVE, SeqCst, SeqCst).is_ok();
        if begun { Attempt::Acquired } else { Attempt::Held }
    }

    /// The wait to write is over without success: readers may come in again.
    pub fn give_up_write(self, me: Token) {
        if self.writer().compare_exchange(me.0, 0, SeqCst, SeqCst).is_ok() {
            self.wake_next();
        }
    }

    pub fn release_read(self, me: Token) -> Result<()> {
        if !self.readers().give_back(me) {
            return Err(not_owner("releaseRead()", "read"));
        }
        let seen = self.writer().load(SeqCst);
        if seen != 0 {
            park::wake(self.domain, Token(seen & TOKEN_MASK).slot());
        } else if self.waiting_writers().any() {
            self.wake_writer();
        }
        // Somebody may have waited for a place.
        if self.waiting_readers().any() {
            self.waiting_readers().wake(1);
        }
        Ok(())
    }

    pub fn release_write(self, me: Token) -> Result<()> {
        if self.writer().load(SeqCst) != me.0 | ACTIVE {
            return Err(not_owner("releaseWrite()", "write"));
        }
        self.end_writing(me)
    }

    /// The writer goes on as a reader; no writer comes between.
    pub fn downgrade(self, me: Token) -> Result<()> {
        if self.writer().load(SeqCst) != me.0 | ACTIVE {
            return Err(not_owner("downgrade()", "write"));
        }
        if self.readers().take(me).is_none() {
            return Err(Error::new(
                Code::Waiters,
                format!("rwLock.downgrade(): there are {READERS_MAX} readers already"),
            ));
        }
        self.end_writing(me)
    }

    fn end_writing(self, me: Token) -> Result<()> {
        // Before the word: a writer that finds it vacant finds the readers' turn as well.
        self.turn().store(u32::from(self.waiting_readers().any_alive()), SeqCst);
        if self.writer().compare_exchange(me.0 | ACTIVE, 0, SeqCst, SeqCst).is_err() {
            return Err(not_owner("releaseWrite()", "write"));
        }
        self.wake_next();
        Ok(())
    }

    fn wake_next(self) {
        if self.waiting_readers().any() {
            self.waiting_readers().wake_all();
        }
        if self.waiting_writers().any() {
            self.wake_writer();
        }
    }

    fn wake_writer(self) {
        if let Some(claimant) = self.claim().holder() {
            park::wake(self.domain, claimant.slot());
        }
        self.waiting_writers().wake(1);
    }

    fn readers_come_first(self, standing: &mut Standing) -> bool {
        if self.turn().load(SeqCst) == 0 {
            return false;
        }
        if self.waiting_readers().any_alive() && standing.gives_way_to_readers() {
            return true;
        }
        standing.readers_have_come();
        self.turn().store(0, SeqCst);
        false
    }

    pub fn register_reader(self, slot: u32) {
        self.waiting_readers().set(slot);
    }

    pub fn unregister_reader(self, slot: u32) {
        self.waiting_readers().clear(slot);
    }

    pub fn register_writer(self, slot: u32) {
        self.waiting_writers().set(slot);
    }

    /// The agent waits no longer to write. If it was woken and does not write, the next one is woken.
    pub fn unregister_writer(self, me: Token) {
        self.claim().withdraw(me);
        self.waiting_writers().clear(me.slot());
        if self.writer().load(SeqCst) == 0 && self.waiting_writers().any() {
            self.wake_writer();
        }
    }

    /// Who writes, or died writing; or who waits to write while nobody else does.
    pub fn writer_token(self) -> Token {
        Token(self.writer().load(SeqCst) & TOKEN_MASK)
    }

    pub fn is_writing(self) -> bool {
        self.writer().load(SeqCst) & ACTIVE != 0
    }

    /// The living readers, each as often as it reads.
    pub fn reader_tokens(self) -> impl Iterator<Item = Token> {
        self.readers().alive()
    }

    fn is_vacant(self, seen: u32) -> bool {
        let writer = Token(seen & TOKEN_MASK);
        writer == Token::NOBODY || !self.domain.agents().is_alive(writer)
    }

    fn bars_readers(self, seen: u32) -> bool {
        !self.is_vacant(seen)
    }

    fn readers(self) -> Holders<'d> {
        Holders::at(self.domain, self.block.offset + READERS, READERS_MAX)
    }

    fn claim(self) -> Claim<'d> {
        Claim::at(self.domain, self.block.offset + 8)
    }

    fn waiting_readers(self) -> Waiters<'d> {
        Waiters::at(self.domain, self.block.offset + 64)
    }

    fn waiting_writers(self) -> Waiters<'d> {
        Waiters::at(self.domain, self.block.offset + 128)
    }

    fn writer(self) -> &'d AtomicU32 {
        self.domain.map().u32_at(self.block.offset)
    }

    fn turn(self) -> &'d AtomicU32 {
        self.domain.map().u32_at(self.block.offset + 4)
    }
}

fn not_owner(method: &str, what: &str) -> Error {
    Error::new(Code::LockNotOwner, format!("rwLock.{method}: this thread does not hold the lock to {what}"))
}
