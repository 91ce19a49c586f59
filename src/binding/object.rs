//! `NativeObject`: this thread's reference to an object of the domain that one waits for, whatever its kind.
//!
//! What a wait is for is told by a number and two arguments; lib/sync/goals.js has the same numbers.

use napi::bindgen_prelude::Env;
use napi_derive::napi;

use super::arguments::{begun, closed, handle, identity, outcome, throw};
use super::last_line::contained;
use super::runtime;
use crate::error::{Code, Error, Result};
use crate::memory::{Block, Domain, Handle, Kind};
use crate::queue::{Queue, Side};
use crate::sync::barrier::{self, Barrier};
use crate::sync::condition;
use crate::sync::event::{self, Event};
use crate::sync::latch::{self, Latch};
use crate::sync::permits::Permits;
use crate::sync::semaphore::{self, Semaphore};
use crate::sync::{lock, once, rwlock};
use crate::waits::{Goal, Outcome};

#[napi]
pub struct NativeObject {
    pub(super) block: Option<Block>,
    /// Of a barrier: this object counts in the thread's membership.
    pub(super) is_member: bool,
}

/// A new object of that kind, or the one of that name. `argument`: the value of a semaphore, the bound of a bounded one,
/// the parties of a barrier, the count of a latch.
#[napi]
pub fn create_object(kind: u32, argument: u32, name: Option<String>) -> napi::Result<NativeObject> {
    let kind = kind_of(kind)?;
    runtime::with(|runtime| {
        let domain = runtime.domain();
        let make = || {
            let block = domain.allocate(kind, size_of(kind, argument))?;
            initialise(domain, block, argument);
            Ok(block)
        };
        let block = match &name {
            None => make()?,
            Some(name) => domain.open_named(kind, name, make)?.0,
        };
        let checked = check_shape(domain, block, argument);
        if checked.is_err() {
            domain.detach(block.handle);
        }
        checked.map(|()| NativeObject { block: Some(block), is_member: false })
    })
}

/// The object that a handle names; its reference was shipped with the handle.
#[napi]
pub fn open_object(kind: u32, index: u32, generation: u32) -> napi::Result<NativeObject> {
    let handle = handle(kind, index, generation)?;
    runtime::with(|runtime| {
        let domain = runtime.domain();
        let block = attach_shipped(domain, handle, size_of(handle.kind, 0))?;
        if handle.kind != Kind::Barrier {
            return Ok(NativeObject { block: Some(block), is_member: false });
        }
        // It was sent to be used: to a party.
        match Barrier::at(domain, block) {
            Ok(barrier) => barrier.join(runtime.agent.token),
            Err(error) => {
                domain.detach(handle);
                return Err(error);
            }
        }
        barrier::note_member(runtime.agent.token, block);
        Ok(NativeObject { block: Some(block), is_member: true })
    })
}

#[napi]
impl NativeObject {
    /// Index and generation.
    #[napi]
    pub fn identity(&self) -> napi::Result<Vec<u32>> {
        Ok(identity(self.block()?))
    }

    /// Index of the object's first word in the window, as an Int32Array counts.
    #[napi]
    pub fn word_index(&self) -> napi::Result<u32> {
        let block = self.block()?;
        runtime::with(|runtime| Ok(((block.offset - runtime.domain().layout().small_start) / 4) as u32))
    }

    /// A reference is about to travel.
    #[napi]
    pub fn ship(&self) -> napi::Result<()> {
        let block = self.block()?;
        runtime::with(|runtime| {
            runtime.domain().ship(block.handle);
            Ok(())
        })
    }

    /// Waits without blocking: an outcome below zero, or the number of the wait.
    #[napi]
    pub fn begin(&self, instance: u32, goal: u32, a: u32, b: u32, timeout_ms: f64) -> napi::Result<f64> {
        let block = self.block()?;
        runtime::with(|runtime| {
            let goal = goal_of(runtime.domain(), block, goal, a, b)?;
            Ok(begun(runtime.begin_wait(instance, block, goal, timeout_ms)))
        })
    }

    /// Waits and blocks the thread. Returns the outcome; a deadlock is thrown.
    #[napi]
    pub fn wait_sync(&self, env: Env, goal: u32, a: u32, b: u32, timeout_ms: f64) -> napi::Result<f64> {
        let block = self.block()?;
        runtime::with(|runtime| {
            let goal = goal_of(runtime.domain(), block, goal, a, b)?;
            match runtime.wait_sync(env.raw(), block, goal, timeout_ms) {
                Outcome::Deadlock => Err(Error::new(Code::Deadlock, "the wait would never have ended".to_owned())),
                ended => Ok(outcome(ended)),
            }
        })
    }

    #[napi]
    pub fn close(&mut self) {
        let Some(block) = self.block.take() else { return };
        if self.is_member {
            runtime::try_with(|runtime| barrier::leave_noted(runtime.domain(), runtime.agent.token, block));
        }
        detach(Some(block));
    }

    pub(super) fn block(&self) -> napi::Result<Block> {
        self.block.ok_or_else(closed)
    }
}

impl Drop for NativeObject {
    fn drop(&mut self) {
        self.close();
    }
}

fn kind_of(kind: u32) -> napi::Result<Kind> {
    Kind::from_number(kind)
        .filter(|kind| size_of(*kind, 0) > 0 && !matches!(kind, Kind::Queue | Kind::PipeEnd))
        .ok_or_else(|| throw(Error::new(Code::Handle, format!("{kind} is no kind of object to wait for"))))
}

