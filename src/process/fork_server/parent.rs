//! The parent's side: keeps a newborn ready, gives it an order, and has the child.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use super::newborn::EXISTS;
use super::order::{Order, fill};
use crate::process::left;
use crate::process::spawn::{ChildDescriptor, Errno, SpawnRequest, SpawnedChild};
use crate::sys::{identity, pidfd, rights, signal, socket};

/// For a server, or a newborn, that does not answer. It takes milliseconds; a machine may be busy.
const PATIENCE: Duration = Duration::from_secs(3);
const LAST_LOOK: Duration = Duration::from_millis(500);
const GO: [u8; 1] = [1];
/// What is written on the cord: a pid or 0, and an errno, 0 or `EXISTS`.
const REPORT_SIZE: usize = 8;
const STREAM_COUNT: usize = 3;

/// Why there is no child. Nothing of the user's has run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotForked {
    /// This server cannot start that; it lives.
    Unable,
    /// The server is of no use any more.
    ServerGone,
}

/// A descriptor for the child, the variable that is to name its number there, and what follows the number in that variable.
pub type Named<'a> = (RawFd, &'a str, String);

/// A server, from its start. It ends when this is dropped, once it is ready.
#[derive(Debug)]
pub struct ForkServer {
    socket: OwnedFd,
    pidfd: OwnedFd,
    /// What the server has taken over from this process, as it was then.
    inherited: Option<String>,
    newborn: Option<Newborn>,
}

/// One that waits for its order, or is on its way there. It ends when this is dropped, and is reaped.
#[derive(Debug)]
struct Newborn {
    cord: OwnedFd,
    child: Option<SpawnedChild>,
    /// Nobody waits for its end here.
    is_left: bool,
}

/// What the cord says.
enum Report {
    /// There is a newborn of that pid.
    Exists(u32),
    Fine,
    Failed,
    /// Nobody holds the other end any more.
    Ended,
    /// Nothing, for so long.
    Silent,
}

impl ForkServer {
    /// `socket`: our end of the server's. Fails when the server has ended.
    pub fn new(socket: OwnedFd, pid: u32) -> std::io::Result<Self> {
        Ok(Self { socket, pidfd: pidfd::open(pid)?, inherited: identity::inherited_state(), newborn: None })
    }

    /// Whether this process has changed since, so that the server's children would inherit something else.
    pub fn is_outdated(&self) -> bool {
        self.inherited != identity::inherited_state()
    }

    /// Has the server make a newborn, unless there is one. Does not wait for it. `domain`: what it joins.
    pub fn prepare(&mut self, domain: &Named<'_>) -> Result<(), NotForked> {
        if self.newborn.is_some() {
            return Ok(());
        }
        let (cord, theirs) = socket::owned_stream_pair().map_err(|_| NotForked::Unable)?;
        let (fd, name, rest) = domain;
        let order = Order {
            parent_pid: std::process::id(),
            death_signal: signal::KILL,
            named: vec![(name.as_bytes().to_vec(), rest.clone().into_bytes())],
            ..Order::default()
        };
        let descriptors = [theirs.as_raw_fd(), *fd];
        let sent = rights::send(self.socket.as_fd(), &order.encode(), &descriptors, Instant::now() + PATIENCE);
        if sent.is_err() {
            return Err(self.give_up());
        }
        self.newborn = Some(Newborn { cord, child: None, is_left: false });
        Ok(())
    }

