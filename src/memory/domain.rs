//! This process's place in its domain: the mapping, the descriptor, and what the process itself holds.
//!
//! A process opens its domain once and keeps it mapped until it ends: buffers that JavaScript sees point into it.

use crate::sys::atomic::Ordering::{Relaxed, Release};
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::{OnceLock, PoisonError};

use super::agents::{Agents, Token};
use super::discovery;
use super::domain_lock::Threads;
use super::layout::{
    DEFAULT_SIZE, H_LARGE_END, H_MAGIC, H_NONCE, H_SIZE, H_SMALL_END, H_VERSION, Layout, MAGIC, MINIMUM_SIZE, VERSION,
};
use crate::error::{Code, Error, Result};
use crate::sys::mapping::Mapping;
use crate::sys::mutex::{Mutex, MutexGuard, RwLock};
use crate::sys::{memfd, procfs, random, thread};

pub struct Domain {
    pub(super) map: Mapping,
    pub(super) layout: Layout,
    fd: OwnedFd,
    nonce: [u8; 16],
    /// The agent that opened the domain; its slot stands for this process in holder bits.
    first: Token,
    /// The slot's thread has already been given `first` as its own agent.
    first_taken: Mutex<bool>,
    /// How often each block is attached in this process.
    references: Mutex<HashMap<u32, u32>>,
    /// The process has given its slot back: nothing of the domain may be touched on its behalf any more.
    pub(super) left: RwLock<bool>,
    pub(super) start_time: u64,
    pub(super) threads: Threads,
    /// Why this process trusts the domain no more.
    condemned: OnceLock<String>,
}

static FAMILY: OnceLock<Domain> = OnceLock::new();
static OPENING: std::sync::Mutex<()> = std::sync::Mutex::new(());

