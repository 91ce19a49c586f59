//! sync/lock.rs, with its waiters and their sleep.
//!
//! Modelled: blocking waits as `acquireSync` has them, JavaScript's two compare-exchanges, the watcher that reaps. The
//! data that a lock guards is a cell of loom's, which fails when two accesses are not in order: so exclusion and the
//! orderings that publish the data are checked at once. Not modelled: time-outs, and the look once a second. Bounds: two
//! agents in all executions; three in those with at most 2 to 4 preemptions, a death among them with at most 1 or 2.

use std::cell::Cell;
use std::rc::Rc;

use loom::cell::UnsafeCell;
use multiproc::memory::{Block, Kind};
use multiproc::sync::lock::{Attempt, BLOCK_SIZE, Lock, WAITERS};
use multiproc::sys::atomic::Ordering::{Relaxed, SeqCst};
use multiproc::sys::clock::Deadline;
use multiproc::sys::model::{Model, Stage};
use multiproc::waits::{Ending, Goal, Outcome, Waits};

use crate::family::{LONG, Member, family, share};

fn new_lock(members: &[Member]) -> Block {
    share(members, Kind::Lock, BLOCK_SIZE)
}

/// What a lock guards.
#[derive(Clone)]
struct Guarded(Rc<UnsafeCell<u32>>);

impl Guarded {
    fn new() -> Self {
        Self(Rc::new(UnsafeCell::new(0)))
    }

    fn change(&self) {
        // SAFETY: loom fails the execution when another access is not ordered before or after this one.
        self.0.with_mut(|value| unsafe { *value += 1 });
    }
}

fn acquire_and_release(member: Member, block: Block, guarded: &Guarded) -> Outcome {
    let outcome = member.wait(block, Goal::Lock);
    guarded.change();
    Lock::at(member.domain, block).release(member.token()).expect("held");
    outcome
}

#[test]
fn two_agents_exclude_each_other_and_none_is_left_asleep() {
    Model::whole("lock: two agents").check(|| {
        let members: [_; 2] = family();
        let (block, guarded) = (new_lock(&members), Guarded::new());
        let mut stage = Stage::raise();
        for member in members {
            let guarded = guarded.clone();
            stage.spawn(member.process, move || {
                assert_eq!(acquire_and_release(member, block, &guarded), Outcome::Done);
            });
        }
        stage.end();
    });
}

#[test]
fn three_agents_exclude_each_other_and_none_is_left_asleep() {
    Model::bounded("lock: three agents", 2).check(|| {
        let members: [_; 3] = family();
        let (block, guarded) = (new_lock(&members), Guarded::new());
        let mut stage = Stage::raise();
        for member in members {
            let guarded = guarded.clone();
            stage.spawn(member.process, move || {
                assert_eq!(acquire_and_release(member, block, &guarded), Outcome::Done);
            });
        }
        stage.end();
    });
}

#[test]
fn javascript_on_its_fast_path_excludes_the_waiters_and_leaves_none_asleep() {
    Model::bounded("lock: JavaScript's fast path", 3).check(|| {
        let [script, one, two] = family();
        let (block, guarded) = (new_lock(&[script, one, two]), Guarded::new());
        let mut stage = Stage::raise();
        for member in [one, two] {
            let guarded = guarded.clone();
            stage.spawn(member.process, move || {
                acquire_and_release(member, block, &guarded);
            });
        }
        stage.play(script.process, move || {
            let (word, token) = (script.domain.map().u32_at(block.offset), script.token().0);
            if word.compare_exchange(0, token, SeqCst, SeqCst).is_ok() {
                guarded.change();
                if word.compare_exchange(token, 0, SeqCst, SeqCst).is_err() {
                    Lock::at(script.domain, block).release(script.token()).expect("held");
                }
            }
        });
        stage.end();
    });
}

/// The taker finds the flag without any waiter and takes it away; meanwhile one registers, and a third agent releases.
#[test]
fn a_waiter_that_registers_while_the_flag_is_dropped_and_the_lock_released_is_woken() {
    Model::bounded("lock: the flag is dropped", 4).check(|| {
        let [taker, waiter, stranger] = family();
        let block = new_lock(&[taker, waiter, stranger]);
        taker.process.run(|| taker.domain.map().u32_at(block.offset).store(WAITERS, Relaxed));
        let mut stage = Stage::raise();
        stage.spawn(taker.process, move || {
            let lock = Lock::at(taker.domain, block);
            if lock.try_acquire(taker.token()) == Attempt::Acquired {
                // Released already: by the stranger, and then it may be the waiter's.
                let _ = lock.release(taker.token());
            }
        });
        stage.spawn(waiter.process, move || {
            assert_eq!(waiter.wait(block, Goal::Lock), Outcome::Done);
        });
        stage.play(stranger.process, move || {
            let _ = Lock::at(stranger.domain, block).release(stranger.token());
        });
        stage.end();
    });
}

