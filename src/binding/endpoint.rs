//! Sockets that other programs connect to, as JavaScript calls them: listening, accepting, connecting to local ones. What
//! is connected is Node's own to read and write.

use std::os::fd::{AsFd, BorrowedFd, IntoRawFd, OwnedFd};

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use super::arguments::{closed, refused};
use super::runtime;
use crate::sys::local_socket::{self, Address, LocalListener};
use crate::sys::{Errno, socket};

enum Listening {
    Local(LocalListener),
    Tcp(OwnedFd),
}

/// A listening socket. Closed by `close()` or by the collector, with its file.
#[napi]
pub struct NativeListener {
    listening: Option<Listening>,
    host: String,
    port: u16,
}

impl NativeListener {
    fn fd(&self) -> napi::Result<BorrowedFd<'_>> {
        match &self.listening {
            Some(Listening::Local(local)) => Ok(local.fd()),
            Some(Listening::Tcp(socket)) => Ok(socket.as_fd()),
            None => Err(closed()),
        }
    }
}

/// `address`: a path, or NUL and an abstract name.
#[napi]
pub fn listen_local(address: Buffer, mode: u32, backlog: i32) -> napi::Result<NativeListener> {
    let listener = LocalListener::bind(&Address::new(address.to_vec()), mode, backlog)
        .map_err(|failure| refused(failure.call, failure.errno))?;
    Ok(NativeListener { listening: Some(Listening::Local(listener)), host: String::new(), port: 0 })
}

#[napi]
pub fn listen_tcp(host: String, port: u16, backlog: i32) -> napi::Result<NativeListener> {
    let (socket, host, port) =
        socket::listen_tcp(&host, port, backlog).map_err(|error| match error.raw_os_error() {
            Some(number) => refused("bind", Errno::from_raw(number)),
            None => napi::Error::from_reason(format!("{host}: {error}")),
        })?;
    Ok(NativeListener { listening: Some(Listening::Tcp(socket)), host, port })
}

#[napi]
impl NativeListener {
    /// Of TCP: the address that it listens at.
    #[napi(getter)]
    pub fn host(&self) -> String {
        self.host.clone()
    }

    /// Of TCP: the port.
    #[napi(getter)]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The descriptor of the next connection, which the caller owns; or the negative errno.
    #[napi]
    pub fn accept(&self) -> napi::Result<i32> {
        Ok(match local_socket::accept(self.fd()?) {
            Ok(connection) => connection.into_raw_fd(),
            Err(errno) => -(errno as i32),
        })
    }

    /// Tells this instance once when there is a connection to accept.
    #[napi]
    pub fn wait(&self, instance: u32, referenced: bool) -> napi::Result<u32> {
        let fd = self.fd()?;
        runtime::with_any(|runtime| runtime.await_descriptor(fd, false, instance, referenced))
    }

    #[napi]
    pub fn close(&mut self) {
        self.listening = None;
    }
}

/// The descriptor of a connection to a local socket, which the caller owns; or the negative errno.
#[napi]
pub fn connect_local(address: Buffer) -> i32 {
    match local_socket::connect_to(&Address::new(address.to_vec())) {
        Ok(connection) => connection.into_raw_fd(),
        Err(errno) => -(errno as i32),
    }
}

/// The user and the process at the other end of a local socket, `[uid, pid]`; or `[-errno]`.
#[napi]
pub fn peer_of_socket(fd: i32) -> Vec<i64> {
    let peer = socket::borrow(&fd).ok_or(Errno::EBADF).and_then(local_socket::peer);
    match peer {
        Ok((uid, pid)) => vec![i64::from(uid), i64::from(pid)],
        Err(errno) => vec![-(errno as i64)],
    }
}

/// What has arrived at a socket of Node's and was not read.
#[napi]
pub fn rest_of_socket(fd: i32, max: u32) -> Buffer {
    socket::borrow(&fd).map(|fd| socket::take_rest(fd, max as usize)).unwrap_or_default().into()
}

/// A wait for a descriptor is not wanted any more.
#[napi]
pub fn forget_descriptor(id: u32) -> napi::Result<()> {
    runtime::with_any(|runtime| {
        runtime.forget_descriptor(id);
        Ok(())
    })
}

/// Whether a wait for a descriptor keeps the event loop alive.
#[napi]
pub fn set_descriptor_ref(id: u32, referenced: bool) -> napi::Result<()> {
    runtime::with_any(|runtime| {
        runtime.set_descriptor_ref(id, referenced);
        Ok(())
    })
}
