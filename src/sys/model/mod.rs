//! The system as the model checker has it (`--cfg loom`): the algorithms above run unchanged on these stand-ins, in every
//! order of their steps that loom's bound admits.
//!
//! | file | stands for |
//! |---|---|
//! | atomic, mapping | shared memory: words made on demand; loom's atomics for those that are written while threads run |
//! | futex, doorbell | sleeping and waking; a lost wake-up is a deadlock, which loom reports |
//! | procfs, thread | processes: who lives, and who the calling thread is; a process can be killed before any of its stores |
//! | mutex, memfd, instant | the mutexes between threads of one process; the domain's file; each thread's clock |
//! | execution, stage | the threads of one execution, and what each may do |
//! | process, sleep | who has been killed, and who sleeps on what |
//! | explore, record | all executions of a model, and what is told of one that fails |
//!
//! What is not modelled: time (a time-out never fires, but for those of sleepers once somebody has died, where the model
//! lets it: `Stage::let_time_pass`), memory given back to the system, buffers that JavaScript sees, bytes smaller than words that two threads
//! write at once. What loom leaves out: a failing compare-exchange reads the newest value, a value that is
//! more than seven stores old is never read, and no load takes its value from a store that comes later.
//!
//! Setting up and looking at what came out happens on one thread, before `Stage::raise` and after `Stage::end`; there
//! the words are plain cells. In between, a word that no thread writes is a constant. The first write to any other word
//! makes it one of loom's, and the exploration starts anew (see explore.rs), since the orders tried so far did not
//! count its reads.

mod execution;
mod explore;
mod process;
mod record;
mod sleep;
mod stage;

pub use explore::Model;
pub use process::Process;
pub use record::note;
pub use stage::Stage;

pub(super) use execution::{Access, abandon, access, current, is_failing, is_gone, is_raised, local, switching};
pub(super) use process::{living, spend};
pub(super) use sleep::{Bed, is_time_up, sleep, slept, wake};
