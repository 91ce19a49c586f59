//! `NativeBarrier`: a barrier of the domain, and this thread's membership in it.

use napi::bindgen_prelude::Env;
use napi_derive::napi;

use super::arguments::{closed, handle, identity, outcome, throw};
use super::lock::{attach_shipped, detach};
use super::runtime;
use crate::error::{Code, Error};
use crate::memory::{Block, Kind};
use crate::sync::barrier::{self, Arrival, Barrier, Ticket};
use crate::sync::waits::{Goal, Outcome};

#[napi]
pub struct NativeBarrier {
    block: Option<Block>,
    /// What `begin` or `arrive` waits for.
    ticket: Option<Ticket>,
    /// This object counts in the thread's membership.
    is_member: bool,
}

/// A new barrier for that many parties, or the one of that name, which must have as many.
#[napi]
pub fn create_barrier(parties: u32, name: Option<String>) -> napi::Result<NativeBarrier> {
    runtime::with(|runtime| {
        let domain = runtime.domain();
        let make = || {
            let block = domain.allocate(Kind::Barrier, Barrier::block_size(parties))?;
            Barrier::initialise(domain, block, parties);
            Ok(block)
        };
        let block = match &name {
            None => make()?,
            Some(name) => domain.open_named(Kind::Barrier, name, make)?.0,
        };
        let found = Barrier::at(domain, block)?.parties();
        if found != parties {
            domain.detach(block.handle);
            let message = format!("the barrier of that name has {found} parties, not {parties}");
            return Err(Error::new(Code::Name, message));
        }
        Ok(NativeBarrier { block: Some(block), ticket: None, is_member: false })
    })
}

/// The barrier that a handle names; its reference was shipped with the handle, to a party.
#[napi]
pub fn open_barrier(index: u32, generation: u32) -> napi::Result<NativeBarrier> {
    let handle = handle(Kind::Barrier as u32, index, generation)?;
    runtime::with(|runtime| {
        let block = attach_shipped(runtime.domain(), handle, 0)?;
        match Barrier::at(runtime.domain(), block) {
            Ok(barrier) => barrier.join(runtime.agent.token),
            Err(error) => {
                runtime.domain().detach(handle);
                return Err(error);
            }
        }
        barrier::note_member(runtime.agent.token, block);
        Ok(NativeBarrier { block: Some(block), ticket: None, is_member: true })
    })
}

#[napi]
impl NativeBarrier {
    #[napi]
    pub fn identity(&self) -> napi::Result<Vec<u32>> {
        Ok(identity(self.block()?))
    }

    #[napi]
    pub fn ship(&self) -> napi::Result<()> {
        let block = self.block()?;
        runtime::with(|runtime| {
            runtime.domain().ship(block.handle);
            Ok(())
        })
    }

    /// Parties, how many have arrived, 1 when broken, and the token of the dead agent that broke it or 0.
    #[napi]
    pub fn state(&self) -> napi::Result<Vec<u32>> {
        let block = self.block()?;
        runtime::with(|runtime| {
            let barrier = Barrier::at(runtime.domain(), block)?;
            Ok(vec![barrier.parties(), barrier.arrived(), u32::from(barrier.is_broken()), barrier.broken_by().0])
        })
    }

    /// Arrives. `[index, outcome]`: the index is this party's; an outcome of 0 means that `wait_sync` or `begin` follows.
    #[napi]
    pub fn arrive(&mut self) -> napi::Result<Vec<f64>> {
        let block = self.block()?;
        let was_member = std::mem::replace(&mut self.is_member, true);
        let (arrival, index) = runtime::with(|runtime| {
            let barrier = Barrier::at(runtime.domain(), block)?;
            if !was_member {
                barrier::note_member(runtime.agent.token, block);
            }
            Ok(match barrier.arrive(runtime.agent.token) {
                Arrival::Last(index) => (None, vec![f64::from(index), outcome(Outcome::Done)]),
                Arrival::Broken => (None, vec![0.0, outcome(Outcome::Broken)]),
                Arrival::Waits(ticket) => (Some(ticket), vec![f64::from(ticket.index), 0.0]),
            })
        })?;
        self.ticket = arrival;
        Ok(index)
    }

    #[napi]
    pub fn wait_sync(&mut self, env: Env, timeout_ms: f64) -> napi::Result<f64> {
        let (block, ticket) = (self.block()?, self.take_ticket()?);
        runtime::with(|runtime| Ok(outcome(runtime.wait_sync(env.raw(), block, Goal::Barrier(ticket), timeout_ms))))
    }

    #[napi]
    pub fn begin(&mut self, instance: u32, timeout_ms: f64) -> napi::Result<f64> {
        let (block, ticket) = (self.block()?, self.take_ticket()?);
        runtime::with(|runtime| {
            Ok(super::arguments::begun(runtime.begin_wait(instance, block, Goal::Barrier(ticket), timeout_ms)))
        })
    }

    #[napi]
    pub fn abort(&self) -> napi::Result<()> {
        let block = self.block()?;
        runtime::with(|runtime| {
            Barrier::at(runtime.domain(), block)?.abort(runtime.agent.token);
            Ok(())
        })
    }

    #[napi]
    pub fn reset(&self) -> napi::Result<()> {
        let block = self.block()?;
        runtime::with(|runtime| {
            Barrier::at(runtime.domain(), block)?.reset(runtime.agent.token);
            Ok(())
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

    fn block(&self) -> napi::Result<Block> {
        self.block.ok_or_else(closed)
    }

    fn take_ticket(&mut self) -> napi::Result<Ticket> {
        self.ticket.take().ok_or_else(|| throw(Error::new(Code::Internal, "wait without arrival".to_owned())))
    }
}

impl Drop for NativeBarrier {
    fn drop(&mut self) {
        self.close();
    }
}
