//! Each place of the domain that leads somewhere, overwritten with the worst values: what follows is an error or a repair.
//! The random counterpart is corruption/.

mod family;

use std::sync::atomic::Ordering::SeqCst;

use family::{BOUND, Board, Child, Random, bounded, new_domain, play};
use multiproc::channel::Endpoint;
use multiproc::error::Code;
use multiproc::memory::{AGENT_COUNT, Block, Domain, Handle, Kind, Layout, TOKEN_MASK, Token};
use multiproc::sync::barrier::{Arrival, Barrier};
use multiproc::sync::lock::{self, Lock};
use multiproc::sync::park::Agent;

// Where the header keeps what (memory/layout.rs).
const DOMAIN_LOCK: u64 = 64;
const ENTRY_COUNT: u64 = 128;
const SMALL_END: u64 = 136;
const LARGE_END: u64 = 144;
const LIVE_BYTES: u64 = 160;
const FREE_LISTS: u64 = 1024;
const CLASS_COUNT: u64 = 140;
// Fields of an entry (memory/directory.rs).
const OFFSET: u64 = 8;
const CAPACITY: u64 = 16;
const LENGTH: u64 = 24;
const NEXT_FREE: u64 = 32;
const CLASS: u64 = 48;
const CONTENDED: u32 = 1 << 31;

#[test]
fn role() {
    play(&[("stay", stay)]);
}

/// Says who it is, and stays.
fn stay(domain: &'static Domain, arguments: &[u64]) {
    Board::open(domain, arguments[0]).set(0, u64::from(domain.first_agent().0));
    // Longer than anybody waits for it.
    std::thread::sleep(BOUND * 2);
}

fn neighbour(domain: &'static Domain, board: Board) -> (Child, u32) {
    board.set(0, 0);
    let child = Child::start("stay", domain, &[board.address()]);
    board.wait_for("the neighbour", 0, |token| token != 0);
    (child, board.get(0) as u32)
}

fn allocate(domain: &Domain, length: u64) -> Block {
    domain.allocate(Kind::Buffer, length).expect("a block")
}

fn entry(block: Block) -> u64 {
    Layout::entry(block.handle.index)
}

