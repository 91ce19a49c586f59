//! A shared file mapped whole. Shared memory is seen only through atomics and raw copies, never through `&[T]`.
//!
//! Offsets are checked against the mapping here, once more, whatever the caller checked: an offset that was read from
//! shared memory must be validated by its reader (see memory/directory.rs) so that a hostile peer gets an error. The
//! checks of this file are the last line. An access outside of the mapping is noted (`overrun`), and goes to a spare word
//! or nowhere: it neither ends the process nor unwinds, whichever thread or callback it happens in. The caller's caller
//! asks for the note (`Domain::check`).

use crate::sys::atomic::{AtomicU32, AtomicU64};
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;

use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

pub struct Mapping {
    base: NonNull<u8>,
    len: u64,
    /// Where words lie that were asked for outside of the mapping.
    spare: Box<AtomicU64>,
    /// The offset of the first such access + 1.
    overrun: std::sync::atomic::AtomicU64,
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
        Ok(Self { base: base.cast(), len, spare: Box::new(AtomicU64::new(0)), overrun: 0.into() })
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The address of a range, for a buffer that JavaScript sees.
    pub fn pointer(&self, offset: u64, len: u64) -> Option<NonNull<u8>> {
        // SAFETY: offset + len lies inside the mapping, as `contains` says.
        self.contains(offset, len, 1).then(|| unsafe { self.base.add(offset as usize) })
    }

    /// Where an access outside of the mapping was asked for, if there ever was one.
    pub fn overrun(&self) -> Option<u64> {
        self.overrun.load(std::sync::atomic::Ordering::Relaxed).checked_sub(1)
    }

    /// The offset of an address inside the mapping.
    pub fn offset_of(&self, address: *const u8) -> Option<u64> {
        let distance = (address as u64).checked_sub(self.base.as_ptr() as u64)?;
        (distance < self.len).then_some(distance)
    }

    #[inline]
    pub fn u32_at(&self, offset: u64) -> &AtomicU32 {
        // SAFETY: `word` points to an aligned word that lives as long as `self` and is only accessed atomically or by raw
        // copies.
        unsafe { AtomicU32::from_ptr(self.word(offset, 4).cast()) }
    }

    #[inline]
    pub fn u64_at(&self, offset: u64) -> &AtomicU64 {
        // SAFETY: as for `u32_at`.
        unsafe { AtomicU64::from_ptr(self.word(offset, 8).cast()) }
    }

    pub fn write(&self, offset: u64, bytes: &[u8]) {
        let Some(target) = self.pointer(offset, bytes.len() as u64) else { return };
        // SAFETY: the target range lies inside the mapping; the source is a borrowed slice of our own memory.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), target.as_ptr(), bytes.len()) };
    }

    pub fn read(&self, offset: u64, bytes: &mut [u8]) {
        let Some(source) = self.pointer(offset, bytes.len() as u64) else { return bytes.fill(0) };
        // SAFETY: the source range lies inside the mapping; the target is a borrowed slice of our own memory.
        unsafe { std::ptr::copy_nonoverlapping(source.as_ptr(), bytes.as_mut_ptr(), bytes.len()) };
    }

    /// Copies `len` bytes out to a fresh vector; `None` when this process has not that much memory.
    pub fn read_vec(&self, offset: u64, len: usize) -> Option<Vec<u8>> {
        let source = self.pointer(offset, len as u64)?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(len).ok()?;
        // SAFETY: the source range lies inside the mapping; the vector has room for `len` bytes.
        unsafe { std::ptr::copy_nonoverlapping(source.as_ptr(), bytes.as_mut_ptr(), len) };
        // SAFETY: the first `len` bytes were just written.
        unsafe { bytes.set_len(len) };
        Some(bytes)
    }

    pub fn zero(&self, offset: u64, len: u64) {
        let Some(target) = self.pointer(offset, len) else { return };
        // SAFETY: the range lies inside the mapping.
        unsafe { std::ptr::write_bytes(target.as_ptr(), 0, len as usize) };
    }

    #[inline]
    fn word(&self, offset: u64, size: u64) -> *mut u8 {
        if !self.contains(offset, size, size) {
            return self.spare.as_ptr().cast();
        }
        // SAFETY: offset + size lies inside the mapping.
        unsafe { self.base.add(offset as usize) }.as_ptr()
    }

    #[inline]
    fn contains(&self, offset: u64, len: u64, align: u64) -> bool {
        let inside = offset.checked_add(len).is_some_and(|end| end <= self.len) && offset.is_multiple_of(align);
        if !inside {
            self.note_overrun(offset);
        }
        inside
    }

    #[cold]
    fn note_overrun(&self, offset: u64) {
        use std::sync::atomic::Ordering::Relaxed;
        // The first one says most. Relaxed: a number for a message.
        let _ = self.overrun.compare_exchange(0, offset.wrapping_add(1).max(1), Relaxed, Relaxed);
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: `base` and `len` are those of our own mmap, and `self` is gone after this.
        let _ = unsafe { munmap(self.base.cast(), self.len as usize) };
    }
}
