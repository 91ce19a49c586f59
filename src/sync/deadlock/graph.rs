//! Who waits for whom at this moment, who can still go on, and the cycle that an agent is in if it cannot.

use std::collections::{HashMap, HashSet, VecDeque};

use super::record::{Record, Wanted};
use super::report::{Member, Report};
use crate::memory::{AGENT_COUNT, Block, Domain, Token};
use crate::sync::lock::Lock;
use crate::sync::once::Once;
use crate::sync::rwlock::RwLock;

pub struct Graph<'d> {
    domain: &'d Domain,
    /// Agents that have published waits, and cannot go on.
    stuck: HashMap<Token, Node>,
}

struct Node {
    version: u32,
    record: Record,
}

/// What a wanted thing needs.
enum Need {
    /// Nothing: it is free, or anybody may free it.
    Nothing,
    /// All of these agents must let it go.
    All(Vec<Token>),
    /// One of these must go on: the agents of a process.
    Any(Vec<Token>),
}

impl<'d> Graph<'d> {
    pub fn read(domain: &'d Domain) -> Self {
        let agents = domain.agents();
        let stuck = (0..AGENT_COUNT)
            .filter_map(|slot| {
                let token = agents.token_in(slot)?;
                let (version, record) = Record::read(domain, slot)?;
                Some((token, Node { version, record }))
            })
            .collect();
        let mut graph = Self { domain, stuck };
        graph.free_those_that_can_go_on();
        graph
    }

    /// As if that agent blocked for this, and nobody else waited.
    pub fn of_one(domain: &'d Domain, agent: Token, wanted: Wanted) -> Self {
        let node = Node { version: 0, record: Record { since: 0, wanted: vec![wanted] } };
        let mut graph = Self { domain, stuck: HashMap::from([(agent, node)]) };
        graph.free_those_that_can_go_on();
        graph
    }

    fn free_those_that_can_go_on(&mut self) {
        loop {
            let free: Vec<Token> = self
                .stuck
                .iter()
                .filter(|(token, node)| node.record.wanted.iter().any(|wanted| self.may_be_had(**token, *wanted)))
                .map(|(token, _)| *token)
                .collect();
            if free.is_empty() {
                return;
            }
            for token in free {
                self.stuck.remove(&token);
            }
        }
    }

    fn may_be_had(&self, me: Token, wanted: Wanted) -> bool {
        match self.need(me, wanted) {
            Need::Nothing => true,
            Need::All(holders) => holders.iter().all(|holder| !self.stuck.contains_key(holder)),
            Need::Any(agents) => agents.iter().any(|agent| !self.stuck.contains_key(agent)),
        }
    }

    fn need(&self, me: Token, wanted: Wanted) -> Need {
        let alive = |token: Token| token != Token::NOBODY && self.domain.agents().is_alive(token);
        let all = |holders: Vec<Token>| if holders.is_empty() { Need::Nothing } else { Need::All(holders) };
        match wanted {
            Wanted::Lock(handle) => {
                let Some(block) = self.block(handle) else { return Need::Nothing };
                let lock = Lock::at(self.domain, block);
                let owner = lock.owner();
                if lock.was_released_by_another() || !alive(owner) { Need::Nothing } else { Need::All(vec![owner]) }
            }
            Wanted::Once(handle) => {
                let Some(block) = self.block(handle) else { return Need::Nothing };
                all(vec![Once::at(self.domain, block).runner()].into_iter().filter(|token| alive(*token)).collect())
            }
            Wanted::Read(handle) => {
                let Some(block) = self.block(handle) else { return Need::Nothing };
                let writer = RwLock::at(self.domain, block).writer_token();
                all(vec![writer].into_iter().filter(|token| alive(*token)).collect())
            }
            Wanted::Write(handle) => {
                let Some(block) = self.block(handle) else { return Need::Nothing };
                let lock = RwLock::at(self.domain, block);
                let is_own_intent = lock.writer_token() == me && !lock.is_writing();
                let writer = Some(lock.writer_token()).filter(|token| alive(*token) && !is_own_intent);
                all(lock.reader_tokens().chain(writer).collect())
            }
            Wanted::EndOf(pid) => {
                let agents: Vec<_> = (0..AGENT_COUNT)
                    .filter_map(|slot| self.domain.agents().info(self.domain.agents().token_in(slot)?))
                    .filter(|info| info.pid == pid)
                    .collect();
                // A process whose main thread is none of ours may do what it likes.
                if agents.iter().any(|info| info.tid == pid) {
                    Need::Any(agents.into_iter().map(|info| info.token).collect())
                } else {
                    Need::Nothing
                }
            }
        }
    }

