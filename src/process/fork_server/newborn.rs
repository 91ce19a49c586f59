//! The newborn: a copy of the server that waits for an order, and becomes what was ordered. What fails is told, and ends it.

use std::os::fd::{AsFd, BorrowedFd, IntoRawFd, OwnedFd};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::order::Order;
use crate::sys::fork::Child;
use crate::sys::signal::Ignored;
use crate::sys::{Errno, identity, rights};

/// Of a newborn that ran nothing: the parent has seen the errno, or is gone.
const EXIT_NOT_BORN: i32 = 97;
const PATIENCE: Duration = Duration::from_secs(3);
const STREAM_COUNT: usize = 3;
/// In the place of an errno: there is a newborn of that pid.
pub const EXISTS: i32 = -1;

/// What came from the parent by way of the server.
pub struct Newborn {
    cord: OwnedFd,
    named: Vec<OwnedFd>,
    order: Order,
}

/// What a newborn keeps until its order comes.
struct Waiting {
    cord: OwnedFd,
    ignored: Ignored,
    /// The variable that leads to the domain.
    own_variables: Vec<Vec<u8>>,
}

static WAITING: Mutex<Option<Waiting>> = Mutex::new(None);

impl Newborn {
    pub fn new(descriptors: Vec<OwnedFd>, order: Order) -> Option<Self> {
        let mut descriptors = descriptors.into_iter();
        Some(Self { cord: descriptors.next()?, named: descriptors.collect(), order })
    }

    pub fn cord(&self) -> BorrowedFd<'_> {
        self.cord.as_fd()
    }

    /// From the fork to its own threads and objects.
    pub fn begin(self, child: Child, ignored: Ignored) {
        let Self { cord, named, order } = self;
        let pid = std::process::id();
        let own_variables = with_numbers(named, &order);
        tell(cord.as_fd(), pid, EXISTS);
        let become_one = || {
            child.unshare()?;
            identity::follow_parent(order.death_signal, order.parent_pid)?;
            identity::add_to_environment(&own_variables);
            child.awake()
        };
        if let Err(errno) = become_one() {
            tell(cord.as_fd(), pid, errno as i32);
            identity::end_process(EXIT_NOT_BORN);
        }
        *WAITING.lock().unwrap_or_else(PoisonError::into_inner) = Some(Waiting { cord, ignored, own_variables });
    }
}

/// In a newborn: whether its order is there, so that there is no time to do anything ahead.
pub fn is_ordered() -> bool {
    let waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    waiting.as_ref().is_none_or(|waiting| rights::has_something(waiting.cord.as_fd()))
}

/// In a newborn, once: returns the order's message when it has become what was ordered. Blocks until then, for as long as the
/// parent lives.
pub fn await_order() -> Vec<u8> {
    let Some(Waiting { cord, ignored, own_variables }) = WAITING.lock().unwrap_or_else(PoisonError::into_inner).take()
    else {
        return Vec::new();
    };
    let pid = std::process::id();
    let Some((order, descriptors)) = Order::receive(cord.as_fd(), STREAM_COUNT) else {
        identity::end_process(EXIT_NOT_BORN)
    };
    if let Err(errno) = follow(&order, descriptors, own_variables) {
        tell(cord.as_fd(), pid, errno as i32);
        identity::end_process(EXIT_NOT_BORN);
    }
    ignored.restore();
    tell(cord.as_fd(), pid, 0);
    // No limit: the parent is gone when its end is closed.
    match rights::receive(cord.as_fd(), &mut [0], None) {
        Ok((1, _)) => order.message,
        _ => identity::end_process(EXIT_NOT_BORN),
    }
}

/// In a newborn that cannot go on: without a word of JavaScript's. The parent sees that its cord has ended.
pub fn give_up() -> ! {
    identity::end_process(EXIT_NOT_BORN)
}

fn follow(order: &Order, descriptors: Vec<OwnedFd>, own_variables: Vec<Vec<u8>>) -> Result<(), Errno> {
    let mut streams = descriptors;
    let named = streams.split_off(STREAM_COUNT);
    identity::place_standard_streams(&streams)?;
    drop(streams);
    if order.detached {
        identity::lead_session()?;
    }
    identity::change_directory(&order.cwd)?;
    order.limits().apply()?;
    identity::follow_parent(order.death_signal, order.parent_pid)?;
    // Before the others, which may have a variable of the name: the first one counts.
    let mut environment = own_variables;
    environment.extend(with_numbers(named, order));
    environment.extend_from_slice(&order.environment);
    identity::replace_environment(&environment);
    Ok(())
}

/// The variables that name descriptors. These are kept for the life of the process: whoever reads a variable takes its own
/// over.
fn with_numbers(descriptors: Vec<OwnedFd>, order: &Order) -> Vec<Vec<u8>> {
    let entry = |(descriptor, (name, rest)): (OwnedFd, &(Vec<u8>, Vec<u8>))| {
        let number = descriptor.into_raw_fd().to_string();
        [name.as_slice(), b"=", number.as_bytes(), rest.as_slice()].concat()
    };
    descriptors.into_iter().zip(&order.named).map(entry).collect()
}

pub fn tell(cord: BorrowedFd<'_>, pid: u32, errno: i32) {
    let bytes = [pid.to_ne_bytes(), errno.to_ne_bytes()].concat();
    // A parent that is gone need not know; the next read of the cord tells.
    let _ = rights::send(cord, &bytes, &[], Instant::now() + PATIENCE);
}
