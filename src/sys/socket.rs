//! Sockets by descriptor: pairs for the standard streams of children, listening ones of TCP, what a broken one still has.

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, Backlog, MsgFlags, Shutdown, SockFlag, SockType};
use nix::sys::socket::{listen, recv, send, shutdown, socketpair};

const READ_AT_ONCE: usize = 64 * 1024;

/// Two connected stream sockets, both closed on exec. The caller owns them.
pub fn stream_pair() -> Result<(RawFd, RawFd), Errno> {
    let (one, other) = owned_stream_pair()?;
    Ok((one.into_raw_fd(), other.into_raw_fd()))
}

/// Two connected stream sockets, both closed on exec.
pub fn owned_stream_pair() -> Result<(OwnedFd, OwnedFd), Errno> {
    socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC)
}

/// Appends what has arrived, at most `max` bytes, without waiting. 0: the end. `EAGAIN`: nothing is there.
pub fn read_some(socket: BorrowedFd<'_>, into: &mut Vec<u8>, max: usize) -> Result<usize, Errno> {
    let start = into.len();
    into.resize(start + max, 0);
    let got = without_interruption(|| recv(socket.as_raw_fd(), &mut into[start..], MsgFlags::MSG_DONTWAIT));
    into.truncate(start + got.unwrap_or(0));
    got
}

/// Sends as much as there is room for, without waiting. `EAGAIN`: there is none. `EPIPE`: nobody reads (no SIGPIPE).
pub fn write_some(socket: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize, Errno> {
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    without_interruption(|| send(socket.as_raw_fd(), bytes, flags))
}

/// The other end reads what was sent, and then the end.
pub fn end_writing(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    shutdown(socket.as_raw_fd(), Shutdown::Write)
}

fn without_interruption<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            result => return result,
        }
    }
}

/// Closes a descriptor that the caller owns.
pub fn close(fd: RawFd) {
    if fd >= 0 {
        // SAFETY: the caller owns the descriptor (it comes from `stream_pair`) and gives it up here.
        drop(unsafe { OwnedFd::from_raw_fd(fd) });
    }
}

/// Takes over a descriptor that a system call has just returned.
pub(super) fn own(fd: RawFd) -> OwnedFd {
    // SAFETY: the callers are in this layer and pass what the kernel has just given to them alone.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Takes over a descriptor that the caller gives up. `None` for what cannot be one.
pub fn take(fd: RawFd) -> Option<OwnedFd> {
    // SAFETY: the caller has it for this process alone, and does not use the number again.
    (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Borrows a descriptor of JavaScript's for one call. `None` for what cannot be one.
pub fn borrow(fd: &RawFd) -> Option<BorrowedFd<'_>> {
    // SAFETY: the call it is for ends before JavaScript runs again, which alone closes it; a closed number gives EBADF.
    (*fd >= 0).then(|| unsafe { BorrowedFd::borrow_raw(*fd) })
}

/// A socket that listens on a TCP port, 0 for any free one; and its address. The host is an address or a local name.
pub fn listen_tcp(host: &str, port: u16, backlog: i32) -> io::Result<(OwnedFd, String, u16)> {
    let listener = TcpListener::bind((host, port))?;
    listener.set_nonblocking(true)?;
    listen(&listener, Backlog::new(backlog.clamp(1, i32::from(u16::MAX)))?)?;
    let address = listener.local_addr()?;
    Ok((listener.into(), address.ip().to_string(), address.port()))
}

/// What has arrived at a socket and was not read, without waiting; at most so many bytes.
pub fn take_rest(socket: BorrowedFd<'_>, max: usize) -> Vec<u8> {
    let mut rest = Vec::new();
    while rest.len() < max {
        let start = rest.len();
        rest.resize(start + READ_AT_ONCE.min(max - start), 0);
        let got = loop {
            match recv(socket.as_raw_fd(), &mut rest[start..], MsgFlags::MSG_DONTWAIT) {
                Err(Errno::EINTR) => {}
                result => break result.unwrap_or(0),
            }
        };
        rest.truncate(start + got);
        if got == 0 {
            break;
        }
    }
    rest
}
