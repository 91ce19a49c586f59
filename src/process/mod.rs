//! Processes: watching the others of the family, and starting children.

pub mod run;
mod search;
pub mod spawn;
mod spawner;
pub mod watcher;
