//! The lock-order checker, as JavaScript calls it.

use std::sync::OnceLock;

use napi_derive::napi;

use super::runtime;
use crate::error::Result;
use crate::memory::Domain;
use crate::sync::order::{self, Order, Recorded};

#[napi(object)]
pub struct OrderStep {
    pub from: String,
    pub to: String,
    /// Who recorded it; 0 when that is not known.
    pub pid: u32,
}

#[napi(object)]
pub struct OrderFinding {
    /// The opposite order, if it was ever recorded: from the lock that is asked for to the one that is held.
    pub inversion: Option<Vec<OrderStep>>,
    /// The table is full: from now on inversions may be missed.
    pub full: bool,
}

static TABLE: OnceLock<Order<'static>> = OnceLock::new();

fn table(domain: &'static Domain) -> Result<Order<'static>> {
    if let Some(order) = TABLE.get() {
        return Ok(*order);
    }
    let opened = Order::open(domain)?;
    Ok(*TABLE.get_or_init(|| opened))
}

/// Keeps the family's table from here on: what one process has seen must outlive it.
#[napi]
pub fn keep_orders() -> napi::Result<()> {
    runtime::with(|runtime| table(runtime.domain()).map(drop))
}

/// The caller asks for a lock while it holds another. Something to tell, or nothing.
#[napi]
pub fn record_order(
    held_index: u32,
    held_generation: u32,
    index: u32,
    generation: u32,
) -> napi::Result<Option<OrderFinding>> {
    runtime::with(|runtime| {
        let domain = runtime.domain();
        let order = table(domain)?;
        let (from, to) = (order::label(held_index, held_generation), order::label(index, generation));
        let recorded = order.record(from, to, std::process::id());
        if recorded == Recorded::Known {
            return Ok(None);
        }
        let name = |label: u32| match order.handle_of(label) {
            None => "a lock that is gone".to_owned(),
            Some(handle) => domain
                .name_of(handle)
                .map_or_else(|| format!("lock #{}", handle.index), |name| format!("lock {name:?}")),
        };
        let inversion = order.path(to, from).map(|path| {
            path.iter().map(|step| OrderStep { from: name(step.from), to: name(step.to), pid: step.pid }).collect()
        });
        let full = recorded == Recorded::Full;
        Ok((full || inversion.is_some()).then_some(OrderFinding { inversion, full }))
    })
}
