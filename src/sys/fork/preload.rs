//! The library no_ring.c, which build.rs has compiled into this one: as a file in memory, for `LD_PRELOAD`.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;

use nix::sys::memfd::{MFdFlags, memfd_create};

/// Empty where forking is not supported.
static LIBRARY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/no_ring.so"));

/// Closed on exec: whoever starts a program gives it a copy.
pub fn library() -> io::Result<OwnedFd> {
    let mut file = File::from(memfd_create(c"multiproc-no-ring", MFdFlags::MFD_CLOEXEC)?);
    file.write_all(LIBRARY)?;
    Ok(file.into())
}

pub fn is_supported() -> bool {
    !LIBRARY.is_empty()
}
