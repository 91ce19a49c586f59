//! The system's table of processes: what one of them is doing, and who its children are. For who asks, and for ending a
//! whole tree; whether a process of the family lives is procfs.rs's.
//!
//! Everything here is a look at a moment. A pid can be another's by the next one, so what is done after a look goes
//! through a pidfd that is opened first and whose start time is compared then.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::{SysconfVar, sysconf};

use super::pidfd;

/// One process at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The letter of proc(5). Of a process whose first thread has ended before the others, that of another.
    pub state: char,
    pub name: String,
    pub parent: u32,
    pub thread_count: u32,
    pub user: Duration,
    pub system: Duration,
    pub resident_bytes: u64,
    /// Clock ticks since the system's start: tells processes of one pid apart.
    pub start_time: u64,
}

/// `None`: there is no such process.
pub fn status(pid: u32) -> Option<Status> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let mut status = parse(&stat)?;
    if matches!(status.state, 'Z' | 'X') && status.thread_count > 1 {
        status.state = states_of_threads(pid).into_iter().find(|state| !matches!(state, 'Z' | 'X'))?;
    }
    Some(status)
}

fn parse(line: &[u8]) -> Option<Status> {
    // Bytes: the name may be cut in the middle of a character, and may hold anything, parentheses and blanks too.
    let line = String::from_utf8_lossy(line);
    let (start, end) = (line.find('(')?, line.rfind(')')?);
    // Fields 3 and on, as proc(5) numbers them.
    let fields: Vec<&str> = line.get(end + 1..)?.split_ascii_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Status {
        state: fields.first()?.chars().next()?,
        name: line.get(start + 1..end)?.to_owned(),
        parent: number(4)? as u32,
        thread_count: number(20)? as u32,
        user: ticks(number(14)?),
        system: ticks(number(15)?),
        resident_bytes: number(24)?.saturating_mul(setting(SysconfVar::PAGE_SIZE, 4096)),
        start_time: number(22)?,
    })
}

fn ticks(count: u64) -> Duration {
    Duration::from_secs_f64(count as f64 / setting(SysconfVar::CLK_TCK, 100) as f64)
}

fn setting(name: SysconfVar, otherwise: u64) -> u64 {
    sysconf(name).ok().flatten().and_then(|value| u64::try_from(value).ok()).unwrap_or(otherwise).max(1)
}

/// When that was, in milliseconds since 1970. `start_time` as in `Status`.
pub fn started_at_ms(start_time: u64) -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let boot: u64 = stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(boot as f64 * 1000.0 + ticks(start_time).as_secs_f64() * 1000.0)
}

/// Resident memory in bytes, by a shorter file.
pub fn resident_bytes(pid: u32) -> Option<u64> {
    let statm = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages.saturating_mul(setting(SysconfVar::PAGE_SIZE, 4096)))
}

fn states_of_threads(pid: u32) -> Vec<char> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    threads.flatten().filter_map(|thread| Some(parse(&fs::read(thread.path().join("stat")).ok()?)?.state)).collect()
}

/// Whether every thread of the process is stopped or has ended: then it starts no children.
pub fn is_still(pid: u32) -> bool {
    states_of_threads(pid).into_iter().all(|state| matches!(state, 'T' | 't' | 'Z' | 'X'))
}

/// The children of a process. Complete while it is stopped.
pub fn children(pid: u32) -> Vec<u32> {
    let by_thread = fs::read_dir(format!("/proc/{pid}/task")).ok().map(|threads| {
        threads
            .flatten()
            .map(|thread| fs::read_to_string(thread.path().join("children")))
            .collect::<Result<Vec<String>, _>>()
    });
    match by_thread {
        None => Vec::new(),
        Some(Ok(lists)) => {
            lists.iter().flat_map(|list| list.split_ascii_whitespace()).filter_map(|pid| pid.parse().ok()).collect()
        }
        // A kernel without these lists (CONFIG_PROC_CHILDREN), or a thread that has just ended.
        Some(Err(_)) => processes().filter(|&other| parent(other) == Some(pid)).collect(),
    }
}

