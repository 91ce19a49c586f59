//! sync/claim.rs: waiters that were overtaken stake a claim, and others leave the free object to them.
//!
//! Modelled: sleeps that last long enough for a claim, and for taking away one that was given way to; claimants that
//! acquire, give up or are killed. Not modelled: the time-out after which a claimant that is stopped is passed over, so
//! nobody may depend on it otherwise. Bounds: three agents, 2 preemptions.

use std::rc::Rc;

use loom::cell::UnsafeCell;
use multiproc::memory::{Block, Kind};
use multiproc::sync::claim::CLAIM_AFTER;
use multiproc::sync::lock::{BLOCK_SIZE, Lock};
use multiproc::sync::semaphore::Semaphore;
use multiproc::sys::clock::Deadline;
use multiproc::sys::model::{Model, Stage};
use multiproc::waits::{Ending, Goal, Outcome, Waits};

use crate::family::{LONG, Member, family, share};

fn acquire_and_release(member: Member, block: Block) {
    member.wait(block, Goal::Lock);
    Lock::at(member.domain, block).release(member.token()).expect("held");
}

#[test]
fn the_overtaken_and_those_who_give_way_all_get_the_lock() {
    Model::bounded("claim: lock", 2).check(|| {
        let members: [_; 3] = family();
        let block = share(&members, Kind::Lock, BLOCK_SIZE);
        let guarded = Rc::new(UnsafeCell::new(0));
        Stage::let_sleeps_last(CLAIM_AFTER);
        let [barger, one, two] = members;
        let turn = move |member: Member, guarded: &UnsafeCell<u32>| {
            assert_eq!(member.wait(block, Goal::Lock), Outcome::Done);
            // SAFETY: loom fails the execution when another access is not ordered before or after this one.
            guarded.with_mut(|value| unsafe { *value += 1 });
            Lock::at(member.domain, block).release(member.token()).expect("held");
        };
        let mut stage = Stage::raise();
        for member in [one, two] {
            let guarded = guarded.clone();
            stage.spawn(member.process, move || turn(member, &guarded));
        }
        stage.play(barger.process, || {
            turn(barger, &guarded);
            turn(barger, &guarded);
        });
        stage.end();
        assert_eq!(barger.domain.map().u32_at(block.offset + 4).load(std::sync::atomic::Ordering::Relaxed), 0);
    });
}

#[test]
fn claimant_killed_anywhere_bars_nobody() {
    let places = Model::bounded("claim: killed", 1).check_killed(|fuel| {
        let [watcher, victim] = family();
        let (one, two) = (watcher.sibling(), watcher.sibling());
        let block = share(&[watcher, victim, one, two], Kind::Lock, BLOCK_SIZE);
        victim.process.limit(fuel);
        Stage::let_sleeps_last(CLAIM_AFTER);
        let mut stage = Stage::raise();
        stage.spawn(victim.process, move || {
            acquire_and_release(victim, block);
            victim.process.kill();
        });
        for member in [one, two] {
            stage.spawn(member.process, move || {
                acquire_and_release(member, block);
            });
        }
        stage.play(watcher.process, || watcher.watch(victim.process));
        stage.end();
    });
    assert!(places >= 8, "{places}");
}

/// An agent of which a claim stands, and which then gives up, beside one that waits.
fn quitter_and_waiter(members: [Member; 3], block: Block, goal: Goal, give: fn(Member, Block)) {
    let [giver, quitter, waiter] = members;
    Stage::let_sleeps_last(CLAIM_AFTER);
    let mut stage = Stage::raise();
    stage.spawn(quitter.process, move || {
        let mut waits = Waits::default();
        let Ok(id) = waits.begin(quitter.agent, (block, goal, Deadline::NEVER), Ending::Abort) else {
            return give(quitter, block);
        };
        let mut ended = Vec::new();
        quitter.agent.park(LONG);
        waits.look(quitter.agent, &mut ended);
        if ended.is_empty() {
            // Now it may have a claim.
            assert_eq!(waits.cancel(quitter.agent, id), Some(Outcome::TimedOut));
        } else {
            give(quitter, block);
        }
    });
    stage.spawn(waiter.process, move || {
        assert_eq!(waiter.wait(block, goal), Outcome::Done);
        give(waiter, block);
    });
    stage.play(giver.process, move || {
        assert_eq!(giver.wait(block, goal), Outcome::Done);
        give(giver, block);
    });
    stage.end();
}

#[test]
fn a_claimant_that_gives_up_a_lock_leaves_it_to_the_others() {
    Model::bounded("claim: given up, lock", 2).check(|| {
        let members: [_; 3] = family();
        let block = share(&members, Kind::Lock, BLOCK_SIZE);
        quitter_and_waiter(members, block, Goal::Lock, |member, block| {
            Lock::at(member.domain, block).release(member.token()).expect("held");
        });
    });
}

#[test]
fn a_claimant_that_gives_up_a_semaphore_leaves_it_to_the_others() {
    Model::bounded("claim: given up, semaphore", 2).check(|| {
        let members: [_; 3] = family();
        let block = share(&members, Kind::Semaphore, multiproc::sync::semaphore::BLOCK_SIZE);
        Semaphore::at(members[0].domain, block).initialise(1);
        quitter_and_waiter(members, block, Goal::Semaphore, |member, block| {
            Semaphore::at(member.domain, block).release(1).expect("room");
        });
    });
}
