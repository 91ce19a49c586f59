//! The one lock of the domain's tables: allocation, names, reaping. Held for microseconds, by any thread of any process.
//!
//! Word: token of the holder's process (its first agent) | CONTENDED (bit 31).
//!
//! | state | meaning | left by |
//! |---|---|---|
//! | 0 | free | compare-exchange to the taker's token |
//! | t | held by process t, nobody sleeps | its exchange to 0 |
//! | t with CONTENDED | held, someone may sleep | its exchange to 0, then one futex wake |
//!
//! Death of the holder: a sleeper looks after 5 ms at the holder's process in /proc, and takes the lock from the dead
//! with a compare-exchange. The guard then says `inherited`, and the taker repairs what the lock guards: everything
//! under it is derived from, or committed by, single words (see directory.rs).

use crate::sys::atomic::AtomicU32;
use crate::sys::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::Duration;

use super::agents::{Agents, TOKEN_MASK, Token};
use super::layout::H_LOCK;
use crate::sys::futex;
use crate::sys::mapping::Mapping;

const CONTENDED: u32 = 1 << 31;
const LOOK_AT_HOLDER_AFTER: Duration = Duration::from_millis(5);

pub struct DomainGuard<'d> {
    word: &'d AtomicU32,
    owner: Token,
    /// The holder before was killed inside: its work may be half done.
    pub inherited: bool,
}

pub fn acquire(map: &Mapping, owner: Token) -> DomainGuard<'_> {
    let word = map.u32_at(H_LOCK);
    let mut wanted = owner.0;
    loop {
        // Acquire pairs with the Release in `drop`.
        if word.compare_exchange(0, wanted, Acquire, Relaxed).is_ok() {
            return DomainGuard { word, owner, inherited: false };
        }
        for _ in 0..200 {
            std::hint::spin_loop();
        }
        let seen = word.load(Relaxed);
        if seen == 0 {
            continue;
        }
        // From here on we may leave others asleep when we take the lock, so we take it CONTENDED.
        wanted = owner.0 | CONTENDED;
        if seen & CONTENDED == 0 && word.compare_exchange(seen, seen | CONTENDED, Relaxed, Relaxed).is_err() {
            continue;
        }
        futex::wait(word, seen | CONTENDED, Some(LOOK_AT_HOLDER_AFTER));
        let now = word.load(Relaxed);
        if now == seen | CONTENDED
            && !Agents::new(map).is_process_alive_now(Token(now & TOKEN_MASK))
            && word.compare_exchange(now, wanted, Acquire, Relaxed).is_ok()
        {
            return DomainGuard { word, owner, inherited: true };
        }
    }
}

impl Drop for DomainGuard<'_> {
    fn drop(&mut self) {
        let mut seen = self.word.load(Relaxed);
        // Not ours any more: this process is leaving, and somebody took the lock from what looked like the dead.
        while seen & TOKEN_MASK == self.owner.0 {
            // Release pairs with the Acquire of the next taker.
            match self.word.compare_exchange_weak(seen, 0, Release, Relaxed) {
                Ok(_) => {
                    if seen & CONTENDED != 0 {
                        futex::wake(self.word, 1);
                    }
                    return;
                }
                Err(now) => seen = now,
            }
        }
    }
}
