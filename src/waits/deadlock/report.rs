//! A deadlock in words and in figures: each agent of the circle, what it holds and what it waits for.

use std::fmt;

use super::record::Wanted;
use crate::memory::{Domain, Handle, Token};

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
    /// It owns what the one before it waits for; otherwise that is its own end, or a message of it.
    is_owner: bool,
}

impl Member {
    pub(super) fn describe(domain: &Domain, token: Token, wanted: Wanted, held: Wanted) -> Self {
        let info = domain.agents().info(token);
        Self {
            token,
            pid: info.as_ref().map_or(0, |info| info.pid),
            thread_id: info.as_ref().map_or(0, |info| info.tid),
            name: info.map(|info| info.name).unwrap_or_default(),
            waits_for: purpose(domain, wanted),
            holds: thing(domain, held),
            is_owner: !matches!(held, Wanted::End(_) | Wanted::Message(_)),
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
            } else if next.is_owner {
                write!(formatter, ", which {} holds", next.who())?;
            }
        }
        Ok(())
    }
}

fn purpose(domain: &Domain, wanted: Wanted) -> String {
    let thing = thing(domain, wanted);
    match wanted {
        Wanted::Read(_) => format!("{thing} to read"),
        Wanted::Write(_) => format!("{thing} to write"),
        _ => thing,
    }
}

fn thing(domain: &Domain, wanted: Wanted) -> String {
    match wanted {
        Wanted::Lock(handle) | Wanted::Read(handle) | Wanted::Write(handle) => format!("lock {}", name(domain, handle)),
        Wanted::Once(handle) => format!("once {}", name(domain, handle)),
        Wanted::End(pid) => format!("the end of process {pid}"),
        Wanted::Message(pid) => format!("a message of process {pid}"),
    }
}

fn name(domain: &Domain, handle: Handle) -> String {
    domain.name_of(handle).map_or_else(|| format!("#{}", handle.index), |name| format!("{name:?}"))
}
