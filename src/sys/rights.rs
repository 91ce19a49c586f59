//! Messages with descriptors, over a connected Unix socket (unix(7), `SCM_RIGHTS`).
//!
//! Nothing here waits for longer than its deadline: the peer may have been stopped. System calls: sendmsg, recvmsg, poll.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

use super::socket;

/// More are not taken over.
pub const DESCRIPTOR_MAX: usize = 8;

/// Sends all the bytes, and copies of the descriptors with the first of them. `ETIMEDOUT`: there was no room in time.
pub fn send(to: BorrowedFd<'_>, mut bytes: &[u8], descriptors: &[RawFd], deadline: Instant) -> Result<(), Errno> {
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    let rights = [ControlMessage::ScmRights(descriptors)];
    let mut control: &[ControlMessage<'_>] = if descriptors.is_empty() { &[] } else { &rights };
    while !bytes.is_empty() {
        match sendmsg::<()>(to.as_raw_fd(), &[IoSlice::new(bytes)], control, flags, None) {
            Ok(sent) => {
                bytes = &bytes[sent..];
                control = &[];
            }
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => await_ready(to, PollFlags::POLLOUT, deadline)?,
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// What is there, at most the buffer's size, with the descriptors that came with it. 0 bytes: the end. `ETIMEDOUT`:
/// nothing came in time.
pub fn receive(
    from: BorrowedFd<'_>,
    into: &mut [u8],
    deadline: Option<Instant>,
) -> Result<(usize, Vec<OwnedFd>), Errno> {
    let mut space = nix::cmsg_space!([RawFd; DESCRIPTOR_MAX]);
    let flags =
        MsgFlags::MSG_CMSG_CLOEXEC | if deadline.is_some() { MsgFlags::MSG_DONTWAIT } else { MsgFlags::empty() };
    loop {
        let mut parts = [IoSliceMut::new(into)];
        match recvmsg::<()>(from.as_raw_fd(), &mut parts, Some(&mut space), flags) {
            Ok(message) => {
                let mut descriptors = Vec::new();
                for control in message.cmsgs().into_iter().flatten() {
                    if let ControlMessageOwned::ScmRights(given) = control {
                        descriptors.extend(given.into_iter().map(socket::own));
                    }
                }
                return Ok((message.bytes, descriptors));
            }
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => await_ready(from, PollFlags::POLLIN, deadline.unwrap_or_else(Instant::now))?,
            Err(errno) => return Err(errno),
        }
    }
}

/// Whether there is something to be received, or the end.
pub fn has_something(from: BorrowedFd<'_>) -> bool {
    await_ready(from, PollFlags::POLLIN, Instant::now()).is_ok()
}

fn await_ready(socket: BorrowedFd<'_>, event: PollFlags, deadline: Instant) -> Result<(), Errno> {
    loop {
        let rest = deadline.saturating_duration_since(Instant::now());
        let patience = PollTimeout::try_from(rest + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(socket, event)], patience) {
            Ok(1..) => return Ok(()),
            Ok(_) if rest.is_zero() => return Err(Errno::ETIMEDOUT),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn bytes_and_descriptors_arrive_together_and_an_end_is_told() {
        let (one, other) = socket::owned_stream_pair().unwrap();
        let far = Instant::now() + Duration::from_secs(60);
        send(one.as_fd(), b"hello", &[one.as_raw_fd(), other.as_raw_fd()], far).unwrap();
        drop(one);
        let mut bytes = [0; 16];
        let (count, descriptors) = receive(other.as_fd(), &mut bytes, Some(far)).unwrap();
        assert_eq!((&bytes[..count], descriptors.len()), (&b"hello"[..], 2));
        drop(descriptors);
        assert_eq!(receive(other.as_fd(), &mut bytes, Some(far)).unwrap().0, 0);
    }

    #[test]
    fn a_peer_that_does_not_answer_is_waited_for_no_longer_than_the_deadline() {
        let (one, _other) = socket::owned_stream_pair().unwrap();
        let soon = Instant::now() + Duration::from_millis(20);
        assert_eq!(receive(one.as_fd(), &mut [0; 8], Some(soon)).unwrap_err(), Errno::ETIMEDOUT);
        let full = vec![0; 64 << 10];
        let errno = loop {
            if let Err(errno) = send(one.as_fd(), &full, &[], soon) {
                break errno;
            }
        };
        assert_eq!(errno, Errno::ETIMEDOUT);
        assert!(Instant::now() >= soon);
    }
}
