//! Deadlocks between processes: found and ended, whoever is killed meanwhile; and what the records of waits are taken for
//! when they are half written, random or hostile.

mod family;

use std::collections::HashSet;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use family::stepper::{FREE_WORDS, kill_after, perform};
use family::{Board, Child, Random, address, bounded, handle, new_domain, play};
use multiproc::memory::{AGENT_COUNT, Block, Domain, Kind, Layout, PARK_FUTEX, PARK_LOOP, PARK_RUNNING, Token};
use multiproc::sync::lock::{self, Lock};
use multiproc::sync::once;
use multiproc::sync::park::{Agent, LOOK_AGAIN_AFTER};
use multiproc::sync::rwlock::{self, RwLock};
use multiproc::sys::clock::Deadline;
use multiproc::waits::deadlock::{self, Policy, Record, WANTS_MAX, Want, Wanted};
use multiproc::waits::{Goal, Outcome, Patience, Waits};

const PATIENCE: Patience = Patience { spins: 20, look_again_after: LOOK_AGAIN_AFTER };

// Words of the board.
const READY: u64 = 0;
const STOP: u64 = 1;
const ROUNDS: u64 = 2;
const FAULTS: u64 = 3;
const ENDED_BY_DEADLOCK: u64 = 4;
const INSIDE: u64 = 8;

#[test]
fn role() {
    play(&[("take_two", take_two), ("take_many", take_many), ("publish", publish)]);
}

fn attach_lock(domain: &Domain, address: u64) -> Block {
    domain.attach(handle(Kind::Lock, address)).expect("the lock")
}

fn acquire(agent: &Agent, waits: &mut Waits, block: Block) -> Outcome {
    waits.wait(agent, (block, Goal::Lock, Deadline::NEVER), &PATIENCE, &|| false)
}

/// Takes the first lock and, when everybody has its first, the second.
fn take_two(domain: &'static Domain, arguments: &[u64]) {
    let (board, parties) = (Board::open(domain, arguments[0]), arguments[3]);
    let [first, second] = [1, 2].map(|position| attach_lock(domain, arguments[position]));
    let agent = Agent::enlist(domain).expect("an agent");
    let mut waits = Waits::default();
    assert_eq!(acquire(&agent, &mut waits, first), Outcome::Done);
    board.word(READY).fetch_add(1, SeqCst);
    board.wait_for("all have a lock", READY, |ready| ready == parties);
    match acquire(&agent, &mut waits, second) {
        Outcome::Done => Lock::at(domain, second).release(agent.token).expect("held"),
        Outcome::Deadlock => {
            let report = waits.take_report().expect("a report");
            assert_eq!(report.cycle.len() as u64, parties, "{report}");
            assert_eq!(report.cycle[0].pid, std::process::id(), "{report}");
            let pids: HashSet<u32> = report.cycle.iter().map(|member| member.pid).collect();
            assert_eq!(pids.len() as u64, parties, "{report}");
            board.word(ENDED_BY_DEADLOCK).fetch_add(1, SeqCst);
        }
        outcome => panic!("{outcome:?}"),
    }
    Lock::at(domain, first).release(agent.token).expect("held");
}

#[test]
fn processes_that_wait_in_a_circle_one_gives_way_and_all_end() {
    for parties in 2..=5 {
        let domain = new_domain(64);
        let board = Board::new(domain, 16);
        let locks: Vec<Block> =
            (0..parties).map(|_| domain.allocate(Kind::Lock, lock::BLOCK_SIZE).expect("a lock")).collect();
        let start = |index: usize| {
            let pair = [index, (index + 1) % parties].map(|index| address(locks[index].handle));
            Child::start("take_two", domain, &[board.address(), pair[0], pair[1], parties as u64])
        };
        let children: Vec<Child> = (0..parties).map(start).collect();
        children.into_iter().for_each(Child::join);
        assert_eq!(board.get(ENDED_BY_DEADLOCK), 1, "of {parties}");
    }
}

