//! The processes that a model starts with: each has the domain open and one agent.

use std::cell::RefCell;
use std::time::Duration;

use multiproc::memory::{Block, Domain, Kind, Token};
use multiproc::sync::park::{self, Agent};
use multiproc::sys::atomic::Ordering::Relaxed;
use multiproc::sys::clock::Deadline;
use multiproc::sys::model::Process;
use multiproc::waits::{Ending, Goal, Outcome, Patience, Waits};

use crate::tables;

const SIZE: u64 = 64 << 20;
/// Longer than any model's sleeps.
pub const LONG: Duration = Duration::from_secs(1 << 30);
/// Where the table of agents is looked through from: see src/memory/layout.rs.
const NEXT_AGENT: u64 = 72;

thread_local! {
    /// The domains of the present execution. They go with the next one: a failing execution unwinds nothing.
    static DOMAINS: RefCell<Vec<*mut Domain>> = RefCell::default();
}

#[derive(Clone, Copy)]
pub struct Member {
    pub process: Process,
    pub domain: &'static Domain,
    pub agent: &'static Agent,
}

/// The processes 10, 20, 30 and so on.
pub fn family<const COUNT: usize>() -> [Member; COUNT] {
    for domain in DOMAINS.take() {
        // SAFETY: `open` made it of a box, and the execution that used it is over.
        drop(unsafe { Box::from_raw(domain) });
    }
    let mut first = None;
    std::array::from_fn(|index| {
        let process = Process::new(10 * (index as u32 + 1), 1000);
        let member = process.run(|| match first {
            None => open(process, Domain::create(SIZE).expect("a domain")),
            Some(first) => join(process, first),
        });
        first.get_or_insert(member.domain);
        member
    })
}

/// A block that all of them have.
pub fn share(members: &[Member], kind: Kind, length: u64) -> Block {
    let [first, others @ ..] = members else { panic!("nobody") };
    let block = first.process.run(|| first.domain.allocate(kind, length).expect("a block"));
    for other in others {
        assert_eq!(other.process.run(|| other.domain.attach(block.handle).expect("attached")), block);
    }
    block
}

/// That process, which is the caller's, joins the domain.
pub fn join(process: Process, domain: &Domain) -> Member {
    let fd = domain.fd().try_clone_to_owned().expect("a descriptor");
    open(process, Domain::join(fd).expect("the domain"))
}

fn open(process: Process, domain: Domain) -> Member {
    let pointer = Box::into_raw(Box::new(domain));
    DOMAINS.with_borrow_mut(|domains| domains.push(pointer));
    // SAFETY: the domain stays until the next execution begins, and nothing of this one is used then: its threads have
    // ended or, after a failure, are never run again.
    let domain: &'static Domain = unsafe { &*pointer };
    let agent = Box::leak(Box::new(Agent::enlist(domain).expect("an agent")));
    Member { process, domain, agent }
}

/// The allocator's tables are in order, with that many live blocks.
pub fn assert_sound(member: Member, live_count: u32) {
    assert_eq!(tables::live_count(member.domain), live_count, "live blocks");
}

impl Member {
    pub fn token(self) -> Token {
        self.agent.token
    }

    /// Another process, which joins the domain before the stage is raised.
    pub fn sibling(self) -> Self {
        let pid = DOMAINS.with_borrow(|domains| 10 * (domains.len() as u32 + 1));
        let process = Process::new(pid, 1000);
        process.run(|| join(process, self.domain))
    }

    /// A blocking wait, which no clock ends.
    pub fn wait(self, block: Block, goal: Goal) -> Outcome {
        let patience = Patience { spins: 0, look_again_after: LONG };
        let wait = (block, goal, Deadline::NEVER);
        // As if it could be aborted: then nobody looks for deadlocks.
        Waits::default().wait_until(self.agent, wait, Ending::Abort, &patience, &|| false)
    }

    /// The next process that claims a slot tries this member's first.
    pub fn offer_slot(self) {
        self.domain.map().u32_at(NEXT_AGENT).store(self.agent.slot(), Relaxed);
    }

    /// What the watcher of this process does when it sees the death of another.
    pub fn watch(self, other: Process) {
        other.wait_for_death();
        self.domain.reap(other.pid(), other.start_time());
        park::wake_all(self.domain);
    }
}
