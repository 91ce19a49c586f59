//! What becomes of messages that are unread when an end of their channel closes or is killed: they come back to the other
//! end in order, or go with the channel, and nothing is left of it.

mod family;

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use family::messages::{check, message, send};
use family::{Board, Child, Random, address, handle, new_domain, play, spin_for, until};
use multiproc::channel::Endpoint;
use multiproc::error::Code;
use multiproc::memory::{Domain, Kind, Layout};
use multiproc::sync::park::Agent;

const SENT: u64 = 0;
const RECEIVED: u64 = 1;
const ADDRESS: u64 = 2;

#[test]
fn role() {
    play(&[("read", read), ("read_one", read_one), ("create", create), ("open_and_close", open_and_close)]);
}

fn read(domain: &'static Domain, arguments: &[u64]) {
    let board = Board::open(domain, arguments[0]);
    let agent = Agent::enlist(domain).expect("an agent");
    let mut end = Endpoint::open(&agent, handle(Kind::Channel, arguments[1])).expect("the channel");
    loop {
        while let Some(message) = end.receive().expect("sound") {
            check(&message, board.word(RECEIVED).fetch_add(1, SeqCst));
        }
    }
}

/// Reads no more than the first message.
fn read_one(domain: &'static Domain, arguments: &[u64]) {
    let board = Board::open(domain, arguments[0]);
    let agent = Agent::enlist(domain).expect("an agent");
    let mut end = Endpoint::open(&agent, handle(Kind::Channel, arguments[1])).expect("the channel");
    until("the first message", || end.receive().expect("sound").inspect(|message| check(message, 0)).is_some());
    board.set(RECEIVED, 1);
    std::thread::sleep(family::BOUND);
}

fn what_a_killed_reader_had_not_read_is_taken_back_in_order(reaped: bool) {
    let mut random = Random::seeded("channel reader killed");
    let domain = new_domain(1024);
    let board = Board::new(domain, 8);
    let agent = Agent::enlist(domain).expect("an agent");
    let before = domain.usage().1;
    for _ in 0..15 {
        board.set(RECEIVED, 0);
        let mut end = Endpoint::create(&agent).expect("a channel");
        let mut child = Child::start("read", domain, &[board.address(), address(end.handle())]);
        let last = 50 + random.below(300);
        for number in 0..last {
            send(&mut end, number as u8, &message(number)).expect("sent");
        }
        board.wait_for("the first messages", RECEIVED, |count| count > 0);
        spin_for(Duration::from_micros(random.below(200)));
        child.kill();
        let read = board.get(RECEIVED);
        if reaped {
            domain.reap_dead();
        }
        let back = end.take_back(usize::MAX);
        let first = last - back.len() as u64;
        assert!(first == read || first == read + 1, "{read} were read, of {last} {} came back", back.len());
        for (message, number) in back.iter().zip(first..) {
            check(message, number);
        }
        end.close();
        domain.reap_dead();
    }
    assert_eq!(domain.usage().1, before, "no block is left");
}

#[test]
fn reader_killed_and_not_yet_reaped_what_it_had_not_read_is_taken_back_in_order() {
    what_a_killed_reader_had_not_read_is_taken_back_in_order(false);
}

#[test]
fn reader_killed_and_reaped_what_it_had_not_read_is_taken_back_in_order() {
    what_a_killed_reader_had_not_read_is_taken_back_in_order(true);
}

#[test]
fn a_channel_that_nobody_took_gives_everything_back() {
    let domain = new_domain(64);
    let agent = Agent::enlist(domain).expect("an agent");
    let before = domain.usage();
    let mut end = Endpoint::create(&agent).expect("a channel");
    for number in 0..20 {
        send(&mut end, number as u8, &message(number)).expect("sent");
    }
    assert!(!end.was_taken());
    assert!(end.take_back(usize::MAX).is_empty(), "somebody may still come");
    end.refuse_peer();
    assert_eq!(Endpoint::open(&agent, end.handle()).map(drop).expect_err("refused").code, Code::ChannelClosed);
    assert_eq!(send(&mut end, 0, b"to nobody").expect_err("refused").code, Code::ChannelClosed);
    assert_eq!(end.take_back(15).len(), 15);
    assert_eq!(end.take_back(15).len(), 5);
    end.close();
    assert_eq!(domain.usage(), before);
}

/// Creates a channel and writes to its other end, as many messages ahead of the reader as it is told.
fn create(domain: &'static Domain, arguments: &[u64]) {
    let board = Board::open(domain, arguments[0]);
    let agent = Agent::enlist(domain).expect("an agent");
    let mut end = Endpoint::create(&agent).expect("a channel");
    board.set(ADDRESS, address(end.handle()));
    for number in 0.. {
        send(&mut end, number as u8, &message(number)).expect("sent");
        board.set(SENT, number + 1);
        until("the reader", || board.get(RECEIVED) + arguments[1] > number);
    }
}

#[test]
fn both_ends_killed_nothing_of_the_channel_is_left() {
    let mut random = Random::seeded("both ends killed");
    let domain = new_domain(1024);
    let board = Board::new(domain, 8);
    let before = domain.usage();
    for reaped_after_each in [true, false].repeat(5) {
        board.set(ADDRESS, 0);
        board.set(RECEIVED, 0);
        let mut creator = Child::start("create", domain, &[board.address(), 20]);
        board.wait_for("the channel", ADDRESS, |address| address != 0);
        let mut reader = Child::start("read", domain, &[board.address(), board.get(ADDRESS)]);
        board.wait_for("messages", RECEIVED, |count| count > 200);
        spin_for(Duration::from_micros(random.below(500)));
        let mut ends = [&mut creator, &mut reader];
        if random.below(2) == 0 {
            ends.reverse();
        }
        for end in ends {
            end.kill();
            if reaped_after_each {
                domain.reap_dead();
            }
        }
        domain.reap_dead();
        assert_eq!(domain.usage(), before, "no ring and no message is left");
    }
}

