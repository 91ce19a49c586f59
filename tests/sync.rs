//! Locks, semaphores and barriers between processes, some of which are killed or stopped at random moments.

mod family;

use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use family::{BOUND, Board, Child, Random, address, bounded, handle, new_domain, play, spin_for, until};
use multiproc::memory::{Block, Domain, Kind, PARK_FUTEX, Token};
use multiproc::sync::barrier::{Arrival, Barrier};
use multiproc::sync::lock::{self, Attempt, Lock};
use multiproc::sync::park::{self, Agent, LOOK_AGAIN_AFTER};
use multiproc::sync::semaphore::{self, Semaphore};
use multiproc::sys::clock::Deadline;
use multiproc::waits::{Goal, Outcome, Patience, Waits};

const ROUNDS: u64 = 0;
const STOP: u64 = 1;
const FAULTS: u64 = 2;
const INSIDE: u64 = 3;
const TOKEN: u64 = 4;
const LONGEST_WAIT_MS: u64 = 5;
const PATIENCE: Patience = Patience { spins: 20, look_again_after: LOOK_AGAIN_AFTER };

#[test]
fn role() {
    play(&[
        ("lock", lock),
        ("semaphore", semaphore),
        ("enter_and_leave", enter_and_leave),
        ("arrive", arrive),
        ("take_turns", take_turns),
    ]);
}

fn wait(agent: &Agent, waits: &mut Waits, board: Board, block: Block, goal: Goal) -> Outcome {
    let begun = Instant::now();
    let outcome = waits.wait(agent, (block, goal, Deadline::NEVER), &PATIENCE, &|| false);
    board.word(LONGEST_WAIT_MS).fetch_max(begun.elapsed().as_millis() as u64, SeqCst);
    outcome
}

/// Holds the lock for a moment in which its token stands on the board.
fn lock(domain: &'static Domain, arguments: &[u64]) {
    let board = Board::open(domain, arguments[0]);
    let block = domain.attach(handle(Kind::Lock, arguments[1])).expect("the lock");
    let agent = Agent::enlist(domain).expect("an agent");
    let mut waits = Waits::default();
    let me = u64::from(agent.token.0);
    while board.get(STOP) == 0 {
        let left_by = match wait(&agent, &mut waits, board, block, Goal::Lock) {
            Outcome::Done => 0,
            Outcome::FromDead(dead) => u64::from(dead.0),
            outcome => panic!("{outcome:?}"),
        };
        // Whoever died inside may have left its mark, and nobody else.
        let found = board.word(INSIDE).swap(me, SeqCst);
        let sound = found == 0 || found == left_by;
        for _ in 0..50 {
            std::hint::spin_loop();
        }
        if !sound || board.get(INSIDE) != me {
            board.word(FAULTS).fetch_add(1, SeqCst);
        }
        board.set(INSIDE, 0);
        board.word(ROUNDS).fetch_add(1, SeqCst);
        Lock::at(domain, block).release(agent.token).expect("held");
    }
}

#[test]
fn lock_holders_and_waiters_killed_and_stopped_the_others_go_on_and_exclude_each_other() {
    let mut random = Random::seeded("lock");
    let domain = new_domain(64);
    let board = Board::new(domain, 8);
    let block = domain.allocate(Kind::Lock, lock::BLOCK_SIZE).expect("a lock");
    let start = || Child::start("lock", domain, &[board.address(), address(block.handle)]);
    let mut children: Vec<Child> = (0..4).map(|_| start()).collect();
    for round in 0..60 {
        let rounds = board.get(ROUNDS);
        board.wait_for("work", ROUNDS, |now| now > rounds + 20);
        spin_for(Duration::from_micros(random.below(2000)));
        let victim = random.below(4) as usize;
        if round % 10 == 9 {
            children[victim].stop();
            spin_for(Duration::from_millis(random.below(20)));
            children[victim].go_on();
            continue;
        }
        children[victim].kill();
        // As the watcher does (process/watcher.rs); now and then nobody does, and the waiters look by themselves.
        if round % 10 != 4 {
            domain.reap_dead();
            park::wake_all(domain);
        }
        children[victim] = start();
    }
    board.set(STOP, 1);
    children.into_iter().for_each(Child::join);
    println!("the longest wait took {} ms", board.get(LONGEST_WAIT_MS));
    assert_eq!(board.get(FAULTS), 0, "two were inside at once");
}

