//! A barrier, as JavaScript calls it.

use napi_derive::napi;

use super::arguments::outcome;
use super::object::NativeObject;
use super::runtime;
use crate::sync::barrier::{self, Arrival, Barrier, Progress, Ticket};
use crate::waits::Outcome;

/// What `barrier_arrive` returns in place of an outcome: a wait follows, the action, or a wait and another arrival.
const WAITS: f64 = 0.0;
const ACTS: f64 = 1.0;
const EARLY: f64 = 2.0;

#[napi]
impl NativeObject {
    /// Parties, how many have arrived, 1 when broken, and the token of the dead agent that broke it or 0.
    #[napi]
    pub fn barrier_state(&self) -> napi::Result<Vec<u32>> {
        let block = self.block()?;
        runtime::with(|runtime| {
            let barrier = Barrier::at(runtime.domain(), block)?;
            Ok(vec![barrier.parties(), barrier.arrived(), u32::from(barrier.is_broken()), barrier.broken_by().0])
        })
    }

    /// Arrives. `[outcome, round, index]`: an outcome below zero, or 0: a wait for that round and index follows; 1: the
    /// caller acts and calls `barrier_complete`; 2: after a wait for the round it arrives again.
    #[napi]
    pub fn barrier_arrive(&mut self, acts: bool) -> napi::Result<Vec<f64>> {
        let block = self.block()?;
        let was_member = std::mem::replace(&mut self.is_member, true);
        runtime::with(|runtime| {
            let barrier = Barrier::at(runtime.domain(), block)?;
            if !was_member {
                barrier::note_member(runtime.agent.token, block);
            }
            let ticket = |code: f64, ticket: Ticket| vec![code, f64::from(ticket.round), f64::from(ticket.index)];
            Ok(match barrier.arrive(runtime.agent.token, acts) {
                Arrival::Last(index) => vec![outcome(Outcome::Done), 0.0, f64::from(index)],
                Arrival::Broken => vec![outcome(Outcome::Broken), 0.0, 0.0],
                Arrival::Waits(at) => ticket(WAITS, at),
                Arrival::Acts(at) => ticket(ACTS, at),
                Arrival::Early(at) => ticket(EARLY, at),
            })
        })
    }

    /// The action has succeeded or failed: all pass, or fail. Returns the outcome for this party.
    #[napi]
    pub fn barrier_complete(&self, round: u32, index: u32, succeeded: bool) -> napi::Result<f64> {
        let block = self.block()?;
        runtime::with(|runtime| {
            let barrier = Barrier::at(runtime.domain(), block)?;
            let progress = barrier.complete(runtime.agent.token, Ticket { round, index }, succeeded);
            Ok(outcome(if progress == Progress::Passed { Outcome::Done } else { Outcome::Broken }))
        })
    }

    #[napi]
    pub fn barrier_abort(&self) -> napi::Result<()> {
        let block = self.block()?;
        runtime::with(|runtime| {
            Barrier::at(runtime.domain(), block)?.abort(runtime.agent.token);
            Ok(())
        })
    }

    #[napi]
    pub fn barrier_reset(&self) -> napi::Result<()> {
        let block = self.block()?;
        runtime::with(|runtime| {
            Barrier::at(runtime.domain(), block)?.reset(runtime.agent.token);
            Ok(())
        })
    }
}
