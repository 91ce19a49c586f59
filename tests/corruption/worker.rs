//! A process that uses everything the domain offers, takes whatever errors it gets, and ends when it is told to.

use std::time::{Duration, Instant};

use multiproc::channel::Endpoint;
use multiproc::error::Result;
use multiproc::memory::{Block, Domain, Handle, Kind, Token};
use multiproc::pool::task_queue::TaskQueue;
use multiproc::process::watcher;
use multiproc::sync::barrier::{self, Arrival, Barrier};
use multiproc::sync::lock::{self, Attempt, Lock};
use multiproc::sync::park::{self, Agent};
use multiproc::sync::semaphore::{self, Semaphore};
use multiproc::sys::clock::Deadline;
use multiproc::waits::{Ending, Goal, Outcome, Patience, Waits};

use crate::control::Control;
use crate::family::Random;

/// Every wait of this program has this timeout.
const TIMEOUT_MS: f64 = 2.0;
/// What a call may take beyond its timeout, on a loaded machine and with the domain's lock in a state that nobody left it
/// in. A call that never ends is what this test is about.
const GRACE: Duration = Duration::from_secs(25);
const OPERATIONS: u64 = 18;
const HELD_MAX: usize = 24;
const NAMES: [&str; 4] = ["one", "two", "three", "four"];

pub fn work(domain: &'static Domain, arguments: &[u64]) {
    let control = Control::open(&arguments[2..]);
    let entered = watcher::start(domain).and_then(|()| Agent::enlist(domain));
    let Ok(agent) = entered else { return control.give_up(arguments[0]) };
    let mut worker = Worker {
        domain,
        control,
        agent,
        random: Random::from(arguments[1]),
        waits: Waits::default(),
        held: Vec::new(),
        ends: Vec::new(),
        queues: Vec::new(),
    };
    let number = arguments[0];
    control.introduce(number, worker.agent.token.0);
    while !control.is_stopped() {
        let operation = worker.random.below(OPERATIONS);
        control.begin(number, operation);
        let began = Instant::now();
        // Errors and wrong data are what is expected here.
        let _ = worker.perform(operation);
        assert!(began.elapsed() < GRACE, "operation {operation} took {:?}", began.elapsed());
        if domain.check().is_err() {
            control.condemned(number);
        }
        control.end(number);
    }
    control.begin(number, 100);
    let Worker { mut waits, held, ends, queues, agent, .. } = worker;
    waits.abandon(&agent);
    drop(ends);
    drop(queues);
    for block in held {
        domain.detach(block.handle);
    }
    control.begin(number, 101);
    drop(agent);
    control.begin(number, 102);
    domain.leave();
    if domain.check().is_err() {
        control.condemned(number);
    }
    control.begin(number, 103);
}

struct Worker {
    domain: &'static Domain,
    control: Control,
    agent: Agent,
    random: Random,
    waits: Waits,
    held: Vec<Block>,
    ends: Vec<Endpoint>,
    queues: Vec<TaskQueue>,
}

impl Worker {
    fn perform(&mut self, operation: u64) -> Result<()> {
        match operation {
            0 | 1 => self.allocate()?,
            2 => self.attach()?,
            3 | 4 => self.give_back(),
            5 => self.open_named()?,
            6 | 7 => self.use_lock()?,
            8 => self.use_semaphore()?,
            9 | 10 => self.use_barrier()?,
            11 => self.make_or_open_channel()?,
            12 | 13 => self.talk(),
            14 => self.use_queue()?,
            15 => self.look_around(),
            16 => self.ship_and_unship(),
            _ => self.wait_later(),
        }
        Ok(())
    }

    fn keep(&mut self, block: Block) {
        self.control.offer(self.random.next(), block.handle);
        self.held.push(block);
        if self.held.len() > HELD_MAX {
            self.give_back();
        }
    }

    fn make(&mut self, kind: Kind) -> Result<Block> {
        let domain = self.domain;
        let parties = 2 + self.random.below(20) as u32;
        let length = match kind {
            Kind::Lock => lock::BLOCK_SIZE,
            Kind::Semaphore => semaphore::BLOCK_SIZE,
            Kind::Barrier => Barrier::block_size(parties),
            _ if self.random.below(8) == 0 => self.random.below(2 << 20),
            _ => self.random.below(6000),
        };
        let block = domain.allocate(kind, length)?;
        match kind {
            Kind::Semaphore => Semaphore::at(domain, block).initialise(2),
            Kind::Barrier => Barrier::initialise(domain, block, parties),
            _ => {}
        }
        Ok(block)
    }