fn processes() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn parent(pid: u32) -> Option<u32> {
    Some(parse(&fs::read(format!("/proc/{pid}/stat")).ok()?)?.parent)
}

/// A program that is just being started has neither arguments nor environment for a moment. Nobody waits longer for it.
const STARTS_WITHIN: Duration = Duration::from_millis(100);

/// Whether a program was started with that variable, `NAME=value`, whatever it did to it since.
pub fn was_given(pid: u32, variable: &str) -> bool {
    let read = |what| fs::read(format!("/proc/{pid}/{what}")).unwrap_or_default();
    let deadline = Instant::now() + STARTS_WITHIN;
    while read("cmdline").is_empty() && parent(pid).is_some() && !is_still(pid) && Instant::now() < deadline {
        thread::sleep(Duration::from_micros(100));
    }
    let mut environment = read("environ");
    if environment.is_empty() {
        // It comes a moment after the arguments, if it has any.
        thread::sleep(Duration::from_millis(1));
        environment = read("environ");
    }
    environment.split(|&byte| byte == 0).any(|pair| pair == variable.as_bytes())
}

/// That very process as a descriptor, or `None` when it is gone.
pub fn open(pid: u32, start_time: u64) -> Option<OwnedFd> {
    let fd = pidfd::open(pid).ok()?;
    // Looked at after opening: the descriptor is of the process that has this start time, or of one that has ended.
    (status(pid)?.start_time == start_time && !pidfd::has_ended(fd.as_fd(), Duration::ZERO)).then_some(fd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_blanks_is_read_whole() {
        let line = b"42 (a) b (c) S 7 42 42 0 -1 4194304 1 0 0 0 250 50 0 0 20 0 3 0 9000 1000 16 1844";
        let status = parse(line).unwrap();
        assert_eq!((status.name.as_str(), status.state, status.parent), ("a) b (c", 'S', 7));
        assert_eq!((status.thread_count, status.start_time), (3, 9000));
        assert_eq!(status.user, Duration::from_millis(2500));
        assert!(parse(b"42 (x) S 7").is_none(), "a line that is cut is no process");
    }

    #[test]
    fn this_process_is_seen_with_its_memory_and_its_children() {
        let own = std::process::id();
        let status = status(own).unwrap();
        assert!(status.resident_bytes > 100_000 && resident_bytes(own).unwrap() > 100_000);
        assert!(started_at_ms(status.start_time).unwrap() > 1e12);
        let mut child = std::process::Command::new("sleep").arg("60").env("MARK_OF_THIS", "1").spawn().unwrap();
        assert!(children(own).contains(&child.id()));
        assert!(was_given(child.id(), "MARK_OF_THIS=1") && !was_given(child.id(), "MARK_OF_THIS=2"));
        let started = super::status(child.id()).unwrap().start_time;
        assert!(open(child.id(), started).is_some() && open(child.id(), started + 1).is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(super::status(child.id()).is_none() && open(child.id(), started).is_none());
    }

    #[test]
    fn what_a_program_was_given_is_known_as_soon_as_it_has_its_name() {
        let own = std::process::id();
        let known = children(own);
        let starting = thread::spawn(|| {
            let program = || {
                std::process::Command::new("tail").args(["-f", "/dev/null"]).env("MARK_OF_THIS", "3").spawn().unwrap()
            };
            (0..300).map(|_| program()).collect::<Vec<_>>()
        });
        let mut seen = std::collections::HashSet::new();
        let mut unmarked = 0;
        while !starting.is_finished() {
            for pid in children(own).into_iter().filter(|pid| !known.contains(pid)) {
                if !seen.contains(&pid) && status(pid).is_some_and(|status| status.name == "tail") {
                    seen.insert(pid);
                    unmarked += u32::from(!was_given(pid, "MARK_OF_THIS=3"));
                }
            }
        }
        for mut child in starting.join().unwrap() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert!(seen.len() > 100 && unmarked == 0, "{unmarked} of {}", seen.len());
    }
}
