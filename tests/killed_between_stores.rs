//! Every operation on shared memory is killed after its first store, after its second, and so on to its end; each time
//! the others go on, nothing is lost, and nothing is given out twice.

mod family;

use family::stepper::{FREE_WORDS, each_kill, perform};
use family::{Board, address, bounded, bytes_at, handle, play};
use multiproc::memory::{Block, Domain, Handle, Kind};
use multiproc::pool::task_queue::TaskQueue;
use multiproc::sync::barrier::{Arrival, Barrier};
use multiproc::sync::lock::{self, Attempt, Lock};
use multiproc::sync::semaphore::{self, Semaphore};

/// Where the state of an object lies in its block; what messages hold is of no interest.
const STATE_BYTES: u64 = 136;
/// The state of a task queue, with its first slots.
const QUEUE_STATE_BYTES: u64 = 2048;

#[test]
fn role() {
    play(&[
        ("allocate", |domain, arguments| {
            let board = Board::open(domain, arguments[0]);
            perform(board, || {
                let block = domain.allocate(Kind::Buffer, arguments[1]).expect("a block");
                domain.detach(block.handle);
            });
        }),
        ("attach", |domain, arguments| {
            let board = Board::open(domain, arguments[0]);
            perform(board, || {
                let wanted = handle(Kind::Buffer, arguments[1]);
                domain.attach(wanted).expect("the parent's block");
                domain.detach(wanted);
            });
        }),
        ("receive_reference", |domain, arguments| {
            let board = Board::open(domain, arguments[0]);
            perform(board, || {
                let wanted = handle(Kind::Buffer, arguments[1]);
                domain.attach(wanted).expect("the shipped block");
                domain.unship(wanted);
                domain.detach(wanted);
            });
        }),
        ("open_name", |domain, arguments| {
            let board = Board::open(domain, arguments[0]);
            perform(board, || {
                let (block, _) = open_jobs(domain);
                domain.detach(block.handle);
            });
        }),
        ("leave", |domain, arguments| {
            let board = Board::open(domain, arguments[0]);
            domain.allocate(Kind::Buffer, 200).expect("a block that leaving gives back");
            perform(board, || domain.leave());
        }),
        ("lock", |domain, arguments| {
            let board = Board::open(domain, arguments[0]);
            let block = domain.attach(handle(Kind::Lock, arguments[1])).expect("the lock");
            perform(board, || {
                let lock = Lock::at(domain, block);
                let me = domain.first_agent();
                lock.register(me.slot());
                assert_eq!(lock.try_acquire(me), Attempt::Acquired);
                lock.unregister(me);
                lock.release(me).expect("held");
            });
        }),
        ("semaphore", |domain, arguments| {
            let board = Board::open(domain, arguments[0]);
            let block = domain.attach(handle(Kind::Semaphore, arguments[1])).expect("the semaphore");
            perform(board, || {
                let semaphore = Semaphore::at(domain, block);
                let slot = domain.first_agent().slot();
                semaphore.register(slot);
                assert!(semaphore.try_acquire());
                semaphore.unregister(domain.first_agent());
                semaphore.release(1).expect("room");
            });
        }),
        ("barrier", |domain, arguments| {
            let board = Board::open(domain, arguments[0]);
            let block = domain.attach(handle(Kind::Barrier, arguments[1])).expect("the barrier");
            perform(board, || {
                let barrier = Barrier::at(domain, block).expect("sound");
                let me = domain.first_agent();
                barrier.join(me);
                assert!(matches!(barrier.arrive(me, false), Arrival::Last(0)));
                barrier.leave(me);
            });
        }),
        ("work", |domain, arguments| {
            let board = Board::open(domain, arguments[0]);
            let queue = TaskQueue::open(domain, handle(Kind::TaskQueue, arguments[1])).expect("the queue");
            perform(board, || {
                while let Some(task) = queue.claim(domain.first_agent(), 7).expect("a sound queue") {
                    assert!(task.payload.iter().all(|byte| u32::from(*byte) == task.id));
                    board.set(FREE_WORDS + u64::from(task.id), 1);
                    queue.finish(7);
                }
            });
        }),
    ]);
}