    fn block(&self, handle: crate::memory::Handle) -> Option<Block> {
        self.domain.block_of(handle)
    }

    /// The stuck agents that this one waits for, each with what it wants of them.
    fn blockers(&self, me: Token) -> Vec<(Wanted, Token)> {
        let Some(node) = self.stuck.get(&me) else { return Vec::new() };
        let mut blockers = Vec::new();
        for &wanted in &node.record.wanted {
            if let Need::All(tokens) | Need::Any(tokens) = self.need(me, wanted) {
                let stuck = tokens.into_iter().filter(|token| self.stuck.contains_key(token));
                blockers.extend(stuck.map(|token| (wanted, token)));
            }
        }
        blockers
    }

    fn reachable_from(&self, start: Token) -> HashSet<Token> {
        let mut seen = HashSet::new();
        let mut open = vec![start];
        while let Some(agent) = open.pop() {
            for (_, blocker) in self.blockers(agent) {
                if seen.insert(blocker) {
                    open.push(blocker);
                }
            }
        }
        seen
    }

    /// The agents that wait for this one and that it waits for, itself included. Empty: it is in no cycle.
    fn circle_of(&self, me: Token) -> Vec<Token> {
        let mut circle: Vec<Token> =
            self.reachable_from(me).into_iter().filter(|other| self.reachable_from(*other).contains(&me)).collect();
        circle.sort_by_key(|token| token.0);
        circle
    }

    /// When this agent is the one of its circle that gives way: what must be the same at the second look.
    pub fn signature_for_victim(&self, me: Token) -> Option<Vec<u64>> {
        let circle = self.circle_of(me);
        let can_give_way =
            |token: &Token| self.stuck[token].record.wanted.iter().any(|wanted| !matches!(wanted, Wanted::EndOf(_)));
        let victim =
            circle.iter().filter(|token| can_give_way(token)).max_by_key(|t| (self.stuck[t].record.since, t.0))?;
        if *victim != me {
            return None;
        }
        let mut signature = Vec::new();
        for token in circle {
            let node = &self.stuck[&token];
            // The own version has changed: the agent was awake in between, for nothing but this look.
            let version = if token == me { 0 } else { node.version };
            signature.push(u64::from(token.0) << 32 | u64::from(version));
            signature.push(node.record.since);
            signature.extend(self.blockers(token).iter().map(|(_, blocker)| u64::from(blocker.0)));
        }
        Some(signature)
    }

    /// A shortest cycle through this agent, as it is told to people.
    pub fn report(&self, me: Token) -> Option<Report> {
        let path = self.path_back_to(me)?;
        let cycle = path
            .iter()
            .enumerate()
            .map(|(position, &(token, wanted))| {
                // What the one before it waits for is what it holds.
                let (_, held) = path[(position + path.len() - 1) % path.len()];
                Member::describe(self.domain, token, wanted, held)
            })
            .collect();
        Some(Report { wanted: path[0].1, cycle })
    }

    /// From `me`, each agent with what it wants of the next, the last one of `me`.
    fn path_back_to(&self, me: Token) -> Option<Vec<(Token, Wanted)>> {
        let mut came_from: HashMap<Token, (Token, Wanted)> = HashMap::new();
        let mut open = VecDeque::from([me]);
        while let Some(agent) = open.pop_front() {
            for (wanted, blocker) in self.blockers(agent) {
                if blocker == me {
                    let mut path = vec![(agent, wanted)];
                    let mut at = agent;
                    while at != me {
                        let (before, wanted) = came_from[&at];
                        path.push((before, wanted));
                        at = before;
                    }
                    path.reverse();
                    return Some(path);
                }
                if let std::collections::hash_map::Entry::Vacant(entry) = came_from.entry(blocker) {
                    entry.insert((agent, wanted));
                    open.push_back(blocker);
                }
            }
        }
        None
    }
}
