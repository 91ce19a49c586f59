//! Messages in blocks of their own, which the channel or queue keeps until they are taken (memory/keeping.rs).
//!
//! Such a block is the message; or, if it has large pieces, the message's length u64, the message, and behind it
//! these, each at a multiple of 64: the area. They were copied once, when the message was sent, and are not copied
//! again: who takes the message takes the block, and uses the area where it is.

use crate::error::Result;
use crate::memory::{Block, Domain, Handle, Kind};
use crate::sys::atomic::Ordering::Acquire;

const ALIGN: u64 = 64;
const HEAD: u64 = 8;

/// A new block with these parts of a message, one after the other, and these pieces behind them; and how many bytes that
/// are. `keeper` keeps it; nobody finds it before it is named there.
pub fn put(domain: &Domain, keeper: Handle, parts: &[&[u8]], pieces: &[&[u8]]) -> Result<(Handle, u64)> {
    let length = parts.iter().map(|part| part.len() as u64).sum::<u64>();
    let head = if pieces.is_empty() { 0 } else { HEAD };
    let mut end = head + length;
    for piece in pieces {
        end = end.next_multiple_of(ALIGN) + piece.len() as u64;
    }
    let block = domain.allocate(Kind::Payload, end)?;
    if head > 0 {
        domain.map().write(block.offset, &length.to_le_bytes());
    }
    let mut at = head;
    for part in parts {
        domain.map().write(block.offset + at, part);
        at += part.len() as u64;
    }
    for piece in pieces {
        // Whoever gets the area sees what lies between two pieces, and shall see nobody else's bytes there.
        let start = at.next_multiple_of(ALIGN);
        domain.map().zero(block.offset + at, start - at);
        at = start;
        domain.map().write(block.offset + at, piece);
        at += piece.len() as u64;
    }
    domain.keep(block.handle, keeper);
    domain.detach(block.handle);
    Ok((block.handle, end))
}

/// Where the message of a block is, and how long: of its first `length` bytes.
pub fn message_in(domain: &Domain, block: Block, length: u64, has_area: bool) -> (u64, u64) {
    let length = length.min(block.length);
    if !has_area {
        return (block.offset, length);
    }
    let Some(most) = length.checked_sub(HEAD) else { return (block.offset, 0) };
    // Acquire as for all that a frame names: it was written before the frame.
    (block.offset + HEAD, domain.map().u64_at(block.offset).load(Acquire).min(most))
}

/// The area of a message that was taken: this process's own until it is dropped, on whatever thread.
pub struct Area<'d> {
    domain: &'d Domain,
    block: Block,
    start: u64,
}

impl<'d> Area<'d> {
    /// Behind the message that `message_in` has found there. The process holds the block, and gives it back with the area.
    pub fn behind(domain: &'d Domain, block: Block, (offset, length): (u64, u64)) -> Self {
        let end = (offset - block.offset).saturating_add(length);
        let start = end.min(block.length).next_multiple_of(ALIGN).min(block.length);
        Self { domain, block, start }
    }

    /// Where it is, and how many bytes it has.
    pub fn place(&self) -> (u64, u64) {
        (self.block.offset + self.start, self.block.length - self.start)
    }

    pub fn domain(&self) -> &'d Domain {
        self.domain
    }
}

impl Drop for Area<'_> {
    fn drop(&mut self) {
        self.domain.detach(self.block.handle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_lie_behind_the_message_each_at_a_multiple_of_64_and_go_with_their_area() {
        let domain = &Domain::create(1 << 30).unwrap();
        let keeper = domain.allocate(Kind::Queue, 64).unwrap();
        let before = domain.usage();
        // The block that comes next has been used before.
        let used = domain.allocate(Kind::Payload, 64 + 128 + 5).unwrap();
        domain.map().write(used.offset, &[0xee; 64 + 128 + 5]);
        domain.detach(used.handle);
        let (handle, bytes) = put(domain, keeper.handle, &[b"head", b"line"], &[&[1; 70], &[2; 5]]).unwrap();
        assert_eq!(bytes, 64 + 128 + 5);
        domain.kept(handle, keeper.handle).unwrap();
        let block = domain.attach(handle).unwrap();
        domain.let_go(handle, keeper.handle);
        let message = message_in(domain, block, bytes, true);
        assert_eq!(domain.map().read_vec(message.0, message.1 as usize).unwrap(), b"headline");
        let area = Area::behind(domain, block, message);
        let (start, length) = area.place();
        assert_eq!((start - block.offset, length), (64, 133));
        assert_eq!(domain.map().read_vec(start, 70).unwrap(), [1; 70]);
        assert_eq!(domain.map().read_vec(start + 70, 58).unwrap(), [0; 58]);
        assert_eq!(domain.map().read_vec(start + 128, 5).unwrap(), [2; 5]);
        drop(area);
        assert_eq!(domain.usage(), before);
    }

    #[test]
    fn a_message_that_claims_more_than_its_block_is_cut_and_has_no_area() {
        let domain = &Domain::create(1 << 30).unwrap();
        let block = domain.allocate(Kind::Payload, 100).unwrap();
        domain.map().write(block.offset, &[0xff; 8]);
        let message = message_in(domain, block, u64::MAX, true);
        assert_eq!(message, (block.offset + 8, 92));
        assert_eq!(Area::behind(domain, block, message).place(), (block.offset + 100, 0));
    }
}
