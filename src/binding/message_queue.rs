//! POSIX message queues, as JavaScript calls them.

use std::ffi::CString;

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use super::arguments::{closed, refused};
use super::runtime;
use crate::sys::Errno;
use crate::sys::mqueue::{self, Creation, MessageQueue};

/// An open message queue. Closed by `close()` or by the collector.
#[napi]
pub struct NativeMessageQueue {
    queue: Option<MessageQueue>,
    message_size_bytes: usize,
}

#[napi(object)]
pub struct QueueCreation {
    pub exclusive: bool,
    pub max_messages: u32,
    pub message_size: u32,
    pub mode: u32,
}

#[napi(object)]
pub struct ReceivedMessage {
    pub data: Buffer,
    pub priority: u32,
}

fn c_name(name: String) -> napi::Result<CString> {
    CString::new(name).map_err(|_| refused("mq_open", Errno::EINVAL))
}

#[napi]
pub fn open_message_queue(name: String, creation: Option<QueueCreation>) -> napi::Result<NativeMessageQueue> {
    let creation = creation.map(|creation| Creation {
        exclusive: creation.exclusive,
        max_messages: i64::from(creation.max_messages),
        message_size_bytes: i64::from(creation.message_size),
        mode: creation.mode,
    });
    let queue = MessageQueue::open(&c_name(name)?, creation).map_err(|errno| refused("mq_open", errno))?;
    let attributes = queue.attributes().map_err(|errno| refused("mq_getattr", errno))?;
    Ok(NativeMessageQueue { queue: Some(queue), message_size_bytes: attributes.message_size_bytes as usize })
}

#[napi]
pub fn unlink_message_queue(name: String) -> napi::Result<()> {
    mqueue::unlink(&c_name(name)?).map_err(|errno| refused("mq_unlink", errno))
}

#[napi]
impl NativeMessageQueue {
    fn queue(&self) -> napi::Result<&MessageQueue> {
        self.queue.as_ref().ok_or_else(closed)
    }

    /// `[maxMessages, messageSize, currentMessages]`
    #[napi]
    pub fn attributes(&self) -> napi::Result<Vec<i64>> {
        let found = self.queue()?.attributes().map_err(|errno| refused("mq_getattr", errno))?;
        Ok(vec![found.max_messages, found.message_size_bytes, found.current_messages])
    }

    /// Whether there was room.
    #[napi]
    pub fn send(&self, message: &[u8], priority: u32) -> napi::Result<bool> {
        match self.queue()?.send(message, priority) {
            Ok(()) => Ok(true),
            Err(Errno::EAGAIN) => Ok(false),
            Err(errno) => Err(refused("mq_send", errno)),
        }
    }

    /// The next message, if there is one.
    #[napi]
    pub fn receive(&self) -> napi::Result<Option<ReceivedMessage>> {
        let mut buffer = vec![0; self.message_size_bytes];
        match self.queue()?.receive(&mut buffer) {
            Ok((length, priority)) => {
                buffer.truncate(length);
                buffer.shrink_to_fit();
                Ok(Some(ReceivedMessage { data: buffer.into(), priority }))
            }
            Err(Errno::EAGAIN) => Ok(None),
            Err(errno) => Err(refused("mq_receive", errno)),
        }
    }

    /// Tells this instance once when there is a message, or with `writable` when there is room.
    #[napi]
    pub fn wait(&self, instance: u32, writable: bool) -> napi::Result<u32> {
        let fd = self.queue()?.fd();
        runtime::with_any(|runtime| runtime.await_descriptor(fd, writable, instance, true))
    }

    #[napi]
    pub fn close(&mut self) {
        self.queue = None;
    }
}