/// Again and again takes three of the locks in whatever order, and lets all go when that is a deadlock.
fn take_many(domain: &'static Domain, arguments: &[u64]) {
    let board = Board::open(domain, arguments[0]);
    let locks: Vec<Block> = arguments[2..].iter().map(|address| attach_lock(domain, *address)).collect();
    let agent = Agent::enlist(domain).expect("an agent");
    let mut waits = Waits::default();
    let mut random = Random::from(arguments[1]);
    let me = u64::from(agent.token.0);
    while board.get(STOP) == 0 {
        let mut held = Vec::new();
        while held.len() < 3 {
            let index = random.below(locks.len() as u64) as usize;
            if held.contains(&index) {
                continue;
            }
            let left_by = match acquire(&agent, &mut waits, locks[index]) {
                Outcome::Done => 0,
                Outcome::FromDead(dead) => u64::from(dead.0),
                Outcome::Deadlock => {
                    board.word(ENDED_BY_DEADLOCK).fetch_add(1, SeqCst);
                    break;
                }
                outcome => panic!("{outcome:?}"),
            };
            // Whoever died inside may have left its mark, and nobody else.
            let found = board.word(INSIDE + index as u64).swap(me, SeqCst);
            if found != 0 && found != left_by {
                board.word(FAULTS).fetch_add(1, SeqCst);
            }
            held.push(index);
        }
        for index in held {
            if board.word(INSIDE + index as u64).swap(0, SeqCst) != me {
                board.word(FAULTS).fetch_add(1, SeqCst);
            }
            Lock::at(domain, locks[index]).release(agent.token).expect("held");
        }
        board.word(ROUNDS).fetch_add(1, SeqCst);
    }
}

#[test]
fn locks_in_random_order_with_members_killed_and_stopped_every_circle_is_broken() {
    let mut random = Random::seeded("random order");
    let domain = new_domain(64);
    let board = Board::new(domain, 32);
    let locks: Vec<u64> =
        (0..6).map(|_| address(domain.allocate(Kind::Lock, lock::BLOCK_SIZE).expect("a lock").handle)).collect();
    let start = |seed: u64| Child::start("take_many", domain, &[&[board.address(), seed], locks.as_slice()].concat());
    let mut children: Vec<Child> = (0..4).map(|_| start(random.next())).collect();
    let end = Instant::now() + Duration::from_secs(6);
    while Instant::now() < end {
        let rounds = board.get(ROUNDS);
        board.wait_for("somebody goes on", ROUNDS, |now| now > rounds + 2);
        let index = random.below(4) as usize;
        match random.below(3) {
            0 => {
                children[index].kill();
                children[index] = start(random.next());
            }
            1 => {
                children[index].stop();
                std::thread::sleep(Duration::from_millis(random.below(60)));
                children[index].go_on();
            }
            _ => std::thread::sleep(Duration::from_millis(random.below(60))),
        }
    }
    board.set(STOP, 1);
    children.into_iter().for_each(Child::join);
    assert_eq!(board.get(FAULTS), 0, "two were inside at once");
    assert!(board.get(ENDED_BY_DEADLOCK) > 0, "in that many rounds there are deadlocks");
}

/// The record that the role publishes.
fn sample(lock: Block) -> Record {
    let want = |what| Want { what, may_give_way: true };
    Record { since: 1234, policy: Policy::Throw, wants: vec![want(Wanted::Lock(lock.handle)), want(Wanted::End(9))] }
}

fn publish(domain: &'static Domain, arguments: &[u64]) {
    let board = Board::open(domain, arguments[0]);
    let block = attach_lock(domain, arguments[1]);
    let slot = domain.first_agent().slot();
    board.set(FREE_WORDS, u64::from(slot));
    sample(block).publish(domain, slot);
    perform(board, || {
        deadlock::clear(domain, slot);
        sample(block).publish(domain, slot);
        let other = Record { since: 99, ..sample(block) };
        other.publish(domain, slot);
    });
}

