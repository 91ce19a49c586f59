//! The processes of an execution: who is born, who lives, and who has been killed.
//!
//! A process is killed by its fuel: each store, and each falling asleep, takes one unit, and the attempt without any
//! left ends the process, before the store. The thread unwinds to its role's end; while it unwinds nothing it does
//! reaches shared memory, so a guard's destructor gives nothing back, as SIGKILL would have it. Its stores so far are
//! visible to whoever sees it dead (a Release and an Acquire): the kernel that ended it has put them in order.

use std::cell::RefCell;
use std::rc::Rc;

use loom::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{AcqRel, Acquire};

use super::execution::{Caller, current, end_if_dead, end_thread, is_raised, set_current, switching};
use super::record::{count, note};
use super::sleep::{Bed, sleep, wake_by_death};

const UNBORN: u32 = 0;
const ALIVE: u32 = 1;
const DEAD: u32 = 2;
/// No life has this value: a compare-exchange that expects it reads the newest one and changes nothing.
const NO_LIFE: u32 = u32::MAX;

struct Member {
    pid: u32,
    start_time: u64,
    life: u32,
    /// The life as others see it while threads run; only of those who are born or die meanwhile.
    seen: Option<Rc<AtomicU32>>,
    fuel: Option<u32>,
    is_mortal: bool,
}

thread_local! {
    static MEMBERS: RefCell<Vec<Member>> = RefCell::default();
}

pub(super) fn reset() {
    MEMBERS.take();
}

/// Threads begin to run.
pub(super) fn raise() {
    MEMBERS.with_borrow_mut(|members| {
        for member in members.iter_mut().filter(|member| member.is_mortal) {
            member.seen = Some(Rc::new(AtomicU32::new(member.life)));
        }
    });
}

/// A moment at which the process may be killed.
pub(in crate::sys) fn spend() {
    if !is_raised() {
        return;
    }
    end_if_dead();
    let process = current().process;
    let is_empty = process.with(|member| match &mut member.fuel {
        Some(0) => true,
        Some(fuel) => {
            *fuel -= 1;
            false
        }
        None => false,
    });
    if is_empty {
        count(|tally| tally.deaths += 1);
        process.kill();
    }
}

/// The start times of the living processes of that pid, the caller's own first.
pub(in crate::sys) fn living(pid: u32) -> Vec<u64> {
    let own = current().process;
    let count = MEMBERS.with_borrow(Vec::len);
    let mut processes: Vec<Process> = (0..count).map(Process).filter(|process| process.pid() == pid).collect();
    processes.sort_by_key(|process| *process != own);
    processes.retain(|process| *process == own || process.life() == ALIVE);
    processes.into_iter().map(Process::start_time).collect()
}

/// A process of the model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Process(usize);

impl Process {
    /// The one that sets the stage.
    pub(super) const FIRST: Self = Self(0);

    /// A process that lives from the start.
    pub fn new(pid: u32, start_time: u64) -> Self {
        Self::add(pid, start_time, ALIVE, false)
    }

    /// A process that lives once its role has called `be_born`; its pid may be that of a dead one.
    pub fn unborn(pid: u32, start_time: u64) -> Self {
        Self::add(pid, start_time, UNBORN, true)
    }

    fn add(pid: u32, start_time: u64, life: u32, is_mortal: bool) -> Self {
        MEMBERS.with_borrow_mut(|members| {
            members.push(Member { pid, start_time, life, seen: None, fuel: None, is_mortal });
            Self(members.len() - 1)
        })
    }

    fn with<T>(self, action: impl FnOnce(&mut Member) -> T) -> T {
        MEMBERS.with_borrow_mut(|members| action(&mut members[self.0]))
    }

    /// The process is killed when it has done that many stores while threads run.
    pub fn limit(self, fuel: u32) {
        self.with(|member| (member.fuel, member.is_mortal) = (Some(fuel), true));
    }

    /// The process has been killed before the stage is raised.
    pub fn has_died(self) {
        assert!(!is_raised(), "who dies while threads run dies by a thread of its own");
        self.set_life(DEAD);
    }

    pub fn be_born(self) {
        self.set_life(ALIVE);
    }

    /// SIGKILL, by a thread of the process itself.
    pub fn kill(self) -> ! {
        assert!(self == current().process && self.with(|member| member.is_mortal), "`limit` makes a process mortal");
        note(|| "is killed".to_owned());
        self.set_life(DEAD);
        wake_by_death(self);
        end_thread()
    }

    fn set_life(self, life: u32) {
        if let Some(seen) = self.with(|member| member.seen.clone()) {
            // Pairs with the Acquire of `life`.
            switching(|| seen.swap(life, AcqRel));
        }
        self.with(|member| member.life = life);
    }

    fn life(self) -> u32 {
        match self.with(|member| member.seen.clone()).filter(|_| is_raised()) {
            Some(seen) => {
                switching(|| seen.compare_exchange(NO_LIFE, NO_LIFE, AcqRel, Acquire)).unwrap_or_else(|life| life)
            }
            None => self.with(|member| member.life),
        }
    }

    /// As its own threads know it, who end by it.
    pub(super) fn was_killed(self) -> bool {
        self.with(|member| member.life == DEAD)
    }

    pub fn is_dead(self) -> bool {
        self.life() == DEAD
    }

    /// Sleeps until the process is dead, as with a descriptor of it.
    pub fn wait_for_death(self) {
        while !self.is_dead() {
            sleep(Bed::Death(self), false);
        }
    }

    pub fn pid(self) -> u32 {
        self.with(|member| member.pid)
    }

    pub fn start_time(self) -> u64 {
        self.with(|member| member.start_time)
    }

    /// Does something in the name of the process, on the calling thread.
    pub fn run<T>(self, action: impl FnOnce() -> T) -> T {
        let caller = set_current(Caller { process: self, ..current() });
        let result = action();
        set_current(caller);
        result
    }
}
