//! The socket on which descriptors travel between two processes: a pair of packets' sockets, one end each (unix(7),
//! `SCM_RIGHTS`). A packet is a number and one descriptor.
//!
//! The sender sends first and tells of the number afterwards, by other means. So whoever is told finds the packet: it
//! never waits, and takes what comes before it away. What nobody takes is the kernel's, which closes it with the socket.
//! The peer may send anything: at most one descriptor is taken over from a packet, and none without its number.
//! System calls: socketpair, sendmsg, recvmsg, recv, fcntl, getsockopt, close.

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::socket::sockopt;
use nix::sys::socket::{
    AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, getsockopt, recv, sendmsg, socketpair,
};

/// A packet's number.
const NUMBER_SIZE: usize = 8;
/// Packets that nobody was told of, of a sender that failed in between: each time one. More are no accident.
const STRAY_MAX: usize = 1024;

/// Two connected sockets, both closed on exec. The caller owns them.
pub fn pair() -> Result<(RawFd, RawFd), Errno> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let (one, other) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags)?;
    Ok((one.into_raw_fd(), other.into_raw_fd()))
}

/// Makes an inherited end the process's own: closed on exec. False when it is no such socket.
pub fn adopt(carrier: BorrowedFd<'_>) -> bool {
    getsockopt(&carrier, sockopt::SockType) == Ok(SockType::SeqPacket)
        && fcntl(carrier, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).is_ok()
}

/// Sends a copy of a descriptor, at once or not at all. `EAGAIN`, `ETOOMANYREFS`: as many as possible are on their way.
pub fn send(carrier: BorrowedFd<'_>, number: u64, descriptor: RawFd) -> Result<(), Errno> {
    let bytes = number.to_ne_bytes();
    let rights = [descriptor];
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    let carrier = carrier.as_raw_fd();
    retry(|| sendmsg::<()>(carrier, &[IoSlice::new(&bytes)], &[ControlMessage::ScmRights(&rights)], flags, None))?;
    Ok(())
}

/// Takes the descriptor with this number. `ENOENT`: it was not sent. `EMFILE`: this process has no room for it, and it is
/// closed.
pub fn receive(carrier: BorrowedFd<'_>, number: u64) -> Result<OwnedFd, Errno> {
    for _ in 0..STRAY_MAX {
        // Without a place for descriptors the kernel shows none.
        match peek(carrier)? {
            found if found == number => return take(carrier),
            found if found < number => drop_one(carrier)?,
            _ => break,
        }
    }
    Err(Errno::ENOENT)
}

fn peek(carrier: BorrowedFd<'_>) -> Result<u64, Errno> {
    let mut bytes = [0; NUMBER_SIZE];
    let flags = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
    match retry(|| recv(carrier.as_raw_fd(), &mut bytes, flags)) {
        Ok(NUMBER_SIZE) => Ok(u64::from_ne_bytes(bytes)),
        // A packet without a number is a stray one; no packet at all is the end.
        Ok(1..) => Ok(0),
        Ok(0) | Err(Errno::EAGAIN) => Err(Errno::ENOENT),
        Err(errno) => Err(errno),
    }
}

/// The kernel closes what the packet holds.
fn drop_one(carrier: BorrowedFd<'_>) -> Result<(), Errno> {
    retry(|| recv(carrier.as_raw_fd(), &mut [0; NUMBER_SIZE], MsgFlags::MSG_DONTWAIT))?;
    Ok(())
}

/// A place for one descriptor, aligned as the kernel's header is.
#[repr(C)]
struct Control {
    header: libc::cmsghdr,
    descriptor: RawFd,
}

/// The first packet's descriptor. By the plain system call: the length of the place for control messages decides how many
/// descriptors the kernel takes over, and a wrapper's place has room for two.
fn take(carrier: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    let mut bytes = [0_u8; NUMBER_SIZE];
    let mut part = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: NUMBER_SIZE };
    // SAFETY: plain numbers and pointers; zero is a value of each.
    let mut control: Control = unsafe { MaybeUninit::zeroed().assume_init() };
    // SAFETY: as above.
    let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = (&raw mut control).cast();
    message.msg_controllen = size_of::<libc::cmsghdr>() + size_of::<RawFd>();
    let flags = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;
    retry(|| {
        // SAFETY: `message` points to live places of the given lengths.
        Errno::result(unsafe { libc::recvmsg(carrier.as_raw_fd(), &raw mut message, flags) })
    })?;
    let is_whole = message.msg_controllen >= size_of::<libc::cmsghdr>() + size_of::<RawFd>();
    let Control { header, descriptor } = control;
    if is_whole && header.cmsg_level == libc::SOL_SOCKET && header.cmsg_type == libc::SCM_RIGHTS && descriptor >= 0 {
        // SAFETY: the kernel has just made the descriptor, for this call alone.
        return Ok(unsafe { OwnedFd::from_raw_fd(descriptor) });
    }
    Err(if message.msg_flags & libc::MSG_CTRUNC != 0 { Errno::EMFILE } else { Errno::ENOENT })
}

