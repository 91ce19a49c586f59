//! sync/park.rs with sync/waiters.rs: an agent goes to sleep while others notify it.
//!
//! Modelled: both ways to sleep, the futex and the event loop (which enters its sleep, polls the doorbell, drains it,
//! leaves its sleep and looks), and the passing on of a wake-up. Not modelled: time-outs, other things that wake the
//! loop, the libuv handles themselves. Bounds: a sleeper and two others, 3 or 4 preemptions.

use multiproc::memory::{Block, Kind};
use multiproc::sync::lock::{Attempt, Lock};
use multiproc::sync::park;
use multiproc::sync::semaphore::Semaphore;
use multiproc::sync::waiters::Waiters;
use multiproc::sys::atomic::Ordering::{Acquire, Release, SeqCst};
use multiproc::sys::clock::Deadline;
use multiproc::sys::model::{Model, Stage};
use multiproc::waits::{Ending, Goal, Outcome, Waits};

use crate::family::{LONG, Member, family, share};

/// Two changes of which each is followed by a notification: the sleeper must see both. The orderings are the weakest that
/// an object has, those of a channel's counters; that no look comes too early is the business of park.rs.
fn notify(member: Member, block: Block, word: u64, sleeper: u32) {
    member.domain.map().u32_at(block.offset + word * 4).store(1, Release);
    park::wake(member.domain, sleeper);
}

fn has_all(member: Member, block: Block) -> bool {
    (0..2).all(|word| member.domain.map().u32_at(block.offset + word * 4).load(Acquire) == 1)
}

fn sleeper_and_two_wakers(sleep: fn(Member)) {
    let [sleeper, one, two] = family();
    let block = share(&[sleeper, one, two], Kind::Buffer, 64);
    let mut stage = Stage::raise();
    for (word, waker) in [(0, one), (1, two)] {
        stage.spawn(waker.process, move || notify(waker, block, word, sleeper.agent.slot()));
    }
    stage.play(sleeper.process, move || {
        while !has_all(sleeper, block) {
            sleep(sleeper);
        }
    });
    stage.end();
}

fn sleep_in_futex(member: Member) {
    member.agent.park(LONG);
}

/// One turn of the event loop that has nothing else to do.
fn sleep_in_loop(member: Member) {
    if member.agent.enter_loop_sleep() {
        member.agent.bell().wait();
        member.agent.bell().drain();
    }
    member.agent.leave_sleep();
}

#[test]
fn a_notification_is_never_slept_through_in_the_futex() {
    Model::bounded("park: futex", 4).check(|| sleeper_and_two_wakers(sleep_in_futex));
}

#[test]
fn a_notification_is_never_slept_through_in_the_event_loop() {
    Model::bounded("park: event loop", 4).check(|| sleeper_and_two_wakers(sleep_in_loop));
}

/// An agent that changes from one way of sleeping to the other with each turn.
#[test]
fn a_notification_is_never_slept_through_by_turns() {
    Model::bounded("park: by turns", 3).check(|| {
        let [sleeper, one, two] = family();
        let block = share(&[sleeper, one, two], Kind::Buffer, 64);
        let mut stage = Stage::raise();
        for (word, waker) in [(0, one), (1, two)] {
            stage.spawn(waker.process, move || notify(waker, block, word, sleeper.agent.slot()));
        }
        stage.play(sleeper.process, move || {
            let mut turn = 0;
            while !has_all(sleeper, block) {
                if turn % 2 == 0 {
                    sleep_in_loop(sleeper);
                } else {
                    sleep_in_futex(sleeper);
                }
                turn += 1;
            }
        });
        stage.end();
    });
}

/// An object whose word has no flag for waiters, as a barrier's or a task queue's: bit first, then the look; change first,
/// then the bits. Another waiter comes before it, runs all the while, and must not keep the wake-up from it.
#[test]
fn waiters_of_an_object_without_a_flag_are_found_by_their_bits() {
    Model::bounded("park: waiters without a flag", 3).check(|| {
        let members: [_; 3] = family();
        let [busy, waiter, waker] = members;
        let block = share(&members, Kind::Buffer, 128);
        let waiters = move |member: Member| Waiters::at(member.domain, block.offset + 64);
        let word = move |member: Member| member.domain.map().u32_at(block.offset);
        waiters(busy).set(busy.agent.slot());
        let mut stage = Stage::raise();
        stage.spawn(waiter.process, move || {
            waiters(waiter).set(waiter.agent.slot());
            while word(waiter).load(SeqCst) == 0 {
                sleep_in_futex(waiter);
            }
        });
        stage.play(waker.process, move || {
            word(waker).store(1, SeqCst);
            waiters(waker).wake(1);
        });
        stage.end();
    });
}

/// The quitter is asleep when the object is given back, may be the one that is chosen, and gives up without a look.
fn quitter_and_waiter(block: Block, [giver, quitter, waiter]: [Member; 3], goal: Goal, give: fn(Member, Block)) {
    let mut waits = Waits::default();
    let id = quitter.process.run(|| {
        let id = waits.begin(quitter.agent, (block, goal, Deadline::NEVER), Ending::Abort).expect("it waits");
        assert!(quitter.agent.enter_loop_sleep());
        id
    });
    let mut stage = Stage::raise();
    stage.spawn(quitter.process, move || {
        quitter.agent.leave_sleep();
        assert_eq!(waits.cancel(quitter.agent, id), Some(Outcome::TimedOut));
    });
    stage.spawn(waiter.process, move || assert_eq!(waiter.wait(block, goal), Outcome::Done));
    stage.play(giver.process, || give(giver, block));
    stage.end();
}

#[test]
fn a_chosen_waiter_that_gives_up_a_lock_passes_the_wake_up_on() {
    Model::bounded("park: a lock is given up", 3).check(|| {
        let members: [_; 3] = family();
        let block = share(&members, Kind::Lock, multiproc::sync::lock::BLOCK_SIZE);
        let [giver, ..] = members;
        let taken = giver.process.run(|| Lock::at(giver.domain, block).try_acquire(giver.token()));
        assert_eq!(taken, Attempt::Acquired);
        quitter_and_waiter(block, members, Goal::Lock, |giver, block| {
            Lock::at(giver.domain, block).release(giver.token()).expect("held");
        });
    });
}

#[test]
fn a_chosen_waiter_that_gives_up_a_semaphore_passes_the_wake_up_on() {
    Model::bounded("park: a permit is given up", 3).check(|| {
        let members: [_; 3] = family();
        let block = share(&members, Kind::Semaphore, multiproc::sync::semaphore::BLOCK_SIZE);
        quitter_and_waiter(block, members, Goal::Semaphore, |giver, block| {
            Semaphore::at(giver.domain, block).release(1).expect("room");
        });
    });
}
