//! POSIX message queues: mq_overview(7). On Linux a queue is a descriptor that epoll can watch.
//!
//! Every queue is opened non-blocking: `EAGAIN` says that it is full or empty.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;

pub struct MessageQueue {
    fd: OwnedFd,
}

#[derive(Debug, Clone, Copy)]
pub struct Attributes {
    pub max_messages: i64,
    pub message_size_bytes: i64,
    pub current_messages: i64,
}

/// How a queue that does not exist is made.
#[derive(Debug, Clone, Copy)]
pub struct Creation {
    pub exclusive: bool,
    pub max_messages: i64,
    pub message_size_bytes: i64,
    /// Less the umask.
    pub mode: u32,
}

impl MessageQueue {
    pub fn open(name: &CStr, creation: Option<Creation>) -> Result<Self, Errno> {
        let flags = libc::O_RDWR | libc::O_NONBLOCK | libc::O_CLOEXEC;
        let fd = match creation {
            // SAFETY: the name ends with NUL; without O_CREAT nothing else is read.
            None => unsafe { libc::mq_open(name.as_ptr(), flags) },
            Some(creation) => {
                let flags = flags | libc::O_CREAT | if creation.exclusive { libc::O_EXCL } else { 0 };
                // SAFETY: all-zero bytes are a valid mq_attr.
                let mut attributes = unsafe { MaybeUninit::<libc::mq_attr>::zeroed().assume_init() };
                attributes.mq_maxmsg = creation.max_messages;
                attributes.mq_msgsize = creation.message_size_bytes;
                // SAFETY: the name ends with NUL, and the attributes live until the call returns.
                unsafe { libc::mq_open(name.as_ptr(), flags, creation.mode, &raw const attributes) }
            }
        };
        Errno::result(fd).map(|fd| Self { fd: super::socket::own(fd) })
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    pub fn attributes(&self) -> Result<Attributes, Errno> {
        let mut attributes = MaybeUninit::<libc::mq_attr>::zeroed();
        // SAFETY: `attributes` is writable memory of the right type.
        Errno::result(unsafe { libc::mq_getattr(self.fd.as_raw_fd(), attributes.as_mut_ptr()) })?;
        // SAFETY: it was zeroed, which is valid, before the call wrote to it.
        let attributes = unsafe { attributes.assume_init() };
        Ok(Attributes {
            max_messages: attributes.mq_maxmsg,
            message_size_bytes: attributes.mq_msgsize,
            current_messages: attributes.mq_curmsgs,
        })
    }

    pub fn send(&self, message: &[u8], priority: u32) -> Result<(), Errno> {
        loop {
            // SAFETY: the pointer and the length are those of a live slice, which is only read.
            let sent = unsafe { libc::mq_send(self.fd.as_raw_fd(), message.as_ptr().cast(), message.len(), priority) };
            match Errno::result(sent) {
                Err(Errno::EINTR) => {}
                result => return result.map(drop),
            }
        }
    }

    /// The oldest message of the highest priority. `buffer` has the queue's message size at least.
    pub fn receive(&self, buffer: &mut [u8]) -> Result<(usize, u32), Errno> {
        let mut priority = 0;
        loop {
            // SAFETY: the pointer and the length are those of a live slice that nobody else uses.
            let got = unsafe {
                libc::mq_receive(self.fd.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), &raw mut priority)
            };
            match Errno::result(got) {
                Err(Errno::EINTR) => {}
                result => return result.map(|length| (length as usize, priority)),
            }
        }
    }
}

pub fn unlink(name: &CStr) -> Result<(), Errno> {
    // SAFETY: the name ends with NUL.
    Errno::result(unsafe { libc::mq_unlink(name.as_ptr()) }).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_by_priority_and_a_full_or_empty_queue_says_so() {
        let name = std::ffi::CString::new(format!("/multiproc-test-{}", std::process::id())).unwrap();
        let creation = Creation { exclusive: true, max_messages: 2, message_size_bytes: 16, mode: 0o600 };
        let queue = MessageQueue::open(&name, Some(creation)).unwrap();
        assert_eq!(MessageQueue::open(&name, Some(creation)).err(), Some(Errno::EEXIST));
        let mut buffer = [0; 16];
        assert_eq!(queue.receive(&mut buffer), Err(Errno::EAGAIN));
        queue.send(b"low", 1).unwrap();
        queue.send(b"", 7).unwrap();
        assert_eq!(queue.send(b"third", 0), Err(Errno::EAGAIN));
        assert_eq!(queue.attributes().unwrap().current_messages, 2);
        assert_eq!(queue.receive(&mut buffer), Ok((0, 7)));
        assert_eq!(queue.receive(&mut buffer), Ok((3, 1)));
        unlink(&name).unwrap();
        assert_eq!(unlink(&name), Err(Errno::ENOENT));
    }
}