fn semaphore(domain: &'static Domain, arguments: &[u64]) {
    let board = Board::open(domain, arguments[0]);
    let block = domain.attach(handle(Kind::Semaphore, arguments[1])).expect("the semaphore");
    let agent = Agent::enlist(domain).expect("an agent");
    let mut waits = Waits::default();
    while board.get(STOP) == 0 {
        wait(&agent, &mut waits, board, block, Goal::Semaphore);
        if board.word(INSIDE).fetch_add(1, SeqCst) >= arguments[2] {
            board.word(FAULTS).fetch_add(1, SeqCst);
        }
        board.word(INSIDE).fetch_sub(1, SeqCst);
        board.word(ROUNDS).fetch_add(1, SeqCst);
        Semaphore::at(domain, block).release(1).expect("room");
    }
}

#[test]
fn waiters_of_a_semaphore_killed_while_they_sleep_no_permit_is_lost() {
    let mut random = Random::seeded("semaphore");
    let domain = new_domain(64);
    let board = Board::new(domain, 8);
    let block = domain.allocate(Kind::Semaphore, semaphore::BLOCK_SIZE).expect("a semaphore");
    let permits = Semaphore::at(domain, block);
    let agent = Agent::enlist(domain).expect("an agent");
    let start = || Child::start("semaphore", domain, &[board.address(), address(block.handle), 2]);
    for _ in 0..15 {
        // Without a permit all of them sleep; then two permits and a kill come at about the same time.
        let mut children: Vec<Child> = (0..3).map(|_| start()).collect();
        let asleep = |child: &Child| {
            let slots = domain.agents().processes();
            let slot = slots.iter().find(|(_, pid, _)| *pid == child.pid()).map(|(slot, ..)| *slot);
            slot.is_some_and(|slot| domain.agents().park(slot).load(SeqCst) == PARK_FUTEX)
        };
        until("three sleepers", || children.iter().all(asleep));
        let victim = random.below(3) as usize;
        let rounds = board.get(ROUNDS);
        children[victim].stop();
        // The one that was stopped takes no permit; who was woken in its place is not known.
        permits.release(2).expect("room");
        children[victim].kill();
        domain.reap_dead();
        park::wake_all(domain);
        board.wait_for("the others", ROUNDS, |now| now > rounds + 100);
        board.set(STOP, 1);
        children.remove(victim);
        // A release for those that sleep when they are told to stop.
        permits.release(3).expect("room");
        children.into_iter().for_each(Child::join);
        board.set(STOP, 0);
        assert_eq!(permits.value(), 5, "all permits are back");
        while permits.try_acquire() {}
    }
    assert_eq!(board.get(FAULTS), 0, "more were inside than there were permits");
    drop(agent);
}

#[test]
fn a_killed_waiter_has_left_the_line_before_its_slot_is_anothers() {
    let domain = new_domain(64);
    let board = Board::new(domain, 8);
    let block = domain.allocate(Kind::Semaphore, semaphore::BLOCK_SIZE).expect("a semaphore");
    let agent = Agent::enlist(domain).expect("an agent");
    let line = domain.map().u64_at(block.offset + Kind::Semaphore.waiter_sets()[0]);
    let mut child = Child::start("semaphore", domain, &[board.address(), address(block.handle), 2]);
    until("the waiter stands in line", || line.load(SeqCst) != 0);
    let bits = line.load(SeqCst);
    child.kill();
    assert_eq!(line.load(SeqCst), bits, "nobody has reaped it");
    domain.reap_dead();
    assert_eq!(line.load(SeqCst), 0);
    // Whoever has that slot now sleeps for another reason, and a release wakes the one who waits.
    let other = domain.allocate(Kind::Semaphore, semaphore::BLOCK_SIZE).expect("a semaphore");
    let heir = Child::start("semaphore", domain, &[board.address(), address(other.handle), 2]);
    let waiter = Child::start("semaphore", domain, &[board.address(), address(block.handle), 2]);
    until("both sleep", || {
        let processes = domain.agents().processes();
        let asleep = |child: &Child| {
            let slot = processes.iter().find(|(_, pid, _)| *pid == child.pid()).map(|(slot, ..)| *slot);
            slot.is_some_and(|slot| domain.agents().park(slot).load(SeqCst) == PARK_FUTEX)
        };
        asleep(&heir) && asleep(&waiter)
    });
    let set = line.load(SeqCst);
    assert_eq!(set.count_ones(), 1, "one waits: {set:b}");
    board.set(STOP, 1);
    for semaphore in [block, other] {
        Semaphore::at(domain, semaphore).release(1).expect("room");
    }
    heir.join();
    waiter.join();
    drop(agent);
}