#[test]
fn killed_after_each_store_of_a_record_it_is_whole_or_not_there() {
    for changes in 1..200 {
        let domain = new_domain(64);
        let board = Board::new(domain, 16);
        let block = domain.allocate(Kind::Lock, lock::BLOCK_SIZE).expect("a lock");
        let mut child = Child::start("publish", domain, &[board.address(), address(block.handle)]);
        let finished = kill_after(&mut child, domain, board, 136, changes);
        let found = Record::read(domain, board.get(FREE_WORDS) as u32).map(|(_, record)| record);
        let whole = [sample(block), Record { since: 99, ..sample(block) }];
        assert!(found.as_ref().is_none_or(|record| whole.contains(record)), "after {changes} changes: {found:?}");
        if finished {
            assert!(changes > 5, "the records were written");
            return;
        }
    }
    panic!("the operation does not end");
}

/// Agents of this process, and objects that they hold and want.
struct Stage {
    domain: &'static Domain,
    agents: Vec<Agent>,
    locks: Vec<Block>,
    rwlocks: Vec<Block>,
    onces: Vec<Block>,
}

impl Stage {
    fn new(agents: usize) -> Self {
        let domain = new_domain(64);
        let make = |kind, size| (0..6).map(|_| domain.allocate(kind, size).expect("a block")).collect::<Vec<_>>();
        Self {
            domain,
            agents: (0..agents).map(|_| Agent::enlist(domain).expect("an agent")).collect(),
            locks: make(Kind::Lock, lock::BLOCK_SIZE),
            rwlocks: make(Kind::RwLock, rwlock::BLOCK_SIZE),
            onces: make(Kind::Once, once::BLOCK_SIZE),
        }
    }

    /// One of the agents is taken for the process's main thread.
    fn with_main_thread(self) -> Self {
        let slot = self.agents[0].slot();
        self.domain.map().u32_at(Layout::agent(slot) + 16).store(std::process::id(), SeqCst);
        self
    }

