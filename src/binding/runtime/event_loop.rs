//! What libuv calls: before and after the loop waits, when our epoll set has something, and when the environment ends.
//!
//! | libuv calls | when | we |
//! |---|---|---|
//! | prepare | the loop is about to wait | look at everything; spin a little if there was traffic; say LOOP in the park word |
//! | poll | our epoll set has something: doorbell, deadline, a child that ended | drain it |
//! | check | the loop has waited | say RUNNING; look at everything; call JavaScript |
//!
//! JavaScript is called with no borrow of the runtime held, since it calls back.

use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::time::Instant;

use napi::sys as raw;

use super::instances::dispatch;
use super::{RUNTIME, Runtime, SPINS_IN_A_ROW, with_any};
use crate::binding::last_line::contained;
use crate::sys::uv;

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
    spin();
    for _ in 0..4 {
        if publish_waits() {
            continue;
        }
        let asleep = RUNTIME.with(|slot| {
            let borrowed = slot.0.borrow();
            let Some(runtime) = borrowed.as_ref() else { return true };
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
    let _ = with_any(|runtime| {
        runtime.interrupt.raise();
        Ok(())
    });
}

/// Waits a few microseconds for the next message before the loop sleeps: an answer that comes within them costs no
/// system call on either side. Only when messages have just been handled, and only while the loop has nothing else.
fn spin() {
    for _ in 0..SPINS_IN_A_ROW {
        let came = RUNTIME.with(|slot| {
            let mut borrowed = slot.0.borrow_mut();
            let Some(runtime) = borrowed.as_mut() else { return false };
            // With other work to do the loop does not sleep: the spin comes when it is about to.
            if runtime.spin.is_zero() || uv::backend_timeout(runtime.event_loop) == 0 {
                return false;
            }
            if !std::mem::take(&mut runtime.had_traffic) {
                return false;
            }
            let end = Instant::now() + runtime.spin;
            while Instant::now() < end {
                for _ in 0..20 {
                    if runtime.has_arrivals() {
                        return true;
                    }
                    std::hint::spin_loop();
                }
                if runtime.agent.is_notified() {
                    return true;
                }
            }
            false
        });
        if !came {
            return;
        }
        let _ = with_any(|runtime| {
            runtime.agent.leave_sleep();
            Ok(())
        });
        look_and_dispatch();
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
