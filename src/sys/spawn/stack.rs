//! The child's stack: fresh pages with a guard page below.

use std::ffi::c_void;
use std::num::NonZeroUsize;
use std::ptr::NonNull;

use nix::errno::Errno;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

// The child nests a few frames without large arrays; a debug build's frames are larger.
const SIZE: NonZeroUsize = NonZeroUsize::new(64 << 10).unwrap();
const GUARD: usize = 4096;

pub struct Stack {
    bottom: NonNull<c_void>,
}

impl Stack {
    pub fn new() -> Result<Self, Errno> {
        let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_STACK;
        // SAFETY: no address is given, so the new mapping replaces nothing.
        let bottom = unsafe { mmap_anonymous(None, SIZE, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, flags) }?;
        let stack = Self { bottom };
        // SAFETY: the lowest page of the mapping just made. Where pages are larger this fails, and there is no guard.
        let _ = unsafe { mprotect(bottom, GUARD, ProtFlags::PROT_NONE) };
        Ok(stack)
    }

    /// Where the stack, which grows downwards, starts: 16-byte aligned, as both calling conventions want it.
    pub fn top(&self) -> *mut c_void {
        // SAFETY: one past the end of the mapping.
        unsafe { self.bottom.as_ptr().byte_add(SIZE.get()) }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `new`; the child that ran on it has left this memory (CLONE_VFORK).
        let _ = unsafe { munmap(self.bottom, SIZE.get()) };
    }
}