    fn any_kind(&mut self) -> Kind {
        [Kind::Buffer, Kind::Lock, Kind::Semaphore, Kind::Barrier][self.random.below(4) as usize]
    }

    fn allocate(&mut self) -> Result<()> {
        let kind = self.any_kind();
        let block = self.make(kind)?;
        if kind == Kind::Buffer {
            // The whole of it: whatever the directory says, it is memory of ours.
            self.domain.map().write(block.offset, &vec![0xab; block.length as usize]);
        }
        self.keep(block);
        Ok(())
    }

    fn attach(&mut self) -> Result<()> {
        let Some(handle) = self.control.offered(self.random.next()) else { return Ok(()) };
        let block = self.domain.attach(handle)?;
        if handle.kind == Kind::Buffer {
            self.domain.map().read_vec(block.offset, block.length as usize);
        }
        self.keep(block);
        Ok(())
    }

    fn give_back(&mut self) {
        if !self.held.is_empty() {
            let index = self.random.below(self.held.len() as u64) as usize;
            self.domain.detach(self.held.swap_remove(index).handle);
        }
    }

    fn open_named(&mut self) -> Result<()> {
        let kind = self.any_kind();
        let name = NAMES[self.random.below(4) as usize];
        let parties = 3;
        let length = match kind {
            Kind::Barrier => Barrier::block_size(parties),
            _ => lock::BLOCK_SIZE,
        };
        let domain = self.domain;
        let (block, is_new) = domain.open_named(kind, name, || domain.allocate(kind, length))?;
        if is_new && kind == Kind::Barrier {
            Barrier::initialise(domain, block, parties);
        }
        self.keep(block);
        Ok(())
    }

    fn one_of(&mut self, kind: Kind) -> Option<Block> {
        let found: Vec<Block> = self.held.iter().copied().filter(|block| block.handle.kind == kind).collect();
        (!found.is_empty()).then(|| found[self.random.below(found.len() as u64) as usize])
    }

    fn wait(&mut self, block: Block, goal: Goal) -> Outcome {
        let patience = Patience { spins: 20, look_again_after: park::LOOK_AGAIN_AFTER };
        self.waits.wait(&self.agent, (block, goal, Deadline::after_ms(TIMEOUT_MS)), &patience, &|| false)
    }

    fn use_lock(&mut self) -> Result<()> {
        let Some(block) = self.one_of(Kind::Lock) else { return Ok(()) };
        let lock = Lock::at(self.domain, block);
        let got = match self.random.below(2) {
            0 => matches!(self.wait(block, Goal::Lock), Outcome::Done | Outcome::FromDead(_)),
            _ => lock.try_acquire(self.agent.token) != Attempt::Held,
        };
        self.domain.agents().info(lock.owner());
        // Some are never given back, so that others wait.
        if got && self.random.below(4) > 0 { lock.release(self.agent.token) } else { Ok(()) }
    }

    fn use_semaphore(&mut self) -> Result<()> {
        let Some(block) = self.one_of(Kind::Semaphore) else { return Ok(()) };
        let semaphore = Semaphore::at(self.domain, block);
        if self.wait(block, Goal::Semaphore) == Outcome::Done && self.random.below(4) > 0 {
            semaphore.release(1 + self.random.below(2) as u32)?;
        }
        semaphore.value();
        Ok(())
    }

    fn use_barrier(&mut self) -> Result<()> {
        let Some(block) = self.one_of(Kind::Barrier) else { return Ok(()) };
        let me = self.agent.token;
        let barrier = Barrier::at(self.domain, block)?;
        match self.random.below(6) {
            0 => barrier.reset(me),
            1 => barrier.abort(me),
            2 => barrier.join(me),
            3 => {
                barrier::note_member(me, block);
                barrier::leave_noted(self.domain, me, block);
            }
            _ => {
                if let Arrival::Waits(ticket) = barrier.arrive(me, false) {
                    self.wait(block, Goal::Barrier(ticket));
                }
            }
        }
        Ok(())
    }