fn open_jobs(domain: &Domain) -> (Block, bool) {
    domain.open_named(Kind::Buffer, "jobs", || domain.allocate(Kind::Buffer, 128)).expect("the named object")
}

#[test]
fn allocating_and_giving_back_a_fresh_block() {
    each_kill("allocate", STATE_BYTES, |_| ((), vec![200]), |_, _, (), _| 0);
}

#[test]
fn allocating_and_giving_back_a_recycled_block() {
    let recycle = |domain: &Domain| {
        for size in [200, 200, 128] {
            let block = domain.allocate(Kind::Buffer, size).expect("a block");
            domain.map().write(block.offset, &[7; 64]);
            domain.detach(block.handle);
        }
    };
    each_kill("allocate", STATE_BYTES, |domain| (recycle(domain), vec![200]), |_, _, (), _| 0);
}

#[test]
fn allocating_and_giving_back_a_large_block() {
    each_kill("allocate", STATE_BYTES, |_| ((), vec![100 << 10]), |_, _, (), _| 0);
}

#[test]
fn attaching_a_block_that_another_process_holds() {
    each_kill(
        "attach",
        STATE_BYTES,
        |domain| {
            let block = domain.allocate(Kind::Buffer, 200).expect("a block");
            domain.map().write(block.offset, &[42; 200]);
            (block, vec![address(block.handle)])
        },
        |domain, _, block, _| {
            assert!(domain.is_live(block.handle), "the parent holds it");
            assert_eq!(bytes_at(domain, block.offset, 200), vec![42; 200]);
            domain.detach(block.handle);
            0
        },
    );
}

#[test]
fn taking_over_the_only_reference_to_a_block() {
    each_kill(
        "receive_reference",
        STATE_BYTES,
        |domain| {
            let block = domain.allocate(Kind::Buffer, 200).expect("a block");
            domain.ship(block.handle);
            domain.detach(block.handle);
            (block.handle, vec![address(block.handle)])
        },
        |domain, _, handle: Handle, _| {
            // Killed before it took the reference over: whoever discards the message ends it.
            let referenced = domain.map().u32_at(multiproc::memory::Layout::entry(handle.index) + 40);
            if domain.is_live(handle) && referenced.load(std::sync::atomic::Ordering::SeqCst) != 0 {
                domain.unship(handle);
            }
            0
        },
    );
}

#[test]
fn opening_a_name_that_is_new() {
    each_kill(
        "open_name",
        STATE_BYTES,
        |_| ((), vec![]),
        |domain, _, (), _| {
            // Before the dead is reaped another process opens the name; afterwards it must still be that object.
            let (opened, _) = bounded("opening the name", || open_jobs(domain));
            domain.reap_dead();
            let (again, is_new) = bounded("opening it again", || open_jobs(domain));
            assert_eq!((again.handle, is_new), (opened.handle, false), "one name, two objects");
            domain.detach(opened.handle);
            domain.detach(again.handle);
            0
        },
    );
}

#[test]
fn opening_a_name_that_another_process_holds() {
    each_kill(
        "open_name",
        STATE_BYTES,
        |domain| (open_jobs(domain).0, vec![]),
        |domain, _, held, _| {
            domain.reap_dead();
            let (again, is_new) = bounded("opening the name", || open_jobs(domain));
            assert_eq!((again.handle, is_new), (held.handle, false));
            domain.detach(held.handle);
            domain.detach(again.handle);
            0
        },
    );
}

#[test]
fn leaving_in_good_order() {
    each_kill("leave", STATE_BYTES, |_| ((), vec![]), |_, _, (), _| 0);
}