/// Waits for its turn, then for the lock.
fn take_turns(domain: &'static Domain, arguments: &[u64]) {
    let board = Board::open(domain, arguments[0]);
    let lock = domain.attach(handle(Kind::Lock, arguments[1])).expect("the lock");
    let turn = domain.attach(handle(Kind::Semaphore, arguments[2])).expect("the semaphore");
    let agent = Agent::enlist(domain).expect("an agent");
    let mut waits = Waits::default();
    board.set(TOKEN, u64::from(agent.token.0));
    for _ in 0..arguments[3] {
        wait(&agent, &mut waits, board, turn, Goal::Semaphore);
        board.word(INSIDE).fetch_add(1, SeqCst);
        wait(&agent, &mut waits, board, lock, Goal::Lock);
        board.word(ROUNDS).fetch_add(1, SeqCst);
        Lock::at(domain, lock).release(agent.token).expect("held");
    }
}

#[test]
fn sleepers_are_woken_and_not_left_to_look_by_themselves() {
    let domain = new_domain(64);
    let board = Board::new(domain, 8);
    let lock_block = domain.allocate(Kind::Lock, lock::BLOCK_SIZE).expect("a lock");
    let turn_block = domain.allocate(Kind::Semaphore, semaphore::BLOCK_SIZE).expect("a semaphore");
    let (lock, turn) = (Lock::at(domain, lock_block), Semaphore::at(domain, turn_block));
    // Each round has two sleeps. A sleeper that nobody wakes looks after a second: that would be more than the bound.
    let rounds = BOUND.as_secs() * 2;
    let arguments = [board.address(), address(lock_block.handle), address(turn_block.handle), rounds];
    let child = Child::start("take_turns", domain, &arguments);
    board.wait_for("the child's token", TOKEN, |token| token != 0);
    let slot = Token(board.get(TOKEN) as u32).slot();
    let asleep = || domain.agents().park(slot).load(SeqCst) == PARK_FUTEX;
    let begun = Instant::now();
    for round in 1..=rounds {
        until("the lock", || lock.try_acquire(domain.first_agent()) == Attempt::Acquired);
        until("the child waits for its turn", asleep);
        turn.release(1).expect("room");
        board.wait_for("the turn", INSIDE, |turns| turns == round);
        until("the child waits for the lock", asleep);
        lock.release(domain.first_agent()).expect("held");
        board.wait_for("the child has the lock", ROUNDS, |count| count == round);
    }
    child.join();
    assert!(begun.elapsed() < BOUND, "{rounds} rounds took {:?}", begun.elapsed());
}

fn enter_and_leave(domain: &'static Domain, arguments: &[u64]) {
    let board = Board::open(domain, arguments[0]);
    let block = domain.attach(handle(Kind::Barrier, arguments[1])).expect("the barrier");
    board.set(TOKEN, u64::from(domain.first_agent().0));
    let barrier = Barrier::at(domain, block).expect("sound");
    while board.get(STOP) == 0 {
        barrier.join(domain.first_agent());
        barrier.leave(domain.first_agent());
    }
}

