//! The words of shared memory.
//!
//! While threads run, a word that one of them writes is loom's, any other is a constant (see mod.rs).
//!
//! loom takes SeqCst accesses for AcqRel ones but for one rule: a SeqCst load returns no SeqCst store that another has
//! overtaken. The language forbids more (C++20, atomics.order 4), and what it forbids must not be reported as a fault. So
//! an execution is void, and abandoned, when a load returns a value that is older than
//! - the newest SeqCst store, for a SeqCst load;
//! - the newest store that its own thread put before a SeqCst fence, for a SeqCst load;
//! - the SeqCst stores that were there at the loading thread's last SeqCst fence, for any load.
//!
//! The order of SeqCst accesses and fences is the one in which they are executed. Two fences are loom's own affair.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

pub use std::sync::atomic::Ordering;

use super::mapping;
use super::model::{Access, abandon, access, current, is_gone, is_raised, note, switching};

/// loom's limit.
const THREADS_MAX: usize = 5;

pub fn fence(order: Ordering) {
    if !is_gone() && is_raised() {
        switching(|| loom::sync::atomic::fence(order));
        note(|| format!("fence {order:?}"));
        if order == Ordering::SeqCst {
            mapping::fence(current().thread as usize);
        }
    }
}

/// What the past of a word leaves for a load to return: places in the list of its values.
#[derive(Default)]
struct Floors {
    /// The newest SeqCst store.
    ordered: usize,
    /// The newest store that a fence of its thread came after.
    fenced: usize,
    /// The newest SeqCst store at each thread's last fence.
    at_fence: [usize; THREADS_MAX],
    /// The newest store of each thread.
    stored: [usize; THREADS_MAX],
}

