//! The descriptors of a process that is to be forked: which of them a copy may not share, and how it gets its own.
//!
//! | kind | in a copy |
//! |---|---|
//! | eventfd | a new one with the same count |
//! | pipe, both ends here | a new one with the same bytes |
//! | epoll | a new one that watches the same numbers, made after the others |
//! | file, device, one end of a pipe | shared, as fork(2) has it |
//! | standard stream | replaced by the caller |
//! | socket, timer, signal, inotify, io_uring, another process, unknown | refused: siblings would take each other's events |
//!
//! Everything comes from /proc/self/fd and /proc/self/fdinfo (proc_pid_fdinfo(5)), once, while the process stands still.

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::ptr;

use super::{Refusal, refused};
use crate::sys::Errno;
use crate::sys::socket;

const PIPE_MAX: usize = 1 << 20;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Watch {
    fd: RawFd,
    events: u32,
    data: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Eventfd { count: u64 },
    Epoll { watches: Vec<Watch> },
}

#[derive(Debug, Clone)]
struct Pipe {
    ends: Vec<(RawFd, i32)>,
}

/// What a copy has to do. The order: pipes and eventfds, then the epolls that watch them.
#[derive(Debug, Clone)]
pub struct Plan {
    pipes: Vec<Pipe>,
    eventfds: Vec<(RawFd, i32, u64)>,
    epolls: Vec<(RawFd, Vec<Watch>)>,
}

/// `own`: descriptors of the caller's, which sees to them itself.
pub fn plan(own: &[RawFd]) -> Result<Plan, Refusal> {
    let unreadable = |error: std::io::Error| refused(format!("/proc cannot be read: {error}"));
    let mut plan = Plan { pipes: Vec::new(), eventfds: Vec::new(), epolls: Vec::new() };
    let mut pipes: BTreeMap<String, Vec<(RawFd, i32)>> = BTreeMap::new();
    for entry in fs::read_dir("/proc/self/fd").map_err(unreadable)? {
        let Ok(entry) = entry else { continue };
        let Some(fd) = entry.file_name().to_str().and_then(|name| name.parse::<RawFd>().ok()) else { continue };
        // The directory's own is closed by now.
        let Ok(target) = fs::read_link(entry.path()) else { continue };
        if own.contains(&fd) {
            continue;
        }
        let target = target.to_string_lossy().into_owned();
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).map_err(unreadable)?;
        let flags = field(&info, "flags:", 8).unwrap_or(0) as i32;
        if target.starts_with("pipe:") {
            pipes.entry(target).or_default().push((fd, flags));
        } else if fd > libc::STDERR_FILENO {
            match kind(fd, &target, &info)? {
                Some(Kind::Eventfd { count }) => plan.eventfds.push((fd, flags, count)),
                Some(Kind::Epoll { watches }) => plan.epolls.push((fd, watches)),
                None => {}
            }
        }
    }
    let has_both_ends = |ends: &Vec<(RawFd, i32)>| {
        let mode = |wanted: i32| ends.iter().any(|(_, flags)| flags & libc::O_ACCMODE == wanted);
        let is_standard = ends.iter().any(|(fd, _)| *fd <= libc::STDERR_FILENO);
        (mode(libc::O_RDONLY) && mode(libc::O_WRONLY) || mode(libc::O_RDWR)) && !is_standard
    };
    plan.pipes = pipes.into_values().filter(has_both_ends).map(|ends| Pipe { ends }).collect();
    Ok(plan)
}

/// `None`: a copy may share it.
fn kind(fd: RawFd, target: &str, info: &str) -> Result<Option<Kind>, Refusal> {
    let shared =
        || refused(format!("what was preloaded has a descriptor open that no two processes can share ({target})"));
    match target {
        "anon_inode:[eventfd]" => {
            let count = field(info, "eventfd-count:", 16).ok_or_else(shared)?;
            Ok(Some(Kind::Eventfd { count }))
        }
        "anon_inode:[eventpoll]" => Ok(Some(Kind::Epoll { watches: info.lines().filter_map(watch).collect() })),
        _ if target.starts_with("socket:") => {
            Err(refused(format!("what was preloaded has a socket open (descriptor {fd})")))
        }
        _ if target.starts_with("anon_inode:") => Err(shared()),
        _ => Ok(None),
    }
}

fn field(info: &str, name: &str, radix: u32) -> Option<u64> {
    let value = info.lines().find_map(|line| line.strip_prefix(name))?;
    u64::from_str_radix(value.trim(), radix).ok()
}