    fn make_or_open_channel(&mut self) -> Result<()> {
        let offered = self.control.offered(self.random.next()).filter(|handle| handle.kind == Kind::Channel);
        let end = match offered {
            Some(handle) => Endpoint::open(&self.agent, handle)?,
            None => Endpoint::create(&self.agent)?,
        };
        self.control.offer(self.random.next(), end.handle());
        self.ends.push(end);
        if self.ends.len() > 6 {
            let index = self.random.below(self.ends.len() as u64) as usize;
            let mut end = self.ends.swap_remove(index);
            end.take_back(100);
        }
        Ok(())
    }

    fn talk(&mut self) {
        for index in 0..self.ends.len() {
            let length = if self.random.below(10) == 0 { 100_000 } else { self.random.below(300) };
            let end = &mut self.ends[index];
            let sent = end.send(1, &[&vec![7; length as usize]]);
            for _ in 0..20 {
                if !matches!(end.receive(), Ok(Some(_))) {
                    break;
                }
            }
            end.backlog_bytes();
            if sent.is_err() || end.is_ended() {
                end.take_back(100);
            }
        }
    }

    fn use_queue(&mut self) -> Result<()> {
        let offered = self.control.offered(self.random.next()).filter(|handle| handle.kind == Kind::TaskQueue);
        if self.queues.is_empty() || (offered.is_some() && self.queues.len() < 3) {
            let queue = match offered {
                Some(handle) => TaskQueue::open(self.domain, handle)?,
                None => TaskQueue::create(self.domain)?,
            };
            queue.ship();
            self.control.offer(self.random.next(), queue.handle());
            self.queues.push(queue);
        }
        let index = self.random.below(self.queues.len() as u64) as usize;
        let (queue, me) = (&self.queues[index], self.agent.token);
        queue.set_idle(me.slot(), self.random.below(2) == 0);
        for task in 1..20 {
            let length = if self.random.below(5) == 0 { 3000 } else { 50 };
            queue.submit(task, &vec![1; length])?;
        }
        for _ in 0..18 {
            queue.claim(me, 3)?;
            queue.finish(3);
        }
        let other = Token(self.control.token(self.random.next()));
        queue.tasks_of_dead(other, 3);
        if self.random.below(10) == 0 {
            queue.withdraw(me);
            self.queues.remove(index);
        }
        Ok(())
    }

    fn look_around(&mut self) {
        let domain = self.domain;
        domain.usage();
        if domain.reap_dead() {
            park::wake_all(domain);
        }
        for (slot, ..) in domain.agents().processes() {
            domain.agents().token_standing_in(slot).and_then(|token| domain.agents().info(token));
        }
        domain.agents().set_name(self.agent.token, "worker");
        if let Ok(token) = domain.enlist() {
            domain.discharge(token);
        }
    }

    fn ship_and_unship(&mut self) {
        let Some(handle) = self.control.offered(self.random.next()) else { return };
        if self.held.iter().any(|block| block.handle == handle) {
            self.domain.ship(handle);
        }
        let forged = Handle { generation: handle.generation.wrapping_add(1), ..handle };
        self.domain.unship(if self.random.below(2) == 0 { handle } else { forged });
    }

    /// What an event loop does: begins waits, looks at them, gives some up.
    fn wait_later(&mut self) {
        for _ in 0..3 {
            let kind = if self.random.below(2) == 0 { Kind::Lock } else { Kind::Semaphore };
            let Some(block) = self.one_of(kind) else { continue };
            let goal = if kind == Kind::Lock { Goal::Lock } else { Goal::Semaphore };
            let deadline = Deadline::after_ms(self.random.below(10) as f64);
            if let Ok(id) = self.waits.begin(&self.agent, (block, goal, deadline), Ending::Deadlock)
                && self.random.below(3) == 0
            {
                self.waits.cancel(&self.agent, id);
            }
        }
        if self.agent.enter_loop_sleep() {
            std::thread::sleep(Duration::from_micros(self.random.below(300)));
        }
        self.agent.leave_sleep();
        self.waits.look(&self.agent, &mut Vec::new());
        self.agent.bell().drain();
    }
}
