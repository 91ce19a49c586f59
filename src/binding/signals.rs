//! Waiting to be told, as JavaScript calls it: conditions, events, latches.

use napi_derive::napi;

use super::object::NativeObject;
use super::runtime;
use crate::sync::condition::{Condition, Ticket};
use crate::sync::event::Event;
use crate::sync::latch::Latch;

#[napi]
impl NativeObject {
    /// `[place, number]` of a wait that begins: its goal's arguments. The caller holds the lock.
    #[napi]
    pub fn condition_enter(&self) -> napi::Result<Vec<u32>> {
        let block = self.block()?;
        runtime::with(|runtime| {
            let ticket = Condition::at(runtime.domain(), block).enter(runtime.agent.token)?;
            Ok(vec![ticket.place, ticket.number])
        })
    }

    /// Takes a wait back that was entered and not begun. `false`: it had been notified.
    #[napi]
    pub fn condition_leave(&self, place: u32, number: u32) -> napi::Result<bool> {
        let block = self.block()?;
        runtime::with(|runtime| {
            Ok(Condition::at(runtime.domain(), block).give_up(runtime.agent.token, Ticket { place, number }))
        })
    }

    /// How many were notified.
    #[napi]
    pub fn condition_notify(&self, count: u32) -> napi::Result<u32> {
        let block = self.block()?;
        runtime::with(|runtime| Ok(Condition::at(runtime.domain(), block).notify(count)))
    }

    #[napi]
    pub fn condition_waiting(&self) -> napi::Result<u32> {
        let block = self.block()?;
        runtime::with(|runtime| Ok(Condition::at(runtime.domain(), block).waiting()))
    }

    #[napi]
    pub fn event_set(&self) -> napi::Result<()> {
        let block = self.block()?;
        runtime::with(|runtime| {
            Event::at(runtime.domain(), block).set();
            Ok(())
        })
    }

    #[napi]
    pub fn event_clear(&self) -> napi::Result<()> {
        let block = self.block()?;
        runtime::with(|runtime| {
            Event::at(runtime.domain(), block).clear();
            Ok(())
        })
    }

    #[napi]
    pub fn event_is_set(&self) -> napi::Result<bool> {
        let block = self.block()?;
        runtime::with(|runtime| Ok(Event::at(runtime.domain(), block).is_set()))
    }

    /// What is left.
    #[napi]
    pub fn latch_count_down(&self, by: u32) -> napi::Result<u32> {
        let block = self.block()?;
        runtime::with(|runtime| Ok(Latch::at(runtime.domain(), block).count_down(by)))
    }

    #[napi]
    pub fn latch_count(&self) -> napi::Result<u32> {
        let block = self.block()?;
        runtime::with(|runtime| Ok(Latch::at(runtime.domain(), block).count()))
    }
}
