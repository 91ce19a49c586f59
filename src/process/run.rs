//! A child from its start to its end, in one call that blocks the thread: what it reads is given to it, what it writes
//! is collected, within a time and a size.
//!
//! One poll(2) over the child's pidfd and our ends of its pipes, so nothing else in the process is touched: no SIGCHLD, no
//! child of anybody else. The call ends when the child has ended *and* its pipes have: a grandchild that keeps one open is
//! waited for. When the time is over or too much is written, a child that runs gets the signal, the pipes are closed, and its
//! end is awaited.
//! These are the rules of Node's spawnSync (its `spawn_sync.cc`), which an error never ends early either.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use super::spawn::{ChildDescriptor, Errno, ExitStatus, SpawnRequest, SpawnedChild, spawn};
use crate::sys::poll::{self, Interest};
use crate::sys::{signal, socket};

/// Output is read in pieces that fill chunks of this size: what is kept beyond a limit on it stays below one chunk.
const CHUNK: usize = 64 << 10;

/// What a number of the child's descriptor table is.
pub enum Stdio<'a> {
    Descriptor(ChildDescriptor),
    /// A pipe in which the child finds these bytes and then the end.
    ToChild(&'a [u8]),
    /// A pipe whose content is collected.
    FromChild,
}

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub timeout: Option<Duration>,
    /// Of all pipes together, in bytes.
    pub max_output: Option<u64>,
    /// What a child gets that reached a limit.
    pub kill_signal: i32,
}

#[derive(Debug, Default)]
pub struct Outcome {
    /// 0: not started.
    pub pid: u32,
    pub status: Option<ExitStatus>,
    /// The first thing that went wrong: the start, a limit (`ETIMEDOUT`, `ENOBUFS`), or else a pipe.
    pub error: Option<Errno>,
    /// For each number: what came from the child, where that was collected.
    pub output: Vec<Option<Vec<u8>>>,
}

/// Starts the program and returns when it and its pipes have ended. `request.stdio` is replaced by `stdio`.
pub fn run(mut request: SpawnRequest, stdio: &[Stdio<'_>], limits: Limits) -> Outcome {
    let begin = Instant::now();
    let mut pipes = Vec::new();
    let mut theirs = Vec::new();
    request.stdio.clear();
    for (number, entry) in stdio.iter().enumerate() {
        let descriptor = match entry {
            Stdio::Descriptor(descriptor) => *descriptor,
            Stdio::ToChild(_) | Stdio::FromChild => match socket::owned_stream_pair() {
                Err(errno) => return Outcome { error: Some(errno), ..Outcome::default() },
                Ok((ours, other)) => {
                    let descriptor = ChildDescriptor::Fd(other.as_raw_fd());
                    theirs.push(other);
                    pipes.push(Pipe::new(number, ours, entry));
                    descriptor
                }
            },
        };
        request.stdio.push(descriptor);
    }
    // What fits is there before the program: one that ends at once has not closed the pipe on it.
    for pipe in pipes.iter_mut().filter(|pipe| matches!(pipe.work, Work::Feed([_, ..]))) {
        // An error comes again, and counts then.
        let _ = pipe.step();
        pipe.is_done = false;
    }
    let child = match spawn(&request) {
        Err(errno) => return Outcome { error: Some(errno), ..Outcome::default() },
        Ok(child) => child,
    };
    drop(theirs);
    let deadline = limits.timeout.and_then(|timeout| begin.checked_add(timeout));
    let mut run = Run { child, pipes, limits, deadline, collected: 0, status: None, error: None, pipe_error: None };
    run.go_on_to_the_end();
    let mut output = vec![None; stdio.len()];
    for pipe in run.pipes {
        if let Work::Collect(bytes) = pipe.work {
            output[pipe.number] = Some(bytes);
        }
    }
    Outcome { pid: run.child.pid, status: run.status, error: run.error.or(run.pipe_error), output }
}

enum Work<'a> {
    /// What is still to be sent.
    Feed(&'a [u8]),
    Collect(Vec<u8>),
}

struct Pipe<'a> {
    number: usize,
    ours: Option<OwnedFd>,
    work: Work<'a>,
    is_done: bool,
}

