//! What the parent sends, of the same version of this package: to the server, that a newborn is wanted, and to the newborn,
//! what it is to become. The first has only the parent, its death signal and the domain's descriptor.
//!
//! A length (4 bytes) comes before it, with the descriptors: for the server the cord's end, for the newborn three standard
//! streams, and then those that are named. Fields in the order of the struct, numbers of 8 bytes and byte strings with their
//! length before them, all little-endian; a number that may be absent is a string of 0 or 8 bytes. Wrong bytes are an error,
//! not a panic.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use crate::sys::Errno;
use crate::sys::rights;
use crate::sys::spawn::Limits;

/// Longer ones are no order: an environment has at most some megabytes.
const SIZE_MAX: u32 = 64 << 20;
const LENGTH_SIZE: usize = 4;
/// Between the parts of one order.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order {
    pub parent_pid: u32,
    /// 0 for none.
    pub death_signal: i32,
    pub detached: bool,
    pub nice: Option<i32>,
    pub cpus: Vec<u32>,
    pub open_files: Option<u64>,
    pub cpu_seconds: Option<u64>,
    pub cwd: Vec<u8>,
    /// `NAME=value`: the whole environment.
    pub environment: Vec<Vec<u8>>,
    /// For each further descriptor a variable's name, and what follows the descriptor's number in its value.
    pub named: Vec<(Vec<u8>, Vec<u8>)>,
    /// For the JavaScript of the newborn.
    pub message: Vec<u8>,
}

impl Order {
    pub fn limits(&self) -> Limits {
        Limits { nice: self.nice, cpus: self.cpus.clone(), open_files: self.open_files, cpu_seconds: self.cpu_seconds }
    }

    /// Waits for one, without limit. With it come `expected` descriptors and those that it names. `None`: the peer is gone,
    /// or is none of ours.
    pub fn receive(from: BorrowedFd<'_>, expected: usize) -> Option<(Self, Vec<OwnedFd>)> {
        let mut length = [0; LENGTH_SIZE];
        let (got, descriptors) = rights::receive(from, &mut length, None).ok()?;
        if got == 0 {
            return None;
        }
        let deadline = Instant::now() + PATIENCE;
        fill(from, &mut length[got..], deadline).ok()?;
        let length = u32::from_le_bytes(length);
        if length > SIZE_MAX {
            return None;
        }
        let mut bytes = vec![0; length as usize];
        fill(from, &mut bytes, deadline).ok()?;
        let order = Self::decode(&bytes)?;
        (descriptors.len() == expected + order.named.len()).then_some((order, descriptors))
    }

    /// With its length before it.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![0; LENGTH_SIZE];
        let mut number = |value: u64| bytes.extend(value.to_le_bytes());
        number(self.parent_pid.into());
        number(self.death_signal as u64);
        number(self.detached.into());
        optional(&mut bytes, self.nice.map(|nice| i64::from(nice) as u64));
        optional(&mut bytes, self.open_files);
        optional(&mut bytes, self.cpu_seconds);
        let cpus: Vec<u8> = self.cpus.iter().flat_map(|cpu| cpu.to_le_bytes()).collect();
        string(&mut bytes, &cpus);
        string(&mut bytes, &self.cwd);
        string(&mut bytes, &self.message);
        bytes.extend((self.named.len() as u64).to_le_bytes());
        for (name, rest) in &self.named {
            string(&mut bytes, name);
            string(&mut bytes, rest);
        }
        for entry in &self.environment {
            string(&mut bytes, entry);
        }
        let length = (bytes.len() - LENGTH_SIZE) as u32;
        bytes[..LENGTH_SIZE].copy_from_slice(&length.to_le_bytes());
        bytes
    }

    /// Without the length. `None`: the bytes are no order.
    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = Reader(bytes);
        let mut order = Self {
            parent_pid: rest.number()?.try_into().ok()?,
            death_signal: rest.number()? as i32,
            detached: rest.number()? != 0,
            nice: number(rest.string()?).map(|nice| nice as i32),
            open_files: number(rest.string()?),
            cpu_seconds: number(rest.string()?),
            cpus: rest
                .string()?
                .chunks_exact(4)
                .map(|cpu| u32::from_le_bytes(cpu.try_into().unwrap_or_default()))
                .collect(),
            cwd: rest.string()?.to_vec(),
            ..Self::default()
        };
        order.message = rest.string()?.to_vec();
        for _ in 0..rest.number()? {
            order.named.push((rest.string()?.to_vec(), rest.string()?.to_vec()));
        }
        while !rest.0.is_empty() {
            order.environment.push(rest.string()?.to_vec());
        }
        Some(order)
    }
}

/// Reads all of it.
pub fn fill(from: BorrowedFd<'_>, mut into: &mut [u8], deadline: Instant) -> Result<(), Errno> {
    while !into.is_empty() {
        match rights::receive(from, into, Some(deadline))? {
            (0, _) => return Err(Errno::EPIPE),
            (got, _) => into = &mut into[got..],
        }
    }
    Ok(())
}

fn optional(bytes: &mut Vec<u8>, value: Option<u64>) {
    string(bytes, value.map(u64::to_le_bytes).as_ref().map_or(&[], <[u8; 8]>::as_slice));
}

fn number(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

fn string(bytes: &mut Vec<u8>, value: &[u8]) {
    bytes.extend((value.len() as u64).to_le_bytes());
    bytes.extend_from_slice(value);
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        number(self.take(8)?)
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::try_from(length).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Order {
        Order {
            parent_pid: 7,
            death_signal: 9,
            detached: true,
            nice: Some(-3),
            cpus: vec![0, 5],
            open_files: Some(64),
            cpu_seconds: None,
            cwd: b"/tmp".to_vec(),
            environment: vec![b"A=1".to_vec(), b"EMPTY=".to_vec()],
            named: vec![(b"NAME".to_vec(), b":rest".to_vec()), (b"OTHER".to_vec(), Vec::new())],
            message: vec![0, 255, 3],
        }
    }

    #[test]
    fn an_order_is_read_as_it_was_written() {
        for order in [sample(), Order::default()] {
            assert_eq!(Order::decode(&order.encode()[LENGTH_SIZE..]), Some(order));
        }
    }

    #[test]
    fn a_cut_order_is_none_or_another_and_no_panic() {
        let bytes = sample().encode();
        for end in LENGTH_SIZE..bytes.len() {
            assert_ne!(Order::decode(&bytes[LENGTH_SIZE..end]), Some(sample()));
        }
        assert_eq!(Order::decode(&[0xff; 200]), None);
    }
}
