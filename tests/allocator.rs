//! Several processes allocate, share and give back blocks of all sizes while some of them are killed at random moments:
//! no two live blocks overlap, every new block is zeroed, and in the end every block is accounted for.

mod family;

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use family::{Board, Child, Random, address, handle, new_domain, play, spin_for, until};
use multiproc::error::Code;
use multiproc::memory::{Block, Domain, Handle, Kind};

const STOP: u64 = 0;
const FAULTS: u64 = 1;
const ROUNDS: u64 = 2;
const EXCHANGE: u64 = 8;
const EXCHANGE_SIZE: u64 = 32;
const BOARD_WORDS: u64 = EXCHANGE + EXCHANGE_SIZE;

#[test]
fn role() {
    play(&[("hammer", hammer), ("soil", soil)]);
}

/// A block that this process holds, and the mark that must stay in it.
struct Held {
    block: Block,
    mark: u64,
}

fn hammer(domain: &'static Domain, arguments: &[u64]) {
    let board = Board::open(domain, arguments[0]);
    let mut random = Random::from(arguments[1]);
    let mut held: Vec<Held> = Vec::new();
    while board.get(STOP) == 0 {
        board.word(ROUNDS).fetch_add(1, SeqCst);
        match random.below(4) {
            0 | 1 if held.len() < 40 => {
                let mark = random.next() | 1;
                if let Some(new) = allocate(domain, board, size(&mut random), mark) {
                    board.set(EXCHANGE + random.below(EXCHANGE_SIZE), address(new.block.handle));
                    held.push(new);
                }
            }
            2 if held.len() < 40 => {
                let offered = board.get(EXCHANGE + random.below(EXCHANGE_SIZE));
                // The block may be gone, or its place another's: then the handle is refused.
                if let Ok(block) = domain.attach(handle(Kind::Buffer, offered)) {
                    let mark = mark_of(domain, block);
                    held.push(Held { block, mark });
                }
            }
            _ if !held.is_empty() => {
                let Held { block, mark } = held.swap_remove(random.below(held.len() as u64) as usize);
                check(board, mark_of(domain, block) == mark && last_of(domain, block) == mark);
                domain.detach(block.handle);
            }
            _ => {}
        }
    }
    for Held { block, mark } in held {
        check(board, mark_of(domain, block) == mark);
        domain.detach(block.handle);
    }
}

fn size(random: &mut Random) -> u64 {
    let magnitude = 4 + random.below(15);
    (16 + random.below(1 << magnitude)).next_multiple_of(8)
}

fn allocate(domain: &'static Domain, board: Board, size: u64, mark: u64) -> Option<Held> {
    let block = match domain.allocate(Kind::Buffer, size) {
        Ok(block) => block,
        Err(error) => {
            check(board, error.code == Code::ShmSpace);
            return None;
        }
    };
    let middle = domain.map().u64_at(block.offset + block.length / 16 * 8).load(SeqCst);
    check(board, mark_of(domain, block) == 0 && last_of(domain, block) == 0 && middle == 0);
    domain.map().u64_at(block.offset).store(mark, SeqCst);
    domain.map().u64_at(block.offset + block.length - 8).store(mark, SeqCst);
    Some(Held { block, mark })
}

fn mark_of(domain: &Domain, block: Block) -> u64 {
    domain.map().u64_at(block.offset).load(SeqCst)
}

fn last_of(domain: &Domain, block: Block) -> u64 {
    domain.map().u64_at(block.offset + block.length - 8).load(SeqCst)
}

fn check(board: Board, sound: bool) {
    if !sound {
        board.word(FAULTS).fetch_add(1, SeqCst);
    }
}

#[test]
fn killed_at_random_moments_no_block_is_lost_or_given_out_twice() {
    let mut random = Random::seeded("allocator");
    let domain = new_domain(256);
    let board = Board::new(domain, BOARD_WORDS);
    let before = domain.usage();
    let start = |random: &mut Random| Child::start("hammer", domain, &[board.address(), random.next() >> 1]);
    let mut children: Vec<Child> = (0..4).map(|_| start(&mut random)).collect();
    for _ in 0..80 {
        let rounds = board.get(ROUNDS);
        board.wait_for("work", ROUNDS, |now| now > rounds + 50);
        spin_for(Duration::from_micros(random.below(5000)));
        let victim = random.below(4) as usize;
        children[victim].kill();
        // Not always at once: the living meet what the dead left behind.
        if random.below(3) > 0 {
            domain.reap_dead();
        }
        children[victim] = start(&mut random);
    }
    board.set(STOP, 1);
    children.into_iter().for_each(Child::join);
    domain.reap_dead();
    assert_eq!(board.get(FAULTS), 0, "blocks overlapped, or were not zeroed");
    assert_eq!(domain.usage(), before, "bytes and number of live blocks");
}

const SOILED_SIZES: [u64; 6] = [40, 100, 4096, 5000, 70_000, 1 << 20];

/// Fills blocks of all sizes to their last byte, and gives some back.
fn soil(domain: &'static Domain, arguments: &[u64]) {
    let board = Board::open(domain, arguments[0]);
    let mut random = Random::from(arguments[1]);
    let mut held = Vec::new();
    while board.get(STOP) == 0 {
        let size = SOILED_SIZES[random.below(6) as usize];
        let block = domain.allocate(Kind::Buffer, size).expect("a block");
        domain.map().write(block.offset, &vec![0xff; size as usize]);
        held.push(block.handle);
        if held.len() > 20 || random.below(2) == 0 {
            domain.detach(held.swap_remove(random.below(held.len() as u64) as usize));
        }
        board.word(ROUNDS).fetch_add(1, SeqCst);
    }
}