    /// Starts a child. Blocks until it is ready to run the user's program: half a millisecond when a newborn waits, and some
    /// more when it has to be made first.
    ///
    /// `named`: further descriptors for the child.
    pub fn fork(
        &mut self,
        request: &SpawnRequest,
        domain: &Named<'_>,
        named: &[Named<'_>],
        message: Vec<u8>,
    ) -> Result<SpawnedChild, NotForked> {
        let is_ordinary = request.stdio.len() == STREAM_COUNT && request.uid.is_none() && request.gid.is_none();
        if !is_ordinary || self.is_outdated() {
            return Err(NotForked::Unable);
        }
        let order = order(request, named, message).ok_or(NotForked::Unable)?;
        let null = File::options().read(true).write(true).open("/dev/null").map_err(|_| NotForked::Unable)?;
        let stream = |descriptor: &ChildDescriptor| match descriptor {
            ChildDescriptor::Null => null.as_raw_fd(),
            ChildDescriptor::Fd(fd) => *fd,
        };
        let mut descriptors: Vec<RawFd> = request.stdio.iter().map(stream).collect();
        descriptors.extend(named.iter().map(|(fd, ..)| *fd));
        self.prepare(domain)?;
        let deadline = Instant::now() + PATIENCE;
        self.meet_newborn(deadline)?;
        let Some(Newborn { cord, child: Some(child), .. }) = &self.newborn else { return Err(NotForked::Unable) };
        match rights::send(cord.as_fd(), &order.encode(), &descriptors, deadline) {
            Ok(()) => {}
            // One of the descriptors that the user gave is none: the newborn has seen nothing, and waits on.
            Err(Errno::EBADF) => return Err(NotForked::Unable),
            // It has died, or ended itself since it cannot become a process.
            Err(Errno::EPIPE | Errno::ECONNRESET) => {
                child.wait();
                self.newborn = None;
                return Err(NotForked::Unable);
            }
            Err(_) => return Err(self.give_up()),
        }
        // Server and newborn have both told that it exists, or one of them.
        let answer = loop {
            match report(cord, deadline) {
                Report::Exists(_) => {}
                answer => break answer,
            }
        };
        match answer {
            // If it has died since, it is a child that has died.
            Report::Fine => drop(rights::send(cord.as_fd(), &GO, &[], deadline)),
            Report::Silent => return Err(self.give_up()),
            Report::Failed | Report::Ended | Report::Exists(_) => {
                child.wait();
                self.newborn = None;
                return Err(NotForked::Unable);
            }
        }
        // It is the caller's from now on: nothing more is read from its cord, where its pid may come a second time.
        let mut newborn = self.newborn.take().ok_or(NotForked::Unable)?;
        newborn.is_left = true;
        newborn.child.take().ok_or(NotForked::Unable)
    }

    /// The thread ends: so do the server and its newborn. The server's end is waited for, so that whoever is to reap it can.
    pub fn end(self) {
        let _ = pidfd::send_signal(self.pidfd.as_fd(), signal::KILL);
        pidfd::has_ended(self.pidfd.as_fd(), LAST_LOOK);
        left::reap();
    }

    /// The process ends, which nothing here is to delay.
    pub fn abandon(mut self) {
        let _ = pidfd::send_signal(self.pidfd.as_fd(), signal::KILL);
        let Some(mut newborn) = self.newborn.take() else { return };
        newborn.is_left = true;
        if let Some(child) = newborn.child.take() {
            let _ = child.kill(signal::KILL);
            left::leave([child]);
        }
    }

    /// Until the newborn is there.
    fn meet_newborn(&mut self, deadline: Instant) -> Result<(), NotForked> {
        let Some(newborn) = &mut self.newborn else { return Err(NotForked::Unable) };
        if newborn.child.is_some() {
            return Ok(());
        }
        match report(&newborn.cord, deadline) {
            // Our child, which nobody else waits for: the pid is its own. One that is gone all the same was reaped by somebody
            // who waits for strangers.
            Report::Exists(pid) => {
                newborn.child = pidfd::open(pid).ok().map(|opened| SpawnedChild::new(pid, opened));
                if newborn.child.is_none() {
                    self.newborn = None;
                    return Err(NotForked::Unable);
                }
                Ok(())
            }
            // The server could not fork, and has said so.
            Report::Failed | Report::Fine => {
                self.newborn = None;
                Err(NotForked::Unable)
            }
            Report::Ended | Report::Silent => Err(self.give_up()),
        }
    }

    /// The server, or the newborn, is dead or does not answer. What there may be of a child ends without having run.
    fn give_up(&mut self) -> NotForked {
        let _ = pidfd::send_signal(self.pidfd.as_fd(), signal::KILL);
        pidfd::has_ended(self.pidfd.as_fd(), PATIENCE);
        self.newborn = None;
        NotForked::ServerGone
    }
}

impl Drop for Newborn {
    fn drop(&mut self) {
        if self.is_left {
            return;
        }
        if self.child.is_none()
            && let Report::Exists(pid) = report(&self.cord, Instant::now() + LAST_LOOK)
        {
            self.child = pidfd::open(pid).ok().map(|opened| SpawnedChild::new(pid, opened));
        }
        if let Some(child) = &self.child {
            let _ = child.kill(signal::KILL);
            child.wait();
        }
    }
}

fn order(request: &SpawnRequest, named: &[Named<'_>], message: Vec<u8>) -> Option<Order> {
    let cwd = match &request.cwd {
        Some(cwd) => cwd.clone(),
        None => std::env::current_dir().ok()?.into_os_string(),
    };
    Some(Order {
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
    })
}

fn report(cord: &OwnedFd, deadline: Instant) -> Report {
    let mut bytes = [0; REPORT_SIZE];
    match fill(cord.as_fd(), &mut bytes, deadline) {
        Ok(()) => {
            let [pid, errno] = [0, 4].map(|at| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
            match i32::from_ne_bytes(errno) {
                EXISTS => Report::Exists(u32::from_ne_bytes(pid)),
                0 => Report::Fine,
                _ => Report::Failed,
            }
        }
        Err(Errno::ETIMEDOUT) => Report::Silent,
        Err(_) => Report::Ended,
    }
}