macro_rules! atomic {
    ($name:ident, $int:ty) => {
        pub struct $name {
            offset: u64,
            /// Some thread writes the word while threads run: true for the rest of the model once it has happened.
            is_live: Cell<bool>,
            plain: Cell<$int>,
            live: RefCell<Option<Rc<loom::sync::atomic::$name>>>,
            /// The values that it had while threads run.
            past: RefCell<Vec<$int>>,
            floors: RefCell<Floors>,
        }

        impl $name {
            /// Not to be had by chance: a compare-exchange that expects it reads the newest value and changes nothing.
            const PROBE: $int = <$int>::MAX / 3 * 2 - 1;

            pub(super) fn at(offset: u64) -> Self {
                Self {
                    offset,
                    is_live: Cell::new(false),
                    plain: Cell::new(0),
                    live: RefCell::new(None),
                    past: RefCell::new(Vec::new()),
                    floors: RefCell::default(),
                }
            }

            pub(super) fn reset(&self) {
                self.plain.set(0);
                self.live.take();
            }

            pub(super) fn forget(&self) {
                self.is_live.set(false);
            }

            /// Whether the word is loom's from here on.
            pub(super) fn raise(&self) -> bool {
                if self.is_live.get() {
                    let value = self.plain.get();
                    let word = loom::sync::atomic::$name::new(value);
                    word.store(value, Ordering::SeqCst);
                    self.live.replace(Some(Rc::new(word)));
                    self.past.replace(vec![value]);
                    self.floors.take();
                }
                self.is_live.get()
            }

            pub(super) fn settle(&self) {
                let newest = self.newest();
                self.plain.set(newest);
                self.live.take();
            }

            pub(super) fn is_constant_zero(&self) -> bool {
                !self.is_live.get() && self.plain.get() == 0
            }

            /// What the system sees: the newest value.
            pub(super) fn newest(&self) -> $int {
                match self.live() {
                    None => self.plain.get(),
                    Some(word) => {
                        let seen = switching(|| {
                            word.compare_exchange(Self::PROBE, Self::PROBE, Ordering::Relaxed, Ordering::Relaxed)
                        });
                        seen.unwrap_or_else(|seen| seen)
                    }
                }
            }

            fn live(&self) -> Option<Rc<loom::sync::atomic::$name>> {
                self.live.borrow().clone()
            }

            fn word(&self) -> Rc<loom::sync::atomic::$name> {
                self.live().expect("raised, since it is written")
            }

            fn stored(&self, value: $int, order: Ordering) {
                let mut past = self.past.borrow_mut();
                let mut floors = self.floors.borrow_mut();
                floors.stored[current().thread as usize] = past.len();
                if order == Ordering::SeqCst {
                    floors.ordered = past.len();
                }
                past.push(value);
            }

            pub(super) fn fence(&self, thread: usize) {
                let mut floors = self.floors.borrow_mut();
                floors.at_fence[thread] = floors.ordered;
                floors.fenced = floors.fenced.max(floors.stored[thread]);
            }

            fn may_return(&self, value: $int, order: Ordering) -> bool {
                let floors = self.floors.borrow();
                let mut floor = floors.at_fence[current().thread as usize];
                if order == Ordering::SeqCst {
                    floor = floor.max(floors.ordered).max(floors.fenced);
                }
                self.past.borrow()[floor..].contains(&value)
            }

            pub fn load(&self, order: Ordering) -> $int {
                match access(&self.is_live, false) {
                    Access::Gone => 0,
                    Access::Plain => self.plain.get(),
                    Access::Live => {
                        let word = self.word();
                        let value = switching(|| word.load(order));
                        note(|| format!("load {} {order:?}: {value:#x}", self.offset));
                        if !self.may_return(value, order) {
                            abandon();
                        }
                        value
                    }
                }
            }

            pub fn store(&self, value: $int, order: Ordering) {
                match access(&self.is_live, true) {
                    Access::Gone => {}
                    Access::Plain => self.plain.set(value),
                    Access::Live => {
                        let word = self.word();
                        switching(|| word.store(value, order));
                        note(|| format!("store {} {order:?}: {value:#x}", self.offset));
                        self.stored(value, order);
                    }
                }
            }

            fn change(
                &self,
                order: Ordering,
                plain: impl FnOnce($int) -> $int,
                live: impl FnOnce(&loom::sync::atomic::$name) -> $int,
            ) -> $int {
                match access(&self.is_live, true) {
                    Access::Gone => 0,
                    Access::Plain => self.plain.replace(plain(self.plain.get())),
                    Access::Live => {
                        let word = self.word();
                        let before = switching(|| live(&word));
                        let after = plain(before);
                        note(|| format!("change {} {order:?}: {before:#x} to {after:#x}", self.offset));
                        self.stored(after, order);
                        before
                    }
                }
            }

            pub fn swap(&self, value: $int, order: Ordering) -> $int {
                self.change(order, |_| value, |word| word.swap(value, order))
            }

            pub fn fetch_add(&self, value: $int, order: Ordering) -> $int {
                self.change(order, |before| before.wrapping_add(value), |word| word.fetch_add(value, order))
            }

            pub fn fetch_sub(&self, value: $int, order: Ordering) -> $int {
                self.change(order, |before| before.wrapping_sub(value), |word| word.fetch_sub(value, order))
            }

            pub fn fetch_max(&self, value: $int, order: Ordering) -> $int {
                self.change(order, |before| before.max(value), |word| word.fetch_max(value, order))
            }

            pub fn fetch_or(&self, value: $int, order: Ordering) -> $int {
                self.change(order, |before| before | value, |word| word.fetch_or(value, order))
            }

            pub fn fetch_and(&self, value: $int, order: Ordering) -> $int {
                self.change(order, |before| before & value, |word| word.fetch_and(value, order))
            }

            pub fn compare_exchange(
                &self,
                expected: $int,
                value: $int,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$int, $int> {
                match access(&self.is_live, true) {
                    Access::Gone => Err(0),
                    Access::Plain => {
                        let seen = self.plain.get();
                        if seen == expected {
                            self.plain.set(value);
                            Ok(seen)
                        } else {
                            Err(seen)
                        }
                    }
                    Access::Live => {
                        let word = self.word();
                        let result = switching(|| word.compare_exchange(expected, value, success, failure));
                        note(|| {
                            format!("exchange {} {success:?}: {expected:#x} for {value:#x}: {result:x?}", self.offset)
                        });
                        if result.is_ok() {
                            self.stored(value, success);
                        }
                        result
                    }
                }
            }

            pub fn compare_exchange_weak(
                &self,
                expected: $int,
                value: $int,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$int, $int> {
                self.compare_exchange(expected, value, success, failure)
            }

            /// As the true one: a load, then compare-exchanges.
            pub fn fetch_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                mut update: impl FnMut($int) -> Option<$int>,
            ) -> Result<$int, $int> {
                let mut before = self.load(fetch);
                while let Some(after) = update(before) {
                    match self.compare_exchange_weak(before, after, set, fetch) {
                        Ok(_) => return Ok(before),
                        Err(_) if is_gone() => break,
                        Err(seen) => before = seen,
                    }
                }
                Err(before)
            }
        }
    };
}

impl AtomicU32 {
    /// Its address, as futex(2) has it.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }
}

atomic!(AtomicU32, u32);
atomic!(AtomicU64, u64);
