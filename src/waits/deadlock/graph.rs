//! Who waits for whom, as far as one agent is concerned: who of them can still go on, the circle that the agent is in if
//! it cannot, and who gives way.
//!
//! Read from one agent outwards, so a wait for somebody who is merely slow costs one look at that one's record. The
//! result is that of several moments; what makes it certain is the second look (mod.rs).

use std::collections::{HashMap, HashSet, VecDeque};

use super::Policy;
use super::needs::{Need, Needs};
use super::record::{Record, Want};
use super::report::{Member, Report};
use crate::memory::{Domain, PARK_LOOP, Token};
use crate::sync::park;
use crate::sys::{procfs, thread};

/// What the agents that an agent waits for must look like at the second look, and all that those wait for.
pub type Signature = Vec<u64>;

pub struct Graph<'d> {
    domain: &'d Domain,
    me: Token,
    /// Only those that cannot go on. `me` is there or the graph is empty.
    stuck: HashMap<Token, Node>,
    /// Those met that are awake, or sleep with other hopes.
    awake: Vec<Token>,
}

struct Node {
    version: u32,
    record: Record,
    sleeps_in_loop: bool,
    /// Beside each want, the stuck agents that it needs.
    blockers: Vec<Vec<Token>>,
}

/// A want of an agent, while it is not known whether it can be had.
struct Open {
    agent: Token,
    needs_all: bool,
    /// Agents that it needs and that are not known to go on.
    left: usize,
}

impl<'d> Graph<'d> {
    /// From the agent's published record.
    pub fn read(domain: &'d Domain, me: Token) -> Self {
        match Record::read(domain, me.slot()) {
            Some((version, record)) => Self::from(domain, me, (version, record), true),
            None => Self { domain, me, stuck: HashMap::new(), awake: vec![] },
        }
    }

    /// As if the agent blocked for this, and nobody else waited.
    pub fn of_one(domain: &'d Domain, me: Token, want: Want) -> Self {
        let record = Record { since: 0, policy: Policy::Throw, wants: vec![want] };
        Self::from(domain, me, (0, record), false)
    }

    fn from(domain: &'d Domain, me: Token, (version, record): (u32, Record), with_others: bool) -> Self {
        let needs = Needs::of(domain);
        let node = |version, record: Record, sleeps_in_loop| Node { version, record, sleeps_in_loop, blockers: vec![] };
        let stuck = HashMap::from([(me, node(version, record, false))]);
        let mut graph = Self { domain, me, stuck, awake: vec![] };
        let mut open = Vec::new();
        let mut unseen = vec![me];
        let mut free: HashSet<Token> = HashSet::new();
        // The wants that may come to be had when an agent goes on.
        let mut wanted_of: HashMap<Token, Vec<usize>> = HashMap::new();
        while let Some(agent) = unseen.pop() {
            for want in graph.stuck[&agent].record.wants.clone() {
                let (needs_all, mut tokens) = match needs.find(agent, want.what) {
                    Need::Nobody => (true, vec![]),
                    Need::All(tokens) => (true, tokens),
                    Need::Any(tokens) => (false, tokens),
                };
                if tokens.is_empty() {
                    free.insert(agent);
                }
                for token in &tokens {
                    wanted_of.entry(*token).or_default().push(open.len());
                    if graph.stuck.contains_key(token) || free.contains(token) {
                        continue;
                    }
                    if let Some((version, record, sleeps_in_loop)) = graph.asleep(*token).filter(|_| with_others) {
                        graph.stuck.insert(*token, node(version, record, sleeps_in_loop));
                        unseen.push(*token);
                    } else {
                        free.insert(*token);
                        graph.awake.push(*token);
                    }
                }
                open.push(Open { agent, needs_all, left: tokens.len() });
                if let Some(node) = graph.stuck.get_mut(&agent) {
                    node.blockers.push(std::mem::take(&mut tokens));
                }
            }
        }
        graph.release(free, &wanted_of, open);
        graph
    }

    /// Takes out all that can go on, and what they free.
    fn release(&mut self, free: HashSet<Token>, wanted_of: &HashMap<Token, Vec<usize>>, mut open: Vec<Open>) {
        let mut going: Vec<Token> = free.iter().copied().collect();
        let mut gone = free;
        while let Some(agent) = going.pop() {
            self.stuck.remove(&agent);
            for &index in wanted_of.get(&agent).into_iter().flatten() {
                let want = &mut open[index];
                want.left -= 1;
                if (want.left == 0 || !want.needs_all) && gone.insert(want.agent) {
                    going.push(want.agent);
                }
            }
        }
        if gone.contains(&self.me) {
            self.stuck.clear();
        }
        let stuck: HashSet<Token> = self.stuck.keys().copied().collect();
        for blockers in self.stuck.values_mut().flat_map(|node| &mut node.blockers) {
            blockers.retain(|token| stuck.contains(token));
        }
    }

    /// What another agent has published, if it sleeps. One that has been woken, or runs, can go on.
    fn asleep(&self, token: Token) -> Option<(u32, Record, bool)> {
        let park = self.domain.agents().park(token.slot());
        let (version, record) = Record::read(self.domain, token.slot())?;
        park::is_asleep(self.domain, token.slot())
            .then(|| (version, record, park.load(crate::sys::atomic::Ordering::SeqCst) == PARK_LOOP))
    }

    fn blockers(&self, agent: Token) -> impl Iterator<Item = (Want, Token)> {
        self.stuck.get(&agent).into_iter().flat_map(|node| {
            let each = node.record.wants.iter().zip(&node.blockers);
            each.flat_map(|(want, blockers)| blockers.iter().map(|blocker| (*want, *blocker)))
        })
    }

