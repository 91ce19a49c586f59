//! The parent's side: gives an order, and has the child.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use super::order::{DESCRIPTOR_COUNT, Order};
use crate::process::spawn::{ChildDescriptor, Errno, SpawnRequest, SpawnedChild};
use crate::sys::{identity, pidfd, rights, signal};

/// For a server, or a newborn, that does not answer. It takes a millisecond; a machine may be busy.
const PATIENCE: Duration = Duration::from_secs(3);
const LAST_LOOK: Duration = Duration::from_millis(500);
const GO: [u8; 1] = [1];
/// What a newborn writes: its pid or 0, and an errno or 0.
const REPORT_SIZE: usize = 8;

/// Why there is no child. Nothing of the user's has run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotForked {
    /// This server cannot start that; it lives.
    Unable,
    /// The server is of no use any more.
    ServerGone,
}

/// A server that is ready. It ends when this is dropped.
#[derive(Debug)]
pub struct ForkServer {
    socket: OwnedFd,
    pidfd: OwnedFd,
    /// What the server has taken over from this process, as it was then.
    inherited: Option<String>,
}

impl ForkServer {
    /// `socket`: our end of the server's. Fails when the server has ended.
    pub fn new(socket: OwnedFd, pid: u32) -> std::io::Result<Self> {
        Ok(Self { socket, pidfd: pidfd::open(pid)?, inherited: identity::inherited_state() })
    }

    /// Starts a child. Blocks until it is ready to run the user's program, about a millisecond.
    ///
    /// `named`: further descriptors for the child, each with the variable that is to name its number there, and what follows
    /// the number in that variable.
    pub fn fork(
        &self,
        request: &SpawnRequest,
        named: &[(RawFd, &str, String)],
        message: Vec<u8>,
    ) -> Result<SpawnedChild, NotForked> {
        let is_ordinary = request.stdio.len() == 3 && request.uid.is_none() && request.gid.is_none();
        if !is_ordinary || self.inherited != identity::inherited_state() {
            return Err(NotForked::Unable);
        }
        let cwd = match &request.cwd {
            Some(cwd) => cwd.clone(),
            None => std::env::current_dir().map_err(|_| NotForked::Unable)?.into_os_string(),
        };
        let order = Order {
            parent_pid: std::process::id(),
            death_signal: request.parent_death_signal.unwrap_or(0),
            detached: request.detached,
            nice: request.limits.nice,
            cpus: request.limits.cpus.clone(),
            open_files: request.limits.open_files,
            cpu_seconds: request.limits.cpu_seconds,
            cwd: cwd.as_bytes().to_vec(),
            environment: request.envp.iter().map(|entry| entry.as_bytes().to_vec()).collect(),
            named: named.iter().map(|(_, name, rest)| (name.as_bytes().to_vec(), rest.clone().into_bytes())).collect(),
            message,
        };
        let null = File::options().read(true).write(true).open("/dev/null").map_err(|_| NotForked::Unable)?;
        let (cord, newborns) = rights::packet_pair().map_err(|_| NotForked::Unable)?;
        let mut descriptors = Vec::with_capacity(DESCRIPTOR_COUNT + named.len());
        descriptors.push(newborns.as_raw_fd());
        descriptors.extend(request.stdio.iter().map(|descriptor| match descriptor {
            ChildDescriptor::Null => null.as_raw_fd(),
            ChildDescriptor::Fd(fd) => *fd,
        }));
        descriptors.extend(named.iter().map(|(fd, ..)| *fd));
        let deadline = Instant::now() + PATIENCE;
        match rights::send(self.socket.as_fd(), &order.encode(), &descriptors, deadline) {
            Ok(()) => {}
            // One of the descriptors that the user gave is none.
            Err(Errno::EBADF) => return Err(NotForked::Unable),
            Err(_) => return Err(self.give_up(None, None)),
        }
        drop(newborns);
        self.deliver(&cord, deadline)
    }

    /// Steps 3 and 4.
    fn deliver(&self, cord: &OwnedFd, deadline: Instant) -> Result<SpawnedChild, NotForked> {
        let pid = match report(cord.as_fd(), deadline) {
            Ok(Some((pid, 0))) => pid,
            // The server could not fork, and has said so.
            Ok(Some(_)) => return Err(NotForked::Unable),
            Ok(None) => return Err(self.give_up(None, None)),
            Err(_) => return Err(self.give_up(Some(cord), None)),
        };
        // Our child, which nobody else waits for: the pid is its own. One that is gone all the same was reaped by somebody
        // who waits for strangers.
        let child = SpawnedChild::new(pid, pidfd::open(pid).map_err(|_| NotForked::Unable)?);
        match report(cord.as_fd(), deadline) {
            Ok(Some((_, 0))) => {
                // If it has died since, it is a child that has died.
                let _ = rights::send(cord.as_fd(), &GO, &[], deadline);
                Ok(child)
            }
            Ok(_) => {
                child.wait();
                Err(NotForked::Unable)
            }
            Err(_) => Err(self.give_up(None, Some(&child))),
        }
    }

    /// The server, or the newborn, is dead or does not answer. What there may be of a child ends without having run.
    fn give_up(&self, cord: Option<&OwnedFd>, child: Option<&SpawnedChild>) -> NotForked {
        let _ = pidfd::send_signal(self.pidfd.as_fd(), signal::KILL);
        pidfd::has_ended(self.pidfd.as_fd(), PATIENCE);
        if let Some(child) = child {
            let _ = child.kill(signal::KILL);
            child.wait();
        }
        // The server may have forked before it was stopped.
        let late = cord.and_then(|cord| report(cord.as_fd(), Instant::now() + LAST_LOOK).ok().flatten());
        if let Some(child) =
            late.filter(|(pid, _)| *pid > 0).and_then(|(pid, _)| Some(SpawnedChild::new(pid, pidfd::open(pid).ok()?)))
        {
            let _ = child.kill(signal::KILL);
            child.wait();
        }
        NotForked::ServerGone
    }
}

/// `None`: nobody holds the other end any more.
fn report(cord: BorrowedFd<'_>, deadline: Instant) -> Result<Option<(u32, i32)>, Errno> {
    let mut bytes = [0; REPORT_SIZE];
    match rights::receive(cord, &mut bytes, Some(deadline)) {
        Ok((REPORT_SIZE, _)) => {
            let [pid, errno] = [0, 4].map(|at| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
            Ok(Some((u32::from_ne_bytes(pid), i32::from_ne_bytes(errno))))
        }
        Ok(_) | Err(Errno::ECONNRESET) => Ok(None),
        Err(errno) => Err(errno),
    }
}
