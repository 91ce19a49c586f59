//! Processes: watching the others of the family, and starting children.

pub mod watcher;
