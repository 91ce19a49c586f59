//! Queues of messages: any number of agents put, any number get, each item goes to one of them, first in, first out.
//!
//! | file | owns |
//! |---|---|
//! | mod | putting and getting |
//! | layout | the words of the block, and what one waits for |
//! | mend | what a killed agent may have left half done |
//! | priority | items that leave by their priority |
//! | hands | items that were handed out and not acknowledged yet |
//! | remains | what a queue that ends still holds |
//! | pipe_end | that somebody has an end of a pipe |
//!
//! Items are frames in a chain of segments (channel/segment.rs), which belong to the queue's block (memory/keeping.rs), as
//! large items in blocks of their own do: they end with it, whoever was killed. Who puts holds the put guard while it
//! copies its item in, who gets the get guard while it takes one; both for microseconds, and neither keeps the other.
//!
//! | step | commit | killed before | killed after |
//! |---|---|---|---|
//! | put | the segment's tail | nothing is visible, the next one writes over it | the item is there |
//! | a segment is full | the jump to a new one, by the tail as well | the new one is found by nobody, and ends with the queue | |
//! | get | the segment's head | the item is the next one's | it is lost with who took it: at most once (but see hands) |
//! | get goes to the next segment | the get segment word | the jump is read again | the old segment ends with the queue |
//!
//! The counts are written before the commit, and made anew by whoever takes over a guard from the dead (mend.rs).
//! Wake-ups as everywhere: change first, wake second; who was killed between is noticed, and all are woken.

mod hands;
mod layout;
mod mend;
mod pipe_end;
pub mod priority;
mod remains;

pub use layout::{Limits, Queue, Side};
pub use pipe_end::create_pipe_end;
pub use remains::install;

use crate::channel::payload::{self, Area};
use crate::channel::segment::{
    FRAME_HEADER, Frame, INLINE, JUMP, OUT_OF_LINE, Segment, corrupt, handle_bytes, handle_from,
};
use crate::error::{Code, Error, Result};
use crate::memory::{Block, Domain, Handle, Kind, Token};
use crate::sys::atomic::Ordering::SeqCst;
use crate::sys::atomic::fence;

pub const FIRST_SEGMENT: u64 = 64 << 10;
const SEGMENT_MAX: u64 = 4 << 20;
/// Items above this share of a segment lie in blocks of their own.
const INLINE_SHARE: u64 = 4;
/// More frames than that without an item were not written by one of ours.
const FRAMES_MAX: u32 = 256;
/// Items whose bytes begin with the handles that are inside: their number u32, then kind, index, generation, u32 each.
const HAS_REFERENCES: u8 = 0x80;
/// Items with large pieces behind them (channel/payload.rs).
const HAS_AREA: u8 = 0x40;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    Done,
    Full,
    Closed,
}

pub struct Item<'d> {
    pub message_type: u8,
    pub bytes: Vec<u8>,
    /// Where its large pieces are, if it has some.
    pub area: Option<Area<'d>>,
    /// The place of an item that is to be acknowledged.
    pub hand: Option<u32>,
    /// Somebody else had it before, and died or gave it back.
    pub is_again: bool,
}

pub enum Got<'d> {
    Item(Item<'d>),
    Empty,
    /// Nothing is there, and nothing will come.
    Ended,
}

impl<'d> Queue<'d> {
    /// Puts an item. `references` are inside of it and were shipped; they end with the item if nobody gets it.
    /// `priority` counts in queues by priority alone.
    pub fn put(self, me: Token, kind: (u8, f64), references: &[Handle], content: &[u8]) -> Result<Put> {
        self.put_with(me, kind, references, content, &[])
    }

