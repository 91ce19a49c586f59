//! Workers of a task queue are killed at random moments: each task has its result, or is named as a dead worker's; none
//! runs twice, and none is forgotten.

mod family;

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use family::{Board, Child, Random, address, handle, new_domain, play, spin_for, until};
use multiproc::memory::{Domain, Kind, Token};
use multiproc::pool::task_queue::TaskQueue;
use multiproc::sync::park::Agent;

const STOP: u64 = 0;
const FAULTS: u64 = 1;
const QUEUE: u64 = 2;
/// Tokens of the workers, by their numbers.
const TOKENS: u64 = 8;
/// How often each task was begun, and whether its result came.
const BEGUN: u64 = 32;
const TASKS: u64 = 20_000;
const RESULTS: u64 = BEGUN + TASKS + 1;
const BOARD_WORDS: u64 = RESULTS + TASKS + 1;

#[test]
fn role() {
    play(&[("work", work), ("produce", produce)]);
}

/// Every tenth payload does not fit the queue and lies in a block of its own.
fn payload(id: u32) -> Vec<u8> {
    let length = if id.is_multiple_of(10) { 5000 } else { id as usize % 240 };
    vec![id as u8; length]
}

fn work(domain: &'static Domain, arguments: &[u64]) {
    let [board, queue, worker] = *arguments else { panic!("three arguments") };
    let board = Board::open(domain, board);
    let agent = Agent::enlist(domain).expect("an agent");
    let queue = TaskQueue::open(domain, handle(Kind::TaskQueue, queue)).expect("the queue");
    board.set(TOKENS + worker, u64::from(agent.token.0));
    while board.get(STOP) == 0 {
        queue.set_idle(agent.slot(), false);
        while let Some(task) = queue.claim(agent.token, worker as u32).expect("a sound queue") {
            let begun = board.word(BEGUN + u64::from(task.id)).fetch_add(1, SeqCst);
            if begun != 0 || task.payload != payload(task.id) {
                board.word(FAULTS).fetch_add(1, SeqCst);
            }
            board.set(RESULTS + u64::from(task.id), 1);
            queue.finish(worker as u32);
        }
        queue.set_idle(agent.slot(), true);
        if !queue.has_tasks() {
            agent.park(Duration::from_millis(20));
        }
    }
}

#[test]
fn workers_killed_each_task_has_its_result_or_is_named_as_the_dead_ones() {
    let mut random = Random::seeded("task queue");
    let domain = new_domain(256);
    let board = Board::new(domain, BOARD_WORDS);
    let before = domain.usage().1;
    let queue = TaskQueue::create(domain).expect("a queue");
    let start = |worker: u64| {
        queue.ship();
        board.set(TOKENS + worker, 0);
        Child::start("work", domain, &[board.address(), address(queue.handle()), worker])
    };
    let mut workers: Vec<Child> = (0..3).map(start).collect();
    let mut failed = std::collections::HashSet::new();
    let mut next_kill = 0;
    let mut kills = 0;
    for id in 1..=TASKS as u32 {
        until("room in the queue", || queue.submit(id, &payload(id)).expect("memory"));
        if id == next_kill || next_kill == 0 {
            next_kill = id + 1 + random.below(600) as u32;
            let victim = random.below(3);
            // Before that it has taken nothing.
            board.wait_for("the worker's token", TOKENS + victim, |token| token != 0);
            spin_for(Duration::from_micros(random.below(200)));
            workers[victim as usize].kill();
            kills += 1;
            let token = Token(board.get(TOKENS + victim) as u32);
            domain.reap_dead();
            for task in queue.tasks_of_dead(token, victim as u32) {
                failed.insert(task);
            }
            workers[victim as usize] = start(victim);
        }
    }
    let is_settled = |id: u32| board.get(RESULTS + u64::from(id)) == 1 || failed.contains(&id);
    until("every task's end", || (1..=TASKS as u32).all(is_settled));
    board.set(STOP, 1);
    workers.into_iter().for_each(Child::join);
    assert_eq!(board.get(FAULTS), 0, "a task ran twice, or its payload was damaged");
    assert!(failed.len() <= kills, "{} tasks failed in {kills} kills: each worker has one at a time", failed.len());
    assert!(!queue.has_tasks());
    drop(queue);
    domain.reap_dead();
    assert_eq!(domain.usage().1, before, "no payload is left");
}

#[test]
fn a_full_queue_refuses_and_withdrawn_tasks_run_nowhere() {
    let domain = new_domain(64);
    let agent = Agent::enlist(domain).expect("an agent");
    let before = domain.usage();
    let queue = TaskQueue::create(domain).expect("a queue");
    let mut id = 0;
    while queue.submit(id + 1, &payload(id + 1)).expect("memory") {
        id += 1;
    }
    assert!(id >= 1000, "{id} tasks fit");
    let first = queue.claim(agent.token, 0).expect("sound").expect("a task");
    assert_eq!((first.id, first.payload), (1, payload(1)));
    let withdrawn = queue.withdraw(agent.token).into_iter().map(|task| task.id);
    assert!(withdrawn.eq(2..=id), "all but the claimed one, in order");
    assert!(queue.claim(agent.token, 0).expect("sound").is_none());
    assert!(queue.submit(1, b"again").expect("memory"));
    assert_eq!(queue.claim(agent.token, 0).expect("sound").expect("a task").payload, b"again");
    drop(queue);
    assert_eq!(domain.usage(), before);
}

fn produce(domain: &'static Domain, arguments: &[u64]) {
    let board = Board::open(domain, arguments[0]);
    let queue = TaskQueue::create(domain).expect("a queue");
    board.set(QUEUE, address(queue.handle()));
    for id in (10..1000).step_by(10) {
        assert!(queue.submit(id, &payload(id)).expect("memory"));
    }
    board.set(STOP, 1);
    std::thread::sleep(family::BOUND);
}

#[test]
fn producer_and_workers_killed_no_payload_is_left() {
    let domain = new_domain(64);
    let board = Board::new(domain, 8);
    // The first payloads come to lie before the queue's block in the directory, and the others behind it.
    let recycled = [5000; 3].map(|size| domain.allocate(Kind::Buffer, size).expect("a block"));
    for block in recycled {
        domain.detach(block.handle);
    }
    let before = domain.usage();
    let mut producer = Child::start("produce", domain, &[board.address()]);
    board.wait_for("the tasks", STOP, |stop| stop == 1);
    let queue = TaskQueue::open(domain, handle(Kind::TaskQueue, board.get(QUEUE))).expect("the queue");
    producer.kill();
    domain.reap_dead();
    let token = domain.first_agent();
    assert_eq!(queue.claim(token, 0).expect("sound").expect("a task").payload, payload(10), "it outlives its producer");
    assert!(domain.usage().1 > before.1 + 90);
    // As if this process were killed, too: nothing is closed, and leaving does what its reaper would do.
    std::mem::forget(queue);
    domain.leave();
    assert_eq!(domain.usage().1, 0, "no payload is left, nor anything else");
}