/// Once more after a signal; and after the peer has gone without reading all, of which the socket tells once, before the
/// packets that are still there.
fn retry<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    let mut was_reset = false;
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            Err(Errno::ECONNRESET) if !was_reset => was_reset = true,
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Seek, Write};
    use std::os::fd::AsFd;

    use super::*;

    fn ends() -> (OwnedFd, OwnedFd) {
        let (one, other) = pair().unwrap();
        (crate::sys::socket::own(one), crate::sys::socket::own(other))
    }

    fn file_with(text: &str) -> OwnedFd {
        let mut file =
            File::from(nix::sys::memfd::memfd_create(c"carried", nix::sys::memfd::MFdFlags::empty()).unwrap());
        file.write_all(text.as_bytes()).unwrap();
        file.into()
    }

    fn text_of(descriptor: OwnedFd) -> String {
        let mut file = File::from(descriptor);
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_descriptor_is_found_by_its_number_and_those_before_it_are_dropped() {
        let (one, other) = ends();
        for number in 1..=5 {
            send(one.as_fd(), number, file_with(&format!("{number}")).as_raw_fd()).unwrap();
        }
        assert_eq!(text_of(receive(other.as_fd(), 1).unwrap()), "1");
        assert_eq!(text_of(receive(other.as_fd(), 4).unwrap()), "4");
        assert_eq!(receive(other.as_fd(), 3).unwrap_err(), Errno::ENOENT);
        assert_eq!(text_of(receive(other.as_fd(), 5).unwrap()), "5");
        assert_eq!(receive(other.as_fd(), 6).unwrap_err(), Errno::ENOENT);
    }

    #[test]
    fn what_was_sent_is_there_though_the_sender_is_gone_and_had_not_read_all() {
        let (one, other) = ends();
        send(other.as_fd(), 1, file_with("unread").as_raw_fd()).unwrap();
        send(one.as_fd(), 1, file_with("sent").as_raw_fd()).unwrap();
        drop(one);
        assert_eq!(text_of(receive(other.as_fd(), 1).unwrap()), "sent");
        assert_eq!(receive(other.as_fd(), 2).unwrap_err(), Errno::ENOENT);
        let errno = send(other.as_fd(), 2, file_with("").as_raw_fd()).unwrap_err();
        assert_eq!(errno, Errno::EPIPE);
    }

    #[test]
    fn a_packet_of_several_descriptors_gives_one_and_the_others_are_closed() {
        let (one, other) = ends();
        let (reader, writer) = nix::unistd::pipe().unwrap();
        let file = file_with("first");
        let rights = [file.as_raw_fd(), writer.as_raw_fd(), writer.as_raw_fd()];
        let number = 1_u64.to_ne_bytes();
        let parts = [IoSlice::new(&number)];
        sendmsg::<()>(one.as_raw_fd(), &parts, &[ControlMessage::ScmRights(&rights)], MsgFlags::empty(), None).unwrap();
        drop(writer);
        assert_eq!(text_of(receive(other.as_fd(), 1).unwrap()), "first");
        // Nobody has the writing end any more.
        assert_eq!(File::from(reader).read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn packets_without_a_descriptor_or_a_number_are_none() {
        let (one, other) = ends();
        let number = 1_u64.to_ne_bytes();
        for bytes in [&number[..3], &number[..]] {
            sendmsg::<()>(one.as_raw_fd(), &[IoSlice::new(bytes)], &[], MsgFlags::empty(), None).unwrap();
        }
        assert_eq!(receive(other.as_fd(), 1).unwrap_err(), Errno::ENOENT);
        send(one.as_fd(), 2, file_with("two").as_raw_fd()).unwrap();
        assert_eq!(text_of(receive(other.as_fd(), 2).unwrap()), "two");
    }

    #[test]
    fn only_such_a_socket_is_adopted() {
        let (one, _other) = ends();
        assert!(adopt(one.as_fd()));
        assert!(!adopt(file_with("").as_fd()));
    }

    #[test]
    fn a_full_socket_is_told_and_nothing_is_lost() {
        let (one, other) = ends();
        let file = file_with("x");
        let sent = (1_u64..100_000).take_while(|&number| send(one.as_fd(), number, file.as_raw_fd()).is_ok()).count();
        assert!(sent > 16 && sent < 99_999);
        for number in 1..=sent as u64 {
            assert!(receive(other.as_fd(), number).is_ok());
        }
    }
}
