//! One process overwrites words and ranges of the domain while others use it: they get errors or wrong data, and each of
//! them ends in good order and in bounded time.
//!
//! `SEED=n` replays the choices of a run, `ROUNDS=n` makes it longer; what was overwritten is printed when a round fails.

mod control;
#[path = "../family/mod.rs"]
mod family;
mod scribbler;
mod worker;

use std::time::{Duration, Instant};

use control::{Control, WORKERS};
use family::{Child, Random, new_domain, play, spin_for};
use multiproc::memory::Domain;
use multiproc::sys::memfd;
use scribbler::Scribbler;

const ROUNDS: u64 = 12;
const STROKES: u64 = 200;
/// A worker that has done nothing for so long hangs.
const STANDSTILL: Duration = Duration::from_secs(40);

#[test]
fn role() {
    play(&[("work", worker::work)]);
}

struct Round {
    children: Vec<Option<Child>>,
    strokes: Vec<String>,
    control: Control,
}

impl Round {
    fn fail(&self, what: &str) -> ! {
        for stroke in &self.strokes {
            println!("  {stroke}");
        }
        for worker in 0..WORKERS {
            let is_killed = self.children.get(worker as usize).is_none_or(Option::is_none);
            println!("  {}{}", self.control.describe(worker), if is_killed { ", gone" } else { "" });
        }
        panic!("{what}");
    }

    /// Until the worker has done so many operations.
    fn progress(&self, worker: u64, wanted: u64) {
        let end = Instant::now() + STANDSTILL;
        let child = self.children[worker as usize].as_ref().expect("a child");
        while self.control.done(worker) < wanted || child.has_ended() {
            if child.has_ended() {
                self.fail(&format!("worker {worker} has ended"));
            }
            if Instant::now() > end {
                self.fail(&format!("worker {worker} stands still"));
            }
            std::thread::sleep(Duration::from_micros(500));
        }
    }
}

#[test]
fn overwritten_memory_gives_errors_or_wrong_data_and_every_process_ends() {
    let mut random = Random::seeded("corruption");
    let rounds = std::env::var("ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS);
    let control_domain = new_domain(64);
    let control = Control::new(control_domain);
    let (mut operations, mut slowest, mut largest) = (0, 0, 0);
    for number in 0..rounds {
        let seed = random.next() >> 1;
        let size = if random.below(4) == 0 { 64 << 30 } else { 64 << 20 };
        let domain = Domain::create(size).expect("a domain");
        // Not a member itself: what it does here is nobody's doing.
        domain.leave();
        control.reset();
        round(&domain, control_domain, control, seed, number);
        operations += (0..WORKERS).map(|worker| control.done(worker)).sum::<u64>();
        slowest = slowest.max(control.slowest_ms());
        let pages = std::fs::metadata(format!("/proc/self/fd/{}", domain.raw_fd()));
        largest = largest.max(pages.map_or(0, |file| std::os::unix::fs::MetadataExt::blocks(&file) * 512));
        control_domain.reap_dead();
    }
    println!(
        "{rounds} rounds, {operations} operations, the slowest took {slowest} ms, at most {largest} bytes of memory"
    );
}

fn round(domain: &Domain, control_domain: &Domain, control: Control, seed: u64, number: u64) {
    let mut random = Random::from(seed);
    let start = |worker: u64, seed: u64| {
        let mut arguments = vec![worker, seed];
        arguments.extend(control.arguments(control_domain));
        Child::start("work", domain, &arguments)
    };
    let mut round = Round { children: Vec::new(), strokes: vec![format!("round {number}, seed {seed}")], control };
    for worker in 0..WORKERS - 1 {
        round.children.push(Some(start(worker, random.next() >> 1)));
    }
    for worker in 0..WORKERS - 1 {
        round.progress(worker, 200);
    }
    let tokens = (0..WORKERS - 1).map(|worker| control.token(worker)).collect();
    let mut scribbler = Scribbler { domain, tokens, spare_identity: true };
    let killed = random.below(WORKERS - 1);
    for stroke in 0..STROKES {
        let what = scribbler.scribble(&mut random);
        round.strokes.push(what);
        if random.below(2) == 0 {
            spin_for(Duration::from_nanos(random.below(800_000)));
        }
        if stroke == STROKES / 2 {
            // One dies in the midst of it, and one comes.
            round.progress(killed, 1);
            round.children[killed as usize].take().expect("a child").kill();
            round.children.push(Some(start(WORKERS - 1, random.next() >> 1)));
            round.progress(WORKERS - 1, 1);
            scribbler.tokens.push(control.token(WORKERS - 1));
            scribbler.spare_identity = false;
        }
    }
    let done: Vec<u64> = (0..WORKERS).map(|worker| control.done(worker)).collect();
    for worker in (0..WORKERS).filter(|worker| *worker != killed) {
        round.progress(worker, done[worker as usize] + 2);
    }
    if let Ok(fd) = memfd::open_of_process(std::process::id(), domain.raw_fd())
        && let Ok(joined) = Domain::join(fd)
    {
        joined.leave();
    }
    control.stop();
    let end = Instant::now() + STANDSTILL;
    for index in 0..round.children.len() {
        let Some(mut child) = round.children[index].take() else { continue };
        let status = loop {
            if let Some(status) = child.try_wait() {
                break status;
            }
            if Instant::now() > end {
                round.fail("a worker does not end");
            }
            std::thread::sleep(Duration::from_micros(500));
        };
        if !status.success() {
            round.fail(&format!("worker {index} ended with {status}"));
        }
    }
    if (0..WORKERS).any(|worker| control.was_condemned(worker)) {
        round.fail("an access outside of the domain was reached");
    }
}
