//! What /proc says of a process.

use std::fs;

struct Stat {
    state: char,
    parent: u32,
    thread_count: u32,
    start_time: u64,
}

fn parse(stat: &[u8]) -> Option<Stat> {
    // Bytes: the second field is the name, which may be cut in the middle of a character.
    let stat = String::from_utf8_lossy(stat);
    // The name stands in parentheses and may hold anything, parentheses and blanks too.
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    // Fields 20 and 22 of the line; `nth` counts from zero.
    let thread_count = fields.nth(20 - 5)?.parse().ok()?;
    let start_time = fields.nth(1)?.parse().ok()?;
    Some(Stat { state, parent, thread_count, start_time })
}

/// State letter, start time (clock ticks since boot) and parent, or `None` when there is no such process.
pub fn process_state(pid: u32) -> Option<(char, u64, u32)> {
    let stat = parse(&fs::read(format!("/proc/{pid}/stat")).ok()?)?;
    Some((stat.state, stat.start_time, stat.parent))
}

/// Tells two processes of the same pid apart.
pub fn process_start_time(pid: u32) -> Option<u64> {
    process_state(pid).map(|(_, start_time, _)| start_time)
}

/// Whether that very process still runs. A start time of 0 stands for any.
///
/// A zombie does not run, but one whose other threads have not ended yet does: the state is that of its first thread.
/// Who cannot be looked at (no descriptor is left, a sandbox) is taken for alive: a mistaken death would take locks and
/// memory from the living.
pub fn is_alive(pid: u32, start_time: u64) -> bool {
    match fs::read(format!("/proc/{pid}/stat")) {
        Err(error) => !matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ESRCH)),
        Ok(stat) => parse(&stat).is_none_or(|stat| {
            let ended = matches!(stat.state, 'Z' | 'X') && stat.thread_count <= 1;
            !ended && (start_time == 0 || stat.start_time == start_time)
        }),
    }
}

/// Whether a thread of the process is stopped: by SIGSTOP, by a terminal, by a debugger.
pub fn is_stopped(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    threads
        .flatten()
        .filter_map(|thread| parse(&fs::read(thread.path().join("stat")).ok()?))
        .any(|stat| matches!(stat.state, 'T' | 't'))
}

/// Whether no thread of the process but that one is at work: all sleep, and none is stopped on its way. `false` also
/// when that cannot be told.
pub fn is_at_rest(pid: u32, except: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    threads.filter_map(Result::ok).all(|thread| {
        let is_excepted = thread.file_name().to_str().and_then(|name| name.parse().ok()) == Some(except);
        // One that cannot be read has ended.
        let state = fs::read(thread.path().join("stat")).ok().and_then(|stat| parse(&stat)).map(|stat| stat.state);
        is_excepted || !matches!(state, Some('R' | 'D' | 'T' | 't'))
    })
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

    #[test]
    fn a_process_of_which_a_thread_works_is_not_at_rest() {
        use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
        static WORKS: AtomicBool = AtomicBool::new(true);
        let worker = std::thread::spawn(|| {
            while WORKS.load(Relaxed) {
                std::hint::spin_loop();
            }
        });
        let pid = std::process::id();
        let looks_busy = !super::is_at_rest(pid, crate::sys::thread::id());
        WORKS.store(false, Relaxed);
        worker.join().unwrap();
        assert!(looks_busy);
        assert!(!super::is_at_rest(u32::MAX, 0), "of a process that is not there nothing can be told");
    }
}