/// The size of a block; with an argument of 0 the least size. 0: not an object that one waits for.
fn size_of(kind: Kind, argument: u32) -> u64 {
    match kind {
        Kind::Lock | Kind::RLock => lock::BLOCK_SIZE,
        Kind::Semaphore => semaphore::BLOCK_SIZE,
        Kind::BoundedSemaphore => Permits::block_size(argument),
        Kind::Barrier => Barrier::block_size(argument),
        Kind::Condition => condition::BLOCK_SIZE,
        Kind::Event => event::BLOCK_SIZE,
        Kind::RwLock => rwlock::BLOCK_SIZE,
        Kind::Latch => latch::BLOCK_SIZE,
        Kind::Once => once::BLOCK_SIZE,
        Kind::Queue => Queue::block_size(false),
        Kind::PipeEnd => 64,
        Kind::Buffer | Kind::Channel | Kind::Segment | Kind::Payload | Kind::TaskQueue => 0,
    }
}

fn initialise(domain: &'static Domain, block: Block, argument: u32) {
    match block.handle.kind {
        Kind::Semaphore => Semaphore::at(domain, block).initialise(argument),
        Kind::BoundedSemaphore => Permits::initialise(domain, block, argument),
        Kind::Barrier => Barrier::initialise(domain, block, argument),
        Kind::Latch => Latch::at(domain, block).initialise(argument),
        _ => {}
    }
}

/// An object that was found by its name must be of the shape that was asked for.
fn check_shape(domain: &'static Domain, block: Block, argument: u32) -> Result<()> {
    let (what, found) = match block.handle.kind {
        Kind::Barrier => ("parties", Barrier::at(domain, block)?.parties()),
        Kind::BoundedSemaphore => ("permits", Permits::at(domain, block)?.bound()),
        _ => return Ok(()),
    };
    if found == argument {
        return Ok(());
    }
    Err(Error::new(Code::Name, format!("the object of that name has {found} {what}, not {argument}")))
}

fn pipe_end(index: u32, generation: u32) -> Handle {
    Handle { kind: Kind::PipeEnd, index, generation }
}

fn goal_of(domain: &'static Domain, block: Block, goal: u32, a: u32, b: u32) -> Result<Goal> {
    let goal_and_kind = match goal {
        0 => (Goal::Lock, block.handle.kind == Kind::Lock || block.handle.kind == Kind::RLock),
        1 => (Goal::Semaphore, block.handle.kind == Kind::Semaphore),
        2 => (Goal::Permit, block.handle.kind == Kind::BoundedSemaphore),
        3 => (Goal::Barrier(barrier::Ticket { round: a, index: b }), block.handle.kind == Kind::Barrier),
        4 => (Goal::Read, block.handle.kind == Kind::RwLock),
        5 => (Goal::Write, block.handle.kind == Kind::RwLock),
        6 => (Goal::Condition(condition::Ticket { place: a, number: b }), block.handle.kind == Kind::Condition),
        7 => (Goal::Event(Event::at(domain, block).ticket()), block.handle.kind == Kind::Event),
        8 => (Goal::Latch, block.handle.kind == Kind::Latch),
        9 => (Goal::Once, block.handle.kind == Kind::Once),
        10 => (Goal::Queue(Side::Get), block.handle.kind == Kind::Queue),
        11 => (Goal::Queue(Side::Put), block.handle.kind == Kind::Queue),
        12 => (Goal::Queue(Side::Join), block.handle.kind == Kind::Queue),
        13 => (Goal::Pipe(Side::Get, pipe_end(a, b)), block.handle.kind == Kind::Queue),
        14 => (Goal::Pipe(Side::Put, pipe_end(a, b)), block.handle.kind == Kind::Queue),
        _ => return Err(Error::new(Code::Internal, format!("{goal} is no goal of a wait"))),
    };
    match goal_and_kind {
        (goal, true) => Ok(goal),
        (_, false) => Err(Error::new(Code::Internal, format!("nothing to wait for in a {:?}", block.handle.kind))),
    }
}

/// Gives a block back, from any thread and at any time.
pub fn detach(block: Option<Block>) {
    if let (Some(block), Some(domain)) = (block, Domain::if_open()) {
        contained(|| domain.detach(block.handle));
    }
}

/// Attaches a block whose reference came with a message, and ends that reference.
pub fn attach_shipped(domain: &Domain, handle: Handle, size: u64) -> Result<Block> {
    let block = domain.attach(handle)?;
    domain.unship(handle);
    if block.length < size {
        domain.detach(handle);
        return Err(Error::new(Code::Handle, "the object's block has been overwritten".to_owned()));
    }
    Ok(block)
}

/// Ends an asynchronous wait before its time. 0: it has already ended.
#[napi]
pub fn cancel_wait(id: u32) -> napi::Result<f64> {
    runtime::with_any(|runtime| Ok(runtime.cancel_wait(id).map_or(0.0, outcome)))
}

/// Ends the reference that travelled with a message which nobody will read.
#[napi]
pub fn unship(kind: u32, index: u32, generation: u32) -> napi::Result<()> {
    let handle = handle(kind, index, generation)?;
    if let Some(domain) = Domain::if_open() {
        contained(|| domain.unship(handle));
        return Ok(());
    }
    Err(throw(Error::new(Code::Closed, "multiproc is not open".to_owned())))
}
