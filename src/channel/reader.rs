//! The reading end of one direction. What it reads was written by another process: every number is checked, and a
//! direction whose memory makes no sense is closed with an error, never followed.

use super::segment::{INLINE, JUMP, OUT_OF_LINE, Segment, corrupt, handle_from};
use crate::error::{Code, Error, Result};
use crate::memory::{Domain, Handle, Kind};

/// More frames than that without a message were not written by a writer of ours.
const FRAMES_MAX: u32 = 256;

pub struct Message {
    pub message_type: u8,
    pub bytes: Vec<u8>,
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
        for _ in 0..FRAMES_MAX {
            let Some(frame) = self.segment.peek(self.head)? else { return Ok(None) };
            let message_type = (frame.tag >> 8) as u8;
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
                INLINE => {
                    let bytes =
                        self.domain.map().read_vec(frame.offset, frame.length as usize).ok_or_else(out_of_memory)?;
                    self.advance(frame.end);
                    return Ok(Some(Message { message_type, bytes }));
                }
                OUT_OF_LINE => {
                    let (handle, length) = handle_from(self.domain, &frame, Kind::Payload)?;
                    let block = self.domain.kept(handle, self.channel)?;
                    let sound = length <= block.length;
                    let bytes = sound.then(|| self.domain.map().read_vec(block.offset, length as usize));
                    // In this order: a frame that names a block which is gone would be the end of the direction.
                    self.advance(frame.end);
                    self.domain.let_go(handle, self.channel);
                    let bytes = bytes.ok_or_else(|| corrupt("a message longer than its block"))?;
                    let bytes = bytes.ok_or_else(out_of_memory)?;
                    return Ok(Some(Message { message_type, bytes }));
                }
                _ => self.advance(frame.end),
            }
        }
        Err(corrupt("frames without messages, one after the other"))
    }

    fn advance(&mut self, head: u64) {
        self.head = head;
        self.segment.set_head(head);
    }
}

fn out_of_memory() -> Error {
    Error::new(Code::ShmSpace, "a message does not fit the memory of this process".to_owned())
}
