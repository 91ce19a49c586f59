//! Shared memory as words made on demand; every mapping of an execution shows the same ones.
//!
//! An offset holds a u32 or a u64, never both; raw bytes are u32 words, copied one by one without any ordering.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;

use super::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

#[derive(Clone, Copy)]
enum Word {
    Half(&'static AtomicU32),
    Whole(&'static AtomicU64),
}

thread_local! {
    /// Of this system thread, for as long as it runs: an execution finds them empty.
    static WORDS: RefCell<BTreeMap<u64, Word>> = RefCell::default();
    /// Those that are loom's in the present execution.
    static RAISED: RefCell<Vec<Word>> = RefCell::default();
}

fn each(action: impl Fn(Word)) {
    WORDS.with_borrow(|words| words.values().copied().for_each(action));
}

/// A new execution: all is zero.
pub(super) fn reset() {
    each(|word| match word {
        Word::Half(word) => word.reset(),
        Word::Whole(word) => word.reset(),
    });
}

/// A new model: no word is known to be written while threads run.
pub(super) fn forget() {
    each(|word| match word {
        Word::Half(word) => word.forget(),
        Word::Whole(word) => word.forget(),
    });
}

/// Words that threads write become loom's, in the order of their offsets: it must be the same each time.
pub(super) fn raise() {
    let mut raised = Vec::new();
    WORDS.with_borrow(|words| {
        for word in words.values() {
            let is_raised = match word {
                Word::Half(word) => word.raise(),
                Word::Whole(word) => word.raise(),
            };
            if is_raised {
                raised.push(*word);
            }
        }
    });
    RAISED.set(raised);
}

/// The newest values become those of the plain cells.
pub(super) fn settle() {
    for word in RAISED.take() {
        match word {
            Word::Half(word) => word.settle(),
            Word::Whole(word) => word.settle(),
        }
    }
}

/// The thread has come to a SeqCst fence.
pub(super) fn fence(thread: usize) {
    RAISED.with_borrow(|words| {
        for word in words {
            match word {
                Word::Half(word) => word.fence(thread),
                Word::Whole(word) => word.fence(thread),
            }
        }
    });
}

/// Zeroes the words that there are: all others are zero.
pub(super) fn zero(offset: u64, len: u64) {
    let words: Vec<Word> =
        WORDS.with_borrow(|words| words.range(offset..offset + len).map(|(_, word)| *word).collect());
    for word in words {
        match word {
            Word::Half(word) if !word.is_constant_zero() => word.store(0, Relaxed),
            Word::Whole(word) if !word.is_constant_zero() => word.store(0, Relaxed),
            _ => {}
        }
    }
}

fn word_at(offset: u64, size: u64) -> Word {
    WORDS.with_borrow_mut(|words| {
        if let Some(word) = words.get(&offset) {
            return *word;
        }
        let word = if size == 4 {
            let before = words.get(&offset.wrapping_sub(4));
            assert!(!matches!(before, Some(Word::Whole(_))), "a u32 at {offset} inside of a u64");
            Word::Half(Box::leak(Box::new(AtomicU32::at(offset))))
        } else {
            assert!(!words.contains_key(&(offset + 4)), "a u64 at {offset} over a u32");
            Word::Whole(Box::leak(Box::new(AtomicU64::at(offset))))
        };
        words.insert(offset, word);
        word
    })
}

pub struct Mapping {
    len: u64,
}

impl Mapping {
    pub fn shared(_fd: BorrowedFd<'_>, len: u64) -> io::Result<Self> {
        Ok(Self { len })
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn pointer(&self, _offset: u64, _len: u64) -> Option<NonNull<u8>> {
        unimplemented!("the model's memory has no addresses")
    }

    /// An access outside of the mapping fails the model.
    pub fn overrun(&self) -> Option<u64> {
        None
    }

    pub fn offset_of(&self, _address: *const u8) -> Option<u64> {
        None
    }

    pub fn u32_at(&self, offset: u64) -> &'static AtomicU32 {
        self.check(offset, 4, 4);
        match word_at(offset, 4) {
            Word::Half(word) => word,
            Word::Whole(_) => panic!("the u64 at {offset} is taken for a u32"),
        }
    }

    pub fn u64_at(&self, offset: u64) -> &'static AtomicU64 {
        self.check(offset, 8, 8);
        match word_at(offset, 8) {
            Word::Whole(word) => word,
            Word::Half(_) => panic!("the u32 at {offset} is taken for a u64"),
        }
    }

    pub fn write(&self, offset: u64, bytes: &[u8]) {
        for (index, part) in bytes.chunks(4).enumerate() {
            let word = self.u32_at(offset + index as u64 * 4);
            let mut whole = if part.len() == 4 { [0; 4] } else { word.load(Relaxed).to_le_bytes() };
            whole[..part.len()].copy_from_slice(part);
            word.store(u32::from_le_bytes(whole), Relaxed);
        }
    }

    pub fn read(&self, offset: u64, bytes: &mut [u8]) {
        for (index, part) in bytes.chunks_mut(4).enumerate() {
            let whole = self.u32_at(offset + index as u64 * 4).load(Relaxed).to_le_bytes();
            part.copy_from_slice(&whole[..part.len()]);
        }
    }

    pub fn read_vec(&self, offset: u64, len: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; len];
        self.read(offset, &mut bytes);
        Some(bytes)
    }

    pub fn zero(&self, offset: u64, len: u64) {
        self.check(offset, len, 1);
        zero(offset, len);
    }

    fn check(&self, offset: u64, len: u64, align: u64) {
        assert!(
            offset.checked_add(len).is_some_and(|end| end <= self.len) && offset.is_multiple_of(align),
            "shared memory access of {len} bytes at {offset} is outside of {} or not aligned to {align}",
            self.len
        );
    }
}
