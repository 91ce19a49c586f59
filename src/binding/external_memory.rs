//! What V8 is told of the shared memory that its objects keep alive, and how it is made to collect when that runs out.
//!
//! V8 counts no memory behind SharedArrayBuffers: a million buffers of 1 MiB that nobody uses any more are a few megabytes
//! to it, and no reason to collect. So it is told of them, with `napi_adjust_external_memory`, as it counts the memory of
//! ArrayBuffers by itself; of a quarter of them, since a collection takes as long as to touch many megabytes. V8 begins to
//! collect when it has been told of 64 MiB more, which are 256 MiB then.
//!
//! Only the thread that made a buffer may tell its V8, while the finaliser runs on any thread and at any time. So the
//! finaliser notes what came back, and the next buffer that the thread makes tells both; small changes are told together.

use std::cell::RefCell;
use std::ffi::c_void;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use napi::sys as raw;
use napi_derive::napi;

use crate::sys::dl;

/// V8 is told of one byte in so many.
const SHARE: i64 = 4;
/// Changes below this wait for others.
const WORTH_TELLING: i64 = 64 << 10;
/// Collections that were forced take one part in so many of the time, unless buffers were made between them.
const PAUSE: u32 = 10;

/// Bytes that came back to one thread and that its V8 has not been told of. Relaxed: a number, which publishes nothing.
type Returned = Arc<AtomicI64>;

struct Account {
    returned: Returned,
    untold: i64,
    /// Buffers were made since the last collection that was forced.
    has_new: bool,
    /// When that was, and how long it took.
    forced: Option<(Instant, Duration)>,
}

thread_local! {
    static ACCOUNT: RefCell<Account> =
        RefCell::new(Account { returned: Returned::default(), untold: 0, has_new: false, forced: None });
}

/// Bytes that an object of JavaScript keeps alive, until this is dropped.
pub struct Kept {
    bytes: i64,
    returned: Returned,
}

impl Kept {
    /// Called on the thread of the object's environment. V8 may collect garbage in it.
    pub fn by(env: raw::napi_env, bytes: u64) -> Self {
        let bytes = bytes as i64 / SHARE;
        let (returned, change) = ACCOUNT.with(|account| {
            let mut account = account.borrow_mut();
            account.has_new = true;
            account.untold += bytes - account.returned.swap(0, Relaxed);
            let is_worth = account.untold.abs() >= WORTH_TELLING;
            (account.returned.clone(), if is_worth { std::mem::take(&mut account.untold) } else { 0 })
        });
        if change != 0 {
            let mut total = 0;
            // SAFETY: `env` is the calling thread's live environment.
            unsafe { raw::napi_adjust_external_memory(env, change, &raw mut total) };
        }
        Self { bytes, returned }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.returned.fetch_add(self.bytes, Relaxed);
    }
}

/// There is no room for a block: collects this thread's garbage, all of it, which may hold some. `false`: that would be
/// of no use now.
#[napi]
pub fn collect_garbage() -> bool {
    let is_useful = ACCOUNT.with(|account| {
        let account = account.borrow();
        account.has_new || account.forced.is_none_or(|(end, took)| end.elapsed() >= took * PAUSE)
    });
    let Some(collect) = low_memory_notification().filter(|_| is_useful) else { return false };
    let begun = Instant::now();
    collect();
    ACCOUNT.with(|account| {
        let mut account = account.borrow_mut();
        account.has_new = false;
        account.forced = Some((Instant::now(), begun.elapsed()));
    });
    true
}

/// `v8::Isolate::LowMemoryNotification`, for the thread's isolate. It collects until nothing more is found; the memory
/// of what the first rounds find has come back when the last one ends.
fn low_memory_notification() -> Option<impl Fn()> {
    type Notify = unsafe extern "C" fn(*mut c_void);
    type GetCurrent = unsafe extern "C" fn() -> *mut c_void;
    static FOUND: OnceLock<Option<(GetCurrent, Notify)>> = OnceLock::new();
    let (current, notify) = (*FOUND.get_or_init(|| {
        let current = dl::symbol(c"_ZN2v87Isolate10GetCurrentEv")?;
        let notify = dl::symbol(c"_ZN2v87Isolate21LowMemoryNotificationEv")?;
        // SAFETY: the mangled names spell these signatures out: a static function without arguments that returns a
        // pointer, and a method without arguments.
        let current = unsafe { std::mem::transmute::<*mut c_void, GetCurrent>(current) };
        // SAFETY: see above.
        Some((current, unsafe { std::mem::transmute::<*mut c_void, Notify>(notify) }))
    }))?;
    Some(move || {
        // SAFETY: takes no arguments.
        let isolate = unsafe { current() };
        if !isolate.is_null() {
            // SAFETY: called from JavaScript, so this is the isolate of this thread, which is in no collection.
            unsafe { notify(isolate) };
        }
    })
}