impl Domain {
    /// The domain of this process's family: joined if the environment names one, else created.
    pub fn of_family() -> Result<&'static Self> {
        if let Some(domain) = FAMILY.get() {
            return Ok(domain);
        }
        let _opening = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(domain) = FAMILY.get() {
            return Ok(domain);
        }
        let domain = match discovery::find() {
            Some(fd) => Self::join(fd)?,
            None => Self::create(DEFAULT_SIZE)?,
        };
        Ok(FAMILY.get_or_init(|| domain))
    }

    /// The domain, if this process has one already.
    pub fn if_open() -> Option<&'static Self> {
        FAMILY.get()
    }

    /// A new domain, as large as asked for or as the limits of this process allow.
    pub fn create(size: u64) -> Result<Self> {
        let limit = memfd::largest_file_bytes().min(memfd::largest_address_space_bytes() / 4);
        let mut size = size.min(limit) / 4096 * 4096;
        loop {
            if size < MINIMUM_SIZE {
                return Err(failure("the limits of this process leave less than 64 MiB (see ulimit -f and ulimit -v)"));
            }
            match Self::create_exactly(size) {
                Ok(domain) => return Ok(domain),
                Err(error) if error.kind() == io::ErrorKind::OutOfMemory => size = size / 2 / 4096 * 4096,
                Err(error) => return Err(failure(&error.to_string())),
            }
        }
    }

    fn create_exactly(size: u64) -> io::Result<Self> {
        let fd = memfd::create("multiproc", size)?;
        let map = Mapping::shared(fd.as_fd(), size)?;
        let nonce = random::nonce()?;
        let layout = Layout::of(size);
        map.u32_at(H_VERSION).store(VERSION, Relaxed);
        map.write(H_NONCE, &nonce);
        map.u64_at(H_SIZE).store(size, Relaxed);
        map.u64_at(H_SMALL_END).store(layout.small_start, Relaxed);
        map.u64_at(H_LARGE_END).store(layout.large_start, Relaxed);
        map.u64_at(H_MAGIC).store(MAGIC, Release);
        Self::enter(map, layout, fd, nonce).map_err(|error| io::Error::other(error.message))
    }

    /// Joins the domain behind a descriptor that `discovery` has checked.
    pub fn join(fd: OwnedFd) -> Result<Self> {
        let size = memfd::sealed_size(fd.as_fd()).map_err(|error| failure(&error.to_string()))?;
        let map = Mapping::shared(fd.as_fd(), size).map_err(|error| failure(&error.to_string()))?;
        if size < MINIMUM_SIZE || map.u64_at(H_MAGIC).load(Relaxed) != MAGIC || map.u64_at(H_SIZE).load(Relaxed) != size
        {
            return Err(failure("the descriptor is no multiproc domain"));
        }
        let version = map.u32_at(H_VERSION).load(Relaxed);
        if version != VERSION {
            return Err(failure(&format!(
                "the family uses layout {version} and this copy of multiproc layout {VERSION}; use one version of the \
                 package in all processes"
            )));
        }
        let mut nonce = [0; 16];
        map.read(H_NONCE, &mut nonce);
        Self::enter(map, Layout::of(size), fd, nonce)
    }

    fn enter(map: Mapping, layout: Layout, fd: OwnedFd, nonce: [u8; 16]) -> Result<Self> {
        let pid = thread::process_id();
        let start_time = procfs::process_start_time(pid)
            .ok_or_else(|| failure("/proc is not there or not readable, and without it no death can be told"))?;
        let first = Agents::new(&map).claim(pid, thread::id(), None, Token::NOBODY)?;
        Ok(Self {
            map,
            layout,
            fd,
            nonce,
            first,
            first_taken: Mutex::new(false),
            references: Mutex::new(HashMap::new()),
            left: RwLock::new(false),
            start_time,
            threads: Threads::new(),
            condemned: OnceLock::new(),
        })
    }

    /// An error when the domain has turned out to be overwritten. What is under way goes on as well as it can; whoever
    /// begins something new asks first.
    #[inline]
    pub fn check(&self) -> Result<()> {
        if self.condemned.get().is_none() && self.map.overrun().is_none() { Ok(()) } else { Err(self.verdict()) }
    }

    /// This process trusts the domain no more. The first reason stays.
    pub fn condemn(&self, reason: &str) {
        let _ = self.condemned.set(reason.to_owned());
    }

    #[cold]
    fn verdict(&self) -> Error {
        let reason = match (self.condemned.get(), self.map.overrun()) {
            (Some(reason), _) => reason.clone(),
            (None, place) => format!("it leads to offset {} of {} bytes", place.unwrap_or(0), self.map.len()),
        };
        Error::new(
            Code::Domain,
            format!(
                "the shared memory domain has been overwritten ({reason}); end the processes of this family, and look for \
                 what writes out of its bounds"
            ),
        )
    }

    pub fn agents(&self) -> Agents<'_> {
        Agents::new(&self.map)
    }

    pub fn map(&self) -> &Mapping {
        &self.map
    }

    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    pub fn nonce(&self) -> &[u8; 16] {
        &self.nonce
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    pub fn raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    /// The slot that stands for this process.
    pub fn slot(&self) -> u32 {
        self.first.slot()
    }

    /// The agent that stands for this process.
    pub fn first_agent(&self) -> Token {
        self.first
    }

    /// An agent for the calling thread: the process's first for the first that asks, a new one for each further.
    pub fn enlist(&self) -> Result<Token> {
        let mut taken = self.first_taken.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut *taken, true) {
            return Ok(self.first);
        }
        self.claim_with_reaping()
    }

    fn claim_with_reaping(&self) -> Result<Token> {
        let claim = || self.agents().claim(thread::process_id(), thread::id(), Some(self.slot()), Token::NOBODY);
        claim().or_else(|_| {
            self.reap_dead();
            claim()
        })
    }

    /// The calling thread's agent ends.
    pub fn discharge(&self, token: Token) {
        self.agents().retire(token);
    }

    pub(super) fn references(&self) -> MutexGuard<'_, HashMap<u32, u32>> {
        self.references.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failure(reason: &str) -> Error {
    Error::new(Code::Domain, format!("the shared memory domain could not be opened: {reason}"))
}
