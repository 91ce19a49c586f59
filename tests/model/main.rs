//! The algorithms in shared memory, proved by loom for small numbers of threads and a bound on preemptions: see
//! src/sys/model for how. `npm run test:model` runs these; without `--cfg loom` there is nothing here.
//!
//! | file | proves |
//! |---|---|
//! | lock | mutual exclusion, no lost wake-up, take-over from the dead |
//! | park | a notification is never slept through; a wake-up that is not used is passed on |
//! | semaphore | no permit and no wake-up is lost |
//! | directory | a block lives while it is referenced, and is freed once |
//! | allocation | the tables are sound again, wherever a process was killed that changed them |
//! | reaping | the dead are reaped once, and their slots used again |
//! | stand_ins | (that the model's memory and system are what they should be) |
//! | family | (the processes that a model starts with) |
//!
//! A model prints how many executions it has. A failing one is printed step by step; `LOOM_MAX_PREEMPTIONS` bounds the
//! search of all models alike, to look deeper or to find a fault sooner.
#![cfg(loom)]

mod allocation;
mod claim;
mod directory;
mod family;
mod lock;
mod park;
mod reaping;
mod semaphore;
mod stand_ins;
#[path = "../tables/mod.rs"]
mod tables;
