//! Every operation on a channel is killed after its first store, after its second, and so on to its end; each time the
//! other end finds all that was sent and not received, in order, and when it has closed nothing is left.

mod family;

use family::stepper::{FREE_WORDS, each_kill, perform};
use family::{Board, address, handle, play};
use multiproc::channel::{Endpoint, Message};
use multiproc::memory::{Domain, Kind};
use multiproc::sync::park::Agent;

/// Where the state of a channel and of its segments lies in their blocks; what messages hold is of no interest.
const STATE_BYTES: u64 = 136;
const MESSAGES: u8 = 9;
const RECEIVED: u64 = FREE_WORDS;

#[test]
fn role() {
    play(&[("open", open), ("send", send), ("receive", receive), ("close", close), ("close_last", close_last)]);
}

/// All but the last two fill a segment, and one of them travels in a block of its own; the last two are in the next.
fn message(number: u8) -> Vec<u8> {
    vec![number; [15_600, 15_600, 15_600, 15_600, 200, 17_000, 2000, 2000, 10][usize::from(number)]]
}

fn send_all(end: &mut Endpoint) {
    for number in 0..MESSAGES {
        end.send(number, &[&message(number)]).expect("sent");
    }
}

fn check(message: &Message, number: u8) {
    assert_eq!(message.message_type, number, "in order, none left out and none twice");
    assert!(message.bytes == self::message(number), "whole");
}

fn opened(domain: &'static Domain, arguments: &[u64]) -> (Board, Agent, Endpoint) {
    let agent = Agent::enlist(domain).expect("an agent");
    let end = Endpoint::open(&agent, handle(Kind::Channel, arguments[1])).expect("the channel");
    (Board::open(domain, arguments[0]), agent, end)
}

fn open(domain: &'static Domain, arguments: &[u64]) {
    let board = Board::open(domain, arguments[0]);
    let agent = Agent::enlist(domain).expect("an agent");
    perform(board, || std::mem::forget(Endpoint::open(&agent, handle(Kind::Channel, arguments[1]))));
}

fn send(domain: &'static Domain, arguments: &[u64]) {
    let (board, _agent, mut end) = opened(domain, arguments);
    for number in 0..4 {
        end.send(number, &[&message(number)]).expect("sent");
    }
    perform(board, || {
        for number in 4..MESSAGES {
            end.send(number, &[&message(number)]).expect("sent");
        }
    });
}

fn receive(domain: &'static Domain, arguments: &[u64]) {
    let (board, _agent, mut end) = opened(domain, arguments);
    perform(board, || {
        while end.receive().expect("sound").is_some() {
            board.set(RECEIVED, board.get(RECEIVED) + 1);
        }
    });
}

fn close(domain: &'static Domain, arguments: &[u64]) {
    let (board, _agent, mut end) = opened(domain, arguments);
    send_all(&mut end);
    perform(board, || end.close());
}

/// Sends nothing, as the other end has closed; but it is the one that throws away what was sent to it.
fn close_last(domain: &'static Domain, arguments: &[u64]) {
    let (board, _agent, mut end) = opened(domain, arguments);
    perform(board, || end.close());
}

fn channel(domain: &'static Domain) -> ((Agent, Endpoint), Vec<u64>) {
    let agent = Agent::enlist(domain).expect("an agent");
    let end = Endpoint::create(&agent).expect("a channel");
    let handle = end.handle();
    ((agent, end), vec![address(handle)])
}

/// With messages for the other end in it.
fn filled_channel(domain: &'static Domain) -> ((Agent, Endpoint), Vec<u64>) {
    let ((agent, mut end), arguments) = channel(domain);
    send_all(&mut end);
    ((agent, end), arguments)
}

/// All that is unread, from `first` on, comes back.
fn takes_back(end: &mut Endpoint, first: u8) {
    for number in first..MESSAGES {
        let back = end.take_back(1);
        check(back.first().expect("it comes back"), number);
    }
    assert!(end.take_back(1).is_empty());
}

#[test]
fn opening() {
    each_kill("open", STATE_BYTES, filled_channel, |_, _, (_agent, mut end), _| {
        end.refuse_peer();
        takes_back(&mut end, 0);
        end.close();
        0
    });
}

#[test]
fn sending_messages_inline_out_of_line_and_into_a_new_segment() {
    each_kill("send", STATE_BYTES, channel, |domain, _, (_agent, mut end), changes| {
        let mut received = 0;
        while let Some(message) = end.receive().expect("sound") {
            check(&message, received);
            received += 1;
        }
        assert!(received >= 4, "what was sent before");
        // What the dead one left half done is found whether it has been reaped or not.
        if changes.is_multiple_of(2) {
            domain.reap_dead();
            assert!(end.is_ended());
        }
        end.close();
        0
    });
}

#[test]
fn receiving_messages_inline_out_of_line_and_from_the_next_segment() {
    each_kill("receive", STATE_BYTES, filled_channel, |domain, board, (_agent, mut end), changes| {
        if changes.is_multiple_of(2) {
            domain.reap_dead();
        }
        let received = board.get(RECEIVED) as u8;
        let first = end.take_back(1).first().map_or(MESSAGES, |message| {
            check(message, message.message_type);
            message.message_type
        });
        assert!(
            first == received || first == received + 1,
            "{received} were received, {first} is the first that came back"
        );
        if first < MESSAGES {
            takes_back(&mut end, first + 1);
        }
        end.close();
        0
    });
}

#[test]
fn closing_while_the_other_end_is_open() {
    each_kill("close", STATE_BYTES, filled_channel, |domain, _, (_agent, mut end), changes| {
        if changes.is_multiple_of(2) {
            domain.reap_dead();
        }
        takes_back(&mut end, 0);
        for number in 0..MESSAGES {
            check(&end.receive().expect("sound").expect("sent before"), number);
        }
        end.close();
        0
    });
}

#[test]
fn closing_after_the_other_end_has_closed() {
    let shut_channel = |domain| {
        let ((agent, mut end), arguments) = filled_channel(domain);
        end.shut();
        ((agent, end), arguments)
    };
    each_kill("close_last", STATE_BYTES, shut_channel, |_, _, (_agent, mut end), _| {
        end.close();
        0
    });
}
