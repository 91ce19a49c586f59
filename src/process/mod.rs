//! Processes: watching the others of the family, starting children, ending trees of them.

#[cfg(not(loom))]
pub mod fork_server;
pub mod left;
pub mod memory_limit;
pub mod run;
mod search;
pub mod spawn;
mod spawner;
pub mod tree;
pub mod watcher;
