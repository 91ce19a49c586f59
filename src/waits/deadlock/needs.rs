//! Who must go on before somebody gets what it wants: read from the objects' own words, at this moment.

use std::cell::OnceCell;
use std::collections::HashMap;

use super::record::Wanted;
use crate::memory::{AGENT_COUNT, Domain, TOKEN_MASK, Token};
use crate::sync::lock::Lock;
use crate::sync::once::Once;
use crate::sync::rwlock::RwLock;

pub enum Need {
    /// Nobody: it is free, or anybody may free it.
    Nobody,
    /// All of these must let it go.
    All(Vec<Token>),
    /// One of these must go on: the agents of a process.
    Any(Vec<Token>),
}

pub struct Needs<'d> {
    domain: &'d Domain,
    /// The agents of each process whose main thread is one of them.
    processes: OnceCell<HashMap<u32, Vec<Token>>>,
}

impl<'d> Needs<'d> {
    pub fn of(domain: &'d Domain) -> Self {
        Self { domain, processes: OnceCell::new() }
    }

    /// What `me` needs to get it.
    pub fn find(&self, me: Token, wanted: Wanted) -> Need {
        match wanted {
            Wanted::End(pid) | Wanted::Message(pid) => return self.process(pid),
            _ => {}
        }
        let Some(block) = wanted.block(self.domain) else { return Need::Nobody };
        match wanted {
            Wanted::Lock(_) => {
                let lock = Lock::at(self.domain, block);
                let owner = lock.owner();
                if lock.was_released_by_another() { Need::Nobody } else { self.all([owner]) }
            }
            Wanted::Once(_) => self.all([Once::at(self.domain, block).runner()]),
            Wanted::Read(_) => self.all([RwLock::at(self.domain, block).writer_token()]),
            Wanted::Write(_) => {
                let lock = RwLock::at(self.domain, block);
                // The intention of `me` itself keeps nobody but readers waiting.
                let writer = lock.writer_token();
                let other = (writer != me || lock.is_writing()).then_some(writer);
                self.all(lock.reader_tokens().chain(other))
            }
            Wanted::End(_) | Wanted::Message(_) => Need::Nobody,
        }
    }

    fn all(&self, holders: impl IntoIterator<Item = Token>) -> Need {
        let mut alive: Vec<Token> = holders.into_iter().filter_map(|token| self.alive(token)).collect();
        alive.sort_unstable_by_key(|token| token.0);
        alive.dedup();
        if alive.is_empty() { Need::Nobody } else { Need::All(alive) }
    }

    /// The token as the agent table has it; what shared memory says may have other bits set.
    fn alive(&self, token: Token) -> Option<Token> {
        self.domain.agents().token_in(token.slot()).filter(|live| live.0 == token.0 & TOKEN_MASK)
    }

    /// A process whose main thread is none of ours may do what it likes.
    fn process(&self, pid: u32) -> Need {
        match self.processes.get_or_init(|| self.read_processes()).get(&pid) {
            Some(agents) => Need::Any(agents.clone()),
            None => Need::Nobody,
        }
    }

    fn read_processes(&self) -> HashMap<u32, Vec<Token>> {
        let agents = self.domain.agents();
        let mut processes: HashMap<u32, (bool, Vec<Token>)> = HashMap::new();
        for token in (0..AGENT_COUNT).filter_map(|slot| agents.token_in(slot)) {
            let Some(info) = agents.info(token) else { continue };
            let (has_main, tokens) = processes.entry(info.pid).or_default();
            *has_main |= info.tid == info.pid;
            tokens.push(token);
        }
        processes.into_iter().filter(|(_, (has_main, _))| *has_main).map(|(pid, (_, tokens))| (pid, tokens)).collect()
    }
}
