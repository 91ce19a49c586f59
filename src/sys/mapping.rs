//! A shared file mapped whole. Shared memory is seen only through atomics and raw copies, never through `&[T]`.
//!
//! Offsets are checked against the mapping here, once more, whatever the caller checked: an offset that was read from
//! shared memory must be validated by its reader (see memory/directory.rs) so that a hostile peer gets an error; the
//! assertions of this file are the last line, and they keep a mistake of ours from becoming a wild access.

use crate::sys::atomic::{AtomicU32, AtomicU64};
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;

use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

pub struct Mapping {
    base: NonNull<u8>,
    len: u64,
}

// SAFETY: the mapping is plain memory, valid until drop, and every access goes through atomics or raw copies.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    pub fn shared(fd: BorrowedFd<'_>, len: u64) -> io::Result<Self> {
        let size = NonZeroUsize::new(len as usize).ok_or(io::ErrorKind::InvalidInput)?;
        let flags = MapFlags::MAP_SHARED | MapFlags::MAP_NORESERVE;
        // SAFETY: no address is given, so the new mapping replaces nothing.
        let base = unsafe { mmap(None, size, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, flags, fd, 0) }?;
        Ok(Self { base: base.cast(), len })
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The address of a range, for a buffer that JavaScript sees.
    pub fn pointer(&self, offset: u64, len: u64) -> NonNull<u8> {
        self.check(offset, len, 1);
        // SAFETY: offset + len lies inside the mapping, checked above.
        unsafe { self.base.add(offset as usize) }
    }

    /// The offset of an address inside the mapping.
    pub fn offset_of(&self, address: *const u8) -> Option<u64> {
        let distance = (address as u64).checked_sub(self.base.as_ptr() as u64)?;
        (distance < self.len).then_some(distance)
    }

    #[inline]
    pub fn u32_at(&self, offset: u64) -> &AtomicU32 {
        self.check(offset, 4, 4);
        // SAFETY: in bounds and aligned (checked above); the memory lives as long as `self` and is only accessed
        // atomically or by raw copies.
        unsafe { AtomicU32::from_ptr(self.pointer(offset, 4).as_ptr().cast()) }
    }

    #[inline]
    pub fn u64_at(&self, offset: u64) -> &AtomicU64 {
        self.check(offset, 8, 8);
        // SAFETY: as for `u32_at`.
        unsafe { AtomicU64::from_ptr(self.pointer(offset, 8).as_ptr().cast()) }
    }

    pub fn write(&self, offset: u64, bytes: &[u8]) {
        self.check(offset, bytes.len() as u64, 1);
        let target = self.pointer(offset, bytes.len() as u64).as_ptr();
        // SAFETY: the target range lies inside the mapping; the source is a borrowed slice of our own memory.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), target, bytes.len()) };
    }

    pub fn read(&self, offset: u64, bytes: &mut [u8]) {
        let source = self.pointer(offset, bytes.len() as u64).as_ptr();
        // SAFETY: the source range lies inside the mapping; the target is a borrowed slice of our own memory.
        unsafe { std::ptr::copy_nonoverlapping(source, bytes.as_mut_ptr(), bytes.len()) };
    }

    /// Copies `len` bytes out to a fresh vector; `None` when this process has not that much memory.
    pub fn read_vec(&self, offset: u64, len: usize) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(len).ok()?;
        let source = self.pointer(offset, len as u64).as_ptr();
        // SAFETY: the source range lies inside the mapping; the vector has room for `len` bytes.
        unsafe { std::ptr::copy_nonoverlapping(source, bytes.as_mut_ptr(), len) };
        // SAFETY: the first `len` bytes were just written.
        unsafe { bytes.set_len(len) };
        Some(bytes)
    }

    pub fn zero(&self, offset: u64, len: u64) {
        let target = self.pointer(offset, len).as_ptr();
        // SAFETY: the range lies inside the mapping.
        unsafe { std::ptr::write_bytes(target, 0, len as usize) };
    }

    #[inline]
    fn check(&self, offset: u64, len: u64, align: u64) {
        assert!(
            offset.checked_add(len).is_some_and(|end| end <= self.len) && offset.is_multiple_of(align),
            "shared memory access of {len} bytes at {offset} is outside of {} or not aligned to {align}",
            self.len
        );
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: `base` and `len` are those of our own mmap, and `self` is gone after this.
        let _ = unsafe { munmap(self.base.cast(), self.len as usize) };
    }
}