#[test]
fn every_byte_of_a_killed_holders_blocks_is_zero_when_they_are_handed_out_again() {
    let mut random = Random::seeded("soiled");
    let domain = new_domain(256);
    let board = Board::new(domain, BOARD_WORDS);
    let before = domain.usage();
    let mut recycled = 0;
    for _ in 0..15 {
        let rounds = board.get(ROUNDS);
        let mut child = Child::start("soil", domain, &[board.address(), random.next() >> 1]);
        board.wait_for("soiled blocks", ROUNDS, |now| now > rounds + 100);
        spin_for(Duration::from_micros(random.below(3000)));
        child.kill();
        domain.reap_dead();
        assert_eq!(domain.usage(), before, "all are back");
        let blocks: Vec<Block> = SOILED_SIZES
            .iter()
            .cycle()
            .take(90)
            .map(|size| domain.allocate(Kind::Buffer, *size).expect("a block"))
            .collect();
        for block in blocks {
            recycled += u32::from(block.handle.generation > 1);
            let bytes = domain.map().read_vec(block.offset, block.length as usize).expect("its bytes");
            assert!(bytes.iter().all(|byte| *byte == 0), "{block:?}");
            domain.detach(block.handle);
        }
    }
    assert!(recycled > 500, "{recycled} blocks had been another's");
}

#[test]
fn a_block_lives_until_the_last_process_that_holds_it_is_gone() {
    let domain = new_domain(64);
    let board = Board::new(domain, BOARD_WORDS);
    let mut child = Child::start("hammer", domain, &[board.address(), 7]);
    let offered = || (0..EXCHANGE_SIZE).map(|index| board.get(EXCHANGE + index)).find(|address| *address != 0);
    until("a block of the child's", || {
        offered().is_some_and(|address| domain.attach(handle(Kind::Buffer, address)).is_ok())
    });
    let held: Vec<Handle> = (0..EXCHANGE_SIZE)
        .map(|index| handle(Kind::Buffer, board.get(EXCHANGE + index)))
        .filter(|handle| domain.holds(*handle) && domain.is_live(*handle) && handle.index != 0)
        .collect();
    child.kill();
    domain.reap_dead();
    assert!(!held.is_empty());
    for handle in held {
        assert!(domain.is_live(handle), "we still hold it");
        domain.detach(handle);
        assert!(!domain.is_live(handle), "and were the last");
        assert_eq!(domain.attach(handle).expect_err("stale").code, Code::Handle);
    }
}

#[test]
fn forged_handles_are_refused_and_change_nothing() {
    let domain = new_domain(64);
    let block = domain.allocate(Kind::Buffer, 100).expect("a block");
    let before = domain.usage();
    let Handle { index, generation, .. } = block.handle;
    for forged in [
        Handle { kind: Kind::Lock, index, generation },
        Handle { kind: Kind::Buffer, index, generation: generation + 1 },
        Handle { kind: Kind::Buffer, index, generation: 0 },
        Handle { kind: Kind::Buffer, index: index + 1, generation },
        Handle { kind: Kind::Buffer, index: u32::MAX, generation },
    ] {
        assert_eq!(domain.attach(forged).expect_err("refused").code, Code::Handle, "{forged:?}");
        domain.unship(forged);
        assert!(!domain.is_live(forged));
    }
    assert_eq!(domain.usage(), before);
    assert!(domain.is_live(block.handle));
    domain.detach(block.handle);
}

#[test]
fn a_block_in_flight_outlives_its_sender_and_is_freed_when_it_is_discarded() {
    let domain = new_domain(64);
    let before = domain.usage();
    let block = domain.allocate(Kind::Buffer, 100).expect("a block");
    domain.ship(block.handle);
    domain.detach(block.handle);
    assert!(domain.is_live(block.handle));
    domain.unship(block.handle);
    assert!(!domain.is_live(block.handle));
    domain.unship(block.handle);
    assert_eq!(domain.usage(), before, "discarding twice is harmless");
}

#[test]
fn running_out_is_an_error_with_sizes_and_room_comes_back() {
    let domain = new_domain(64);
    let before = domain.usage();
    let mut blocks = Vec::new();
    let error = loop {
        match domain.allocate(Kind::Buffer, 1 << 20) {
            Ok(block) => blocks.push(block),
            Err(error) => break error,
        }
    };
    assert!(blocks.len() > 40, "{} MiB of 64", blocks.len());
    assert_eq!(error.code, Code::ShmSpace);
    for part in ["1048576", &(64_u64 << 20).to_string(), &domain.usage().0.to_string()] {
        assert!(error.message.contains(part), "{error} names {part}");
    }
    assert_eq!(domain.allocate(Kind::Buffer, u64::MAX).expect_err("too long").code, Code::ShmSpace);
    assert!(domain.allocate(Kind::Buffer, 100).is_ok(), "small blocks have their own room");
    for block in blocks.drain(..) {
        domain.detach(block.handle);
    }
    let again = domain.allocate(Kind::Buffer, 1 << 20).expect("room again");
    domain.detach(again.handle);
    assert!(domain.usage().0 <= before.0 + 128);
}
