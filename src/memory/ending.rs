//! What ends with a block: the blocks that it kept, and the references inside of it.
//!
//! Only some kinds have any. The layers above say how to look into them (`on_end`); here is what follows. Under the domain
//! lock; killed on the way, what was not reached yet is found by the reaper (what is kept), or stays counted as in flight
//! until the domain ends.

use std::sync::OnceLock;

use super::directory::stale_index;
use super::domain::Domain;
use super::handle::{Block, Handle, Kind};
use crate::sys::atomic::Ordering::{Relaxed, SeqCst};

/// The references that travel inside a block of that kind.
type Inside = fn(&Domain, Block) -> Vec<Handle>;

static INSIDE: OnceLock<(Kind, Inside)> = OnceLock::new();

/// How to look into blocks of that kind when they end: there is one such kind. Once in a process.
pub fn on_end(kind: Kind, inside: Inside) {
    INSIDE.get_or_init(|| (kind, inside));
}

/// Told of a block of that kind that is free now, while its memory is nobody's yet.
type Gone = fn(&Domain, Block);

static GONE: OnceLock<(Kind, Gone)> = OnceLock::new();

/// What is done when a block of that kind has ended, by whatever means: there is one such kind. Once in a process.
pub fn on_gone(kind: Kind, gone: Gone) {
    GONE.get_or_init(|| (kind, gone));
}

impl Domain {
    pub(super) fn tell_gone(&self, handle: Handle) {
        let Some((_, gone)) = GONE.get().filter(|(kind, _)| *kind == handle.kind) else { return };
        if let Some((offset, length)) = self.entry(handle.index).bounds(handle.kind) {
            gone(self, Block { handle, offset, length });
        }
    }

    /// Before the block is free: what is inside of it. `None`: blocks of that kind hold nothing.
    pub(super) fn inside(&self, handle: Handle) -> Option<Vec<Handle>> {
        let (kind, inside) = INSIDE.get()?;
        if handle.kind != *kind {
            return None;
        }
        let (offset, length) = self.entry(handle.index).bounds(handle.kind)?;
        Some(inside(self, Block { handle, offset, length }))
    }

    /// The block is free now. Adds the entries that may have nobody left.
    pub(super) fn end_with(&self, keeper: Handle, inside: &[Handle], pending: &mut Vec<u32>) {
        for handle in inside.iter().filter(|handle| !stale_index(self, **handle)) {
            let dropped =
                self.entry(handle.index).in_flight().fetch_update(SeqCst, SeqCst, |count| count.checked_sub(1));
            if dropped == Ok(1) {
                pending.push(handle.index);
            }
        }
        let word = super::keeping::word_of(keeper);
        pending.extend((0..self.entry_count()).filter(|index| self.entry(*index).keeper().load(Relaxed) == word));
    }
}
