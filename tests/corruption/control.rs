//! What the test and its children tell each other while the domain under test is overwritten: numbers in a domain of
//! their own.

use std::os::fd::RawFd;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{SystemTime, UNIX_EPOCH};

use multiproc::memory::{Domain, Handle, Kind};
use multiproc::sys::memfd;

use crate::family::{self, Board};

pub const WORKERS: u64 = 4;
const STOP: u64 = 0;
const FIRST_WORKER: u64 = 8;
const WORKER_WORDS: u64 = 8;
/// Of each worker: the operation it is in, when that began, how many it has done, its token, and what it found wrong.
const OPERATION: u64 = 0;
const BEGAN_MS: u64 = 1;
const DONE: u64 = 2;
const TOKEN: u64 = 3;
const CONDEMNED: u64 = 4;
const SLOWEST_MS: u64 = 5;
const FIRST_OFFER: u64 = FIRST_WORKER + WORKERS * WORKER_WORDS;
const OFFERS: u64 = 64;

#[derive(Clone, Copy)]
pub struct Control {
    board: Board,
}

impl Control {
    pub fn new(domain: &'static Domain) -> Self {
        Self { board: Board::new(domain, FIRST_OFFER + OFFERS * 2) }
    }

    /// What a child needs to find it.
    pub fn arguments(&self, domain: &Domain) -> [u64; 3] {
        [u64::from(std::process::id()), domain.raw_fd() as u64, self.board.address()]
    }

    pub fn open(arguments: &[u64]) -> Self {
        let fd = memfd::open_of_process(arguments[0] as u32, arguments[1] as RawFd).expect("the control domain");
        let domain = Box::leak(Box::new(Domain::join(fd).expect("the control domain")));
        Self { board: Board::open(domain, arguments[2]) }
    }

    pub fn reset(&self) {
        for word in 0..FIRST_OFFER + OFFERS * 2 {
            self.board.set(word, 0);
        }
    }

    pub fn stop(&self) {
        self.board.set(STOP, 1);
    }

    pub fn is_stopped(&self) -> bool {
        self.board.get(STOP) != 0
    }

    pub fn introduce(&self, worker: u64, token: u32) {
        self.board.set(place(worker) + TOKEN, u64::from(token));
    }

    pub fn token(&self, worker: u64) -> u32 {
        self.board.get(place(worker) + TOKEN) as u32
    }

    pub fn begin(&self, worker: u64, operation: u64) {
        self.board.set(place(worker) + BEGAN_MS, now_ms());
        self.board.set(place(worker) + OPERATION, operation);
    }

    pub fn end(&self, worker: u64) {
        let took = now_ms().saturating_sub(self.board.get(place(worker) + BEGAN_MS));
        self.board.word(place(worker) + SLOWEST_MS).fetch_max(took, SeqCst);
        self.board.word(place(worker) + DONE).fetch_add(1, SeqCst);
    }

    /// The worker could not even begin, which is an error like others.
    pub fn give_up(&self, worker: u64) {
        self.board.set(place(worker) + DONE, 1 << 40);
    }

    pub fn condemned(&self, worker: u64) {
        self.board.set(place(worker) + CONDEMNED, 1);
    }

    pub fn was_condemned(&self, worker: u64) -> bool {
        self.board.get(place(worker) + CONDEMNED) != 0
    }

    pub fn done(&self, worker: u64) -> u64 {
        self.board.get(place(worker) + DONE)
    }

    pub fn slowest_ms(&self) -> u64 {
        (0..WORKERS).map(|worker| self.board.get(place(worker) + SLOWEST_MS)).max().unwrap_or(0)
    }

    pub fn describe(&self, worker: u64) -> String {
        let at = place(worker);
        let since = now_ms().saturating_sub(self.board.get(at + BEGAN_MS));
        let (operation, done) = (self.board.get(at + OPERATION), self.board.get(at + DONE));
        format!("worker {worker}: operation {operation} for {since} ms, after {done} others")
    }

    /// Puts a handle where others find it.
    pub fn offer(&self, place: u64, handle: Handle) {
        let at = FIRST_OFFER + place % OFFERS * 2;
        self.board.set(at, handle.kind as u64);
        self.board.set(at + 1, family::address(handle));
    }

    pub fn offered(&self, place: u64) -> Option<Handle> {
        let at = FIRST_OFFER + place % OFFERS * 2;
        let kind = Kind::from_number(self.board.get(at) as u32)?;
        Some(family::handle(kind, self.board.get(at + 1)))
    }
}

fn place(worker: u64) -> u64 {
    FIRST_WORKER + worker % WORKERS * WORKER_WORDS
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64)
}
