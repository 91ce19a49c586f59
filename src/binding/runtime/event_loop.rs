//! What libuv calls: before and after the loop waits, when our epoll set has something, and when the environment ends.
//!
//! | libuv calls | when | we |
//! |---|---|---|
//! | prepare | the loop is about to wait | look at everything; spin a little if there was traffic and spins pay (channel/spin.rs); say LOOP in the park word |
//! | poll | our epoll set has something: doorbell, deadline, a child that ended | drain it |
//! | check | the loop has waited | say RUNNING; look at everything; call JavaScript |
//!
//! Messages that come within spins are handled in a row, one after the other, before the loop waits. Its other sources
//! (timers, sockets, …) wait meanwhile, so a row ends after 32 messages, or when it has lasted half a millisecond; then the
//! loop does not sleep but turns, which serves all that is ready, and the next row begins.
//!
//! JavaScript is called with no borrow of the runtime held, since it calls back.

use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::time::{Duration, Instant};

use napi::sys as raw;

use super::instances::dispatch;
use super::{RUNTIME, Runtime, with_any};
use crate::binding::last_line::contained;
use crate::sys::{thread, uv};

/// Handling a message makes the next one likely: how many may be handled in a row, and for how long, before the loop turns.
const ROW_MESSAGES_MAX: u32 = 32;
const ROW_MAX: Duration = Duration::from_micros(500);

fn look_and_dispatch() -> bool {
    let mut events = Vec::new();
    let _ = with_any(|runtime| {
        runtime.look(&mut events);
        Ok(())
    });
    dispatch(&events);
    !events.is_empty()
}

/// Says what the loop waits for while it sleeps. Returns whether a wait ended instead: it was part of a deadlock.
fn publish_waits() -> bool {
    let mut events = Vec::new();
    let _ = with_any(|runtime| {
        runtime.look_for_deadlock(&mut events);
        Ok(())
    });
    dispatch(&events);
    !events.is_empty()
}

pub extern "C" fn on_prepare(_: *mut c_void) {
    contained(prepare);
}

fn prepare() {
    let interested = RUNTIME.with(|slot| slot.0.borrow().as_ref().is_some_and(|runtime| runtime.has_interest()));
    if !interested {
        return;
    }
    look_and_dispatch();
    if spin() {
        raise_interrupt();
        return;
    }
    for _ in 0..4 {
        if publish_waits() {
            continue;
        }
        let asleep = RUNTIME.with(|slot| {
            let mut borrowed = slot.0.borrow_mut();
            let Some(runtime) = borrowed.as_mut() else { return true };
            // More messages than one turn hands over: the loop turns, with a look at its other sources, and goes on.
            if runtime.has_arrivals() {
                runtime.interrupt.raise();
                return true;
            }
            // Whatever uv_backend_timeout() says: it is 0 also while a new descriptor waits to be watched, and then the
            // loop does sleep.
            if runtime.agent.enter_loop_sleep() {
                return true;
            }
            runtime.agent.leave_sleep();
            runtime.waits.detector.wake(&runtime.agent);
            false
        });
        if asleep {
            return;
        }
        look_and_dispatch();
    }
    // Notified again and again: let the loop turn, its other sources want their turn too.
    raise_interrupt();
}

/// The loop turns once more without sleeping.
fn raise_interrupt() {
    let _ = with_any(|runtime| {
        runtime.interrupt.raise();
        Ok(())
    });
}

/// Waits a few microseconds for the next message before the loop sleeps: an answer that comes within them costs no
/// system call on either side. Only when messages have just been handled, and only while the loop has nothing else.
/// Whether the loop must turn instead of sleeping: messages keep coming, and its other sources want their turn, too.
fn spin() -> bool {
    let row = Instant::now();
    for _ in 0..ROW_MESSAGES_MAX {
        let came = RUNTIME.with(|slot| slot.0.borrow_mut().as_mut().is_some_and(|runtime| runtime.await_message()));
        if !came {
            return false;
        }
        let _ = with_any(|runtime| {
            runtime.agent.leave_sleep();
            Ok(())
        });
        look_and_dispatch();
        if row.elapsed() > ROW_MAX {
            break;
        }
    }
    true
}

