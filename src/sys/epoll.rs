//! epoll(7) with an eventfd to interrupt it and a timerfd for the nearest deadline.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

/// A set of descriptors, each with a number that says what it is.
pub struct Poller {
    epoll: Epoll,
}

impl Poller {
    pub fn new() -> io::Result<Self> {
        Ok(Self { epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)? })
    }

    pub fn raw_fd(&self) -> RawFd {
        self.epoll.0.as_raw_fd()
    }

    pub fn add(&self, fd: BorrowedFd<'_>, key: u64) -> io::Result<()> {
        Ok(self.epoll.add(fd, EpollEvent::new(EpollFlags::EPOLLIN, key))?)
    }

    /// Tells once, when the descriptor can be read, or written.
    pub fn add_once(&self, fd: BorrowedFd<'_>, key: u64, writable: bool) -> io::Result<()> {
        let wanted = if writable { EpollFlags::EPOLLOUT } else { EpollFlags::EPOLLIN };
        Ok(self.epoll.add(fd, EpollEvent::new(wanted | EpollFlags::EPOLLONESHOT, key))?)
    }

    pub fn remove(&self, fd: BorrowedFd<'_>) {
        // A descriptor that is not in the set is no harm.
        let _ = self.epoll.delete(fd);
    }

    /// The keys of the descriptors that are ready. `timeout` of `None` waits for ever; zero looks once.
    pub fn wait(&self, timeout: Option<Duration>, keys: &mut Vec<u64>) {
        keys.clear();
        let timeout = match timeout {
            None => EpollTimeout::NONE,
            Some(t) => EpollTimeout::try_from(t).unwrap_or(EpollTimeout::MAX),
        };
        let mut events = [EpollEvent::empty(); 32];
        loop {
            match self.epoll.wait(&mut events, timeout) {
                Ok(count) => {
                    keys.extend(events[..count].iter().map(EpollEvent::data));
                    return;
                }
                Err(Errno::EINTR) => {}
                Err(_) => return,
            }
        }
    }
}

/// Interrupts a poller of the same process.
pub struct Interrupt {
    event: EventFd,
}

impl Interrupt {
    pub fn new() -> io::Result<Self> {
        Ok(Self { event: EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)? })
    }

    pub fn raise(&self) {
        let _ = self.event.write(1);
    }

    pub fn clear(&self) {
        let _ = self.event.read();
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.event.as_fd()
    }
}

/// One deadline, as a descriptor.
pub struct Timer {
    timer: TimerFd,
}

impl Timer {
    pub fn new() -> io::Result<Self> {
        let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
        Ok(Self { timer: TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)? })
    }

    /// Fires once, after `delay`; `None` disarms.
    pub fn set(&self, delay: Option<Duration>) {
        let _ = match delay {
            None => self.timer.unset(),
            Some(delay) => {
                let delay = delay.max(Duration::from_nanos(1));
                self.timer.set(Expiration::OneShot(TimeSpec::from_duration(delay)), TimerSetTimeFlags::empty())
            }
        };
    }

    /// Takes the firing away, so that the descriptor is no longer ready.
    pub fn clear(&self) {
        let mut count = [0; 8];
        let _ = nix::unistd::read(self.timer.as_fd(), &mut count);
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.timer.as_fd()
    }
}

/// Whether a descriptor is ready to be read now.
pub fn is_ready(fd: BorrowedFd<'_>) -> bool {
    let mut polled = [nix::poll::PollFd::new(fd, nix::poll::PollFlags::POLLIN)];
    matches!(nix::poll::poll(&mut polled, nix::poll::PollTimeout::ZERO), Ok(count) if count > 0)
}

pub type Descriptor = OwnedFd;