impl<'a> Pipe<'a> {
    fn new(number: usize, ours: OwnedFd, entry: &Stdio<'a>) -> Self {
        let work = match entry {
            Stdio::ToChild(bytes) => Work::Feed(bytes),
            _ => Work::Collect(Vec::new()),
        };
        Self { number, ours: Some(ours), work, is_done: false }
    }

    /// Does what can be done without waiting; how many bytes came.
    fn step(&mut self) -> Result<usize, Errno> {
        let Some(ours) = &self.ours else { return Ok(0) };
        let result = match &mut self.work {
            Work::Feed([]) => {
                self.is_done = true;
                // It stays open: the child may write there. `ENOTCONN`: the child has closed it, which is as good.
                let _ = socket::end_writing(ours.as_fd());
                Ok(0)
            }
            Work::Feed(rest) => socket::write_some(ours.as_fd(), rest).map(|sent| {
                *rest = &rest[sent..];
                0
            }),
            Work::Collect(bytes) => {
                let room = CHUNK - bytes.len() % CHUNK;
                let got = socket::read_some(ours.as_fd(), bytes, room);
                self.is_done = got == Ok(0);
                got
            }
        };
        match result {
            Err(Errno::EAGAIN) => Ok(0),
            Err(errno) => {
                self.is_done = true;
                Err(errno)
            }
            Ok(got) => Ok(got),
        }
    }
}

struct Run<'a> {
    child: SpawnedChild,
    pipes: Vec<Pipe<'a>>,
    limits: Limits,
    deadline: Option<Instant>,
    collected: u64,
    status: Option<ExitStatus>,
    error: Option<Errno>,
    pipe_error: Option<Errno>,
}

impl Run<'_> {
    fn go_on_to_the_end(&mut self) {
        while self.status.is_none() || self.pipes.iter().any(|pipe| !pipe.is_done) {
            // A child that has ended has still its time: who keeps its pipes open is waited for no longer than that.
            let left = self.deadline.map(|at| at - Instant::now().min(at));
            match self.wait(left) {
                Ok(ready) => self.advance(&ready),
                Err(errno) => self.fail(errno),
            }
            if self.deadline.is_some_and(|at| Instant::now() >= at) {
                self.deadline = None;
                self.fail(Errno::ETIMEDOUT);
            }
        }
    }

    /// For the pipes that are not done, in their order, whether they are ready.
    fn wait(&self, left: Option<Duration>) -> Result<Vec<bool>, Errno> {
        let mut entries = Vec::with_capacity(self.pipes.len() + 1);
        for Pipe { ours, work, .. } in self.pipes.iter().filter(|pipe| !pipe.is_done) {
            let interest = if matches!(work, Work::Feed(_)) { Interest::Write } else { Interest::Read };
            entries.extend(ours.as_ref().map(|fd| (fd.as_fd(), interest)));
        }
        if self.status.is_none() {
            entries.push((self.child.pidfd.as_fd(), Interest::Read));
        }
        poll::wait(&entries, left)
    }

    fn advance(&mut self, ready: &[bool]) {
        let mut came = Vec::new();
        for (pipe, _) in self.pipes.iter_mut().filter(|pipe| !pipe.is_done).zip(ready).filter(|(_, ready)| **ready) {
            came.push(pipe.step());
        }
        for result in came {
            match result {
                Ok(count) => self.collected += count as u64,
                Err(errno) => self.pipe_error = self.pipe_error.or(Some(errno)),
            }
        }
        if self.limits.max_output.is_some_and(|max| self.collected > max) {
            self.limits.max_output = None;
            self.fail(Errno::ENOBUFS);
        }
        if self.status.is_none() {
            self.status = self.child.try_wait();
            if let Some(lost) = self.status.filter(|status| status.code < 0) {
                self.error = self.error.or(Some(Errno::from_raw(-lost.code)));
            }
        }
    }

    /// Notes the error, ends the child and gives up its pipes.
    fn fail(&mut self, errno: Errno) {
        self.error = self.error.or(Some(errno));
        if self.status.is_none()
            && let Err(refused) = self.child.kill(self.limits.kill_signal)
            && refused != Errno::ESRCH
        {
            // It must end all the same.
            self.error = self.error.or(Some(refused));
            let _ = self.child.kill(signal::KILL);
        }
        for pipe in &mut self.pipes {
            pipe.ours = None;
            pipe.is_done = true;
        }
    }
}