    /// The same with large `pieces`, which are copied once, and not again by who gets them. Queues whose items lie in
    /// blocks of their own anyway take none.
    pub fn put_with(
        self,
        me: Token,
        (message_type, priority): (u8, f64),
        references: &[Handle],
        content: &[u8],
        pieces: &[&[u8]],
    ) -> Result<Put> {
        if !pieces.is_empty() && !self.takes_pieces() {
            return Err(Error::new(
                Code::Internal,
                "an item with pieces was put into a queue that takes none".to_owned(),
            ));
        }
        let names = names_of(references);
        let parts: [&[u8]; 2] = [&names, content];
        let length = (names.len() + content.len()) as u64;
        let message_type = if references.is_empty() { message_type } else { message_type | HAS_REFERENCES };
        if self.is_closed() {
            return Ok(Put::Closed);
        }
        if !self.has_room() {
            return Ok(Put::Full);
        }
        let message_type = if pieces.is_empty() { message_type } else { message_type | HAS_AREA };
        let kind = u32::from(message_type) << 8;
        // Copied before the guard is entered.
        let is_large =
            !self.takes_pieces() || !pieces.is_empty() || length + FRAME_HEADER > FIRST_SEGMENT / INLINE_SHARE;
        let payload = if is_large { Some(payload::put(self.domain, self.handle(), &parts, pieces)?) } else { None };
        let put = {
            let _guard = self.enter_put(me);
            if self.is_closed() {
                Ok(Put::Closed)
            } else if !self.has_room() {
                Ok(Put::Full)
            } else {
                match payload {
                    Some((handle, bytes)) if self.is_by_priority() => {
                        self.insert(priority, message_type, handle, bytes).map(|()| Put::Done)
                    }
                    Some((handle, bytes)) => self.commit(kind | OUT_OF_LINE, &[&handle_bytes(handle, bytes)], bytes),
                    None => self.commit(kind | INLINE, &parts, length),
                }
            }
        };
        match put {
            Ok(Put::Done) => {
                fence(SeqCst);
                self.wake(Side::Get, 1);
            }
            _ => {
                if let Some((handle, _)) = payload {
                    self.domain.let_go(handle, self.handle());
                }
            }
        }
        put
    }

    /// Whether its items may have large pieces.
    pub fn takes_pieces(self) -> bool {
        !self.is_acknowledged() && !self.is_by_priority()
    }

    /// Under the put guard.
    fn commit(self, tag: u32, parts: &[&[u8]], item_length: u64) -> Result<Put> {
        let length: u64 = parts.iter().map(|part| part.len() as u64).sum();
        let mut segment = self.segment(Side::Put)?;
        let mut tail = segment.tail();
        if !tail.is_multiple_of(8) {
            return Err(corrupt("a tail between two frames"));
        }
        if !segment.fits(tail, segment.head(), length) {
            let next = Segment::create(self.domain, self.handle(), (segment.capacity() * 2).min(SEGMENT_MAX))?;
            segment.put(tail, JUMP, &[&handle_bytes(next.handle(), 0)]);
            self.move_to(Side::Put, next.handle());
            (segment, tail) = (next, 0);
        }
        self.count(Side::Put, item_length);
        segment.put(tail, tag, parts);
        Ok(Put::Done)
    }