    fn word(&self, block: Block, offset: u64) -> &'static std::sync::atomic::AtomicU32 {
        self.domain.map().u32_at(block.offset + offset)
    }

    fn random_want(&self, random: &mut Random) -> Wanted {
        let one_of = |random: &mut Random, blocks: &[Block]| blocks[random.below(blocks.len() as u64) as usize].handle;
        match random.below(8) {
            0..4 => Wanted::Lock(one_of(random, &self.locks)),
            4 => Wanted::Read(one_of(random, &self.rwlocks)),
            5 => Wanted::Write(one_of(random, &self.rwlocks)),
            6 => Wanted::Once(one_of(random, &self.onces)),
            // Of this very process, whose agents they all are; or of one that is not there.
            _ if random.below(4) == 0 => Wanted::End(std::process::id()),
            _ => Wanted::Message(u32::MAX),
        }
    }

    fn token(&self, random: &mut Random) -> Token {
        let index = random.below(self.agents.len() as u64 + 1) as usize;
        self.agents.get(index).map_or(Token::NOBODY, |agent| agent.token)
    }

    /// Deals all objects out anew.
    fn deal(&self, random: &mut Random) {
        for block in &self.locks {
            self.word(*block, 0).store(self.token(random).0, SeqCst);
            self.word(*block, 8).store(u32::from(random.below(8) == 0), SeqCst);
        }
        for block in &self.onces {
            self.word(*block, 0).store(self.token(random).0, SeqCst);
        }
        for block in &self.rwlocks {
            let is_written = random.below(2) == 0;
            let active = if random.below(2) == 0 { 1 << 30 } else { 0 };
            let writer = if is_written { self.token(random).0 } else { 0 };
            self.word(*block, 0).store(if writer == 0 { 0 } else { writer | active }, SeqCst);
            for place in 0..3 {
                let reader = if is_written && active != 0 { 0 } else { self.token(random).0 };
                self.word(*block, 192 + place * 4).store(reader, SeqCst);
            }
        }
    }

    /// Who must go on, in plain words: all of a list, or one of a list. An empty list: nobody.
    fn needs(&self, me: Token, wanted: Wanted) -> (bool, Vec<Token>) {
        let block = |handle| self.domain.block_of(handle).expect("alive");
        let some = |tokens: Vec<Token>| tokens.into_iter().filter(|token| *token != Token::NOBODY).collect();
        match wanted {
            Wanted::Lock(handle) => {
                let is_anybodys = self.word(block(handle), 8).load(SeqCst) != 0;
                (true, if is_anybodys { vec![] } else { some(vec![Lock::at(self.domain, block(handle)).owner()]) })
            }
            Wanted::Once(handle) => (true, some(vec![Token(self.word(block(handle), 0).load(SeqCst))])),
            Wanted::Read(handle) => (true, some(vec![RwLock::at(self.domain, block(handle)).writer_token()])),
            Wanted::Write(handle) => {
                let lock = RwLock::at(self.domain, block(handle));
                let mut tokens: Vec<Token> = lock.reader_tokens().collect();
                if lock.is_writing() || lock.writer_token() != me {
                    tokens.push(lock.writer_token());
                }
                (true, some(tokens))
            }
            Wanted::End(pid) | Wanted::Message(pid) if pid == std::process::id() => {
                (false, self.agents.iter().map(|agent| agent.token).collect())
            }
            Wanted::End(_) | Wanted::Message(_) => (true, vec![]),
        }
    }

    /// The stuck ones and whom each waits for, by plain iteration.
    fn reckon(&self, records: &[Option<Vec<Wanted>>]) -> Vec<(Token, Vec<Token>)> {
        let mut stuck: Vec<(Token, &Vec<Wanted>)> =
            self.agents.iter().zip(records).filter_map(|(agent, wants)| Some((agent.token, wants.as_ref()?))).collect();
        loop {
            let tokens: HashSet<Token> = stuck.iter().map(|(token, _)| *token).collect();
            let before = stuck.len();
            stuck.retain(|(me, wants)| {
                !wants.iter().any(|wanted| match self.needs(*me, *wanted) {
                    (true, needed) => needed.iter().all(|token| !tokens.contains(token)),
                    (false, needed) => needed.iter().any(|token| !tokens.contains(token)),
                })
            });
            if stuck.len() == before {
                let blockers = |me: Token, wants: &[Wanted]| {
                    wants
                        .iter()
                        .flat_map(|wanted| self.needs(me, *wanted).1)
                        .filter(|token| tokens.contains(token))
                        .collect()
                };
                return stuck.iter().map(|(me, wants)| (*me, blockers(*me, wants))).collect();
            }
        }
    }
}

fn is_in_circle(me: Token, stuck: &[(Token, Vec<Token>)]) -> bool {
    let mut seen = HashSet::new();
    let mut open = vec![me];
    while let Some(agent) = open.pop() {
        let blockers = stuck.iter().find(|(token, _)| *token == agent).map(|(_, blockers)| blockers);
        open.extend(blockers.into_iter().flatten().filter(|token| seen.insert(**token)));
    }
    seen.contains(&me)
}

