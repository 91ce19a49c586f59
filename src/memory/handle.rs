//! What blocks are called: a kind, a handle that travels, and a block that was attached. Plain data, and no way in.

/// What a block is. The number travels in handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    Buffer = 1,
    Lock = 2,
    Semaphore = 3,
    Barrier = 4,
    Channel = 5,
    Segment = 6,
    Payload = 7,
    TaskQueue = 8,
    RLock = 9,
    BoundedSemaphore = 10,
    Condition = 11,
    Event = 12,
    RwLock = 13,
    Latch = 14,
    Once = 15,
    Queue = 16,
    PipeEnd = 17,
}

/// What objects with a state have at least: the fixed part of their blocks.
const HEAD_BYTES: u64 = 128;

impl Kind {
    /// No block of that kind is shorter.
    pub(super) fn least_bytes(self) -> u64 {
        match self {
            Self::Lock
            | Self::Semaphore
            | Self::Barrier
            | Self::Channel
            | Self::Segment
            | Self::TaskQueue
            | Self::RLock
            | Self::BoundedSemaphore
            | Self::Condition
            | Self::Event
            | Self::RwLock
            | Self::Latch
            | Self::Once
            | Self::Queue => HEAD_BYTES,
            Self::PipeEnd => 64,
            Self::Buffer | Self::Payload => 0,
        }
    }

    /// Where in a block of that kind its sets of waiters lie (sync/waiters.rs), as offsets. Each is a bit for every slot.
    pub const fn waiter_sets(self) -> &'static [u64] {
        match self {
            Self::Lock
            | Self::Semaphore
            | Self::Barrier
            | Self::TaskQueue
            | Self::RLock
            | Self::BoundedSemaphore
            | Self::Event
            | Self::Latch
            | Self::Once => &[64],
            Self::RwLock => &[64, 128],
            Self::Queue => &[192, 256, 320],
            // A condition's waiters have places with their tokens.
            Self::Condition | Self::Buffer | Self::Channel | Self::Segment | Self::Payload | Self::PipeEnd => &[],
        }
    }

    pub fn from_number(number: u32) -> Option<Self> {
        [
            Self::Buffer,
            Self::Lock,
            Self::Semaphore,
            Self::Barrier,
            Self::Channel,
            Self::Segment,
            Self::Payload,
            Self::TaskQueue,
            Self::RLock,
            Self::BoundedSemaphore,
            Self::Condition,
            Self::Event,
            Self::RwLock,
            Self::Latch,
            Self::Once,
            Self::Queue,
            Self::PipeEnd,
        ]
        .into_iter()
        .find(|kind| *kind as u32 == number)
    }
}

/// Names a block in every process of the domain. Plain data; stale or forged ones are refused by `attach`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Handle {
    pub kind: Kind,
    pub index: u32,
    pub generation: u32,
}

/// An attached block: bounds were checked, and it stays alive until `Domain::detach`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    pub handle: Handle,
    pub offset: u64,
    pub length: u64,
}