    /// The agents that wait for this one and that it waits for, itself included. Empty: it is in no circle.
    fn circle(&self) -> HashSet<Token> {
        let mut behind: HashMap<Token, Vec<Token>> = HashMap::new();
        for agent in self.stuck.keys() {
            for (_, blocker) in self.blockers(*agent) {
                behind.entry(blocker).or_default().push(*agent);
            }
        }
        let ahead = reach(self.me, |agent| self.blockers(agent).map(|(_, blocker)| blocker).collect());
        let behind = reach(self.me, |agent| behind.get(&agent).cloned().unwrap_or_default());
        ahead.intersection(&behind).copied().collect()
    }

    pub fn awake(&self) -> &[Token] {
        &self.awake
    }

    /// Who acts, of all in this agent's circle: whose wait began last. `true`: that wait gives way. `false`: nobody's does,
    /// and that agent tells of it.
    pub fn actor(&self) -> Option<(Token, bool)> {
        let circle = self.circle();
        let mut candidates: Vec<(bool, u64, Token)> = circle
            .iter()
            .filter_map(|token| {
                let record = &self.stuck.get(token)?.record;
                let gives_way = record.policy == Policy::Throw
                    && self.blockers(*token).any(|(want, blocker)| want.may_give_way && circle.contains(&blocker));
                (record.policy != Policy::Off && record.looks()).then_some((gives_way, record.since, *token))
            })
            .collect();
        candidates.sort_unstable_by_key(|(gives_way, since, token)| (!gives_way, u64::MAX - since, u32::MAX - token.0));
        // One that was stopped (SIGSTOP) will not look: the next one does, if there is one that runs.
        let runs = |(_, _, token): &&(bool, u64, Token)| *token == self.me || !self.is_stopped(*token);
        candidates.iter().find(runs).map(|(gives_way, _, token)| (*token, *gives_way))
    }

    fn is_stopped(&self, token: Token) -> bool {
        let state = self.domain.agents().info(token).and_then(|info| procfs::process_state(info.pid));
        matches!(state, Some(('T' | 't', ..)))
    }

    pub fn signature(&self) -> Signature {
        let mut stuck: Vec<_> = self.stuck.iter().collect();
        stuck.sort_unstable_by_key(|(token, _)| token.0);
        let mut signature = Vec::new();
        for (token, node) in stuck {
            // The own version has changed: the agent was awake in between, for nothing but this look.
            let version = if *token == self.me { 0 } else { node.version };
            signature.extend([u64::from(token.0) << 32 | u64::from(version), node.record.since]);
            signature.extend(node.blockers.iter().flatten().map(|blocker| u64::from(blocker.0)));
        }
        signature
    }

    /// Whether the system knows nothing that speaks against it: nobody of them has died unnoticed, and where an event
    /// loop sleeps, no other thread of its process is at work, whose result would wake the loop.
    pub fn is_borne_out(&self, sleeps_in_loop: bool) -> bool {
        let agents = self.domain.agents();
        let is_at_rest =
            |token: Token| agents.info(token).is_some_and(|info| procfs::is_at_rest(info.pid, thread::id()));
        self.stuck.iter().all(|(&token, node)| {
            let in_loop = if token == self.me { sleeps_in_loop } else { node.sleeps_in_loop };
            agents.is_alive_now(token) && (!in_loop || is_at_rest(token))
        })
    }

    /// A circle through this agent, as it is told to people: a shortest one that begins with the newest wait that may give
    /// way, if one can.
    pub fn report(&self) -> Option<Report> {
        let wants = &self.stuck.get(&self.me)?.record.wants;
        let mut giving_way = wants.iter().filter(|want| want.may_give_way);
        let path = giving_way
            .find_map(|newest| self.path_back(|want| want == *newest))
            .or_else(|| self.path_back(|_| true))?;
        let cycle = path
            .iter()
            .enumerate()
            .map(|(position, &(token, want))| {
                // What the one before it waits for is what it holds.
                let (_, held) = path[(position + path.len() - 1) % path.len()];
                Member::describe(self.domain, token, want.what, held.what)
            })
            .collect();
        Some(Report { wanted: path.first()?.1.what, cycle })
    }

    /// From `me`, each agent with what it wants of the next, the last one of `me`.
    fn path_back(&self, is_first: impl Fn(Want) -> bool) -> Option<Vec<(Token, Want)>> {
        let mut came_from: HashMap<Token, (Token, Want)> = HashMap::new();
        let mut open = VecDeque::from([self.me]);
        while let Some(agent) = open.pop_front() {
            for (want, blocker) in self.blockers(agent).filter(|(want, _)| agent != self.me || is_first(*want)) {
                if blocker == self.me {
                    let mut path = vec![(agent, want)];
                    while let Some(step) = path.last().and_then(|(at, _)| came_from.get(at)) {
                        path.push(*step);
                    }
                    path.reverse();
                    return Some(path);
                }
                if let std::collections::hash_map::Entry::Vacant(entry) = came_from.entry(blocker) {
                    entry.insert((agent, want));
                    open.push_back(blocker);
                }
            }
        }
        None
    }
}

/// What can be reached from there in one step or more.
fn reach(start: Token, next: impl Fn(Token) -> Vec<Token>) -> HashSet<Token> {
    let mut seen = HashSet::new();
    let mut open = vec![start];
    while let Some(agent) = open.pop() {
        open.extend(next(agent).into_iter().filter(|token| seen.insert(*token)));
    }
    seen
}