impl Runtime {
    /// Whether a message is there, or comes within a spin.
    fn await_message(&mut self) -> bool {
        // With other work to do the loop does not sleep: the spin comes when it is about to.
        if uv::backend_timeout(self.event_loop) == 0 || !std::mem::take(&mut self.had_traffic) {
            return false;
        }
        if self.has_arrivals() {
            return true;
        }
        let began = Instant::now();
        if !self.spin.begins(began, thread::processor_delay) {
            return false;
        }
        let end = began + self.spin.limit();
        let (came, ended) = loop {
            // Some looks between two at the clock.
            let came = (0..20).any(|_| {
                std::hint::spin_loop();
                self.has_arrivals()
            }) || self.agent.is_notified();
            let now = Instant::now();
            if came || now >= end {
                break (came, now);
            }
        };
        self.spin.ended(came, ended - began);
        came
    }
}

pub extern "C" fn on_poll(_: *mut c_void, _: c_int, _: c_int) {
    contained(|| {
        with_any(|runtime| {
            runtime.drain_poller();
            Ok(())
        })
    });
}

pub extern "C" fn on_check(_: *mut c_void) {
    contained(|| {
        let _ = with_any(|runtime| {
            runtime.agent.leave_sleep();
            runtime.waits.detector.wake(&runtime.agent);
            Ok(())
        });
        look_and_dispatch();
    });
}

thread_local! {
    /// Handles still to be closed, and what Node.js waits for.
    static CLOSING: RefCell<(u32, Vec<raw::napi_async_cleanup_hook_handle>)> = const { RefCell::new((0, Vec::new())) };
}

/// The environment ends: waits end without an outcome, channels are closed, the agent leaves, and Node.js waits until
/// libuv has closed our handles.
pub unsafe extern "C" fn on_cleanup(hook: raw::napi_async_cleanup_hook_handle, _: *mut c_void) {
    let closing =
        contained(|| RUNTIME.with(|slot| slot.0.borrow_mut().take()).is_some_and(|runtime| close(hook, *runtime)));
    if closing != Some(true) {
        // SAFETY: the handle that Node-API gave to this call, removed once.
        unsafe { raw::napi_remove_async_cleanup_hook(hook) };
    }
}

/// Whether handles are being closed, and the last of them removes the hook.
fn close(hook: raw::napi_async_cleanup_hook_handle, mut runtime: Runtime) -> bool {
    contained(|| {
        runtime.waits.abandon(&runtime.agent);
        runtime.channels.clear();
        runtime.queues.clear();
        runtime.leave_children();
    });
    let handles = runtime.handles.take();
    let is_closing = handles.is_some();
    if let Some((poll, prepare, check)) = handles {
        CLOSING.with(|cell| {
            let mut closing = cell.borrow_mut();
            closing.0 = 3;
            closing.1.push(hook);
        });
        poll.close(on_closed_poll);
        prepare.close(on_closed_prepare);
        check.close(on_closed_check);
    }
    // After its poll handle: the descriptors that libuv watches are closed here.
    contained(|| drop(runtime));
    is_closing
}

extern "C" fn on_closed_poll(handle: *mut c_void) {
    contained(|| closed_one(handle, uv::ClosedKind::Poll));
}

extern "C" fn on_closed_prepare(handle: *mut c_void) {
    contained(|| closed_one(handle, uv::ClosedKind::Prepare));
}

extern "C" fn on_closed_check(handle: *mut c_void) {
    contained(|| closed_one(handle, uv::ClosedKind::Check));
}

fn closed_one(handle: *mut c_void, kind: uv::ClosedKind) {
    uv::free(handle, kind);
    let hooks = CLOSING.with(|cell| {
        let mut closing = cell.borrow_mut();
        closing.0 -= 1;
        if closing.0 == 0 { std::mem::take(&mut closing.1) } else { Vec::new() }
    });
    for hook in hooks {
        // SAFETY: the handle that Node-API gave to `on_cleanup`, removed once.
        unsafe { raw::napi_remove_async_cleanup_hook(hook) };
    }
}
