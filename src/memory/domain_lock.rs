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
//!
//! A word that lies, because memory was overwritten, must not be waited for. The threads of one process take a mutex of
//! their own (`Threads`) before the word, so whoever has that mutex and finds the word naming its own process knows that
//! nobody is inside, and inherits. Other processes cannot know; they ring the named process, whose watcher looks
//! (`Domain::disown_lock`). When nothing comes of that, the wait ends with an error after 10 s of looking, and later calls
//! fail at once for as long as the word stays the same. A holder that is stopped (SIGSTOP, a debugger) is waited for.

use std::sync::PoisonError;
use std::time::Duration;

use super::agents::{TOKEN_MASK, Token};
use super::domain::Domain;
use super::layout::H_LOCK;
use crate::error::{Code, Error, Result};
use crate::sys::atomic::AtomicU32;
use crate::sys::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sys::doorbell::Doorbell;
use crate::sys::mutex::{Mutex, MutexGuard};
use crate::sys::{futex, procfs};

const CONTENDED: u32 = 1 << 31;
const LOOK_AT_HOLDER_AFTER: Duration = Duration::from_millis(5);
/// Looks in a row at the same word: so many, and its process is asked; so many, and the wait is given up. Counted, not
/// timed, so that a time in which this process stood still does not count against the holder.
const LOOKS_BEFORE_ASKING: u32 = 4;
const LOOKS_MAX: u32 = 2000;

/// What the threads of this process share about the lock.
pub struct Threads {
    /// Held by the one thread that holds the lock or waits for it: the word that it gave up on, 0 for none.
    given_up: Mutex<u32>,
}

impl Threads {
    pub fn new() -> Self {
        Self { given_up: Mutex::new(0) }
    }
}

pub struct DomainGuard<'d> {
    word: &'d AtomicU32,
    owner: Token,
    /// The holder before was killed inside, or the word lied: the tables may be half changed.
    pub inherited: bool,
    /// Let go after the word.
    _thread: MutexGuard<'d, u32>,
}

impl Domain {
    /// The lock of the tables. What a killed holder left half done has been repaired when this returns.
    pub(super) fn lock(&self) -> Result<DomainGuard<'_>> {
        let guard = self.acquire()?;
        if guard.inherited {
            self.rebuild(&guard);
        }
        Ok(guard)
    }

    /// For the watcher, when it is rung: takes the lock's word away if it names this process without reason.
    pub fn disown_lock(&self) {
        let named = self.map.u32_at(H_LOCK).load(Relaxed) & TOKEN_MASK;
        // A thread that has the mutex holds the lock, or finds out by itself.
        if named == self.first_agent().0 && self.threads.given_up.try_lock().is_ok() {
            let _repaired = self.lock();
        }
    }

    fn acquire(&self) -> Result<DomainGuard<'_>> {
        let mut thread = self.threads.given_up.lock().unwrap_or_else(PoisonError::into_inner);
        let (word, owner) = (self.map.u32_at(H_LOCK), self.first_agent());
        let mut wanted = owner.0;
        let (mut looks, mut looked_at) = (0, 0);
        let inherited = loop {
            // Acquire pairs with the Release in `drop`.
            if word.compare_exchange(0, wanted, Acquire, Relaxed).is_ok() {
                break false;
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
            if seen & TOKEN_MASK == owner.0 {
                // We have the mutex of our threads: nobody of this process is inside.
                if word.compare_exchange(seen, wanted, Acquire, Relaxed).is_ok() {
                    break true;
                }
                continue;
            }
            if seen & CONTENDED == 0 && word.compare_exchange(seen, seen | CONTENDED, Relaxed, Relaxed).is_err() {
                continue;
            }
            let seen = seen | CONTENDED;
            futex::wait(word, seen, Some(LOOK_AT_HOLDER_AFTER));
            if word.load(Relaxed) != seen {
                looks = 0;
                continue;
            }
            looks = if looked_at == seen { looks + 1 } else { 1 };
            looked_at = seen;
            let holder = Token(seen & TOKEN_MASK);
            if !self.agents().is_process_alive_now(holder) {
                if word.compare_exchange(seen, wanted, Acquire, Relaxed).is_ok() {
                    break true;
                }
            } else if self.is_enough(looks, holder, *thread == seen) {
                // A stopped holder goes on some day, and is to have its time then.
                if !self.agents().info(holder).is_some_and(|info| procfs::is_stopped(info.pid)) {
                    *thread = seen;
                    return Err(self.not_let_go(holder));
                }
                looks = 0;
            }
        };
        *thread = 0;
        Ok(DomainGuard { word, owner, inherited, _thread: thread })
    }

    /// Whether so many looks at the same living holder say that it will not let go.
    fn is_enough(&self, looks: u32, holder: Token, given_up_before: bool) -> bool {
        if looks.is_multiple_of(LOOKS_BEFORE_ASKING)
            && let Ok(ringer) = Doorbell::ringer()
        {
            ringer.ring(&self.doorbell_name('w', holder));
        }
        looks >= if given_up_before { 2 * LOOKS_BEFORE_ASKING } else { LOOKS_MAX }
    }

    #[cold]
    fn not_let_go(&self, holder: Token) -> Error {
        let pid = self.agents().info(holder).map_or(0, |info| info.pid);
        Error::new(
            Code::Domain,
            format!(
                "the lock of the shared memory domain names process {pid} as its holder, which does not let go of it: the \
                 memory has been overwritten, or that process does not run; end the processes of this family"
            ),
        )
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
