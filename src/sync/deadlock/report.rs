//! A deadlock in words and in figures: each process of the cycle, what it holds and what it waits for.

use std::fmt;

use super::record::Wanted;
use crate::memory::{Domain, Token};

pub struct Report {
    /// What the agent that looked waits for.
    pub wanted: Wanted,
    /// Each waits for what the next one holds, the last one for what the first holds.
    pub cycle: Vec<Member>,
}

pub struct Member {
    pub token: Token,
    pub pid: u32,
    pub thread_id: u32,
    pub name: String,
    pub waits_for: String,
    /// What the one before it waits for.
    pub holds: String,
}

impl Member {
    pub(super) fn describe(domain: &Domain, token: Token, wanted: Wanted, held: Wanted) -> Self {
        let info = domain.agents().info(token);
        Self {
            token,
            pid: info.as_ref().map_or(0, |info| info.pid),
            thread_id: info.as_ref().map_or(0, |info| info.tid),
            name: info.map(|info| info.name).unwrap_or_default(),
            waits_for: describe(domain, wanted),
            holds: describe(domain, held),
        }
    }

    fn who(&self) -> String {
        let thread = if self.thread_id == self.pid { String::new() } else { format!(", thread {}", self.thread_id) };
        if self.name.is_empty() {
            format!("process {}{thread}", self.pid)
        } else {
            format!("process {} ({}{thread})", self.pid, self.name)
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, member) in self.cycle.iter().enumerate() {
            let separator = if position == 0 { "" } else { "; " };
            let next = &self.cycle[(position + 1) % self.cycle.len()];
            write!(formatter, "{separator}{} waits for {}", member.who(), member.waits_for)?;
            if self.cycle.len() == 1 {
                write!(formatter, ", which it holds itself")?;
            } else if !member.waits_for.starts_with("the end of") {
                write!(formatter, ", which {} holds", next.who())?;
            }
        }
        Ok(())
    }
}

fn describe(domain: &Domain, wanted: Wanted) -> String {
    let (what, handle) = match wanted {
        Wanted::Lock(handle) => ("lock", handle),
        Wanted::Read(handle) => ("reading of lock", handle),
        Wanted::Write(handle) => ("writing of lock", handle),
        Wanted::Once(handle) => ("once", handle),
        Wanted::EndOf(pid) => return format!("the end of process {pid}"),
    };
    match domain.name_of(handle) {
        Some(name) => format!("{what} {name:?}"),
        None => format!("{what} #{}", handle.index),
    }
}
