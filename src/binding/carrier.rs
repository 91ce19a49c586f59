//! Descriptors that go with the messages of a forked program: by a socket of their own (sys/carrier.rs).

use std::os::fd::IntoRawFd;

use napi_derive::napi;

use crate::sys::{Errno, carrier, socket};

fn negative(errno: Errno) -> i32 {
    -(errno as i32)
}

/// The two ends of a carrier, both closed on exec; or `[-errno]`.
#[napi]
pub fn carrier_pair() -> Vec<i32> {
    match carrier::pair() {
        Ok((one, other)) => vec![one, other],
        Err(errno) => vec![negative(errno)],
    }
}

/// Takes over an inherited end. False when the descriptor is none.
#[napi]
pub fn carrier_adopt(descriptor: i32) -> bool {
    socket::borrow(&descriptor).is_some_and(carrier::adopt)
}

/// Sends a copy of a descriptor under a number: 0, or the negative errno.
#[napi]
pub fn carrier_send(end: i32, number: f64, descriptor: i32) -> i32 {
    match socket::borrow(&end).ok_or(Errno::EBADF).and_then(|end| carrier::send(end, number as u64, descriptor)) {
        Ok(()) => 0,
        Err(errno) => negative(errno),
    }
}

/// The descriptor under a number, which the caller owns from then on; or the negative errno.
#[napi]
pub fn carrier_receive(end: i32, number: f64) -> i32 {
    match socket::borrow(&end).ok_or(Errno::EBADF).and_then(|end| carrier::receive(end, number as u64)) {
        Ok(descriptor) => descriptor.into_raw_fd(),
        Err(errno) => negative(errno),
    }
}
