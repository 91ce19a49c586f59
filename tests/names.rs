//! One name is one object in every process, whoever opens it first and whoever is killed meanwhile.

mod family;

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use family::{Board, Child, Random, new_domain, play, spin_for};
use multiproc::error::Code;
use multiproc::memory::{Domain, Kind};

const ROUNDS: u64 = 0;
const STOP: u64 = 1;
const FAULTS: u64 = 2;

#[test]
fn role() {
    play(&[("open_and_close", open_and_close)]);
}

fn open(domain: &Domain, name: &str) -> multiproc::error::Result<(multiproc::memory::Block, bool)> {
    domain.open_named(Kind::Buffer, name, || domain.allocate(Kind::Buffer, 64))
}

/// While it holds a name, opening it again must give the same object.
fn open_and_close(domain: &'static Domain, arguments: &[u64]) {
    let board = Board::open(domain, arguments[0]);
    let mut random = Random::from(arguments[1]);
    while board.get(STOP) == 0 {
        let name = format!("name {}", random.below(4));
        let (first, _) = open(domain, &name).expect("the object");
        let (second, is_new) = open(domain, &name).expect("the object");
        if is_new || first.handle != second.handle {
            board.word(FAULTS).fetch_add(1, SeqCst);
        }
        domain.detach(first.handle);
        domain.detach(second.handle);
        board.word(ROUNDS).fetch_add(1, SeqCst);
    }
}

#[test]
fn killed_at_random_moments_a_name_never_stands_for_two_objects() {
    let mut random = Random::seeded("names");
    let domain = new_domain(64);
    let board = Board::new(domain, 8);
    let before = domain.usage();
    let start = |random: &mut Random| Child::start("open_and_close", domain, &[board.address(), random.next() >> 1]);
    let mut children: Vec<Child> = (0..3).map(|_| start(&mut random)).collect();
    for _ in 0..50 {
        let rounds = board.get(ROUNDS);
        board.wait_for("work", ROUNDS, |now| now > rounds + 100);
        spin_for(Duration::from_micros(random.below(3000)));
        let victim = random.below(3) as usize;
        children[victim].kill();
        if random.below(3) > 0 {
            domain.reap_dead();
        }
        children[victim] = start(&mut random);
    }
    board.set(STOP, 1);
    children.into_iter().for_each(Child::join);
    domain.reap_dead();
    assert_eq!(board.get(FAULTS), 0);
    assert_eq!(domain.usage(), before, "every object is gone with its last holder");
}

#[test]
fn a_name_is_one_object_until_its_last_holder_lets_it_go() {
    let domain = new_domain(64);
    let (first, is_new) = open(domain, "jobs").expect("new");
    assert!(is_new);
    let (second, is_new) = open(domain, "jobs").expect("the same");
    assert!(!is_new);
    assert_eq!(first, second);
    assert_ne!(open(domain, "other").expect("another").0.handle, first.handle);
    domain.detach(first.handle);
    assert!(!open(domain, "jobs").expect("still the same").1);
    domain.detach(first.handle);
    domain.detach(first.handle);
    assert!(!domain.is_live(first.handle));
    assert!(open(domain, "jobs").expect("a new one").1);
}

#[test]
fn a_name_of_another_kind_is_refused() {
    let domain = new_domain(64);
    open(domain, "jobs").expect("new");
    let error = domain.open_named(Kind::Lock, "jobs", || domain.allocate(Kind::Lock, 128)).expect_err("refused");
    assert_eq!(error.code, Code::Name);
    assert!(error.message.contains("jobs") && error.message.contains("Buffer"), "{error}");
}

#[test]
fn names_of_a_wrong_length_are_refused() {
    let domain = new_domain(64);
    for name in [String::new(), "x".repeat(1000)] {
        assert_eq!(open(domain, &name).expect_err("refused").code, Code::Name);
    }
    assert_eq!(domain.usage(), (0, 0));
}

#[test]
fn a_thousand_names_are_kept_apart() {
    let domain = new_domain(64);
    let blocks: Vec<_> = (0..1000).map(|number| open(domain, &format!("name {number}")).expect("room").0).collect();
    for (number, block) in blocks.iter().enumerate() {
        assert_eq!(open(domain, &format!("name {number}")).expect("there").0.handle, block.handle);
    }
}