    /// Takes the next item.
    pub fn get(self, me: Token) -> Result<Got<'d>> {
        if self.is_by_priority() {
            return self.take_first(me);
        }
        let guard = self.enter_get(me);
        if self.is_closed_at_once() {
            return Ok(Got::Ended);
        }
        if let Some(hand) = self.take_over_hand(me) {
            drop(guard);
            return self.read_hand(hand, true).map(Got::Item);
        }
        // In this order: what was put before the end is seen.
        let is_closed = self.is_closed();
        for _ in 0..FRAMES_MAX {
            let segment = self.segment(Side::Get)?;
            let Some(frame) = segment.peek(segment.head())? else {
                return Ok(if is_closed && !self.has_hands() { Got::Ended } else { Got::Empty });
            };
            let message_type = (frame.tag >> 8) as u8;
            match frame.tag & 0xff {
                JUMP => {
                    let (handle, _) = handle_from(self.domain, &frame, Kind::Segment)?;
                    Segment::find(self.domain, self.handle(), handle)?;
                    self.move_to(Side::Get, handle);
                    segment.let_go();
                }
                INLINE => {
                    let bytes = self.domain.map().read_vec(frame.offset, frame.length as usize);
                    self.count(Side::Get, frame.length);
                    segment.set_head(frame.end);
                    drop(guard);
                    self.wake_after_get();
                    return item(message_type, bytes.ok_or_else(too_large)?).map(Got::Item);
                }
                OUT_OF_LINE if self.is_acknowledged() => {
                    let (handle, length) = handle_from(self.domain, &frame, Kind::Payload)?;
                    let Some(hand) = self.lay_into_hand(me, handle, message_type) else { return Ok(Got::Empty) };
                    self.count(Side::Get, length);
                    segment.set_head(frame.end);
                    drop(guard);
                    self.wake_after_get();
                    return self.read_hand(hand, false).map(Got::Item);
                }
                OUT_OF_LINE => {
                    let block = self.take_payload(segment, &frame)?;
                    drop(guard);
                    self.wake_after_get();
                    return self.read_payload(block, message_type).map(Got::Item);
                }
                _ => segment.set_head(frame.end),
            }
        }
        Err(corrupt("frames without items, one after the other"))
    }

    /// The payload of that frame is this process's own from now on, and the frame is taken.
    fn take_payload(self, segment: Segment<'d>, frame: &Frame) -> Result<Block> {
        let (handle, length) = handle_from(self.domain, frame, Kind::Payload)?;
        self.domain.kept(handle, self.handle())?;
        let block = self.domain.attach(handle)?;
        self.count(Side::Get, length);
        segment.set_head(frame.end);
        self.domain.let_go(handle, self.handle());
        if length > block.length {
            self.domain.detach(handle);
            return Err(corrupt("an item longer than its block"));
        }
        Ok(Block { length, ..block })
    }

    /// The process holds the block, and gives it back here, or with the item's area.
    fn read_payload(self, block: Block, message_type: u8) -> Result<Item<'d>> {
        let message = payload::message_in(self.domain, block, block.length, message_type & HAS_AREA != 0);
        let bytes = self.domain.map().read_vec(message.0, message.1 as usize);
        // Without one it is dropped here.
        let area = Some(Area::behind(self.domain, block, message)).filter(|_| message_type & HAS_AREA != 0);
        Ok(Item { area, ..item(message_type & !HAS_AREA, bytes.ok_or_else(too_large)?)? })
    }

    fn wake_after_get(self) {
        if self.limits().is_bounded() {
            fence(SeqCst);
            self.wake(Side::Put, 1);
        }
    }

    /// Nothing is put any more. `immediate`: what is there is not got any more either.
    pub fn close(self, me: Token, immediate: bool) {
        {
            let _guard = self.enter_put(me);
            self.set_closed(immediate);
        }
        for side in [Side::Put, Side::Get, Side::Join] {
            self.wake_all(side);
        }
    }

    /// An item that was got is done, where none are acknowledged. `false`: all are.
    pub fn task_done(self) -> bool {
        let put = self.items(Side::Put).load(SeqCst);
        let done = self.done().fetch_update(SeqCst, SeqCst, |done| (done < put).then_some(done + 1));
        if done.is_ok_and(|before| before + 1 >= put) {
            self.wake_all(Side::Join);
        }
        done.is_ok()
    }
}

fn names_of(references: &[Handle]) -> Vec<u8> {
    if references.is_empty() {
        return Vec::new();
    }
    let numbers = references.iter().flat_map(|handle| [handle.kind as u32, handle.index, handle.generation]);
    std::iter::once(references.len() as u32).chain(numbers).flat_map(u32::to_le_bytes).collect()
}

/// Where the content begins, and the handles before it.
fn split(message_type: u8, bytes: &[u8]) -> Result<(usize, Vec<Handle>)> {
    if message_type & HAS_REFERENCES == 0 {
        return Ok((0, Vec::new()));
    }
    let number = |at: usize| bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map(u32::from_le_bytes);
    let broken = || corrupt("references that do not fit their item");
    let count = number(0).ok_or_else(broken)? as usize;
    let start =
        count.checked_mul(12).map(|bytes| bytes + 4).filter(|start| *start <= bytes.len()).ok_or_else(broken)?;
    let handles = (0..count).filter_map(|place| {
        let at = 4 + place * 12;
        let kind = Kind::from_number(number(at)?)?;
        Some(Handle { kind, index: number(at + 4)?, generation: number(at + 8)? })
    });
    Ok((start, handles.collect()))
}

fn item<'d>(message_type: u8, mut bytes: Vec<u8>) -> Result<Item<'d>> {
    let (start, _) = split(message_type, &bytes)?;
    bytes.drain(..start);
    Ok(Item { message_type: message_type & !HAS_REFERENCES, bytes, area: None, hand: None, is_again: false })
}

fn too_large() -> Error {
    Error::new(Code::ShmSpace, "an item does not fit the memory of this process".to_owned())
}

/// A new queue, held by this process.
pub fn create(domain: &Domain, limits: Limits, acknowledged: bool) -> Result<Block> {
    let block = domain.allocate(Kind::Queue, Queue::block_size(acknowledged))?;
    let first = Segment::create(domain, block.handle, FIRST_SEGMENT).inspect_err(|_| domain.detach(block.handle))?;
    Queue::initialise(domain, block, limits, acknowledged, first.handle());
    Ok(block)
}
