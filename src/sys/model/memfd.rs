//! The domain's file: a descriptor that leads nowhere. There is one file in an execution, and its size is all it has.

use std::cell::{Cell, OnceCell};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

use super::mapping;

thread_local! {
    static SIZE: Cell<u64> = const { Cell::new(0) };
    static NOWHERE: OnceCell<File> = const { OnceCell::new() };
}

pub fn create(_name: &str, size_bytes: u64) -> io::Result<OwnedFd> {
    SIZE.set(size_bytes);
    NOWHERE.with(|nowhere| {
        let nowhere = nowhere.get_or_init(|| File::open("/dev/null").expect("/dev/null"));
        nowhere.try_clone().map(OwnedFd::from)
    })
}

pub fn sealed_size(_fd: BorrowedFd<'_>) -> io::Result<u64> {
    Ok(SIZE.get())
}

pub fn punch_hole(_fd: BorrowedFd<'_>, offset: u64, length: u64) -> io::Result<()> {
    mapping::zero(offset, length);
    Ok(())
}

pub fn open_of_process(_pid: u32, _fd: RawFd) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

pub fn adopt(_fd: RawFd) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

pub fn raw(fd: &OwnedFd) -> RawFd {
    fd.as_raw_fd()
}

pub fn largest_file_bytes() -> u64 {
    u64::MAX
}

pub fn largest_address_space_bytes() -> u64 {
    u64::MAX
}
