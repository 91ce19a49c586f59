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

const UV_CHECK: c_int = 2;
const UV_POLL: c_int = 8;
const UV_PREPARE: c_int = 9;
const UV_READABLE: c_int = 1;

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
