//! Which processes live, by the model's own table.

use super::model::{is_gone, living};

/// State letter, start time and parent, or `None` when there is no such process.
pub fn process_state(pid: u32) -> Option<(char, u64, u32)> {
    process_start_time(pid).map(|start_time| ('R', start_time, 1))
}

pub fn process_start_time(pid: u32) -> Option<u64> {
    living(pid).first().copied()
}

/// Whether that very process still runs. A start time of 0 stands for any.
pub fn is_alive(pid: u32, start_time: u64) -> bool {
    is_gone() || living(pid).into_iter().any(|started| start_time == 0 || started == start_time)
}

/// Nobody is stopped.
pub fn is_stopped(_pid: u32) -> bool {
    false
}

/// Somebody may always be at work.
pub fn is_at_rest(_pid: u32, _except: u32) -> bool {
    false
}