/// Returns at how many places the victim was killed.
fn victim_killed<const WAITERS: usize>(model: Model, begins_as: u32, victim_does: fn(Member, Block, &Guarded)) -> u32 {
    model.check_killed(move |fuel| {
        let [watcher, victim] = family();
        let waiters: [_; WAITERS] = std::array::from_fn(|_| watcher.sibling());
        let everybody = [[watcher, victim].as_slice(), waiters.as_slice()].concat();
        let (block, guarded) = (new_lock(&everybody), Guarded::new());
        watcher.domain.map().u32_at(block.offset).store(begins_as, Relaxed);
        victim.process.limit(fuel);
        let (was_owner, told) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
        let mut stage = Stage::raise();
        {
            let guarded = guarded.clone();
            stage.spawn(victim.process, move || {
                victim_does(victim, block, &guarded);
                victim.process.kill();
            });
        }
        for member in waiters {
            let (guarded, told) = (guarded.clone(), told.clone());
            stage.spawn(member.process, move || match acquire_and_release(member, block, &guarded) {
                Outcome::Done => {}
                Outcome::FromDead(dead) => {
                    assert_eq!(dead, victim.token());
                    told.set(told.get() + 1);
                }
                outcome => panic!("{outcome:?}"),
            });
        }
        stage.play(watcher.process, || {
            victim.process.wait_for_death();
            was_owner.set(Lock::at(watcher.domain, block).owner() == victim.token());
            watcher.watch(victim.process);
        });
        stage.end();
        // Nobody may have wanted the lock any more.
        match Lock::at(watcher.domain, block).try_acquire(watcher.token()) {
            Attempt::Acquired => {}
            Attempt::AcquiredFromDead(dead) if dead == victim.token() => told.set(told.get() + 1),
            attempt => panic!("{attempt:?}"),
        }
        assert_eq!(told.get(), u32::from(was_owner.get()), "how often the owner's death was told");
    })
}

fn wait_and_release(victim: Member, block: Block, guarded: &Guarded) {
    acquire_and_release(victim, block, guarded);
}

fn try_and_release(victim: Member, block: Block, guarded: &Guarded) {
    let lock = Lock::at(victim.domain, block);
    if lock.try_acquire(victim.token()) == Attempt::Acquired {
        guarded.change();
        lock.release(victim.token()).expect("held");
    }
}

#[test]
fn victim_killed_anywhere_beside_a_waiter_the_lock_passes_on_and_its_taker_is_told() {
    let places = victim_killed::<1>(Model::bounded("lock: killed, one waiter", 2), 0, wait_and_release);
    assert!(places >= 8, "{places} places to be killed at");
}

#[test]
fn victim_killed_anywhere_beside_two_waiters_the_lock_passes_on_once() {
    let places = victim_killed::<2>(Model::bounded("lock: killed, two waiters", 1), 0, wait_and_release);
    assert!(places >= 8, "{places} places to be killed at");
}

/// The dead holder had taken the flag away and not seen those who registered meanwhile.
#[test]
fn waiters_without_their_flag_are_found_by_the_one_that_takes_over() {
    Model::bounded("lock: dead without the flag", 3).check(|| {
        let [watcher, dead, one, two] = family();
        let block = new_lock(&[watcher, dead, one, two]);
        let goal = Goal::Lock;
        let word = watcher.domain.map().u32_at(block.offset);
        word.store(dead.token().0, Relaxed);
        let waiters = [one, two].map(|member| {
            let mut waits = Waits::default();
            member
                .process
                .run(|| waits.begin(member.agent, (block, goal, Deadline::NEVER), Ending::Abort))
                .expect("it waits");
            (member, waits)
        });
        word.store(dead.token().0, Relaxed);
        dead.process.has_died();
        let mut stage = Stage::raise();
        for (member, mut waits) in waiters {
            stage.spawn(member.process, move || {
                let mut ended = Vec::new();
                while ended.is_empty() {
                    waits.look(member.agent, &mut ended);
                    if ended.is_empty() {
                        member.agent.park(LONG);
                    }
                }
                Lock::at(member.domain, block).release(member.token()).expect("held");
            });
        }
        stage.play(watcher.process, || watcher.watch(dead.process));
        stage.end();
    });
}

/// With the flag of waiters that have gone, which the victim takes away.
#[test]
fn victim_killed_while_it_drops_the_flag_leaves_no_waiter_asleep() {
    let places = victim_killed::<2>(Model::bounded("lock: killed, flag", 1), WAITERS, try_and_release);
    assert!(places >= 4, "{places} places to be killed at");
}
