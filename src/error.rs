//! Every failure of the native core: a code from the package's closed list, and a message for its reader.
//!
//! The codes are those of lib/errors.js; a test compares the two lists.

use std::fmt;

/// What went wrong, as the user's program sees it in `error.code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The domain could not be created or joined, or has been overwritten.
    Domain,
    /// The domain has no room for the block asked for.
    ShmSpace,
    /// The agent table is full.
    Agents,
    /// The handle names no living object of this domain.
    Handle,
    /// The name belongs to an object of another kind or shape.
    Name,
    /// The object was closed.
    Closed,
    /// A lock was released that nobody held.
    LockNotHeld,
    /// A lock was released, or a condition used, by a thread that does not hold the lock.
    LockNotOwner,
    /// A bounded semaphore was released more often than it was acquired.
    SemBound,
    /// The wait would never end: it closed a cycle of waits.
    Deadlock,
    /// An object has as many waits as it has room for.
    Waiters,
    /// A semaphore was released beyond its largest value.
    SemOverflow,
    /// The barrier is broken.
    BrokenBarrier,
    /// The channel is closed.
    ChannelClosed,
    /// An invariant does not hold.
    Internal,
}

impl Code {
    pub const ALL: [Self; 15] = [
        Self::Domain,
        Self::ShmSpace,
        Self::Agents,
        Self::Handle,
        Self::Name,
        Self::Closed,
        Self::LockNotHeld,
        Self::LockNotOwner,
        Self::SemBound,
        Self::Waiters,
        Self::Deadlock,
        Self::SemOverflow,
        Self::BrokenBarrier,
        Self::ChannelClosed,
        Self::Internal,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Domain => "ERR_MULTIPROC_DOMAIN",
            Self::ShmSpace => "ERR_MULTIPROC_SHM_SPACE",
            Self::Agents => "ERR_MULTIPROC_AGENTS",
            Self::Handle => "ERR_MULTIPROC_HANDLE",
            Self::Name => "ERR_MULTIPROC_NAME",
            Self::Closed => "ERR_MULTIPROC_CLOSED",
            Self::LockNotHeld => "ERR_MULTIPROC_LOCK_NOT_HELD",
            Self::LockNotOwner => "ERR_MULTIPROC_LOCK_NOT_OWNER",
            Self::SemBound => "ERR_MULTIPROC_SEM_BOUND",
            Self::Waiters => "ERR_MULTIPROC_WAITERS",
            Self::Deadlock => "ERR_MULTIPROC_DEADLOCK",
            Self::SemOverflow => "ERR_MULTIPROC_SEM_OVERFLOW",
            Self::BrokenBarrier => "ERR_MULTIPROC_BROKEN_BARRIER",
            Self::ChannelClosed => "ERR_MULTIPROC_CHANNEL_CLOSED",
            Self::Internal => "ERR_MULTIPROC_INTERNAL",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Error {
    pub code: Code,
    pub message: String,
}

impl Error {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code.as_str(), self.message)
    }
}

impl std::error::Error for Error {}

pub type Result<T> = std::result::Result<T, Error>;