#[test]
fn taking_and_releasing_a_lock_while_another_waits() {
    each_kill(
        "lock",
        STATE_BYTES,
        |domain| {
            let block = domain.allocate(Kind::Lock, lock::BLOCK_SIZE).expect("a lock");
            Lock::at(domain, block).register(domain.slot());
            (block, vec![address(block.handle)])
        },
        |domain, _, block, _| {
            domain.reap_dead();
            let lock = Lock::at(domain, block);
            assert_ne!(lock.try_acquire(domain.first_agent()), Attempt::Held, "the dead keeps nobody out");
            lock.unregister(domain.first_agent());
            lock.release(domain.first_agent()).expect("held by us");
            domain.detach(block.handle);
            0
        },
    );
}

#[test]
fn taking_and_releasing_a_permit_while_another_waits() {
    each_kill(
        "semaphore",
        STATE_BYTES,
        |domain| {
            let block = domain.allocate(Kind::Semaphore, semaphore::BLOCK_SIZE).expect("a semaphore");
            let semaphore = Semaphore::at(domain, block);
            semaphore.initialise(3);
            semaphore.register(domain.slot());
            (block, vec![address(block.handle)])
        },
        |domain, _, block, _| {
            let value = Semaphore::at(domain, block).value();
            assert!((2..=3).contains(&value), "{value} of 3 permits: only the dead one's own may be gone");
            domain.detach(block.handle);
            0
        },
    );
}

#[test]
fn joining_passing_and_leaving_a_barrier() {
    each_kill(
        "barrier",
        2 * STATE_BYTES,
        |domain| {
            let block = domain.allocate(Kind::Barrier, Barrier::block_size(1)).expect("a barrier");
            Barrier::initialise(domain, block, 1);
            (block, vec![address(block.handle)])
        },
        |domain, _, block, _| {
            let me = domain.first_agent();
            let arrived = bounded("the guard of a dead process", move || {
                Barrier::at(domain, block).expect("sound").arrive(me, false)
            });
            assert!(matches!(arrived, Arrival::Last(0) | Arrival::Broken));
            domain.reap_dead();
            let barrier = Barrier::at(domain, block).expect("sound");
            barrier.reset(me);
            assert!(!barrier.is_broken());
            assert!(matches!(barrier.arrive(me, false), Arrival::Last(0)), "it works again");
            domain.detach(block.handle);
            0
        },
    );
}

#[test]
fn claiming_and_finishing_tasks() {
    each_kill(
        "work",
        QUEUE_STATE_BYTES,
        |domain| {
            let queue = TaskQueue::create(domain).expect("a queue");
            for id in 1..=3_u8 {
                let length = if id == 2 { 1000 } else { 10 };
                assert!(queue.submit(u32::from(id), &vec![id; length]).expect("room"));
            }
            let handle = queue.handle();
            queue.ship();
            (queue, vec![address(handle)])
        },
        |domain, board, queue, _| {
            let mut tokens = (0..8).filter_map(|slot| domain.agents().token_standing_in(slot));
            let worker = tokens.find(|token| *token != domain.first_agent()).expect("the worker's token");
            domain.reap_dead();
            let taken = queue.tasks_of_dead(worker, 7);
            let mut left = Vec::new();
            while let Some(task) = queue.claim(domain.first_agent(), 0).expect("a sound queue") {
                assert!(task.payload.iter().all(|byte| u32::from(*byte) == task.id));
                left.push(task.id);
            }
            for id in 1..=3 {
                let done = board.get(FREE_WORDS + u64::from(id)) == 1;
                let lists = taken.iter().filter(|other| **other == id).count()
                    + left.iter().filter(|other| **other == id).count();
                assert!(lists <= 1, "task {id}: taken {taken:?}, left {left:?}");
                assert!(done || lists == 1, "task {id} is lost: taken {taken:?}, left {left:?}");
                assert!(!(done && left.contains(&id)), "task {id} would run twice");
            }
            0
        },
    );
}
