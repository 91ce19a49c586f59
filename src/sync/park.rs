//! How an agent sleeps, and how any thread of any process wakes it.
//!
//! The park word in the agent's slot:
//!
//! | state | the agent | a waker swaps NOTIFIED in and then |
//! |---|---|---|
//! | RUNNING | runs; looks at its waits before it sleeps | does nothing |
//! | NOTIFIED | has been told already | does nothing |
//! | FUTEX | sleeps in a blocking wait | wakes the futex |
//! | LOOP | its event loop sleeps, or is about to | rings its doorbell |
//!
//! SYNC POINT P: a waker changes the object first and swaps the park word second; the agent puts FUTEX or LOOP there
//! only by compare-exchange from RUNNING, after it looked at the object. All SeqCst, so one of the two sees the other.
//! A waker killed between its change and its swap is noticed by its ring neighbour (process/watcher.rs), which wakes
//! everybody; beyond that every blocking wait looks again once a second.

use crate::sys::atomic::Ordering::SeqCst;
use crate::sys::atomic::fence;
use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use crate::memory::{AGENT_COUNT, Domain, PARK_FUTEX, PARK_LOOP, PARK_NOTIFIED, PARK_RUNNING, Token};
use crate::sys::doorbell::Doorbell;
use crate::sys::{futex, thread};

/// The longest sleep before a waiting agent looks again by itself: a net below the ring of watchers, which also catches
/// a chosen waiter that was stopped by SIGSTOP.
pub const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// `MULTIPROC_LOOK_AGAIN_MS`, for tests: takes the net away, or hangs it lower. Then a blocking wait looks again only when
/// it was woken or this much later, so that a lost wake-up is a hang that somebody notices.
pub fn net() -> Option<Duration> {
    static NET: OnceLock<Option<Duration>> = OnceLock::new();
    *NET.get_or_init(|| {
        let milliseconds = std::env::var("MULTIPROC_LOOK_AGAIN_MS").ok()?.parse().ok()?;
        Some(Duration::from_millis(u64::clamp(milliseconds, 1, 3_600_000)))
    })
}

/// LOOK_AGAIN_AFTER, unless the environment says otherwise.
pub fn look_again_after() -> Duration {
    net().unwrap_or(LOOK_AGAIN_AFTER)
}

/// The calling thread as a member of the domain.
pub struct Agent {
    pub domain: &'static Domain,
    pub token: Token,
    bell: Doorbell,
}

impl Agent {
    /// Takes a slot for the calling thread.
    pub fn enlist(domain: &'static Domain) -> crate::error::Result<Self> {
        let token = domain.enlist()?;
        let bell = Doorbell::bind(&domain.doorbell_name('a', token)).map_err(|error| {
            domain.discharge(token);
            crate::error::Error::new(
                crate::error::Code::Domain,
                format!("the agent's doorbell could not be made: {error}"),
            )
        })?;
        Ok(Self { domain, token, bell })
    }

    pub fn slot(&self) -> u32 {
        self.token.slot()
    }

    pub fn bell(&self) -> &Doorbell {
        &self.bell
    }

    /// Sleeps until woken, at most `timeout`; returns at once when notified since the last look. Returns whether it was.
    pub fn park(&self, timeout: Duration) -> bool {
        let word = self.domain.agents().park(self.slot());
        if word.compare_exchange(PARK_RUNNING, PARK_FUTEX, SeqCst, SeqCst).is_ok() {
            futex::wait(word, PARK_FUTEX, Some(timeout));
        }
        let was_notified = word.swap(PARK_RUNNING, SeqCst) == PARK_NOTIFIED;
        fence(SeqCst);
        was_notified
    }

    /// The event loop is about to sleep. `false`: there was a notification, look at the waits first.
    pub fn enter_loop_sleep(&self) -> bool {
        let word = self.domain.agents().park(self.slot());
        word.compare_exchange(PARK_RUNNING, PARK_LOOP, SeqCst, SeqCst).is_ok()
    }

    /// The agent runs. Returns whether somebody had notified it.
    pub fn leave_sleep(&self) -> bool {
        let was_notified = self.domain.agents().park(self.slot()).swap(PARK_RUNNING, SeqCst) == PARK_NOTIFIED;
        // The looks that follow come after the swap, whatever their own orderings (SYNC POINT P).
        fence(SeqCst);
        was_notified
    }

    /// Whether somebody has notified the agent since it last looked.
    pub fn is_notified(&self) -> bool {
        self.domain.agents().park(self.slot()).load(SeqCst) == PARK_NOTIFIED
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        super::barrier::leave_all(self.domain, self.token);
        self.domain.discharge(self.token);
        // `process.exit()` runs no cleanup hooks of the environment, but the destructors of the main thread.
        if thread::id() == std::process::id() {
            self.domain.leave();
        }
        // Locks that the agent still owned are abandoned now: whoever waits for them must look.
        wake_all(self.domain);
    }
}

/// Wakes the agent in that slot, whoever it is. A slot without a living agent is left alone.
pub fn wake(domain: &Domain, slot: u32) {
    let agents = domain.agents();
    let word = agents.park(slot);
    // The caller's change of the object comes before this look at the word (SYNC POINT P).
    fence(SeqCst);
    if word.load(SeqCst) == PARK_NOTIFIED {
        return;
    }
    match word.swap(PARK_NOTIFIED, SeqCst) {
        PARK_FUTEX => futex::wake(word, 1),
        PARK_LOOP => {
            if let (Some(token), Ok(bell)) = (agents.token_in(slot), ringer()) {
                bell.ring(&domain.doorbell_name('a', token));
            }
        }
        _ => {}
    }
}

/// Wakes every agent: somebody died, and each looks whether that concerns it.
pub fn wake_all(domain: &Domain) {
    for slot in 0..AGENT_COUNT {
        if domain.agents().token_in(slot).is_some() {
            wake(domain, slot);
        }
    }
}

/// Whether the agent in that slot sleeps.
pub fn is_asleep(domain: &Domain, slot: u32) -> bool {
    matches!(domain.agents().park(slot).load(SeqCst), PARK_FUTEX | PARK_LOOP)
}

/// The socket with which this process rings others.
pub fn ringer() -> io::Result<&'static Doorbell> {
    static RINGER: OnceLock<Doorbell> = OnceLock::new();
    if let Some(bell) = RINGER.get() {
        return Ok(bell);
    }
    let bell = Doorbell::ringer()?;
    Ok(RINGER.get_or_init(|| bell))
}
