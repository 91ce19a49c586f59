//! Socket pairs for the standard streams of children.

use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

/// Two connected stream sockets, both closed on exec. The caller owns them.
pub fn stream_pair() -> Result<(RawFd, RawFd), Errno> {
    let (one, other) = socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC)?;
    Ok((one.into_raw_fd(), other.into_raw_fd()))
}

/// Closes a descriptor that the caller owns.
pub fn close(fd: RawFd) {
    if fd >= 0 {
        // SAFETY: the caller owns the descriptor (it comes from `stream_pair`) and gives it up here.
        drop(unsafe { OwnedFd::from_raw_fd(fd) });
    }
}
