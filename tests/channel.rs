//! A channel, also one whose writer is killed: what was committed arrives whole and in order, and nothing else does.

mod family;

use std::time::Duration;

use family::messages::{check, message, send};
use family::{Board, Child, Random, address, handle, new_domain, play, spin_for, until};
use multiproc::channel::{Endpoint, Message};
use multiproc::error::Code;
use multiproc::memory::{Domain, Kind};
use multiproc::sync::park::Agent;

const SENT: u64 = 0;
const RECEIVED: u64 = 1;

#[test]
fn role() {
    play(&[("write", write), ("echo", echo)]);
}

fn write(domain: &'static Domain, arguments: &[u64]) {
    let board = Board::open(domain, arguments[0]);
    let agent = Agent::enlist(domain).expect("an agent");
    let mut end = Endpoint::open(&agent, handle(Kind::Channel, arguments[1])).expect("the channel");
    for number in 0..arguments[2] {
        send(&mut end, number as u8, &message(number)).expect("sent");
        board.set(SENT, number + 1);
        // Ahead of the reader, but not without end.
        until("the reader", || board.get(RECEIVED) + 300 > number);
    }
}

#[test]
fn writer_killed_mid_stream_the_reader_gets_only_whole_messages_in_order() {
    let mut random = Random::seeded("channel writer killed");
    let domain = new_domain(1024);
    let board = Board::new(domain, 8);
    let agent = Agent::enlist(domain).expect("an agent");
    let before = domain.usage().1;
    for _ in 0..25 {
        board.set(SENT, 0);
        board.set(RECEIVED, 0);
        let mut end = Endpoint::create(&agent).expect("a channel");
        let mut child = Child::start("write", domain, &[board.address(), address(end.handle()), u64::MAX]);
        let last = 20 + random.below(1500);
        let mut received = 0;
        until("the messages before the kill", || {
            while let Some(message) = end.receive().expect("sound") {
                check(&message, received);
                received += 1;
                board.set(RECEIVED, received);
            }
            received >= last
        });
        spin_for(Duration::from_micros(random.below(300)));
        child.kill();
        let sent = board.get(SENT);
        while let Some(message) = end.receive().expect("sound") {
            check(&message, received);
            received += 1;
        }
        assert!(received == sent || received == sent + 1, "{received} arrived, {sent} were known to be sent");
        assert!(!end.is_ended() || domain.agents().processes().len() == 1);
        domain.reap_dead();
        assert!(end.is_ended());
        assert_eq!(send(&mut end, 0, b"to nobody").expect_err("refused").code, Code::ChannelClosed);
        end.close();
    }
    assert_eq!(domain.usage().1, before, "no block is left, not even of what was never sent");
}

#[test]
fn a_writer_that_ends_in_good_order_leaves_everything_it_sent() {
    let domain = new_domain(1024);
    let board = Board::new(domain, 8);
    let agent = Agent::enlist(domain).expect("an agent");
    let before = domain.usage();
    let mut end = Endpoint::create(&agent).expect("a channel");
    Child::start("write", domain, &[board.address(), address(end.handle()), 300]).join();
    for number in 0..300 {
        check(&end.receive().expect("sound").expect("a message"), number);
    }
    assert!(end.receive().expect("sound").is_none());
    assert!(end.is_ended());
    end.close();
    assert_eq!(domain.usage(), before, "no block is left");
}

fn echo(domain: &'static Domain, arguments: &[u64]) {
    let agent = Agent::enlist(domain).expect("an agent");
    let mut end = Endpoint::open(&agent, handle(Kind::Channel, arguments[0])).expect("the channel");
    while !end.is_ended() || end.has_data() {
        while let Some(Message { message_type, bytes, .. }) = end.receive().expect("sound") {
            send(&mut end, message_type, &bytes).expect("sent back");
        }
        agent.park(Duration::from_millis(100));
    }
}

#[test]
fn both_directions_at_once_and_the_end_taken_only_once() {
    let domain = new_domain(1024);
    let agent = Agent::enlist(domain).expect("an agent");
    let before = domain.usage();
    let mut end = Endpoint::create(&agent).expect("a channel");
    let child = Child::start("echo", domain, &[address(end.handle())]);
    let mut received = 0;
    for number in 0..1000 {
        send(&mut end, number as u8, &message(number)).expect("sent");
        while let Some(message) = end.receive().expect("sound") {
            check(&message, received);
            received += 1;
        }
        until("the echo", || {
            while let Some(message) = end.receive().expect("sound") {
                check(&message, received);
                received += 1;
            }
            received + 50 > number
        });
    }
    until("the last echo", || {
        while let Some(message) = end.receive().expect("sound") {
            check(&message, received);
            received += 1;
        }
        received == 1000
    });
    let second = Endpoint::open(&agent, end.handle()).map(drop);
    assert_eq!(second.expect_err("taken").code, Code::ChannelClosed);
    end.close();
    assert_eq!(send(&mut end, 0, b"").expect_err("closed").code, Code::ChannelClosed);
    child.join();
    assert_eq!(domain.usage(), before);
}
