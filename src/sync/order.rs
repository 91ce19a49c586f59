//! The order in which locks are taken, as all processes of a family have seen it: for the lock-order checker.
//!
//! A named block, made by whoever checks first: entries of 16 bytes, 0 edge u64 (from u32 << 32 | to u32, 0 empty) ·
//! 8 pid u32 of who recorded it. "From" was held when "to" was asked for; a lock is called index (22 bits) | generation
//! (10 bits). An edge is committed by one compare-exchange and stays for ever; the pid beside it may be missing when its
//! writer was killed in between. Open addressing, at most WINDOW steps from the hash's place; where all are taken the
//! edge is not recorded, which `Recorded::Full` says.
//!
//! A new edge that closes a circle is an inversion: with unlucky timing, those who take the locks so wait for each other.
//! The idea is that of the Linux kernel's lockdep (Documentation/locking/lockdep-design.rst).

use std::collections::{HashMap, VecDeque};

use crate::error::Result;
use crate::memory::{Block, Domain, Handle, Kind};
use crate::sys::atomic::Ordering::{Acquire, Relaxed, SeqCst};

const ENTRIES: u32 = 8192;
const ENTRY_SIZE: u64 = 16;
const WINDOW: u32 = 128;
const NAME: &str = "\u{1}lockdep";
const INDEX_BITS: u32 = 22;

#[derive(Debug, PartialEq, Eq)]
pub enum Recorded {
    Known,
    New,
    Full,
}

/// One step of a recorded order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub from: u32,
    pub to: u32,
    /// Who recorded it; 0 when that is not known.
    pub pid: u32,
}

#[derive(Clone, Copy)]
pub struct Order<'d> {
    domain: &'d Domain,
    block: Block,
}

/// What a lock is called here.
pub fn label(index: u32, generation: u32) -> u32 {
    (index + 1) & ((1 << INDEX_BITS) - 1) | generation << INDEX_BITS
}

impl<'d> Order<'d> {
    /// The family's table. The reference is the caller's.
    pub fn open(domain: &'d Domain) -> Result<Self> {
        let length = u64::from(ENTRIES) * ENTRY_SIZE;
        let (block, _) = domain.open_named(Kind::Buffer, NAME, || domain.allocate(Kind::Buffer, length))?;
        Ok(Self { domain, block })
    }

    pub fn record(self, from: u32, to: u32, pid: u32) -> Recorded {
        let edge = u64::from(from) << 32 | u64::from(to);
        let start = hash(edge);
        for step in 0..WINDOW {
            let at = self.entry(start.wrapping_add(step));
            let word = self.domain.map().u64_at(at);
            let mut seen = word.load(Acquire);
            if seen == 0 {
                match word.compare_exchange(0, edge, SeqCst, Acquire) {
                    Ok(_) => {
                        self.domain.map().u32_at(at + 8).store(pid, Relaxed);
                        return Recorded::New;
                    }
                    Err(now) => seen = now,
                }
            }
            if seen == edge {
                return Recorded::Known;
            }
        }
        Recorded::Full
    }

    /// A shortest recorded order from one lock to another.
    pub fn path(self, from: u32, to: u32) -> Option<Vec<Step>> {
        let mut next: HashMap<u32, Vec<Step>> = HashMap::new();
        for index in 0..ENTRIES {
            let at = self.entry(index);
            let edge = self.domain.map().u64_at(at).load(Acquire);
            if edge != 0 {
                let pid = self.domain.map().u32_at(at + 8).load(Relaxed);
                let step = Step { from: (edge >> 32) as u32, to: edge as u32, pid };
                next.entry(step.from).or_default().push(step);
            }
        }
        let mut came_by: HashMap<u32, Step> = HashMap::new();
        let mut open = VecDeque::from([from]);
        while let Some(lock) = open.pop_front() {
            for &step in next.get(&lock).into_iter().flatten() {
                if step.to == from || came_by.contains_key(&step.to) {
                    continue;
                }
                came_by.insert(step.to, step);
                if step.to == to {
                    let steps = std::iter::successors(Some(step), |step| came_by.get(&step.from).copied());
                    let mut path: Vec<Step> = steps.collect();
                    path.reverse();
                    return Some(path);
                }
                open.push_back(step.to);
            }
        }
        None
    }

    /// The living lock of that label.
    pub fn handle_of(self, label: u32) -> Option<Handle> {
        let index = (label & ((1 << INDEX_BITS) - 1)).checked_sub(1)?;
        self.domain.handle_in(index).filter(|handle| self::label(index, handle.generation) == label)
    }

    fn entry(self, index: u32) -> u64 {
        self.block.offset + u64::from(index % ENTRIES) * ENTRY_SIZE
    }
}

fn hash(edge: u64) -> u32 {
    (edge.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_is_new_once_and_an_order_is_found_over_several_steps() {
        let domain = Domain::create(64 << 20).expect("a domain");
        let order = Order::open(&domain).expect("a table");
        let [a, b, c] = [label(1, 1), label(2, 1), label(3, 7)];
        assert_eq!(order.record(a, b, 10), Recorded::New);
        assert_eq!(order.record(a, b, 11), Recorded::Known);
        assert_eq!(order.path(b, a), None);
        assert_eq!(order.record(b, c, 12), Recorded::New);
        let steps = [Step { from: a, to: b, pid: 10 }, Step { from: b, to: c, pid: 12 }];
        assert_eq!(order.path(a, c), Some(steps.to_vec()));
        assert_eq!(order.path(c, a), None);
        assert_eq!(order.record(c, a, 13), Recorded::New);
        assert_eq!(order.path(a, c), Some(steps.to_vec()), "a circle does not go on for ever");
    }

    #[test]
    fn a_full_table_says_so() {
        let domain = Domain::create(64 << 20).expect("a domain");
        let order = Order::open(&domain).expect("a table");
        let full = (1..=ENTRIES + WINDOW).any(|number| order.record(number, number + 1, 1) == Recorded::Full);
        assert!(full);
        assert_eq!(order.record(1, 2, 1), Recorded::Known);
    }
}
