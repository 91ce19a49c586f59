//! A family of processes for a test: the test binary itself, started again to play one role.
//!
//! A test file has one test named `role` that calls `play` with its table of roles; without a role in the environment it
//! does nothing. Children find the domain as any process does that a user starts, through the environment. Everything
//! is bounded: a child dies with the thread that started it, or when its `Child` is dropped, or by its own alarm.
//!
//! `SEED=n cargo test …` replays a run's random choices; every test that makes any prints its seed.
#![allow(dead_code, reason = "each test file uses a part of this module")]

pub mod messages;
pub mod stepper;

use std::collections::HashMap;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use multiproc::memory::{Block, Domain, HOLDER_VARIABLE, Handle, Kind};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

const ROLE: &str = "MULTIPROC_TEST_ROLE";
const ARGUMENTS: &str = "MULTIPROC_TEST_ARGUMENTS";
/// No test waits longer than this for anything.
pub const BOUND: Duration = Duration::from_secs(20);
const CHILD_SECONDS_MAX: u32 = 60;

/// A domain that lives as long as the test process.
pub fn new_domain(mebibytes: u64) -> &'static Domain {
    Box::leak(Box::new(Domain::create(mebibytes << 20).expect("a domain")))
}

pub type Role = fn(&'static Domain, &[u64]);

/// Plays the role that this process was started for, if any.
pub fn play(roles: &[(&str, Role)]) {
    let Ok(wanted) = std::env::var(ROLE) else { return };
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).expect("prctl");
    nix::unistd::alarm::set(CHILD_SECONDS_MAX);
    let arguments: Vec<u64> = std::env::var(ARGUMENTS)
        .unwrap_or_default()
        .split(',')
        .filter(|text| !text.is_empty())
        .map(|text| text.parse().expect("a number"))
        .collect();
    let (_, role) = roles.iter().find(|(name, _)| *name == wanted).expect("a known role");
    let domain = Domain::of_family().expect("the family's domain");
    role(domain, &arguments);
    domain.leave();
    domain.check().expect("no access outside of the domain");
    // The test runner's own end is not part of the role.
    std::process::exit(0);
}

/// A process of the family. Dropping it kills it.
pub struct Child {
    process: std::process::Child,
    reaped: bool,
}

impl Child {
    pub fn start(role: &str, domain: &Domain, arguments: &[u64]) -> Self {
        Self::start_with(role, &domain.holder_value(), arguments)
    }

