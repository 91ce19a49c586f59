//! The reading end of one direction. What it reads was written by another process: every number is checked, and a
//! direction whose memory makes no sense is closed with an error, never followed.

use super::segment::{INLINE, JUMP, OUT_OF_LINE, Segment, corrupt, handle_from};
use crate::error::Result;
use crate::memory::{Domain, Handle, Kind};

pub struct Message {
    pub message_type: u8,
    pub bytes: Vec<u8>,
}

pub struct Reader {
    domain: &'static Domain,
    segment: Segment<'static>,
    head: u64,
}

impl Reader {
    /// Takes over the reader's reference that was shipped with the segment's handle.
    pub fn new(domain: &'static Domain, handle: Handle) -> Result<Self> {
        let segment = Segment::attach(domain, handle)?;
        domain.unship(handle);
        Ok(Self { domain, segment, head: segment.head() })
    }

    pub fn has_data(&self) -> bool {
        self.segment.tail() != self.head
    }

    /// The next message; `None` when all are read. `moved` learns the new segment when the direction went on in one.
    pub fn read(&mut self, moved: &mut Option<Handle>) -> Result<Option<Message>> {
        loop {
            let Some(frame) = self.segment.peek(self.head)? else { return Ok(None) };
            let message_type = (frame.tag >> 8) as u8;
            match frame.tag & 0xff {
                JUMP => {
                    let (handle, _) = handle_from(self.domain, &frame, Kind::Segment)?;
                    let next = Segment::attach(self.domain, handle)?;
                    self.domain.unship(handle);
                    *moved = Some(handle);
                    self.segment.detach();
                    self.segment = next;
                    self.head = next.head();
                }
                INLINE => {
                    let bytes = self.domain.map().read_vec(frame.offset, frame.length as usize);
                    self.advance(frame.end);
                    return Ok(Some(Message { message_type, bytes }));
                }
                OUT_OF_LINE => {
                    let (handle, length) = handle_from(self.domain, &frame, Kind::Payload)?;
                    let block = self.domain.attach(handle)?;
                    self.advance(frame.end);
                    self.domain.unship(handle);
                    let sound = length <= block.length;
                    let bytes =
                        if sound { self.domain.map().read_vec(block.offset, length as usize) } else { Vec::new() };
                    self.domain.detach(handle);
                    if !sound {
                        return Err(corrupt("a message longer than its block"));
                    }
                    return Ok(Some(Message { message_type, bytes }));
                }
                _ => self.advance(frame.end),
            }
        }
    }

    fn advance(&mut self, head: u64) {
        self.head = head;
        self.segment.set_head(head);
    }

    pub fn detach(&self) {
        self.segment.detach();
    }
}
