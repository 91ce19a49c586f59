//! libuv, as the running Node.js exports it: how an event loop is watched and woken without a helper thread.
//!
//! Handles are opaque memory of the size that the running libuv states; their first field is `data`, unused here.
//! Everything runs on the loop's own thread.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ffi::{c_int, c_void};
use std::os::fd::RawFd;
use std::ptr::NonNull;

/// The event loop of one thread.
#[derive(Clone, Copy)]
pub struct Loop(*mut c_void);

impl Loop {
    /// # Safety
    /// `event_loop` is the `uv_loop_t` of the calling thread, which outlives every use of this value; and the value is
    /// used on that thread only.
    pub unsafe fn from_raw(event_loop: *mut c_void) -> Self {
        Self(event_loop)
    }
}

pub type Callback = extern "C" fn(*mut c_void);
pub type PollCallback = extern "C" fn(*mut c_void, c_int, c_int);
type WalkCallback = extern "C" fn(*mut c_void, *mut c_void);

const UV_ASYNC: c_int = 1;
const UV_CHECK: c_int = 2;
const UV_HANDLE: c_int = 5;
const UV_IDLE: c_int = 6;
const UV_POLL: c_int = 8;
const UV_PREPARE: c_int = 9;
const UV_TIMER: c_int = 13;
const UV_SIGNAL: c_int = 16;
const UV_READABLE: c_int = 1;

/// Signals that Node.js itself watches, or that end programs: they are not counted as something that is waited for.
const IGNORED_SIGNALS: [c_int; 4] = [libc::SIGWINCH, libc::SIGINT, libc::SIGTERM, libc::SIGQUIT];

unsafe extern "C" {
    fn uv_handle_size(kind: c_int) -> usize;
    fn uv_poll_init(event_loop: *mut c_void, handle: *mut c_void, fd: c_int) -> c_int;
    fn uv_poll_start(handle: *mut c_void, events: c_int, callback: PollCallback) -> c_int;
    fn uv_prepare_init(event_loop: *mut c_void, handle: *mut c_void) -> c_int;
    fn uv_prepare_start(handle: *mut c_void, callback: Callback) -> c_int;
    fn uv_check_init(event_loop: *mut c_void, handle: *mut c_void) -> c_int;
    fn uv_check_start(handle: *mut c_void, callback: Callback) -> c_int;
    fn uv_ref(handle: *mut c_void);
    fn uv_unref(handle: *mut c_void);
    fn uv_close(handle: *mut c_void, callback: Callback);
    fn uv_backend_timeout(event_loop: *mut c_void) -> c_int;
    fn uv_loop_alive(event_loop: *mut c_void) -> c_int;
    fn uv_walk(event_loop: *mut c_void, callback: WalkCallback, argument: *mut c_void);
    fn uv_is_active(handle: *const c_void) -> c_int;
    fn uv_has_ref(handle: *const c_void) -> c_int;
    fn uv_handle_get_type(handle: *const c_void) -> c_int;
    fn uv_fileno(handle: *const c_void, fd: *mut c_int) -> c_int;
}

/// An active handle. It must be closed, and its memory is freed when libuv says that it is.
pub struct Handle {
    memory: NonNull<u8>,
}

impl Handle {
    /// Calls back when `fd` can be read.
    pub fn poll(event_loop: Loop, fd: RawFd, callback: PollCallback) -> Option<Self> {
        let handle = Self::allocate(UV_POLL)?;
        // SAFETY: the memory has the size that this libuv asks for, and the loop is the calling thread's.
        if unsafe { uv_poll_init(event_loop.0, handle.raw(), fd) } != 0 {
            return None;
        }
        // SAFETY: the handle was initialised above.
        let started = unsafe { uv_poll_start(handle.raw(), UV_READABLE, callback) };
        (started == 0).then_some(handle)
    }

    /// Calls back each time the loop is about to wait.
    pub fn prepare(event_loop: Loop, callback: Callback) -> Option<Self> {
        let handle = Self::allocate(UV_PREPARE)?;
        // SAFETY: as in `poll`.
        unsafe { uv_prepare_init(event_loop.0, handle.raw()) };
        // SAFETY: the handle was initialised above.
        (unsafe { uv_prepare_start(handle.raw(), callback) } == 0).then_some(handle)
    }

    /// Calls back each time the loop has waited.
    pub fn check(event_loop: Loop, callback: Callback) -> Option<Self> {
        let handle = Self::allocate(UV_CHECK)?;
        // SAFETY: as in `poll`.
        unsafe { uv_check_init(event_loop.0, handle.raw()) };
        // SAFETY: the handle was initialised above.
        (unsafe { uv_check_start(handle.raw(), callback) } == 0).then_some(handle)
    }

    /// Whether the handle keeps its loop alive.
    pub fn set_ref(&self, referenced: bool) {
        if referenced {
            // SAFETY: the handle is initialised and not closed.
            unsafe { uv_ref(self.raw()) };
        } else {
            // SAFETY: as above.
            unsafe { uv_unref(self.raw()) };
        }
    }

    /// Closes the handle; `closed` is called from the loop afterwards and must call `free` with what it is given.
    pub fn close(self, closed: Callback) {
        // SAFETY: the handle is initialised, not closed, and its memory stays until `free`.
        unsafe { uv_close(self.raw(), closed) };
    }

