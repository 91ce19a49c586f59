//! The execution that is under way: which thread runs, and what it may do to shared memory.
//!
//! loom runs all threads of an execution as coroutines of one system thread, and switches only inside its own operations.
//! So plain cells are enough here, as long as no borrow is held across such an operation; `switching` restores the
//! caller after each.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::process::{Process, spend};
use super::record::count;
use super::sleep::wake_all;

/// What unwinds a killed thread, and all threads of an execution that is void.
struct Killed;

/// What unwinds an execution that wrote to a word taken for a constant: the exploration starts anew.
pub(super) struct Grown;

/// How an access to a word is to be done.
pub(in crate::sys) enum Access {
    /// Not at all: the caller is unwinding.
    Gone,
    /// On the plain cell.
    Plain,
    /// By loom.
    Live,
}

/// A thread of the model and the process it belongs to.
#[derive(Clone, Copy)]
pub(in crate::sys) struct Caller {
    pub thread: u32,
    pub process: Process,
}

const NOBODY: Caller = Caller { thread: 0, process: Process::FIRST };

thread_local! {
    static CURRENT: Cell<Caller> = const { Cell::new(NOBODY) };
    /// Threads run: loom decides who.
    static IS_RAISED: Cell<bool> = const { Cell::new(false) };
    static IS_VOID: Cell<bool> = const { Cell::new(false) };
    /// The calling thread unwinds because it has been ended, and not by a failure.
    static IS_ENDING: Cell<bool> = const { Cell::new(false) };
    static LOCALS: RefCell<HashMap<(usize, u32), Box<dyn Any>>> = RefCell::default();
}

pub(super) fn reset() {
    CURRENT.set(NOBODY);
    IS_RAISED.set(false);
    IS_VOID.set(false);
    IS_ENDING.set(false);
    LOCALS.take();
}

pub(in crate::sys) fn current() -> Caller {
    CURRENT.get()
}

pub(super) fn set_current(caller: Caller) -> Caller {
    CURRENT.replace(caller)
}

/// Does something of loom's, in which other threads may run.
pub(in crate::sys) fn switching<T>(action: impl FnOnce() -> T) -> T {
    let caller = CURRENT.get();
    let result = action();
    CURRENT.set(caller);
    result
}

pub(in crate::sys) fn is_raised() -> bool {
    IS_RAISED.get()
}

pub(super) fn set_raised(is_raised: bool) {
    IS_RAISED.set(is_raised);
}

/// How the calling thread may access a word that is one of loom's or (so far) a constant.
pub(in crate::sys) fn access(is_live: &Cell<bool>, writes: bool) -> Access {
    if is_gone() {
        return Access::Gone;
    }
    if !is_raised() {
        return Access::Plain;
    }
    if writes {
        spend();
        if !is_live.replace(true) {
            resume_unwind(Box::new(Grown));
        }
    } else {
        end_if_dead();
    }
    if is_live.get() { Access::Live } else { Access::Plain }
}

/// The calling thread is unwinding, and does nothing any more.
pub(in crate::sys) fn is_gone() -> bool {
    std::thread::panicking()
}

/// Another thread of the process was killed, and so was this one; or the execution is void.
pub(super) fn end_if_dead() {
    if is_void() || current().process.was_killed() {
        end_thread();
    }
}

/// Unwinds the calling thread to its role's end. No other thread runs meanwhile.
pub(super) fn end_thread() -> ! {
    IS_ENDING.set(true);
    resume_unwind(Box::new(Killed))
}

/// Runs a role to its end; the error is a failure's.
pub(super) fn run_role(action: impl FnOnce()) -> std::thread::Result<()> {
    match catch_unwind(AssertUnwindSafe(action)) {
        Err(payload) if !payload.is::<Killed>() && !is_void() => Err(payload),
        _ => {
            IS_ENDING.set(false);
            Ok(())
        }
    }
}

/// Whether the calling thread unwinds by a failure: loom's own state may be unusable.
pub(in crate::sys) fn is_failing() -> bool {
    is_gone() && !IS_ENDING.get()
}

/// The execution cannot be: it counts for nothing, and what would follow is not explored.
pub(in crate::sys) fn abandon() -> ! {
    count(|tally| tally.voids += 1);
    IS_VOID.set(true);
    loom::skip_branch();
    wake_all();
    end_thread()
}

pub(super) fn is_void() -> bool {
    IS_VOID.get()
}

/// A value of the calling thread's own, for this execution.
pub(in crate::sys) fn local<T: Copy + 'static>(key: usize, init: impl FnOnce() -> T, set: Option<T>) -> T {
    LOCALS.with_borrow_mut(|locals| {
        let value = locals.entry((key, current().thread)).or_insert_with(|| Box::new(init()));
        let value = value.downcast_mut::<T>().expect("one type for each key");
        if let Some(new) = set {
            *value = new;
        }
        *value
    })
}