/// `tfd:       12 events:       19 data:        c  pos:0 ino:…`
fn watch(line: &str) -> Option<Watch> {
    let mut words = line.strip_prefix("tfd:")?.split_ascii_whitespace();
    let fd = words.next()?.parse().ok()?;
    let events = u32::from_str_radix(words.nth(1)?, 16).ok()?;
    let data = u64::from_str_radix(words.nth(1)?, 16).ok()?;
    Some(Watch { fd, events, data })
}

impl Plan {
    /// In the copy, whose threads do not run yet.
    pub fn unshare(&self) -> Result<(), Errno> {
        for pipe in &self.pipes {
            pipe.renew()?;
        }
        for &(fd, flags, count) in &self.eventfds {
            renew_eventfd(fd, flags, count)?;
        }
        for (fd, watches) in &self.epolls {
            renew_epoll(*fd, watches)?;
        }
        Ok(())
    }
}

impl Pipe {
    fn renew(&self) -> Result<(), Errno> {
        let mut fds = [0; 2];
        // SAFETY: a place for two descriptors.
        Errno::result(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) })?;
        let (reader, writer) = (socket::own(fds[0]), socket::own(fds[1]));
        let old_reader = self.ends.iter().find(|(_, flags)| flags & libc::O_ACCMODE != libc::O_WRONLY);
        if let Some((old, _)) = old_reader {
            // Copies what is in the pipe and leaves it there, for the original and the other copies.
            // SAFETY: takes no pointers. An empty pipe is refused, which is as well.
            unsafe { libc::tee(*old, writer.as_raw_fd(), PIPE_MAX, libc::SPLICE_F_NONBLOCK) };
        }
        for &(fd, flags) in &self.ends {
            let new = if flags & libc::O_ACCMODE == libc::O_RDONLY { &reader } else { &writer };
            // SAFETY: takes no pointers.
            Errno::result(unsafe { libc::fcntl(new.as_raw_fd(), libc::F_SETFL, flags & libc::O_NONBLOCK) })?;
            put(new, fd)?;
        }
        Ok(())
    }
}

fn renew_eventfd(fd: RawFd, flags: i32, count: u64) -> Result<(), Errno> {
    let kept = flags & (libc::EFD_NONBLOCK | libc::EFD_SEMAPHORE);
    // SAFETY: takes no pointers.
    let new = socket::own(Errno::result(unsafe { libc::eventfd(0, kept | libc::EFD_CLOEXEC) })?);
    if count > 0 {
        // SAFETY: eight bytes of a live word.
        Errno::result(unsafe { libc::write(new.as_raw_fd(), (&raw const count).cast(), size_of::<u64>()) })?;
    }
    put(&new, fd)
}

fn renew_epoll(fd: RawFd, watches: &[Watch]) -> Result<(), Errno> {
    // SAFETY: takes no pointers.
    let new = socket::own(Errno::result(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?);
    for watch in watches {
        let mut event = libc::epoll_event { events: watch.events, u64: watch.data };
        // SAFETY: a live event.
        let result =
            unsafe { libc::epoll_ctl(new.as_raw_fd(), libc::EPOLL_CTL_ADD, watch.fd, ptr::from_mut(&mut event)) };
        match Errno::result(result) {
            // The number was closed while another process kept the file; or it is a standard stream that is a file now.
            Ok(_) | Err(Errno::EBADF | Errno::EPERM) => {}
            Err(errno) => return Err(errno),
        }
    }
    put(&new, fd)
}

/// Makes the number a copy of the new descriptor. All of these are closed on exec, as Node.js has them.
fn put(new: &OwnedFd, number: RawFd) -> Result<(), Errno> {
    // SAFETY: takes no pointers; what the number referred to is left to the original.
    Errno::result(unsafe { libc::dup3(new.as_raw_fd(), number, libc::O_CLOEXEC) }).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_is_read_as_the_kernel_writes_it() {
        let line = "tfd:       12 events:       19 data:               1c  pos:0 ino:2 sdev:a";
        assert_eq!(watch(line), Some(Watch { fd: 12, events: 0x19, data: 0x1c }));
        assert_eq!(watch("pos:\t0"), None);
    }

    #[test]
    fn sockets_and_unknown_objects_are_refused_and_files_are_not() {
        assert!(kind(5, "socket:[1]", "").is_err());
        assert!(kind(5, "anon_inode:[io_uring]", "").is_err());
        assert!(kind(5, "anon_inode:inotify", "").is_err());
        assert_eq!(kind(5, "/tmp/x", ""), Ok(None));
        let eventfd = kind(5, "anon_inode:[eventfd]", "pos:\t0\neventfd-count:               1f\n");
        assert_eq!(eventfd, Ok(Some(Kind::Eventfd { count: 0x1f })));
    }
}
