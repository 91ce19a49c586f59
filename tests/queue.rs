//! Every operation on a queue is killed after its first store, after its second, and so on to its end; each time the others
//! find every item that was put and not got, once and in order, the sizes are right, and when the queue ends nothing is left.

mod family;

use family::stepper::{FREE_WORDS, each_kill, perform};
use family::{Board, address, bounded, handle, play};
use multiproc::memory::{Block, Domain, Handle, Kind};
use multiproc::queue::{self, Got, Item, Limits, Put, Queue};

/// The state of a queue with its first hands, and that of segments; what items hold is of no interest.
const STATE_BYTES: u64 = 384 + 16 * 16;
/// How many items the child knows to be put, got, or acknowledged.
const KNOWN: u64 = FREE_WORDS;
const ACKNOWLEDGED: u64 = FREE_WORDS + 1;
/// The first four nearly fill a segment, one travels in a block of its own, and the rest goes on in the next segment.
const LENGTHS: [usize; 9] = [15_600, 15_600, 15_600, 15_600, 200, 17_000, 2000, 2000, 10];
const ITEMS: u8 = LENGTHS.len() as u8;
const BEFORE: u8 = 4;
const FEW: u8 = 3;

#[test]
fn role() {
    play(&[
        ("put", put),
        ("put_reference", put_reference),
        ("get", get),
        ("acknowledge", acknowledge),
        ("give_back", give_back),
        ("close", close),
    ]);
}

fn content(number: u8) -> Vec<u8> {
    vec![number; LENGTHS[usize::from(number)]]
}

fn put_one(domain: &'static Domain, queue: Queue<'static>, number: u8) {
    assert_eq!(queue.put(domain.first_agent(), (number, 0.0), &[], &content(number)).expect("sound"), Put::Done);
}

fn opened(domain: &'static Domain, arguments: &[u64]) -> (Board, Queue<'static>) {
    let block = domain.attach(handle(Kind::Queue, arguments[1])).expect("the queue");
    (Board::open(domain, arguments[0]), Queue::at(domain, block).expect("sound"))
}

fn put(domain: &'static Domain, arguments: &[u64]) {
    let (board, queue) = opened(domain, arguments);
    perform(board, || {
        for number in BEFORE..arguments[2] as u8 {
            put_one(domain, queue, number);
            board.set(KNOWN, board.get(KNOWN) + 1);
        }
    });
}

fn put_reference(domain: &'static Domain, arguments: &[u64]) {
    let (board, queue) = opened(domain, arguments);
    perform(board, || {
        // Shipped by the parent, as a killed process may leave one behind that was shipped and not put.
        let references = [handle(Kind::Buffer, arguments[2])];
        assert_eq!(
            queue.put(domain.first_agent(), (1, 0.0), &references, b"with a reference").expect("sound"),
            Put::Done
        );
        board.set(KNOWN, 1);
    });
}

fn get(domain: &'static Domain, arguments: &[u64]) {
    let (board, queue) = opened(domain, arguments);
    perform(board, || {
        while let Got::Item(item) = queue.get(domain.first_agent()).expect("sound") {
            assert_eq!(u64::from(item.message_type), board.get(KNOWN));
            board.set(KNOWN, board.get(KNOWN) + 1);
        }
    });
}

fn acknowledge(domain: &'static Domain, arguments: &[u64]) {
    let (board, queue) = opened(domain, arguments);
    perform(board, || {
        for _ in 1..FEW {
            let Got::Item(item) = queue.get(domain.first_agent()).expect("sound") else { panic!("nothing is there") };
            board.set(KNOWN, board.get(KNOWN) + 1);
            assert!(queue.acknowledge(domain.first_agent(), item.hand.expect("a hand")));
            board.set(ACKNOWLEDGED, board.get(ACKNOWLEDGED) + 1);
        }
    });
}

/// Takes two, and gives back the first.
fn give_back(domain: &'static Domain, arguments: &[u64]) {
    let (board, queue) = opened(domain, arguments);
    perform(board, || {
        let hands = [0, 1].map(|_| match queue.get(domain.first_agent()).expect("sound") {
            Got::Item(item) => item.hand.expect("a hand"),
            _ => panic!("nothing is there"),
        });
        assert!(queue.give_back(domain.first_agent(), hands[0]));
    });
}

