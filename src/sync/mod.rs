//! Synchronisation: state machines over words in shared memory, and how a thread waits for one of them.
//!
//! | file | owns |
//! |---|---|
//! | park | an agent's sleep and its waking: futex, event loop, doorbell |
//! | waiters | the bitmap of agents that wait for one object |
//! | lock, semaphore, barrier | the state machines |
//! | waits | one agent's pending waits, blocking and asynchronous |

pub mod barrier;
pub mod lock;
pub mod park;
pub mod semaphore;
pub mod waiters;
pub mod waits;
