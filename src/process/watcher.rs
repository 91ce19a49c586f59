//! The watcher: one native thread of each process that notices deaths, whatever JavaScript does meanwhile.
//!
//! The processes of a domain form a ring in the order of their slots, and each watches the pidfd of the next one. When
//! that one dies its watcher reaps it, wakes every agent (each looks whether that concerns it), and watches the one
//! after it. So every death is seen by somebody, with one descriptor for each process, however many there are; when
//! neighbours die together the survivor before them goes through them one by one.
//!
//! A newcomer rings its predecessor, which then watches the newcomer. Killed before it rings: its predecessor finds it
//! at its next look, after a second at the latest while anybody waits (waits/mod.rs), or when the next process comes.
//!
//! The watcher also ends its own process when the parent dies, where that is asked for: at once, or after a grace in
//! which JavaScript may end by itself, told by SIGTERM where it wants to be. This works while JavaScript spins, and, unlike PR_SET_PDEATHSIG, does not depend
//! on which thread of the parent started us.

use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Code, Error, Result};
use crate::memory::Domain;
use crate::sync::park;
use crate::sys::doorbell::Doorbell;
use crate::sys::epoll::{Interrupt, Poller};
use crate::sys::{pidfd, procfs, signal, thread};

const BELL: u64 = 0;
const INTERRUPT: u64 = 1;
const NEXT: u64 = 2;
const PARENT: u64 = 3;
/// How often those are looked at that cannot be watched.
const LOOK_AFTER: Duration = Duration::from_secs(1);

/// The process to end with.
#[derive(Debug, Clone, Copy)]
pub struct Parent {
    pub pid: u32,
    pub start_time: u64,
    /// How long JavaScript may take to end by itself.
    pub grace: Duration,
    /// Whether SIGTERM says that the grace has begun.
    pub terminates: bool,
}

impl Parent {
    /// It has died. When this process ends.
    fn begin_grace(self) -> Instant {
        if self.terminates {
            signal::terminate_self();
        }
        Instant::now() + self.grace
    }
}

struct Watcher {
    interrupt: Interrupt,
    parent: Mutex<Option<Parent>>,
}

static WATCHER: OnceLock<&'static Watcher> = OnceLock::new();

/// Starts the watcher of this process, if it does not run yet.
pub fn start(domain: &'static Domain) -> Result<()> {
    static STARTING: Mutex<()> = Mutex::new(());
    let _starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if WATCHER.get().is_some() {
        return Ok(());
    }
    let failed = |error: std::io::Error| Error::new(Code::Domain, format!("the watcher could not be started: {error}"));
    let bell = Doorbell::bind(&domain.doorbell_name('w', domain.first_agent())).map_err(failed)?;
    let poller = Poller::new().map_err(failed)?;
    let watcher = Watcher { interrupt: Interrupt::new().map_err(failed)?, parent: Mutex::new(None) };
    poller.add(bell.fd(), BELL).map_err(failed)?;
    poller.add(watcher.interrupt.fd(), INTERRUPT).map_err(failed)?;
    // For the life of the process; known to the others only when its thread runs.
    let watcher: &'static Watcher = Box::leak(Box::new(watcher));
    std::thread::Builder::new()
        .name("multiproc-watch".to_owned())
        .stack_size(128 << 10)
        .spawn(move || {
            thread::block_signals();
            watch(domain, watcher, &poller, &bell);
        })
        .map_err(failed)?;
    let _ = WATCHER.set(watcher);
    announce(domain);
    Ok(())
}

/// From now on this process ends when that process does. The watcher must have been started.
pub fn end_with(parent: Parent) {
    if let Some(watcher) = WATCHER.get() {
        *watcher.parent.lock().unwrap_or_else(PoisonError::into_inner) = Some(parent);
        watcher.interrupt.raise();
    }
}

/// Tells the process before this one in the ring that there is a new one to watch.
fn announce(domain: &Domain) {
    let mut others = domain.agents().processes();
    let own = domain.slot();
    others.retain(|(slot, ..)| *slot != own);
    others.sort_by_key(|(slot, ..)| (own.wrapping_sub(*slot)) % crate::memory::AGENT_COUNT);
    let Ok(ringer) = park::ringer() else { return };
    for (slot, ..) in others {
        // A predecessor that cannot be rung is dead or dying: the one before it will deal with it, and watch us then.
        if domain.agents().token_standing_in(slot).is_some_and(|token| ringer.ring(&domain.doorbell_name('w', token))) {
            return;
        }
    }
}