#[test]
fn both_ends_killed_while_the_reader_was_far_behind_nothing_of_the_channel_is_left() {
    let domain = new_domain(1024);
    let board = Board::new(domain, 8);
    // The first ring comes to lie before the channel's block in the directory, and the others behind it.
    let recycled = domain.allocate(Kind::Buffer, (64 << 10) + 128).expect("a block");
    domain.detach(recycled.handle);
    let before = domain.usage();
    for writer_first in [true, false] {
        for word in [ADDRESS, SENT, RECEIVED] {
            board.set(word, 0);
        }
        let mut creator = Child::start("create", domain, &[board.address(), 1000]);
        board.wait_for("the channel", ADDRESS, |address| address != 0);
        let mut reader = Child::start("read_one", domain, &[board.address(), board.get(ADDRESS)]);
        board.wait_for("the first message", RECEIVED, |count| count == 1);
        board.wait_for("the backlog", SENT, |count| count > 1000);
        assert!(live_blocks(domain, Kind::Segment) > 4, "the writer has gone on in other segments");
        assert!(live_blocks(domain, Kind::Payload) > 4);
        if writer_first {
            creator.kill();
            domain.reap_dead();
            assert!(live_blocks(domain, Kind::Segment) > 4, "what was sent lives on for the reader");
            reader.kill();
        } else {
            reader.kill();
            domain.reap_dead();
            assert!(live_blocks(domain, Kind::Segment) > 4, "what was sent lives on for the writer to take back");
            creator.kill();
        }
        domain.reap_dead();
        assert_eq!(domain.usage(), before, "no ring and no message is left");
    }
}

/// Opens the other end, and closes its own before or after it has read, whatever the creator does.
fn open_and_close(domain: &'static Domain, arguments: &[u64]) {
    let board = Board::open(domain, arguments[0]);
    let agent = Agent::enlist(domain).expect("an agent");
    let mut end = Endpoint::open(&agent, handle(Kind::Channel, arguments[1])).expect("the channel");
    let mut random = Random::from(arguments[2]);
    for number in 0..random.below(100) {
        send(&mut end, number as u8, &message(number)).expect("sent");
    }
    board.set(SENT, 1);
    for number in 0..random.below(100) {
        if let Some(received) = end.receive().expect("sound") {
            check(&received, number);
        }
    }
    board.wait_for("the other end", RECEIVED, |ready| ready == 1);
    spin_for(Duration::from_nanos(random.below(20_000)));
    end.close();
}

#[test]
fn ends_that_close_at_the_same_time_with_messages_unread_leave_nothing() {
    let mut random = Random::seeded("both close");
    let domain = new_domain(1024);
    let board = Board::new(domain, 8);
    let agent = Agent::enlist(domain).expect("an agent");
    let before = domain.usage();
    for round in 0..30 {
        board.set(SENT, 0);
        board.set(RECEIVED, 0);
        let mut end = Endpoint::create(&agent).expect("a channel");
        let child = Child::start("open_and_close", domain, &[board.address(), address(end.handle()), random.next()]);
        for number in 0..random.below(100) {
            send(&mut end, number as u8, &message(number)).expect("sent");
        }
        board.wait_for("the child", SENT, |ready| ready == 1);
        for number in 0..random.below(100) {
            if let Some(received) = end.receive().expect("sound") {
                check(&received, number);
            }
        }
        board.set(RECEIVED, 1);
        spin_for(Duration::from_nanos(random.below(20_000)));
        if round % 3 == 0 {
            // Kept until the other one is dead. That one was the last, and has cleaned up; or this one is, and does.
            end.shut();
            assert_eq!(send(&mut end, 0, b"shut").expect_err("refused").code, Code::ChannelClosed);
            child.join();
            end.take_back(usize::MAX);
            end.close();
        } else {
            end.close();
            child.join();
        }
        assert_eq!(domain.usage(), before, "round {round}");
    }
}

#[test]
fn what_a_reader_killed_after_the_writer_shut_its_end_had_not_read_is_taken_back() {
    let domain = new_domain(1024);
    let board = Board::new(domain, 8);
    let agent = Agent::enlist(domain).expect("an agent");
    let before = domain.usage();
    let mut end = Endpoint::create(&agent).expect("a channel");
    let mut child = Child::start("read", domain, &[board.address(), address(end.handle())]);
    send(&mut end, 0, &message(0)).expect("sent");
    board.wait_for("the first message", RECEIVED, |count| count == 1);
    child.stop();
    for number in 1..500 {
        send(&mut end, number as u8, &message(number)).expect("sent");
    }
    end.shut();
    assert!(end.take_back(usize::MAX).is_empty(), "it may still be read");
    child.kill();
    domain.reap_dead();
    let back = end.take_back(usize::MAX);
    assert_eq!(back.len(), 499);
    back.iter().zip(1..).for_each(|(message, number)| check(message, number));
    end.close();
    assert_eq!(domain.usage(), before);
}

/// How many blocks of a kind there are, by the state words of the directory (memory/directory.rs).
fn live_blocks(domain: &Domain, kind: Kind) -> usize {
    const ENTRY_COUNT: u64 = 128;
    const LIVE: u64 = 1;
    let entries = domain.map().u32_at(ENTRY_COUNT).load(SeqCst);
    let state = |index| domain.map().u64_at(Layout::entry(index)).load(SeqCst);
    (0..entries).filter(|index| state(*index) & 0xffff == (kind as u64) << 8 | LIVE).count()
}
