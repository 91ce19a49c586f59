//! A datagram socket with an abstract name: whoever knows the name can wake its owner's event loop.
//!
//! Abstract names need no file and no passed descriptor, vanish with their owner, and `ECONNREFUSED` tells that the
//! owner is gone. A datagram carries nothing: a stranger who rings it causes one look around.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, UnixAddr, bind, recv, sendto, socket};

pub struct Doorbell {
    socket: OwnedFd,
}

impl Doorbell {
    /// A doorbell that can be rung under `name`, which must be new.
    pub fn bind(name: &[u8]) -> io::Result<Self> {
        let bell = Self::ringer()?;
        bind(bell.socket.as_raw_fd(), &UnixAddr::new_abstract(name)?)?;
        Ok(bell)
    }

    /// A socket that can ring others and has no name.
    pub fn ringer() -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        Ok(Self { socket: socket(AddressFamily::Unix, SockType::Datagram, flags, None)? })
    }

    /// Rings the doorbell of that name. `false`: nobody has it, its owner is gone. A full one counts as rung.
    pub fn ring(&self, name: &[u8]) -> bool {
        let Ok(address) = UnixAddr::new_abstract(name) else { return false };
        loop {
            match sendto(self.socket.as_raw_fd(), &[0], &address, MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL) {
                Err(Errno::EINTR) => {}
                Err(Errno::ECONNREFUSED | Errno::ENOENT) => return false,
                _ => return true,
            }
        }
    }

    /// Takes away all datagrams that are there.
    pub fn drain(&self) {
        let mut byte = [0; 8];
        while recv(self.socket.as_raw_fd(), &mut byte, MsgFlags::MSG_DONTWAIT).is_ok() {}
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
