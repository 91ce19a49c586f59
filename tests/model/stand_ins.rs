//! The stand-ins of src/sys/model themselves: which outcomes the model's memory has, that a lost wake-up is reported, and
//! that a killed process stops where it is.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use multiproc::memory::{Block, Kind};
use multiproc::sys::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use multiproc::sys::atomic::{AtomicU32, fence};
use multiproc::sys::futex;
use multiproc::sys::model::{Model, Stage};

use crate::family::{Member, family, share};

fn word(member: Member, block: Block, index: u64) -> &'static AtomicU32 {
    member.domain.map().u32_at(block.offset + index * 4)
}

type Read = fn(Member, Block) -> u32;

/// What two threads can read, in all executions.
fn outcomes(name: &'static str, one_reads: Read, other_reads: Read) -> BTreeSet<(u32, u32)> {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let collected = seen.clone();
    Model::whole(name).check(move || {
        let [one, other] = family();
        let block = share(&[one, other], Kind::Buffer, 64);
        let (sender, receiver) = std::sync::mpsc::channel();
        let mut stage = Stage::raise();
        stage.spawn(other.process, move || sender.send(other_reads(other, block)).expect("received"));
        let mut first = 0;
        stage.play(one.process, || first = one_reads(one, block));
        stage.end();
        let second = receiver.recv().expect("sent");
        collected.lock().expect("a set").insert((first, second));
    });
    std::mem::take(&mut *seen.lock().expect("a set"))
}

fn write_then_read(member: Member, block: Block, own: u64, store: Ordering, load: Ordering) -> u32 {
    word(member, block, own).store(1, store);
    word(member, block, 1 - own).load(load)
}

#[test]
fn store_buffering_is_forbidden_to_seq_cst_alone() {
    let ordered = outcomes(
        "store buffering: SeqCst",
        |member, block| write_then_read(member, block, 0, SeqCst, SeqCst),
        |member, block| write_then_read(member, block, 1, SeqCst, SeqCst),
    );
    assert_eq!(ordered, BTreeSet::from([(0, 1), (1, 0), (1, 1)]));
    let one_weak_store = outcomes(
        "store buffering: one Release",
        |member, block| write_then_read(member, block, 0, Release, SeqCst),
        |member, block| write_then_read(member, block, 1, SeqCst, SeqCst),
    );
    assert!(one_weak_store.contains(&(0, 0)));
    let one_weak_load = outcomes(
        "store buffering: one Acquire",
        |member, block| write_then_read(member, block, 0, SeqCst, Acquire),
        |member, block| write_then_read(member, block, 1, SeqCst, SeqCst),
    );
    assert!(one_weak_load.contains(&(0, 0)));
}

/// The write of the one is weak, but a fence follows; the read of the other is SeqCst, without one.
#[test]
fn a_fence_orders_a_weak_store_before_a_seq_cst_load_of_another_thread() {
    let fenced: Read = |member, block| {
        word(member, block, 0).store(1, Relaxed);
        fence(SeqCst);
        word(member, block, 1).load(Relaxed)
    };
    let ordered = outcomes("store buffering: fence and SeqCst", fenced, |member, block| {
        write_then_read(member, block, 1, SeqCst, SeqCst)
    });
    assert_eq!(ordered, BTreeSet::from([(0, 1), (1, 0), (1, 1)]));
    let weak = outcomes("store buffering: fence and Acquire", fenced, |member, block| {
        write_then_read(member, block, 1, SeqCst, Acquire)
    });
    assert!(weak.contains(&(0, 0)));
}

#[test]
fn a_message_is_published_by_release_and_acquire_alone() {
    fn send(member: Member, block: Block, order: Ordering) -> u32 {
        word(member, block, 0).store(1, Relaxed);
        word(member, block, 1).store(1, order);
        0
    }
    fn receive(member: Member, block: Block, order: Ordering) -> u32 {
        let is_there = word(member, block, 1).load(order);
        is_there * 2 + word(member, block, 0).load(Relaxed)
    }
    let published = outcomes(
        "message: Release, Acquire",
        |member, block| send(member, block, Release),
        |member, block| receive(member, block, Acquire),
    );
    assert_eq!(published, BTreeSet::from([(0, 0), (0, 1), (0, 3)]));
    for (name, receive) in [
        ("message: Relaxed load", (|member, block| receive(member, block, Relaxed)) as Read),
        ("message: Relaxed store", |member, block| receive(member, block, Acquire)),
    ] {
        let store: Read = if name.ends_with("load") {
            |member, block| send(member, block, Release)
        } else {
            |member, block| send(member, block, Relaxed)
        };
        assert!(outcomes(name, store, receive).contains(&(0, 2)), "{name}");
    }
}

/// As after every lost wake-up: the waker looks for sleepers before it changes the word.
#[test]
#[should_panic(expected = "deadlock")]
fn a_sleeper_that_nobody_wakes_is_reported() {
    Model::whole("futex: woken too early").check(|| {
        let [sleeper, waker] = family();
        let block = share(&[sleeper, waker], Kind::Buffer, 64);
        let mut stage = Stage::raise();
        stage.spawn(sleeper.process, move || {
            let word = word(sleeper, block, 0);
            while word.load(Acquire) == 0 {
                futex::wait(word, 0, None);
            }
        });
        stage.play(waker.process, || {
            futex::wake(word(waker, block, 0), 1);
            word(waker, block, 0).store(1, Release);
        });
        stage.end();
    });
}

/// Puts a word back when it is dropped, which a killed process does not.
struct PutBack(&'static AtomicU32);

impl Drop for PutBack {
    fn drop(&mut self) {
        self.0.swap(0, AcqRel);
    }
}

#[test]
fn a_killed_process_has_done_its_first_stores_and_no_others() {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let collected = seen.clone();
    let places = Model::whole("killed: three stores").check_killed(move |fuel| {
        let [watcher, victim] = family();
        let block = share(&[watcher, victim], Kind::Buffer, 64);
        victim.process.limit(fuel);
        let mut stage = Stage::raise();
        stage.spawn(victim.process, move || {
            let _guard = PutBack(word(victim, block, 0));
            (0..3).for_each(|index| word(victim, block, index).store(1, Relaxed));
            victim.process.kill();
        });
        stage.play(watcher.process, || {
            victim.process.wait_for_death();
            assert!(victim.process.is_dead());
            let stores: u32 = (0..3).map(|index| word(watcher, block, index).load(Relaxed)).sum();
            collected.lock().expect("a set").insert((fuel, stores));
        });
        stage.end();
    });
    assert_eq!(places, 3);
    assert_eq!(*seen.lock().expect("a set"), BTreeSet::from([(0, 0), (1, 1), (2, 2), (3, 3)]));
}
