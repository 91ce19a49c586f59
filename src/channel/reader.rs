//! The reading end of one direction. What it reads was written by another process: every number is checked, and a
//! direction whose memory makes no sense is closed with an error, never followed.

use super::payload::{Area, message_in};
use super::segment::{Frame, INLINE, JUMP, OUT_OF_LINE, Segment, WITH_AREA, corrupt, handle_from};
use crate::error::{Code, Error, Result};
use crate::memory::{Block, Domain, Handle, Kind};

/// More frames than that without a message were not written by a writer of ours.
const FRAMES_MAX: u32 = 256;

pub struct Message {
    pub message_type: u8,
    pub bytes: Vec<u8>,
    /// Where its large pieces are, if it has some.
    pub area: Option<Area<'static>>,
}

/// What `read_to` has found.
pub enum Arrival {
    /// It lies at the beginning of the place that was given.
    Here {
        message_type: u8,
        length: usize,
    },
    /// It is larger or has an area, and can be read on its own.
    Larger,
    Nothing,
}

/// A message that is still where its writer put it.
enum Found {
    Inline(Frame),
    OutOfLine { frame: Frame, handle: Handle, block: Block, length: u64 },
}

pub struct Reader {
    domain: &'static Domain,
    channel: Handle,
    segment: Segment<'static>,
    head: u64,
}

impl Reader {
    /// Reads on in that segment of the channel.
    pub fn new(domain: &'static Domain, channel: Handle, segment: Segment<'static>) -> Self {
        Self { domain, channel, segment, head: segment.head() }
    }

    pub fn has_data(&self) -> bool {
        self.segment.tail() != self.head
    }

    /// The next message; `None` when all are read. `moved` is told of each new segment before the old one is left.
    pub fn read(&mut self, moved: &dyn Fn(Handle)) -> Result<Option<Message>> {
        let Some(found) = self.find(moved)? else { return Ok(None) };
        let (message_type, (offset, length)) = found.place(self.domain);
        let bytes = self.domain.map().read_vec(offset, length as usize);
        let area = self.area_of(&found, (offset, length));
        self.take(found);
        Ok(Some(Message { message_type, bytes: bytes.ok_or_else(out_of_memory)?, area: area? }))
    }

    /// The same; the message is copied to `place`, and stays where it is if that is too small.
    pub fn read_to(&mut self, moved: &dyn Fn(Handle), place: &mut [u8]) -> Result<Arrival> {
        let Some(found) = self.find(moved)? else { return Ok(Arrival::Nothing) };
        let (message_type, (offset, length)) = found.place(self.domain);
        let fitting = place.get_mut(..length as usize).filter(|_| !found.has_area());
        let Some(place) = fitting else { return Ok(Arrival::Larger) };
        self.domain.map().read(offset, place);
        self.take(found);
        Ok(Arrival::Here { message_type, length: place.len() })
    }

    /// Goes to the next message, and leaves it where it is.
    fn find(&mut self, moved: &dyn Fn(Handle)) -> Result<Option<Found>> {
        for _ in 0..FRAMES_MAX {
            let Some(frame) = self.segment.peek(self.head)? else { return Ok(None) };
            match frame.tag & 0xff {
                JUMP => {
                    let (handle, _) = handle_from(self.domain, &frame, Kind::Segment)?;
                    let next = Segment::find(self.domain, self.channel, handle)?;
                    // The commit: killed before it, the direction is still in the old segment; after it, in the new one.
                    moved(handle);
                    self.segment.let_go();
                    self.segment = next;
                    self.head = next.head();
                    if self.head != 0 {
                        return Err(corrupt("a jump to a segment that was read before"));
                    }
                }
                INLINE => return Ok(Some(Found::Inline(frame))),
                OUT_OF_LINE | WITH_AREA => {
                    let (handle, length) = handle_from(self.domain, &frame, Kind::Payload)?;
                    let block = self.domain.kept(handle, self.channel)?;
                    let found = Found::OutOfLine { frame, handle, block, length };
                    if length > block.length {
                        self.take(found);
                        return Err(corrupt("a message longer than its block"));
                    }
                    return Ok(Some(found));
                }
                _ => self.advance(frame.end),
            }
        }
        Err(corrupt("frames without messages, one after the other"))
    }

    /// The process holds the block from here on, beside the channel, which lets it go.
    fn area_of(&self, found: &Found, message: (u64, u64)) -> Result<Option<Area<'static>>> {
        match found {
            Found::OutOfLine { handle, .. } if found.has_area() => {
                Ok(Some(Area::behind(self.domain, self.domain.attach(*handle)?, message)))
            }
            _ => Ok(None),
        }
    }

    /// It was copied.
    fn take(&mut self, found: Found) {
        match found {
            Found::Inline(frame) => self.advance(frame.end),
            Found::OutOfLine { frame, handle, .. } => {
                // In this order: a frame that names a block which is gone would be the end of the direction.
                self.advance(frame.end);
                self.domain.let_go(handle, self.channel);
            }
        }
    }

    fn advance(&mut self, head: u64) {
        self.head = head;
        self.segment.set_head(head);
    }
}

impl Found {
    fn has_area(&self) -> bool {
        matches!(self, Self::OutOfLine { frame, .. } if frame.tag & 0xff == WITH_AREA)
    }

    /// Its type, and where its bytes are in the domain and how many.
    fn place(&self, domain: &Domain) -> (u8, (u64, u64)) {
        match self {
            Self::Inline(frame) => ((frame.tag >> 8) as u8, (frame.offset, frame.length)),
            Self::OutOfLine { frame, block, length, .. } => {
                ((frame.tag >> 8) as u8, message_in(domain, *block, *length, self.has_area()))
            }
        }
    }
}

fn out_of_memory() -> Error {
    Error::new(Code::ShmSpace, "a message does not fit the memory of this process".to_owned())
}
