//! sync/semaphore.rs, with its waiters and their sleep.
//!
//! Modelled: blocking waits, releases by others, a waiter that is killed. Not modelled: JavaScript's fast path, which is
//! the same compare-exchange as the one here; time-outs. Bounds: three agents, 3 or 4 preemptions, with a death 2.

use multiproc::memory::{Block, Kind};
use multiproc::sync::semaphore::{BLOCK_SIZE, Semaphore, WAITERS};
use multiproc::sys::atomic::Ordering::Relaxed;
use multiproc::sys::model::{Model, Stage};
use multiproc::waits::{Goal, Outcome};

use crate::family::{Member, family, share};

fn new_semaphore(members: &[Member], value: u32) -> Block {
    let block = share(members, Kind::Semaphore, BLOCK_SIZE);
    Semaphore::at(members[0].domain, block).initialise(value);
    block
}

fn value(member: Member, block: Block) -> u32 {
    Semaphore::at(member.domain, block).value()
}

#[test]
fn as_many_waiters_as_permits_are_released_at_once_get_one_each() {
    Model::bounded("semaphore: release(2)", 3).check(|| {
        let [giver, one, two] = family();
        let block = new_semaphore(&[giver, one, two], 0);
        let mut stage = Stage::raise();
        for member in [one, two] {
            stage.spawn(member.process, move || assert_eq!(member.wait(block, Goal::Semaphore), Outcome::Done));
        }
        stage.play(giver.process, || Semaphore::at(giver.domain, block).release(2).expect("room"));
        stage.end();
        assert_eq!(value(giver, block), 0);
    });
}

#[test]
fn permits_go_round_and_none_is_lost_or_made() {
    Model::bounded("semaphore: one permit, three agents", 3).check(|| {
        let members: [_; 3] = family();
        let block = new_semaphore(&members, 1);
        let [first, others @ ..] = members;
        let mut stage = Stage::raise();
        let turn = move |member: Member| {
            assert_eq!(member.wait(block, Goal::Semaphore), Outcome::Done);
            assert_eq!(value(member, block), 0, "the permit is ours");
            Semaphore::at(member.domain, block).release(1).expect("room");
        };
        for member in others {
            stage.spawn(member.process, move || turn(member));
        }
        stage.play(first.process, move || turn(first));
        stage.end();
        assert_eq!(value(first, block), 1);
    });
}

/// The taker finds the flag without any waiter and takes it away; meanwhile one registers, and a third agent releases.
#[test]
fn a_waiter_that_registers_while_the_flag_is_dropped_is_woken_by_a_release() {
    Model::bounded("semaphore: the flag is dropped", 4).check(|| {
        let [taker, waiter, giver] = family();
        let block = new_semaphore(&[taker, waiter, giver], 0);
        taker.domain.map().u32_at(block.offset).store(WAITERS | 1, Relaxed);
        let mut stage = Stage::raise();
        stage.spawn(taker.process, move || {
            if !Semaphore::at(taker.domain, block).try_acquire() {
                // The waiter was first. The other permit is for the taker then, or for nobody.
            }
        });
        stage.spawn(waiter.process, move || {
            assert_eq!(waiter.wait(block, Goal::Semaphore), Outcome::Done);
        });
        stage.play(giver.process, || Semaphore::at(giver.domain, block).release(1).expect("room"));
        stage.end();
    });
}

#[test]
fn waiter_killed_anywhere_takes_at_most_one_permit_and_no_wake_up_with_it() {
    let places = Model::bounded("semaphore: killed", 2).check_killed(|fuel| {
        let [victim, waiter, giver] = family();
        let block = new_semaphore(&[victim, waiter, giver], 0);
        victim.process.limit(fuel);
        let mut stage = Stage::raise();
        stage.spawn(victim.process, move || {
            victim.wait(block, Goal::Semaphore);
            victim.process.kill();
        });
        // Two permits: one may die with the victim.
        stage.spawn(waiter.process, move || assert_eq!(waiter.wait(block, Goal::Semaphore), Outcome::Done));
        stage.play(giver.process, move || {
            Semaphore::at(giver.domain, block).release(2).expect("room");
            giver.watch(victim.process);
        });
        stage.end();
        assert!(value(giver, block) <= 1);
    });
    assert!(places >= 5, "{places} places to be killed at");
}
