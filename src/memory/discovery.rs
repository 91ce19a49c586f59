//! How a process finds the domain of its family.
//!
//! | variable | value | set by | for |
//! |---|---|---|---|
//! | `MULTIPROC_DOMAIN_FD` | `FD:NONCE` | our own spawn | the child it starts, which inherits the descriptor |
//! | `MULTIPROC_DOMAIN` | `PID:FD:NONCE` | every member, in its own environment | children started by other means, through /proc/PID/fd/FD |
//!
//! The nonce (32 hex digits) is compared with the domain's header: a reused pid or descriptor number is no domain. When
//! the named holder is gone, the process starts a family of its own.

use std::os::fd::OwnedFd;

use super::domain::Domain;
use super::layout::{H_NONCE, MAGIC};
use crate::sys::memfd;

pub const DESCRIPTOR_VARIABLE: &str = "MULTIPROC_DOMAIN_FD";
pub const HOLDER_VARIABLE: &str = "MULTIPROC_DOMAIN";

/// The descriptor of the family's domain, if the environment leads to one.
pub fn find() -> Option<OwnedFd> {
    inherited().or_else(held_by_another)
}

fn inherited() -> Option<OwnedFd> {
    let value = std::env::var(DESCRIPTOR_VARIABLE).ok()?;
    let (fd, nonce) = value.split_once(':')?;
    let fd = fd.parse().ok()?;
    // Looked at before it is taken over, through /proc: it may be a descriptor of somebody else's.
    let looked_at = memfd::open_of_process(std::process::id(), fd).ok()?;
    if !is_domain(&looked_at, nonce) {
        return None;
    }
    drop(looked_at);
    memfd::adopt(fd).ok()
}

fn held_by_another() -> Option<OwnedFd> {
    let value = std::env::var(HOLDER_VARIABLE).ok()?;
    let mut parts = value.split(':');
    let (pid, fd, nonce) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
    let fd = memfd::open_of_process(pid, fd).ok()?;
    is_domain(&fd, nonce).then_some(fd)
}

fn is_domain(fd: &OwnedFd, nonce: &str) -> bool {
    use std::os::unix::fs::FileExt;
    let Ok(file) = fd.try_clone().map(std::fs::File::from) else { return false };
    let mut header = [0; 32];
    memfd::sealed_size(std::os::fd::AsFd::as_fd(fd)).is_ok()
        && file.read_exact_at(&mut header, 0).is_ok()
        && header[..8] == MAGIC.to_le_bytes()
        && hex(&header[H_NONCE as usize..]) == nonce
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Domain {
    /// The value of `MULTIPROC_DOMAIN` in this process's environment.
    pub fn holder_value(&self) -> String {
        format!("{}:{}:{}", std::process::id(), self.raw_fd(), hex(self.nonce()))
    }

    /// The value of `MULTIPROC_DOMAIN_FD` for a child that inherits the descriptor as number `fd`.
    pub fn descriptor_value(&self, fd: i32) -> String {
        format!("{fd}{}", self.descriptor_suffix())
    }

    /// The same without the number.
    pub fn descriptor_suffix(&self) -> String {
        format!(":{}", hex(self.nonce()))
    }

    /// The abstract socket name of a doorbell; `role` tells the doorbells of one agent apart.
    pub fn doorbell_name(&self, role: char, token: super::Token) -> Vec<u8> {
        format!("multiproc/{}/{role}{:x}", hex(self.nonce()), token.0).into_bytes()
    }
}
