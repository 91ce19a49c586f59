//! Synchronisation: state machines over words in shared memory, and how an agent sleeps until one changes.
//!
//! | file | owns |
//! |---|---|
//! | park | an agent's sleep and its waking: futex, event loop, doorbell |
//! | waiters | the bitmap of agents that wait for one object |
//! | guard | a word that is held for microseconds, and taken over from the dead |
//! | claim | the right of way of a waiter that was overtaken |
//! | holders | a table of tokens: who holds one of several equal places |
//! | lock, rwlock, once | mutual exclusion, each a state machine over a word with its owner's token |
//! | semaphore, permits | permits without and with an owner |
//! | barrier, condition, event, latch | waiting for each other |
//! | order | the order in which locks are taken, for the checker of MULTIPROC_LOCKDEP |

pub mod barrier;
pub mod claim;
pub mod condition;
pub mod event;
pub mod guard;
pub mod holders;
pub mod latch;
pub mod lock;
pub mod once;
pub mod order;
pub mod park;
pub mod permits;
pub mod rwlock;
pub mod semaphore;
pub mod waiters;
