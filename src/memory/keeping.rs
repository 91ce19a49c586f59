//! Blocks that belong to another block: the rings and messages of a channel, the payloads of a queue of tasks.
//!
//! The `keeper` word of an entry names that other block. While it is not free, neither is what it keeps; so what was
//! handed over lives exactly as long as anybody can still come and take it, whoever was killed meanwhile, and no count
//! has to be kept right for that. Who takes a thing out of its keeper lets it go.
//!
//! | killed | what becomes of the block |
//! |---|---|
//! | before `keep` | its maker's holder bit goes with the reaper: freed |
//! | after `keep`, before it was published in the keeper | kept for nothing, until `let_go_all` or the keeper's end |
//! | after it was taken out, before `let_go` | the same |
//! | between clearing the word and freeing | the reaper, which looks at every entry, frees it |
//!
//! A keeper that is freed does not look for what it kept: its last user lets go of everything before (`let_go_all`, when
//! the other one was killed), and the reaper has a second look at all that was kept, for keepers whose users all died.

use crate::sys::atomic::Ordering::{Relaxed, SeqCst};

use super::directory::{FREE, LIVE, stale, state_word};
use super::domain::Domain;
use super::handle::{Block, Handle};
use crate::error::Result;

impl Domain {
    /// The block belongs to `keeper` from now on. The caller holds both.
    pub fn keep(&self, handle: Handle, keeper: Handle) {
        self.entry(handle.index).keeper().store(word_of(keeper), SeqCst);
    }

    /// The block that a handle names, which `keeper` must keep. It stays alive until somebody lets it go.
    pub fn kept(&self, handle: Handle, keeper: Handle) -> Result<Block> {
        let bounds = self.is_kept_by(handle, keeper).then(|| self.entry(handle.index).bounds(handle.kind)).flatten();
        let (offset, length) = bounds.ok_or_else(|| stale(handle))?;
        Ok(Block { handle, offset, length })
    }

    /// What `keeper` kept was taken out of it: freed, unless somebody else refers to it.
    pub fn let_go(&self, handle: Handle, keeper: Handle) {
        let Some(_present) = self.present() else { return };
        if self.is_kept_by(handle, keeper) {
            self.release(handle.index, keeper);
        }
    }

    /// The keeper's last user leaves it, and others of its users were killed: whatever it still keeps is let go.
    pub fn let_go_all(&self, keeper: Handle) {
        let Some(_present) = self.present() else { return };
        for index in 0..self.entry_count() {
            if self.entry(index).keeper().load(Relaxed) == word_of(keeper) {
                self.release(index, keeper);
            }
        }
    }

    fn release(&self, index: u32, keeper: Handle) {
        let word = self.entry(index).keeper();
        if word.compare_exchange(word_of(keeper), 0, SeqCst, Relaxed).is_ok() {
            self.free_if_unreferenced(index);
        }
    }

    fn is_kept_by(&self, handle: Handle, keeper: Handle) -> bool {
        handle.index < self.entry_count()
            && self.entry(handle.index).keeper().load(SeqCst) == word_of(keeper)
            && self.entry(handle.index).state().load(SeqCst) == state_word(handle.generation, handle.kind as u64, LIVE)
    }

    /// Whether a keeper word names a block that is not free. One that is being freed counts: who frees it may yet find
    /// that it is referenced.
    pub(super) fn is_keeping(&self, word: u64) -> bool {
        let index = ((word >> 32) as u32).wrapping_sub(1);
        if word == 0 || index >= self.entry_count() {
            return false;
        }
        let state = self.entry(index).state().load(SeqCst);
        state & 0xff != FREE && (state >> 32) as u32 == word as u32
    }
}

pub(super) fn word_of(keeper: Handle) -> u64 {
    u64::from(keeper.index + 1) << 32 | u64::from(keeper.generation)
}