fn close(domain: &'static Domain, arguments: &[u64]) {
    let (board, queue) = opened(domain, arguments);
    perform(board, || queue.close(domain.first_agent(), arguments[2] == 1));
}

fn new_queue(domain: &'static Domain, acknowledged: bool, items: u8) -> (Block, Vec<u64>) {
    queue::install();
    let block = queue::create(domain, Limits::default(), acknowledged).expect("a queue");
    let queue = Queue::at(domain, block).expect("sound");
    for number in 0..items {
        put_one(domain, queue, number);
    }
    (block, vec![address(block.handle)])
}

/// What is in the queue, without waiting; the sizes are those of what comes, once the death is known.
fn taken(domain: &'static Domain, block: Block, is_reaped: bool) -> Vec<Item<'static>> {
    let items = bounded("the guards of a dead process", move || {
        let queue = Queue::at(domain, block).expect("sound");
        let me = domain.first_agent();
        queue.look_after(me);
        let (size, bytes) = (queue.size(), queue.bytes_inside());
        let mut items = Vec::new();
        while let Got::Item(item) = queue.get(me).expect("sound") {
            items.push(item);
        }
        let fresh: Vec<&Item> = items.iter().filter(|item| !item.is_again).collect();
        if is_reaped {
            assert_eq!(size, fresh.len() as u64, "the size");
            assert_eq!(bytes, fresh.iter().map(|item| item.bytes.len() as u64).sum::<u64>(), "the bytes");
        }
        domain.reap_dead();
        queue.look_after(me);
        assert_eq!((queue.size(), queue.bytes_inside()), (0, 0));
        items
    });
    for item in &items {
        assert!(item.bytes == content(item.message_type), "item {} is whole", item.message_type);
    }
    items
}

fn numbers(items: &[Item]) -> Vec<u8> {
    items.iter().map(|item| item.message_type).collect()
}

/// It works as if nothing had happened, and ends with all that it holds.
fn works_and_ends(domain: &'static Domain, block: Block) -> u32 {
    let queue = Queue::at(domain, block).expect("sound");
    for number in 0..ITEMS {
        put_one(domain, queue, number);
    }
    let items = taken(domain, block, true);
    assert_eq!(numbers(&items), (0..ITEMS).collect::<Vec<u8>>());
    for hand in items.iter().filter_map(|item| item.hand) {
        assert!(queue.acknowledge(domain.first_agent(), hand));
    }
    for number in 0..ITEMS {
        put_one(domain, queue, number);
    }
    domain.detach(block.handle);
    0
}

fn putting(acknowledged: bool) {
    each_kill(
        "put",
        STATE_BYTES,
        |domain| {
            let (block, mut arguments) = new_queue(domain, acknowledged, BEFORE);
            // Those that are to be acknowledged lie in blocks of their own, all of them.
            arguments.push(u64::from(if acknowledged { BEFORE + 2 } else { ITEMS }));
            (block, arguments)
        },
        |domain, board, block, changes| {
            let is_reaped = changes.is_multiple_of(2) && domain.reap_dead();
            let (known, items) = (board.get(KNOWN) as u8, taken(domain, block, is_reaped));
            let count = items.len() as u8;
            assert!(count == BEFORE + known || count == BEFORE + known + 1, "{known} were put, {count} are there");
            assert_eq!(numbers(&items), (0..count).collect::<Vec<u8>>(), "once, and in order");
            let queue = Queue::at(domain, block).expect("sound");
            assert_eq!(queue.unfinished(), u64::from(count));
            for item in items {
                assert!(match item.hand {
                    Some(hand) => queue.acknowledge(domain.first_agent(), hand),
                    None => queue.task_done(),
                });
            }
            assert!(queue.is_done());
            works_and_ends(domain, block)
        },
    );
}

#[test]
fn putting_inline_out_of_line_and_into_a_new_segment() {
    putting(false);
}

#[test]
fn putting_what_is_to_be_acknowledged() {
    putting(true);
}

#[test]
fn putting_an_item_with_a_reference_that_ends_with_the_queue() {
    each_kill(
        "put_reference",
        STATE_BYTES,
        |domain| {
            let (block, mut arguments) = new_queue(domain, false, 0);
            let inside = domain.allocate(Kind::Buffer, 200).expect("a block");
            domain.ship(inside.handle);
            domain.detach(inside.handle);
            arguments.push(address(inside.handle));
            ((block, inside.handle), arguments)
        },
        |domain, board, (block, inside): (Block, Handle), _| {
            domain.reap_dead();
            let size = bounded("the guards of a dead process", move || {
                let queue = Queue::at(domain, block).expect("sound");
                queue.look_after(domain.first_agent());
                queue.size()
            });
            assert!(size == board.get(KNOWN) || size == board.get(KNOWN) + 1);
            assert!(domain.is_live(inside));
            domain.detach(block.handle);
            assert_eq!(domain.is_live(inside), size == 0, "it ends with the item that it is in");
            if size == 0 {
                domain.unship(inside);
            }
            0
        },
    );
}

#[test]
fn getting_inline_out_of_line_and_from_the_next_segment() {
    each_kill(
        "get",
        STATE_BYTES,
        |domain| new_queue(domain, false, ITEMS),
        |domain, board, block, changes| {
            let is_reaped = changes.is_multiple_of(2) && domain.reap_dead();
            let (known, left) = (board.get(KNOWN) as u8, numbers(&taken(domain, block, is_reaped)));
            let first = ITEMS - left.len() as u8;
            assert!(first == known || first == known + 1, "{known} were got, {left:?} are left");
            assert_eq!(left, (first..ITEMS).collect::<Vec<u8>>());
            works_and_ends(domain, block)
        },
    );
}

#[test]
fn getting_and_acknowledging() {
    each_kill(
        "acknowledge",
        STATE_BYTES,
        |domain| new_queue(domain, true, FEW),
        |domain, board, block, changes| {
            // The next one finds the hands of the dead whether it has been reaped or not.
            let is_reaped = changes.is_multiple_of(2) && domain.reap_dead();
            let mut items = taken(domain, block, is_reaped);
            items.extend(taken(domain, block, true));
            let (known, done) = (board.get(KNOWN) as u8, board.get(ACKNOWLEDGED) as u8);
            let mut left = numbers(&items);
            left.sort_unstable();
            let first = FEW - left.len() as u8;
            assert!(first == done || first == done + 1, "{done} were acknowledged, {left:?} are left");
            assert_eq!(left, (first..FEW).collect::<Vec<u8>>(), "none is lost, and none there twice");
            for item in &items {
                let was_had = item.message_type < known;
                assert!(item.is_again || !was_had, "item {} was had before", item.message_type);
            }
            let queue = Queue::at(domain, block).expect("sound");
            assert_eq!(queue.unfinished(), items.len() as u64);
            for item in items {
                assert!(queue.acknowledge(domain.first_agent(), item.hand.expect("a hand")));
            }
            assert!(queue.is_done(), "nobody waits for work of the dead");
            works_and_ends(domain, block)
        },
    );
}

#[test]
fn giving_back() {
    each_kill(
        "give_back",
        STATE_BYTES,
        |domain| new_queue(domain, true, FEW),
        |domain, _, block, _| {
            domain.reap_dead();
            let items = taken(domain, block, true);
            let mut all = numbers(&items);
            all.sort_unstable();
            assert_eq!(all, [0, 1, 2]);
            let queue = Queue::at(domain, block).expect("sound");
            for item in items {
                assert!(queue.acknowledge(domain.first_agent(), item.hand.expect("a hand")));
            }
            works_and_ends(domain, block)
        },
    );
}

fn closing(immediate: bool) {
    each_kill(
        "close",
        STATE_BYTES,
        |domain| {
            let (block, mut arguments) = new_queue(domain, false, 3);
            arguments.push(u64::from(immediate));
            (block, arguments)
        },
        |domain, _, block, _| {
            let queue = Queue::at(domain, block).expect("sound");
            if !queue.is_closed() {
                assert_eq!(numbers(&taken(domain, block, false)), [0, 1, 2]);
                return works_and_ends(domain, block);
            }
            let me = domain.first_agent();
            let put = bounded("the guards of a dead process", move || queue.put(me, (0, 0.0), &[], b"more"));
            assert_eq!(put.expect("sound"), Put::Closed);
            let left = if immediate { vec![] } else { vec![0, 1, 2] };
            assert_eq!(numbers(&taken(domain, block, false)), left);
            assert!(matches!(queue.get(me).expect("sound"), Got::Ended));
            domain.detach(block.handle);
            0
        },
    );
}

#[test]
fn closing_what_can_be_drained() {
    closing(false);
}

#[test]
fn closing_at_once() {
    closing(true);
}