#[test]
fn random_waits_and_owners_exactly_those_in_circles_are_found() {
    let mut random = Random::seeded("random waits");
    let stage = Stage::new(7).with_main_thread();
    let (mut circles, mut lone) = (0, 0);
    for round in 0..4000 {
        stage.deal(&mut random);
        let records: Vec<Option<Vec<Wanted>>> = stage
            .agents
            .iter()
            .map(|agent| {
                let park = stage.domain.agents().park(agent.slot());
                let sleeps = random.below(8) > 0;
                park.store(
                    [PARK_RUNNING, PARK_FUTEX, PARK_LOOP][if sleeps { 1 + random.below(2) as usize } else { 0 }],
                    SeqCst,
                );
                let count = if random.below(4) == 0 { random.below(4) } else { 1 };
                let wants: Vec<Wanted> = (0..count).map(|_| stage.random_want(&mut random)).collect();
                let published =
                    wants.iter().map(|what| Want { what: *what, may_give_way: random.below(3) > 0 }).collect();
                Record { since: round, policy: Policy::Throw, wants: published }.publish(stage.domain, agent.slot());
                (sleeps && count > 0).then_some(wants)
            })
            .collect();
        let stuck = stage.reckon(&records);
        for (agent, wants) in stage.agents.iter().zip(&records).filter(|(_, wants)| wants.is_some()) {
            let report = deadlock::circle_of(stage.domain, agent.token);
            let expected = is_in_circle(agent.token, &stuck);
            assert_eq!(report.is_some(), expected, "round {round}, {wants:?}");
            let Some(report) = report else { continue };
            circles += 1;
            lone += u32::from(report.cycle.len() == 1);
            for (position, member) in report.cycle.iter().enumerate() {
                let next = report.cycle[(position + 1) % report.cycle.len()].token;
                let (_, blockers) = stuck.iter().find(|(token, _)| *token == member.token).expect("a stuck one");
                assert!(blockers.contains(&next), "round {round}: {report}");
            }
        }
    }
    println!("{circles} circles, {lone} of them of one agent");
    assert!(circles > 1000 && lone > 100 && circles > lone + 500, "the random cases are no cases");
}

#[test]
fn hostile_records_and_lock_words_are_read_without_a_panic_or_an_endless_loop() {
    let mut random = Random::seeded("hostile records");
    bounded("the looks end", move || {
        let stage = Stage::new(40).with_main_thread();
        let domain = stage.domain;
        let mut found = 0;
        for round in 0..3000 {
            stage.deal(&mut random);
            for agent in &stage.agents {
                let park = [PARK_FUTEX, PARK_LOOP, random.next() as u32][random.below(3) as usize];
                domain.agents().park(agent.slot()).store(park, SeqCst);
                let wants = (0..=random.below(3))
                    .map(|_| Want { what: stage.random_want(&mut random), may_give_way: random.below(2) == 0 })
                    .collect();
                let policy = [Policy::Off, Policy::Warn, Policy::Throw][random.below(3) as usize];
                Record { since: random.next(), policy, wants }.publish(domain, agent.slot());
                let record = domain.agents().record(agent.slot());
                for _ in 0..random.below(12) / 9 {
                    // A want, sound in its frame, so that the reading goes on to what it names.
                    let word = (1 + random.below(9)) << 56 | random.below(3) << 32 | random.below(30);
                    domain.map().u64_at(record + 16 + random.below(4) * 8).store(word, SeqCst);
                    domain.map().u32_at(record + 4).store(random.below(WANTS_MAX as u64 + 4) as u32, SeqCst);
                }
            }
            // Anything at all, anywhere in a record or an object.
            for _ in 0..40 {
                let slot = random.below(u64::from(AGENT_COUNT)) as u32;
                let word = domain.agents().record(slot) + random.below(96) * 4;
                domain.map().u32_at(word).store(random.next() as u32, SeqCst);
                let blocks = [&stage.locks, &stage.rwlocks, &stage.onces][random.below(3) as usize];
                let block = blocks[random.below(6) as usize];
                stage.word(block, random.below(block.length / 4) * 4).store(random.next() as u32, SeqCst);
            }
            for agent in stage.agents.iter().skip(round % 8).step_by(8) {
                if let Some(report) = deadlock::circle_of(domain, agent.token) {
                    assert!(!report.to_string().is_empty());
                    found += 1;
                }
            }
        }
        println!("{found} circles in hostile records");
        assert!(found > 50, "nothing of it is looked at");
    });
}
