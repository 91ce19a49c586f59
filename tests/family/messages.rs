//! Numbered messages of many sizes, and whether one that arrived is the one that was sent.

use multiproc::channel::{Endpoint, Message};
use multiproc::error::Result;

use super::Random;

/// Most are small, some go out of line, and together they fill one segment after another.
pub fn message(number: u64) -> Vec<u8> {
    let mut random = Random::from(number + 1);
    let length = match random.below(20) {
        0 => 20_000 + random.below(200_000),
        1..=3 => random.below(8000),
        _ => random.below(100),
    };
    let mut bytes = number.to_le_bytes().to_vec();
    bytes.extend((0..length).map(|_| number as u8));
    bytes
}

pub fn send(end: &mut Endpoint, message_type: u8, bytes: &[u8]) -> Result<()> {
    end.send(message_type, &[bytes])
}

pub fn check(message: &Message, number: u64) {
    assert_eq!(message.message_type, number as u8);
    assert_eq!(message.bytes.get(..8), Some(&number.to_le_bytes()[..]), "messages come in order");
    assert!(message.bytes == self::message(number), "message {number} is whole");
}