fn new_barrier(domain: &Domain, parties: u32) -> Block {
    let block = domain.allocate(Kind::Barrier, Barrier::block_size(parties)).expect("a barrier");
    Barrier::initialise(domain, block, parties);
    block
}

#[test]
fn holder_of_a_barriers_guard_killed_the_barrier_breaks_names_it_and_works_again_after_a_reset() {
    let mut random = Random::seeded("barrier guard");
    let domain = new_domain(64);
    let board = Board::new(domain, 8);
    // With many parties a newcomer looks through a long list, and is caught at it.
    let block = new_barrier(domain, 5000);
    for _ in 0..10 {
        board.set(TOKEN, 0);
        let mut child = Child::start("enter_and_leave", domain, &[board.address(), address(block.handle)]);
        board.wait_for("the child's token", TOKEN, |token| token != 0);
        let token = board.get(TOKEN) as u32;
        child.stop_when(&mut random, || domain.map().u32_at(block.offset).load(SeqCst) == token);
        child.kill();
        let me = domain.first_agent();
        let arrived =
            bounded("the guard of a dead holder", move || Barrier::at(domain, block).expect("sound").arrive(me, false));
        let barrier = Barrier::at(domain, block).expect("sound");
        assert!(matches!(arrived, Arrival::Broken));
        assert!(barrier.is_broken());
        assert_eq!(barrier.broken_by(), Token(token));
        domain.reap_dead();
        barrier.reset(me);
        assert!(matches!(barrier.arrive(me, false), Arrival::Waits(_)), "it works again");
        barrier.reset(me);
    }
}

fn arrive(domain: &'static Domain, arguments: &[u64]) {
    let board = Board::open(domain, arguments[0]);
    let block = domain.attach(handle(Kind::Barrier, arguments[1])).expect("the barrier");
    let agent = Agent::enlist(domain).expect("an agent");
    let mut waits = Waits::default();
    let barrier = Barrier::at(domain, block).expect("sound");
    barrier.join(agent.token);
    loop {
        let passed = match barrier.arrive(agent.token, false) {
            Arrival::Last(_) => true,
            Arrival::Broken | Arrival::Acts(_) | Arrival::Early(_) => false,
            Arrival::Waits(ticket) => wait(&agent, &mut waits, board, block, Goal::Barrier(ticket)) == Outcome::Done,
        };
        if !passed {
            board.word(FAULTS).fetch_add(1, SeqCst);
            return;
        }
        board.word(ROUNDS).fetch_add(1, SeqCst);
    }
}

#[test]
fn party_killed_at_any_moment_all_the_others_learn_that_the_barrier_is_broken() {
    let mut random = Random::seeded("barrier party");
    let domain = new_domain(64);
    for _ in 0..12 {
        let board = Board::new(domain, 8);
        let block = new_barrier(domain, 3);
        let start = || Child::start("arrive", domain, &[board.address(), address(block.handle)]);
        let mut children: Vec<Child> = (0..3).map(|_| start()).collect();
        board.wait_for("passes", ROUNDS, |count| count > 30);
        spin_for(Duration::from_micros(random.below(1000)));
        let mut dead = children.swap_remove(random.below(3) as usize);
        dead.kill();
        domain.reap_dead();
        park::wake_all(domain);
        children.into_iter().for_each(Child::join);
        assert_eq!(board.get(FAULTS), 2, "both survivors found it broken");
        domain.detach(block.handle);
    }
}

#[test]
fn who_waited_before_a_reset_does_not_pass_with_the_parties_that_came_after_it() {
    let domain = new_domain(64);
    let block = new_barrier(domain, 2);
    let barrier = Barrier::at(domain, block).expect("sound");
    let me = domain.first_agent();
    let Arrival::Waits(ticket) = barrier.arrive(me, false) else { panic!("the first of two waits") };
    barrier.reset(me);
    assert!(matches!(barrier.arrive(me, false), Arrival::Waits(_)));
    assert!(matches!(barrier.arrive(me, false), Arrival::Last(1)));
    assert_eq!(barrier.look(me, ticket), multiproc::sync::barrier::Progress::Broken);
}