/// No two of them share a byte, and none leaves the domain.
fn assert_apart(domain: &Domain, blocks: &[Block]) {
    let mut ranges: Vec<(u64, u64)> = blocks.iter().map(|block| (block.offset, block.offset + block.length)).collect();
    ranges.sort_unstable();
    assert!(ranges.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{ranges:?}");
    assert!(ranges.iter().all(|(start, end)| *start >= domain.layout().small_start && *end <= domain.map().len()));
    domain.check().expect("nothing outside of the domain was touched");
}

#[test]
fn free_lists_that_lead_nowhere_or_in_a_circle_are_made_anew() {
    let domain = new_domain(64);
    for length in [100, 3000, 100_000] {
        let mut blocks: Vec<Block> = (0..10).map(|_| allocate(domain, length)).collect();
        let freed: Vec<Block> = blocks.drain(..5).collect();
        for block in &freed {
            domain.detach(block.handle);
        }
        for broken in [u32::MAX, 1 << 31, domain.layout().entry_capacity + 1, blocks[0].handle.index + 1] {
            for list in 0..CLASS_COUNT {
                domain.map().u32_at(FREE_LISTS + list * 4).store(broken, SeqCst);
            }
            blocks.push(allocate(domain, length));
            assert_apart(domain, &blocks);
        }
        // Each free entry is its own successor.
        for block in &freed {
            domain.map().u32_at(entry(*block) + NEXT_FREE).store(block.handle.index + 1, SeqCst);
        }
        blocks.extend((0..10).map(|_| allocate(domain, length)));
        assert_apart(domain, &blocks);
    }
}

#[test]
fn entry_that_says_free_while_this_process_holds_it_is_not_handed_out() {
    let domain = new_domain(64);
    for length in [100, 100_000] {
        let mut blocks: Vec<Block> = (0..5).map(|_| allocate(domain, length)).collect();
        let generation = u64::from(blocks[2].handle.generation) << 32;
        domain.map().u64_at(entry(blocks[2])).store(generation, SeqCst);
        // In a free list, and out of it.
        let list = domain.map().u32_at(entry(blocks[2]) + CLASS).load(SeqCst);
        domain.map().u32_at(FREE_LISTS + u64::from(list) * 4).store(blocks[2].handle.index + 1, SeqCst);
        blocks.extend((0..5).map(|_| allocate(domain, length)));
        domain.map().u32_at(DOMAIN_LOCK).store(CONTENDED, SeqCst);
        blocks.extend((0..5).map(|_| allocate(domain, length)));
        assert_apart(domain, &blocks);
    }
}

#[test]
fn counts_and_ends_that_were_overwritten_are_made_anew() {
    let domain = new_domain(64);
    let mut blocks: Vec<Block> = [100, 5000].iter().cycle().take(40).map(|length| allocate(domain, *length)).collect();
    let before = domain.usage();
    for value in [0, 1, 7, 63, 1 << 31, u64::MAX, u64::MAX - 63, domain.map().len(), domain.layout().small_start + 8] {
        for field in [SMALL_END, LARGE_END, LIVE_BYTES] {
            domain.map().u64_at(field).store(value, SeqCst);
        }
        domain.map().u32_at(ENTRY_COUNT).store(value as u32, SeqCst);
        assert!(blocks.iter().all(|block| value < 40 || domain.is_live(block.handle)), "with a count of {value}");
        // Of sizes that nobody freed: new entries, behind all others.
        for length in [100, 5000] {
            match domain.allocate(Kind::Buffer, length) {
                Ok(block) => blocks.push(block),
                Err(error) => assert!(matches!(error.code, Code::ShmSpace | Code::Domain), "{error}"),
            }
        }
        assert_apart(domain, &blocks);
    }
    for block in blocks.drain(40..) {
        domain.detach(block.handle);
    }
    domain.map().u32_at(DOMAIN_LOCK).store(CONTENDED, SeqCst);
    blocks.push(allocate(domain, 100));
    assert_eq!(domain.usage(), (before.0 + 128, before.1 + 1), "inheriting the lock counts anew");
    assert_apart(domain, &blocks);
}

#[test]
fn entry_that_says_it_is_huge_is_not_believed() {
    let domain = new_domain(64);
    let block = allocate(domain, 100_000);
    domain.ship(block.handle);
    domain.detach(block.handle);
    for size in [1 << 20, 30 << 20] {
        domain.map().u64_at(entry(block) + LENGTH).store(size, SeqCst);
        domain.map().u64_at(entry(block) + CAPACITY).store(size, SeqCst);
        assert_eq!(domain.attach(block.handle).expect_err("refused").code, Code::Handle);
    }
}

#[test]
fn count_of_entries_that_is_too_small_costs_no_block() {
    let domain = new_domain(64);
    let mut blocks: Vec<Block> = (0..40).map(|_| allocate(domain, 100)).collect();
    for count in [0, 1, 39] {
        domain.map().u32_at(ENTRY_COUNT).store(count, SeqCst);
        blocks.push(allocate(domain, 100));
        assert_apart(domain, &blocks);
        assert!(blocks.iter().all(|block| domain.is_live(block.handle)), "with a count of {count}");
    }
}

#[test]
fn count_of_entries_that_is_too_large_costs_no_memory() {
    use std::os::unix::fs::MetadataExt;
    let domain = new_domain(16 << 10);
    let block = allocate(domain, 100);
    for count in [domain.layout().entry_capacity, u32::MAX] {
        domain.map().u32_at(ENTRY_COUNT).store(count, SeqCst);
        domain.detach(allocate(domain, 100).handle);
        domain.reap_dead();
        domain.map().u32_at(ENTRY_COUNT).store(count, SeqCst);
        domain.map().u32_at(DOMAIN_LOCK).store(CONTENDED, SeqCst);
        domain.detach(allocate(domain, 100).handle);
    }
    let board = Board::new(domain, 8);
    let (mut child, _) = neighbour(domain, board);
    domain.map().u32_at(ENTRY_COUNT).store(u32::MAX, SeqCst);
    child.kill();
    assert!(domain.reap_dead());
    assert!(domain.is_live(block.handle));
    let file = std::fs::metadata(format!("/proc/self/fd/{}", domain.raw_fd())).expect("the domain's file");
    assert!(file.blocks() * 512 < 16 << 20, "{} blocks", file.blocks());
}

#[test]
fn entries_that_were_overwritten_give_no_block_or_one_inside_of_the_domain() {
    let domain = new_domain(64);
    let size = domain.map().len();
    let words = [0, 1, 64, size, size - 4, size - 64, size + 64, 1 << 63, u64::MAX, u64::MAX - 63];
    for kind in [Kind::Lock, Kind::Buffer, Kind::Barrier] {
        for field in [0, OFFSET, CAPACITY, LENGTH, CLASS] {
            for word in words {
                let block = domain.allocate(kind, 200).expect("a block");
                domain.ship(block.handle);
                domain.detach(block.handle);
                let at = domain.map().u64_at(entry(block) + field);
                let good = at.swap(word, SeqCst);
                if let Ok(found) = domain.attach(block.handle) {
                    assert!(found.offset + found.length <= size && found.length <= 256, "{found:?}");
                    domain.detach(block.handle);
                }
                // Reaping and repairing go over it too.
                domain.map().u32_at(DOMAIN_LOCK).store(CONTENDED, SeqCst);
                assert_apart(domain, &[allocate(domain, 200), allocate(domain, 5000)]);
                at.store(good, SeqCst);
                domain.unship(block.handle);
            }
        }
    }
}

#[test]
fn names_that_were_overwritten_are_given_anew() {
    let domain = new_domain(64);
    let open = || {
        let make = || domain.allocate(Kind::Lock, lock::BLOCK_SIZE);
        domain.open_named(Kind::Lock, "jobs", make).expect("a lock")
    };
    let (first, is_new) = open();
    assert!(is_new && !open().1);
    for word in [0, u64::MAX, 1 << 63, u64::from(first.handle.index + 1) << 32, 1 << 32, u64::from(u32::MAX)] {
        for slot in 0..4096 {
            domain.map().u64_at(Layout::name(slot)).store(word, SeqCst);
        }
        let (block, is_new) = open();
        assert!(is_new && block.handle != first.handle, "after {word:#x}");
        assert_eq!(open().0, block);
    }
    domain.check().expect("nothing outside of the domain was touched");
}

#[test]
fn agent_table_full_of_nonsense_is_cleared_by_reaping() {
    let mut random = Random::seeded("agent table");
    let domain = new_domain(64);
    for _ in 0..5 {
        let own = domain.slot();
        for slot in (0..AGENT_COUNT).filter(|slot| *slot != own) {
            for field in (0..128).step_by(8) {
                // A pid that nobody has.
                let life = random.next() | 1 << 62 | 1 << 55;
                domain.map().u64_at(Layout::agent(slot) + field).store(life, SeqCst);
            }
        }
        for slot in 0..AGENT_COUNT {
            domain.agents().info(Token(random.next() as u32 & TOKEN_MASK & !511 | slot));
        }
        bounded("reaping", move || domain.reap_dead());
        let tokens: Vec<Token> = (0..100).map(|_| domain.enlist().expect("a slot")).collect();
        assert!(tokens.iter().all(|token| domain.agents().is_alive_now(*token)));
        for token in tokens {
            domain.discharge(token);
        }
    }
}

#[test]
fn barrier_guard_that_names_a_living_agent_breaks_the_barrier() {
    let domain = new_domain(64);
    let board = Board::new(domain, 8);
    let (child, token) = neighbour(domain, board);
    let agent = Agent::enlist(domain).expect("an agent");
    let me = agent.token;
    for lie in [me.0, token, u32::MAX] {
        let block = domain.allocate(Kind::Barrier, Barrier::block_size(3)).expect("a barrier");
        Barrier::initialise(domain, block, 3);
        domain.map().u32_at(block.offset).store(lie, SeqCst);
        let arrival = bounded("the guard", move || Barrier::at(domain, block).expect("a barrier").arrive(me, false));
        assert!(matches!(arrival, Arrival::Broken), "{lie:#x}");
        assert_eq!(domain.map().u32_at(block.offset).load(SeqCst), 0, "the guard is free again");
    }
    assert!(!child.has_ended());
}

#[test]
fn object_in_a_block_that_is_too_short_for_it_is_refused() {
    let domain = new_domain(64);
    let block = domain.allocate(Kind::Lock, lock::BLOCK_SIZE).expect("a lock");
    domain.map().u64_at(entry(block) + LENGTH).store(4, SeqCst);
    assert_eq!(domain.attach(block.handle).expect_err("refused").code, Code::Handle);
    domain.map().u64_at(entry(block) + LENGTH).store(lock::BLOCK_SIZE, SeqCst);
    let whole = domain.attach(block.handle).expect("as before");
    assert!(Lock::at(domain, whole).release(domain.first_agent()).is_err());
}

#[test]
fn access_outside_of_the_domain_is_noted_and_touches_nothing() {
    let domain = new_domain(64);
    let (map, end) = (domain.map(), domain.map().len());
    domain.check().expect("sound so far");
    map.u32_at(end).store(7, SeqCst);
    assert_eq!(domain.check().expect_err("noted").code, Code::Domain);
    assert!(domain.check().expect_err("noted").message.contains(&end.to_string()));
    for offset in [end - 2, 2, u64::MAX, u64::MAX - 3] {
        map.u32_at(offset).fetch_add(1, SeqCst);
        map.u64_at(offset).fetch_add(1, SeqCst);
    }
    map.write(end - 4, &[1; 8]);
    map.zero(end - 4, u64::MAX);
    let mut bytes = [9; 8];
    map.read(u64::MAX, &mut bytes);
    assert_eq!(bytes, [0; 8]);
    assert!(map.read_vec(end, 1).is_none() && map.pointer(end, 1).is_none());
    assert_eq!(map.u64_at(end - 8).load(SeqCst), 0);
}

#[test]
fn channel_counters_at_the_end_of_their_range_are_an_error() {
    let domain = new_domain(64);
    let agent = Agent::enlist(domain).expect("an agent");
    for counter in [u64::MAX, u64::MAX - 7, u64::MAX - 63, 1 << 63] {
        let mut end = Endpoint::create(&agent).expect("a channel");
        end.send(1, &[b"in time"]).expect("sent");
        let segment = |direction: u64| {
            let channel = domain.attach(end.handle()).expect("the channel");
            let index = (domain.map().u64_at(channel.offset + direction * 64 + 16).load(SeqCst) >> 32) as u32 - 1;
            domain.detach(end.handle());
            domain.map().u64_at(Layout::entry(index) + OFFSET).load(SeqCst)
        };
        // What the peer of the creator finds: the head of the one it reads, the tail of the one it writes.
        for direction in 0..2 {
            domain.map().u64_at(segment(direction)).store(counter - counter % 8 - 64, SeqCst);
            domain.map().u64_at(segment(direction) + 64).store(counter, SeqCst);
        }
        let handle: Handle = end.handle();
        if let Ok(mut peer) = Endpoint::open(&agent, handle) {
            let _ = peer.receive();
            let _ = peer.send(1, &[&[7; 100]]);
            let _ = peer.take_back(100);
        }
        end.take_back(100);
    }
    domain.check().expect("nothing outside of the domain was touched");
}
