//! What /proc says of a process.

use std::fs;

/// State letter, start time (clock ticks since boot) and parent, or `None` when there is no such process.
pub fn process_state(pid: u32) -> Option<(char, u64, u32)> {
    // Bytes: the second field is the name, which may be cut in the middle of a character.
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    // The name stands in parentheses and may hold anything, parentheses and blanks too.
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    // Field 22 of the line; three are gone, and `nth` counts from zero.
    let start_time = fields.nth(22 - 5)?.parse().ok()?;
    Some((state, start_time, parent))
}

/// Tells two processes of the same pid apart.
pub fn process_start_time(pid: u32) -> Option<u64> {
    process_state(pid).map(|(_, start_time, _)| start_time)
}

/// Whether that very process still runs: a zombie does not. A start time of 0 stands for any.
pub fn is_alive(pid: u32, start_time: u64) -> bool {
    match process_state(pid) {
        None | Some(('Z' | 'X', _, _)) => false,
        Some((_, started, _)) => start_time == 0 || started == start_time,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_process_is_alive_and_one_of_another_start_time_is_not() {
        let pid = std::process::id();
        let start = super::process_start_time(pid).unwrap();
        assert!(start > 0);
        assert!(super::is_alive(pid, start));
        assert!(!super::is_alive(pid, start + 1));
    }
}