/// What the watcher watches, beside its bell.
#[derive(Default)]
struct State {
    /// The process after this one in the ring: pid, start time, pidfd.
    next: Option<(u32, u64, OwnedFd)>,
    parent: Option<(Parent, Option<OwnedFd>)>,
    /// When this process ends.
    end: Option<Instant>,
}

fn watch(domain: &'static Domain, watcher: &'static Watcher, poller: &Poller, bell: &Doorbell) {
    let mut state = State::default();
    let mut ready = vec![BELL, INTERRUPT];
    loop {
        let turn = || turn(domain, watcher, poller, bell, &mut state, &mut ready);
        // A panic here would leave this process without a watcher, and alive without its parent.
        if catch_unwind(AssertUnwindSafe(turn)).is_err() {
            domain.condemn("the watcher failed");
            std::thread::sleep(LOOK_AFTER);
        }
    }
}

/// Deals with what is ready, and waits for more.
fn turn(
    domain: &'static Domain,
    watcher: &'static Watcher,
    poller: &Poller,
    bell: &Doorbell,
    state: &mut State,
    ready: &mut Vec<u64>,
) {
    for key in std::mem::take(ready) {
        match key {
            BELL => {
                bell.drain();
                domain.disown_lock();
            }
            INTERRUPT => {
                watcher.interrupt.clear();
                let wanted = watcher.parent.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(wanted) = wanted {
                    state.parent = watch_parent(poller, wanted);
                    if state.parent.is_none() {
                        state.end = Some(wanted.begin_grace());
                    }
                }
            }
            NEXT => {
                if let Some((pid, start_time, fd)) = state.next.take() {
                    poller.remove(fd.as_fd());
                    domain.reap(pid, start_time);
                    park::wake_all(domain);
                }
            }
            PARENT => {
                if let Some((parent, fd)) = state.parent.take() {
                    if let Some(fd) = fd {
                        poller.remove(fd.as_fd());
                    }
                    // The agents learn of it now: JavaScript has the grace to end by itself.
                    domain.reap(parent.pid, parent.start_time);
                    park::wake_all(domain);
                    state.end = Some(parent.begin_grace());
                }
            }
            _ => {}
        }
    }
    let is_watching = choose_next(domain, poller, &mut state.next);
    if let Some((parent, None)) = &state.parent
        && !procfs::is_alive(parent.pid, parent.start_time)
    {
        ready.push(PARENT);
        return;
    }
    let rest = state.end.map(|end| end.saturating_duration_since(Instant::now()));
    if rest.is_some_and(|rest| rest.is_zero()) {
        signal::kill_self();
    }
    let is_blind = !is_watching || state.parent.as_ref().is_some_and(|(_, fd)| fd.is_none());
    let rest = if is_blind { Some(rest.unwrap_or(LOOK_AFTER).min(LOOK_AFTER)) } else { rest };
    poller.wait(rest, ready);
}

/// Watches the process whose slot follows ours, reaping all on the way that are dead. `false`: it cannot be watched.
fn choose_next(domain: &'static Domain, poller: &Poller, next: &mut Option<(u32, u64, OwnedFd)>) -> bool {
    let own = domain.slot();
    let mut others = domain.agents().processes();
    others.retain(|(slot, ..)| *slot != own);
    others.sort_by_key(|(slot, ..)| slot.wrapping_sub(own) % crate::memory::AGENT_COUNT);
    for (_, pid, start_time) in others {
        if domain.is_own(pid, start_time) {
            continue;
        }
        if next.as_ref().is_some_and(|(watched, started, _)| (*watched, *started) == (pid, start_time)) {
            return true;
        }
        let opened = pidfd::open(pid);
        // Looked at after opening: the descriptor is of the process that has this start time, or of none of ours.
        if procfs::is_alive(pid, start_time) {
            if let Some((_, _, old)) = next.take() {
                poller.remove(old.as_fd());
            }
            match opened {
                Ok(fd) if poller.add(fd.as_fd(), NEXT).is_ok() => *next = Some((pid, start_time, fd)),
                // No descriptor is left, or a sandbox forbids it: then it is looked at once a second.
                _ => return false,
            }
            return true;
        }
        domain.reap(pid, start_time);
        park::wake_all(domain);
    }
    if let Some((_, _, old)) = next.take() {
        poller.remove(old.as_fd());
    }
    true
}

/// `None`: the parent is gone already. Without a descriptor it is looked at once a second.
fn watch_parent(poller: &Poller, parent: Parent) -> Option<(Parent, Option<OwnedFd>)> {
    let opened = pidfd::open(parent.pid).ok();
    procfs::is_alive(parent.pid, parent.start_time)
        .then(|| (parent, opened.filter(|fd| poller.add(fd.as_fd(), PARENT).is_ok())))
}