    fn allocate(kind: c_int) -> Option<Self> {
        // SAFETY: takes no pointers.
        let size = unsafe { uv_handle_size(kind) };
        let layout = Layout::from_size_align(size.max(16), 16).ok()?;
        // SAFETY: the layout is not empty.
        NonNull::new(unsafe { alloc_zeroed(layout) }).map(|memory| Self { memory })
    }

    fn raw(&self) -> *mut c_void {
        self.memory.as_ptr().cast()
    }
}

/// Frees the memory of a closed handle, whichever of the three kinds it was.
pub fn free(handle: *mut c_void, kind: ClosedKind) {
    let kind = match kind {
        ClosedKind::Poll => UV_POLL,
        ClosedKind::Prepare => UV_PREPARE,
        ClosedKind::Check => UV_CHECK,
    };
    // SAFETY: takes no pointers.
    let size = unsafe { uv_handle_size(kind) };
    if let Ok(layout) = Layout::from_size_align(size.max(16), 16) {
        // SAFETY: `allocate` made it with this very layout, and libuv is done with it.
        unsafe { dealloc(handle.cast(), layout) };
    }
}

#[derive(Debug, Clone, Copy)]
pub enum ClosedKind {
    Poll,
    Prepare,
    Check,
}

/// How long the loop would wait now, in milliseconds; -1 for ever, 0 when it has other work.
pub fn backend_timeout(event_loop: Loop) -> i32 {
    // SAFETY: the loop is the calling thread's.
    unsafe { uv_backend_timeout(event_loop.0) }
}

/// Whether the loop has handles or requests that keep it alive.
pub fn is_alive(event_loop: Loop) -> bool {
    // SAFETY: the loop is the calling thread's.
    unsafe { uv_loop_alive(event_loop.0) != 0 }
}

/// The active handles of a loop that do not keep it alive, and can call back all the same.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unreferenced {
    /// Told by other threads: ports of worker threads, and a few of Node.js itself.
    pub asyncs: u32,
    /// Sockets, pipes, watched files, child processes, signals.
    pub others: u32,
    /// Whether the loop's oldest timer is active: that of JavaScript's timers. Further ones are V8's own, for its memory.
    is_timer_set: Option<bool>,
}

impl Unreferenced {
    /// Whether a timer of JavaScript's is set. A cleared one counts until its time.
    pub fn has_timer(self) -> bool {
        self.is_timer_set.unwrap_or(true)
    }
}

/// Counts them, but for `own` and the pipe with the descriptor `ignored_fd`.
pub fn unreferenced(event_loop: Loop, own: Option<&Handle>, ignored_fd: c_int) -> Unreferenced {
    let mut walk = Walk { own: own.map(Handle::raw), ignored_fd, found: Unreferenced::default() };
    // SAFETY: the loop is the calling thread's; the callback is done with `walk` when this returns.
    unsafe { uv_walk(event_loop.0, count_unreferenced, (&raw mut walk).cast()) };
    walk.found
}

struct Walk {
    own: Option<*mut c_void>,
    ignored_fd: c_int,
    found: Unreferenced,
}

extern "C" fn count_unreferenced(handle: *mut c_void, walk: *mut c_void) {
    // SAFETY: `unreferenced` gives its own live value, and nothing else uses it meanwhile.
    let walk = unsafe { &mut *walk.cast::<Walk>() };
    // SAFETY: libuv gives a live handle of the calling thread's loop; likewise for the calls below.
    let is_active = unsafe { uv_is_active(handle) } != 0;
    // SAFETY: see above.
    let is_referenced = unsafe { uv_has_ref(handle) } != 0;
    // SAFETY: see above.
    let kind = unsafe { uv_handle_get_type(handle) };
    // Node.js makes it before anything else, and libuv walks in the order of making.
    if kind == UV_TIMER && walk.found.is_timer_set.is_none() {
        walk.found.is_timer_set = Some(is_active);
    }
    if !is_active || is_referenced || walk.own == Some(handle) {
        return;
    }
    match kind {
        UV_ASYNC => walk.found.asyncs += 1,
        // They run whenever the loop turns, and do not make it turn.
        UV_CHECK | UV_IDLE | UV_PREPARE | UV_TIMER => {}
        UV_SIGNAL if IGNORED_SIGNALS.contains(&signal_number(handle)) => {}
        _ if file_number(handle).is_some_and(|fd| fd == walk.ignored_fd) => {}
        _ => walk.found.others += 1,
    }
}

fn file_number(handle: *mut c_void) -> Option<c_int> {
    let mut fd = -1;
    // SAFETY: a live handle; libuv refuses kinds that have no descriptor.
    (unsafe { uv_fileno(handle, &raw mut fd) } == 0).then_some(fd)
}

/// Of a `uv_signal_t`: libuv has no function for it. The public fields follow those of every handle: the callback, then
/// the number.
fn signal_number(handle: *mut c_void) -> c_int {
    // SAFETY: takes no pointers.
    let start = unsafe { uv_handle_size(UV_HANDLE) } + size_of::<usize>();
    // SAFETY: as above.
    if unsafe { uv_handle_size(UV_SIGNAL) } < start + size_of::<c_int>() {
        return 0;
    }
    // SAFETY: inside the live handle, as its size says.
    let number = unsafe { handle.byte_add(start) };
    // SAFETY: libuv writes the field on this thread only, when the watching starts; read unaligned, it needs no alignment.
    unsafe { number.cast::<c_int>().read_unaligned() }
}
