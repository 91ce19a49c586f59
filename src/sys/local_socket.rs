//! Stream sockets that programs of one machine find by a path or an abstract name.
//!
//! The invariant: a socket that we show under a path listens already. It is bound under a name of its own beside the path
//! and renamed, which fails when the path exists. So a socket that refuses connections has no living owner, but for a
//! program that binds in place and has not come to listen yet. A dead one is first taken away by a rename and looked at
//! again before it is removed: who was faster with a new one gets it back.
//! Sources: unix(7), rename(2); the mode of the file is that of the socket when it is bound (`unix_bind` in Linux).

use std::ffi::OsStr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use nix::sys::socket::sockopt::PeerCredentials;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, accept4, bind, connect, getsockopt, listen, socket,
};
use nix::sys::stat::{Mode, fchmod, lstat};
use nix::unistd::unlink;

use super::random;

/// A system call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    pub call: &'static str,
    pub errno: Errno,
}

pub fn failed(call: &'static str) -> impl Fn(Errno) -> Failure {
    move |errno| Failure { call, errno }
}

/// Where a socket is found: bytes that begin with NUL are an abstract name, others a path.
pub struct Address(Vec<u8>);

impl Address {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    fn path(&self) -> Option<&Path> {
        (self.0.first() != Some(&0)).then(|| Path::new(OsStr::from_bytes(&self.0)))
    }

    fn resolve(&self) -> Result<UnixAddr, Errno> {
        match self.path() {
            Some(path) => UnixAddr::new(path),
            None => UnixAddr::new_abstract(&self.0[1..]),
        }
    }
}

/// Device and inode: which file a path means.
type Identity = (u64, u64);

pub struct LocalListener {
    socket: OwnedFd,
    file: Option<(PathBuf, Identity)>,
}

impl LocalListener {
    /// Listens under an address, of which it becomes the owner. A file gets exactly this mode.
    pub fn bind(address: &Address, mode: u32, backlog: i32) -> Result<Self, Failure> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Unix, SockType::Stream, flags, None).map_err(failed("socket"))?;
        let backlog = Backlog::new(backlog.clamp(1, i32::from(u16::MAX))).map_err(failed("listen"))?;
        let Some(path) = address.path() else {
            bind(socket.as_raw_fd(), &address.resolve().map_err(failed("bind"))?).map_err(failed("bind"))?;
            listen(&socket, backlog).map_err(failed("listen"))?;
            return Ok(Self { socket, file: None });
        };
        fchmod(&socket, Mode::from_bits_truncate(mode)).map_err(failed("fchmod"))?;
        let own = beside(path)?;
        bind(socket.as_raw_fd(), &UnixAddr::new(&own).map_err(failed("bind"))?).map_err(failed("bind"))?;
        // The process's umask took bits away.
        let shown = super::fifo::change_mode(&own, mode)
            .map_err(failed("chmod"))
            .and_then(|()| listen(&socket, backlog).map_err(failed("listen")))
            .and_then(|()| show(&own, path))
            .and_then(|()| identity(path).ok_or(Failure { call: "lstat", errno: Errno::ENOENT }));
        match shown {
            Ok(identity) => Ok(Self { socket, file: Some((path.to_owned(), identity)) }),
            Err(failure) => {
                let _ = unlink(&own);
                Err(failure)
            }
        }
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for LocalListener {
    /// The file goes before the socket does, and only if it still is ours.
    fn drop(&mut self) {
        if let Some((path, own)) = &self.file
            && identity(path) == Some(*own)
        {
            let _ = unlink(path);
        }
    }
}

/// The next connection; `EAGAIN` when there is none.
pub fn accept(listener: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let fd = accept4(listener.as_raw_fd(), flags)?;
    Ok(super::socket::own(fd))
}

/// Connects at once or not at all: `EAGAIN` when the listener has as many connections waiting as it takes.
pub fn connect_to(address: &Address) -> Result<OwnedFd, Errno> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    connect(socket.as_raw_fd(), &address.resolve()?)?;
    Ok(socket)
}

/// User and process at the other end, as they were when it connected, or began to listen.
pub fn peer(socket: BorrowedFd<'_>) -> Result<(u32, i32), Errno> {
    let credentials = getsockopt(&socket, PeerCredentials)?;
    Ok((credentials.uid(), credentials.pid()))
}

