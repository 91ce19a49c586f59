//! A guard: a word with its holder's token, held for a few microseconds around a change of several words.
//!
//! | word | next | by |
//! |---|---|---|
//! | 0 | a token | who enters: compare-exchange |
//! | a token | 0 | its agent, when the change is done |
//! | a dead token | another | who finds it dead: compare-exchange; it is told, and mends what may be half done |
//!
//! A living agent that keeps a guard for 2 s of looking, and is not stopped, does not exist: such a word was overwritten,
//! as one that names the agent that looks at it was. It is taken over likewise.

use std::time::Duration;

use crate::memory::{Domain, Token};
use crate::sys::atomic::AtomicU32;
use crate::sys::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::sys::{futex, procfs};

const SPINS_MAX: u32 = 100;
const LOOK_AT_HOLDER_AFTER: Duration = Duration::from_millis(1);
const LOOKS_MAX: u32 = 2000;
/// Somebody sleeps on the word: who leaves must wake.
const CONTENDED: u32 = 1 << 31;

pub struct Guard<'d> {
    word: &'d AtomicU32,
}

impl<'d> Guard<'d> {
    /// Waits until the guard is free, or its holder is dead: then that one's token is returned as well.
    pub fn enter(domain: &Domain, word: &'d AtomicU32, me: Token) -> (Self, Option<Token>) {
        // SYNC POINT G: Acquire, of the Release in `drop`.
        if word.compare_exchange(0, me.0, AcqRel, Relaxed).is_ok() {
            return (Self { word }, None);
        }
        Self::enter_slowly(domain, word, me)
    }

    #[cold]
    fn enter_slowly(domain: &Domain, word: &'d AtomicU32, me: Token) -> (Self, Option<Token>) {
        let (mut spins, mut looks, mut looked_at, mut mine) = (0, 0, 0, me.0);
        loop {
            let Err(seen) = word.compare_exchange(0, mine, AcqRel, Acquire) else { return (Self { word }, None) };
            if spins < SPINS_MAX {
                spins += 1;
                std::hint::spin_loop();
                continue;
            }
            if seen & CONTENDED == 0 && word.compare_exchange(seen, seen | CONTENDED, Relaxed, Relaxed).is_err() {
                continue;
            }
            // From here on others may sleep as well: who has slept leaves the mark, and wakes the next.
            mine = me.0 | CONTENDED;
            futex::wait(word, seen | CONTENDED, Some(LOOK_AT_HOLDER_AFTER));
            let holder = Token(seen & !CONTENDED);
            looks = if seen | CONTENDED == looked_at { looks + 1 } else { 0 };
            looked_at = seen | CONTENDED;
            if looks > LOOKS_MAX && is_stopped(domain, holder) {
                looks = 0;
            }
            let is_lie = holder == me || looks > LOOKS_MAX;
            if (is_lie || !domain.agents().is_alive_now(holder))
                && word.compare_exchange(seen | CONTENDED, mine, AcqRel, Relaxed).is_ok()
            {
                return (Self { word }, Some(holder));
            }
        }
    }

    /// Whether the guard is held by an agent that is dead, as far as the agent table knows.
    pub fn is_abandoned(domain: &Domain, word: &AtomicU32) -> bool {
        let holder = word.load(Acquire) & !CONTENDED;
        holder != 0 && !domain.agents().is_alive(Token(holder))
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if self.word.swap(0, Release) & CONTENDED != 0 {
            futex::wake(self.word, 1);
        }
    }
}

fn is_stopped(domain: &Domain, agent: Token) -> bool {
    domain.agents().info(agent).is_some_and(|info| procfs::is_stopped(info.pid))
}
