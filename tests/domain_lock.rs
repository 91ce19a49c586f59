//! The word of the domain lock, overwritten: it is taken over from who does not hold it, an error when nobody says so, and
//! waited for while its holder is stopped inside.

mod family;

use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use family::{BOUND, Board, Child, Random, bounded, new_domain, play};
use multiproc::error::Code;
use multiproc::memory::{Domain, Kind, TOKEN_MASK};
use multiproc::process::watcher;

/// Where the word is (memory/layout.rs).
const DOMAIN_LOCK: u64 = 64;
const CONTENDED: u32 = 1 << 31;

#[test]
fn role() {
    play(&[("stay", stay), ("churn", churn)]);
}

/// Says who it is, and stays. With a watcher or without.
fn stay(domain: &'static Domain, arguments: &[u64]) {
    let board = Board::open(domain, arguments[0]);
    if arguments[1] == 1 {
        watcher::start(domain).expect("a watcher");
    }
    board.set(0, u64::from(domain.first_agent().0));
    // Longer than anybody waits for it.
    std::thread::sleep(BOUND * 2);
}

fn churn(domain: &'static Domain, arguments: &[u64]) {
    let board = Board::open(domain, arguments[0]);
    board.set(0, u64::from(domain.first_agent().0));
    while board.get(1) == 0 {
        let block = domain.allocate(Kind::Buffer, 200).expect("a block");
        domain.detach(block.handle);
    }
}

fn neighbour(role: &str, domain: &'static Domain, board: Board, argument: u64) -> (Child, u32) {
    board.set(0, 0);
    let child = Child::start(role, domain, &[board.address(), argument]);
    board.wait_for("the neighbour", 0, |token| token != 0);
    (child, board.get(0) as u32)
}

#[test]
fn domain_lock_word_that_names_nobody_or_this_process_is_taken_over() {
    let domain = new_domain(64);
    let word = domain.map().u32_at(DOMAIN_LOCK);
    let own = domain.first_agent().0;
    domain.enlist().expect("the first agent");
    // An agent that never holds this lock: that is done in the name of its process.
    let second = domain.enlist().expect("a second agent").0;
    for lie in [second, own, own | CONTENDED, CONTENDED, 1 << 30, u32::MAX, 0x1234_5678, own | 1 << 30] {
        word.store(lie, SeqCst);
        let block = bounded("the domain lock", move || domain.allocate(Kind::Buffer, 100)).expect("a block");
        domain.detach(block.handle);
        assert_eq!(word.load(SeqCst), 0, "after {lie:#x}");
    }
}

#[test]
fn domain_lock_word_that_names_a_living_process_is_denied_by_its_watcher() {
    let domain = new_domain(64);
    let board = Board::new(domain, 8);
    let (_child, token) = neighbour("stay", domain, board, 1);
    let before = domain.usage();
    for lie in [token, token | CONTENDED] {
        domain.map().u32_at(DOMAIN_LOCK).store(lie, SeqCst);
        let block = bounded("the domain lock", move || domain.allocate(Kind::Buffer, 100)).expect("a block");
        domain.detach(block.handle);
    }
    assert_eq!(domain.usage(), before);
}

#[test]
fn domain_lock_word_that_nobody_denies_is_an_error_until_it_changes() {
    let domain = new_domain(64);
    let board = Board::new(domain, 8);
    let (_child, token) = neighbour("stay", domain, board, 0);
    let held = domain.allocate(Kind::Buffer, 100).expect("a block");
    let word = domain.map().u32_at(DOMAIN_LOCK);
    word.store(token, SeqCst);
    let error = bounded("the domain lock", move || domain.allocate(Kind::Buffer, 100)).expect_err("the word lies");
    assert_eq!(error.code, Code::Domain);
    assert!(error.message.contains("names process"), "{error}");
    bounded("ten further calls", move || {
        for _ in 0..10 {
            domain.allocate(Kind::Lock, 128).expect_err("the word lies on");
            domain.open_named(Kind::Lock, "name", || domain.allocate(Kind::Lock, 128)).expect_err("as before");
        }
        domain.detach(held.handle);
    });
    assert!(word.load(SeqCst) & TOKEN_MASK == token, "it was not taken from a living process");
    word.store(0, SeqCst);
    domain.allocate(Kind::Buffer, 100).expect("a block");
}

#[test]
fn holder_stopped_inside_the_domain_lock_is_waited_for() {
    let mut random = Random::seeded("holder stopped");
    let domain = new_domain(64);
    let board = Board::new(domain, 8);
    let (child, token) = neighbour("churn", domain, board, 0);
    child.stop_when(&mut random, || domain.map().u32_at(DOMAIN_LOCK).load(SeqCst) & TOKEN_MASK == token);
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(domain.allocate(Kind::Buffer, 100).map(|_| ())));
    // Longer than any lie is believed.
    let waited = receiver.recv_timeout(Duration::from_secs(13));
    assert!(matches!(waited, Err(RecvTimeoutError::Timeout)), "{waited:?}");
    child.go_on();
    receiver.recv_timeout(BOUND).expect("it comes to an end").expect("a block");
    board.set(1, 1);
    child.join();
}