/// Gives the listening socket its path, unless somebody else's living one has it.
fn show(own: &Path, path: &Path) -> Result<(), Failure> {
    // Each turn that fails means that another program was faster.
    for _ in 0..16 {
        match rename_new(own, path) {
            Err(Errno::EEXIST) => {}
            result => return result.map_err(failed("rename")),
        }
        if is_dead(path) {
            remove_dead(path)?;
        } else if identity(path).is_some() {
            break;
        }
    }
    Err(Failure { call: "bind", errno: Errno::EADDRINUSE })
}

/// Takes a dead socket away from its path. What turns out to be alive, or no socket, is put back.
fn remove_dead(path: &Path) -> Result<(), Failure> {
    let aside = beside(path)?;
    match rename_new(path, &aside) {
        Err(Errno::ENOENT) => return Ok(()),
        result => result.map_err(failed("rename"))?,
    }
    if is_dead(&aside) {
        let _ = unlink(&aside);
    } else if rename_new(&aside, path).is_err() {
        // A third one has the path by now; the second has lost it, and its name here would only lie around.
        let _ = unlink(&aside);
    }
    Ok(())
}

/// Whether the path is that of a socket to which nobody listens.
fn is_dead(path: &Path) -> bool {
    let is_socket = lstat(path).is_ok_and(|status| status.st_mode & libc::S_IFMT == libc::S_IFSOCK);
    let address = Address(path.as_os_str().as_bytes().to_owned());
    is_socket && matches!(connect_to(&address), Err(Errno::ECONNREFUSED))
}

fn identity(path: &Path) -> Option<Identity> {
    lstat(path).ok().map(|status| (status.st_dev, status.st_ino))
}

/// A new name in the same folder.
fn beside(path: &Path) -> Result<PathBuf, Failure> {
    let nonce = random::nonce().map_err(|_| Failure { call: "getrandom", errno: Errno::EIO })?;
    let name = format!(".mp-{:016x}", u64::from_le_bytes(nonce[..8].try_into().unwrap_or_default()));
    Ok(path.with_file_name(name))
}

fn rename_new(from: &Path, to: &Path) -> Result<(), Errno> {
    renameat2(AT_FDCWD, from, AT_FDCWD, to, RenameFlags::RENAME_NOREPLACE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("multiproc-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn at(path: &Path) -> Address {
        Address::new(path.as_os_str().as_bytes().to_owned())
    }

    #[test]
    fn a_path_has_one_listener_and_is_gone_with_it() {
        let folder = folder("one-listener");
        let path = folder.join("s");
        let first = LocalListener::bind(&at(&path), 0o600, 5).unwrap();
        assert_eq!(lstat(&path).unwrap().st_mode & 0o7777, 0o600);
        let second = LocalListener::bind(&at(&path), 0o600, 5).err().unwrap();
        assert_eq!(second.errno, Errno::EADDRINUSE);
        assert!(connect_to(&at(&path)).is_ok());
        drop(first);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        std::fs::remove_dir(&folder).unwrap();
    }

    #[test]
    fn a_dead_socket_is_replaced_and_a_file_or_a_living_one_is_not() {
        let folder = folder("dead-socket");
        let path = folder.join("s");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let listener = LocalListener::bind(&at(&path), 0o666, 5).unwrap();
        assert_eq!(lstat(&path).unwrap().st_mode & 0o7777, 0o666);
        // Not ours any more: it stays.
        unlink(&path).unwrap();
        std::fs::write(&path, "text").unwrap();
        drop(listener);
        assert_eq!(LocalListener::bind(&at(&path), 0o600, 5).err().unwrap().errno, Errno::EADDRINUSE);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "text");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_living_socket_that_is_mistaken_for_dead_is_put_back() {
        let folder = folder("put-back");
        let path = folder.join("s");
        let listener = LocalListener::bind(&at(&path), 0o600, 5).unwrap();
        remove_dead(&path).unwrap();
        assert!(connect_to(&at(&path)).is_ok());
        drop(listener);
        std::fs::remove_dir(&folder).unwrap();
    }
}