    pub fn start_with(role: &str, holder: &str, arguments: &[u64]) -> Self {
        let arguments: Vec<String> = arguments.iter().map(u64::to_string).collect();
        let process = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", "role", "--nocapture", "--test-threads=1", "--quiet"])
            .env(HOLDER_VARIABLE, holder)
            .env(ROLE, role)
            .env(ARGUMENTS, arguments.join(","))
            // The stepper stops at each repetition of a string instruction: copies should have none.
            .env(
                "GLIBC_TUNABLES",
                "glibc.cpu.x86_rep_movsb_threshold=100000000:glibc.cpu.x86_rep_stosb_threshold=100000000",
            )
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("a child");
        Self { process, reaped: false }
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// How it ended, once it has.
    pub fn try_wait(&mut self) -> Option<ExitStatus> {
        let status = self.process.try_wait().expect("wait");
        self.reaped |= status.is_some();
        status
    }

    /// Whether it has ended, without taking its status.
    pub fn has_ended(&self) -> bool {
        std::fs::read_to_string(format!("/proc/{}/stat", self.pid()))
            .is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" Z")))
    }

    /// SIGKILL, and its end.
    pub fn kill(&mut self) {
        if !self.reaped {
            let _ = self.process.kill();
            let _ = self.process.wait();
            self.reaped = true;
        }
    }

    /// Waits for an end in good order.
    pub fn join(mut self) {
        let end = Instant::now() + BOUND;
        loop {
            if let Some(status) = self.try_wait() {
                assert!(status.success(), "the child failed: {status}");
                return;
            }
            assert!(Instant::now() < end, "the child {} did not end", self.pid());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Stops the process (SIGSTOP) and returns when it stands still.
    pub fn stop(&self) {
        kill(self.nix_pid(), Signal::SIGSTOP).expect("SIGSTOP");
        let status = waitpid(self.nix_pid(), Some(WaitPidFlag::WUNTRACED)).expect("waitpid");
        assert!(matches!(status, WaitStatus::Stopped(..)), "{status:?}");
    }

    pub fn go_on(&self) {
        kill(self.nix_pid(), Signal::SIGCONT).expect("SIGCONT");
    }

    /// Stops the process when `condition` holds while it stands still; otherwise lets it run on and tries again.
    pub fn stop_when(&self, random: &mut Random, mut condition: impl FnMut() -> bool) {
        for _ in 0..20_000 {
            spin_for(Duration::from_nanos(random.below(100_000)));
            self.stop();
            if condition() {
                return;
            }
            self.go_on();
        }
        panic!("the process was never caught in the state asked for");
    }

    pub fn nix_pid(&self) -> Pid {
        Pid::from_raw(self.pid() as i32)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Numbers that a test and its children share: a block of the domain.
#[derive(Clone, Copy)]
pub struct Board {
    domain: &'static Domain,
    block: Block,
}

impl Board {
    pub fn new(domain: &'static Domain, words: u64) -> Self {
        Self { domain, block: domain.allocate(Kind::Buffer, words * 8).expect("a board") }
    }

    /// The board that `address` of another process names.
    pub fn open(domain: &'static Domain, address: u64) -> Self {
        Self { domain, block: domain.attach(handle(Kind::Buffer, address)).expect("the board") }
    }

    pub fn address(&self) -> u64 {
        address(self.block.handle)
    }

    pub fn word(&self, index: u64) -> &'static AtomicU64 {
        self.domain.map().u64_at(self.block.offset + index * 8)
    }

    pub fn get(&self, index: u64) -> u64 {
        self.word(index).load(SeqCst)
    }

    pub fn set(&self, index: u64, value: u64) {
        self.word(index).store(value, SeqCst);
    }

    pub fn wait_for(&self, what: &str, index: u64, condition: impl Fn(u64) -> bool) {
        until(what, || condition(self.get(index)));
    }
}

/// A handle in one number, and back.
pub fn address(handle: Handle) -> u64 {
    u64::from(handle.index) << 32 | u64::from(handle.generation)
}

pub fn handle(kind: Kind, address: u64) -> Handle {
    Handle { kind, index: (address >> 32) as u32, generation: address as u32 }
}

/// What lies in the domain there.
pub fn bytes_at(domain: &Domain, offset: u64, length: u64) -> Vec<u8> {
    let mut bytes = vec![0; length as usize];
    domain.map().read(offset, &mut bytes);
    bytes
}

/// Polls a condition that must come true.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + BOUND;
    while !condition() {
        assert!(Instant::now() < end, "not within {BOUND:?}: {what}");
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Runs what might block for ever in a thread of its own, and fails when it does.
pub fn bounded<T: Send + 'static>(what: &str, action: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(action()));
    receiver.recv_timeout(BOUND).unwrap_or_else(|error| panic!("{what}: {error}"))
}

pub fn spin_for(duration: Duration) {
    let end = Instant::now() + duration;
    while Instant::now() < end {
        std::hint::spin_loop();
    }
}

/// xorshift64*: enough to choose moments and sizes, and the same on every machine.
pub struct Random(u64);

impl Random {
    /// From the environment's SEED or, without one, from the clock. Printed, so that a failure can be replayed.
    pub fn seeded(test: &str) -> Self {
        let seed = std::env::var("SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| {
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |time| time.as_nanos() as u64)
        });
        println!("{test}: SEED={seed}");
        Self::from(seed)
    }

    pub fn from(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// How often each item occurs.
pub fn counted<T: std::hash::Hash + Eq>(items: impl IntoIterator<Item = T>) -> HashMap<T, u32> {
    let mut counts = HashMap::new();
    for item in items {
        *counts.entry(item).or_insert(0) += 1;
    }
    counts
}
