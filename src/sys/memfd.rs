//! memfd_create(2): an anonymous shared memory file that the kernel frees with its last user.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::fcntl::{FallocateFlags, FcntlArg, SealFlag, fallocate, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::resource::{Resource, getrlimit};

/// Creates a sparse file of `size_bytes`, sealed against shrinking and growing, so that a page of it can never fault.
pub fn create(name: &str, size_bytes: u64) -> io::Result<OwnedFd> {
    let fd = memfd_create(name, MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?;
    nix::unistd::ftruncate(&fd, size_bytes as i64)?;
    fcntl(&fd, FcntlArg::F_ADD_SEALS(required_seals() | SealFlag::F_SEAL_SEAL))?;
    Ok(fd)
}

/// The size of a file that was made by [`create`]; anything else (no memfd, not sealed) is an error.
pub fn sealed_size(fd: BorrowedFd<'_>) -> io::Result<u64> {
    let seals = SealFlag::from_bits_truncate(fcntl(fd, FcntlArg::F_GET_SEALS)?);
    if !seals.contains(required_seals()) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the descriptor is no sealed shared memory file"));
    }
    Ok(nix::sys::stat::fstat(fd)?.st_size as u64)
}

fn required_seals() -> SealFlag {
    SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW
}

/// Gives the pages of a range back to the system; they read as zero afterwards.
pub fn punch_hole(fd: BorrowedFd<'_>, offset: u64, length: u64) -> io::Result<()> {
    let flags = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
    Ok(fallocate(fd, flags, offset as i64, length as i64)?)
}

/// Opens descriptor `fd` of process `pid` (ours to ptrace, so of the same user) as one of our own.
pub fn open_of_process(pid: u32, fd: RawFd) -> io::Result<OwnedFd> {
    let file = File::options().read(true).write(true).open(format!("/proc/{pid}/fd/{fd}"))?;
    Ok(file.into())
}

/// Takes over a descriptor that this process was started with; it is closed on exec from here on.
pub fn adopt(fd: RawFd) -> io::Result<OwnedFd> {
    if fd < 3 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a standard stream is no shared memory file"));
    }
    // SAFETY: the starter of this process put the descriptor there for us and for nobody else; fcntl below refuses it
    // when it is not open.
    let owned = unsafe { OwnedFd::from_raw_fd(fd) };
    match fcntl(owned.as_fd(), FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC)) {
        Ok(_) => Ok(owned),
        Err(errno) => {
            let _ = std::os::fd::IntoRawFd::into_raw_fd(owned);
            Err(errno.into())
        }
    }
}

pub fn raw(fd: &OwnedFd) -> RawFd {
    fd.as_raw_fd()
}

/// The largest file this process may make.
pub fn largest_file_bytes() -> u64 {
    getrlimit(Resource::RLIMIT_FSIZE).map_or(u64::MAX, |(soft, _)| soft)
}

/// The largest address space this process may have.
pub fn largest_address_space_bytes() -> u64 {
    getrlimit(Resource::RLIMIT_AS).map_or(u64::MAX, |(soft, _)| soft)
}
