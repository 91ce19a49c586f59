//! A process and everything below it: ended together, however deep, also what left the session or the process group.
//!
//! Who is found: the children of each process, by /proc, from the root down. A process starts no children while it is
//! stopped, so each is stopped before its children are listed, and the list is complete. Not found: a process whose
//! parent had ended before the look, since the system then gives it to another; and what is marked as meant to stay
//! (`SPARED`), with all below it. Processes are signalled through pidfds after their start time was compared.

use std::collections::HashSet;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use crate::sys::{pidfd, process_table, signal};

/// Given to programs that are to outlive those above them; lib/child/environment.js has the same.
const SPARED: &str = "MULTIPROC_SPARED=1";
/// A thread that the system holds (state D) stops late; nobody waits longer for it.
const STOPS_WITHIN: Duration = Duration::from_millis(100);
/// More are not looked for: a tree this large grows faster than it is walked.
const MEMBERS_MAX: usize = 100_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Member {
    pub pid: u32,
    pub start_time: u64,
}

/// What is below a process now, the process itself not included. Whoever starts children meanwhile may be missed.
pub fn below(root: Member) -> Vec<Member> {
    walk(&[root], |_| true).into_iter().skip(1).map(|(member, _)| member).collect()
}

/// Sends SIGTERM to the root, which is stopped until everything below it is listed, and goes on then: a root that was
/// suspended ends as well. Returns the list.
pub fn terminate_root(root: Member) -> Vec<Member> {
    let Some(fd) = process_table::open(root.pid, root.start_time) else { return Vec::new() };
    stop(&fd, root.pid);
    let found = below(root);
    let _ = pidfd::send_signal(fd.as_fd(), signal::TERMINATE);
    let _ = pidfd::send_signal(fd.as_fd(), signal::CONTINUE);
    found
}

/// Kills those that are alive and everything below them, at once. Returns who was killed. Of `members` the first is the
/// root; the others were found below it, some of them before it could be seen that they are meant to stay.
pub fn kill(members: &[Member]) -> Vec<Member> {
    let (root, below) = members.split_at(members.len().min(1));
    let below = below.iter().filter(|member| !process_table::was_given(member.pid, SPARED));
    let members: Vec<Member> = root.iter().chain(below).copied().collect();
    let found = walk(&members, |(member, fd)| {
        stop(fd, member.pid);
        true
    });
    for (_, fd) in &found {
        let _ = pidfd::send_signal(fd.as_fd(), signal::KILL);
    }
    found.into_iter().map(|(member, _)| member).collect()
}

/// Sends a signal to those that are alive.
pub fn send(members: &[Member], signal: i32) {
    for member in members {
        if let Some(fd) = process_table::open(member.pid, member.start_time) {
            let _ = pidfd::send_signal(fd.as_fd(), signal);
        }
    }
}

/// Those that have not ended.
pub fn living(members: &[Member]) -> Vec<Member> {
    members.iter().copied().filter(|member| process_table::open(member.pid, member.start_time).is_some()).collect()
}

/// Visits the living ones of `roots` and all below them, parents first; `visit` comes before a process's children are listed.
fn walk(roots: &[Member], visit: impl Fn(&(Member, OwnedFd)) -> bool) -> Vec<(Member, OwnedFd)> {
    let mut seen: HashSet<Member> = roots.iter().copied().collect();
    let mut found: Vec<(Member, OwnedFd)> = roots.iter().filter_map(opened).collect();
    let mut next = 0;
    while let Some(entry) = found.get(next)
        && found.len() < MEMBERS_MAX
    {
        next += 1;
        if !visit(entry) {
            continue;
        }
        let parent = entry.0;
        for member in own_children(parent, &process_table::children(parent.pid)) {
            if seen.insert(member)
                && !process_table::was_given(member.pid, SPARED)
                && let Some(opened) = opened(&member)
            {
                found.push(opened);
            }
        }
    }
    found
}

/// Of those that were listed as a process's children, who is one.
fn own_children(parent: Member, listed: &[u32]) -> Vec<Member> {
    // Its pid was its own while they were listed, or they are somebody else's.
    if process_table::status(parent.pid).is_none_or(|status| status.start_time != parent.start_time) {
        return Vec::new();
    }
    // One that has ended since may have left its pid to a stranger.
    let child = |&pid: &u32| {
        let status = process_table::status(pid).filter(|status| status.parent == parent.pid)?;
        Some(Member { pid, start_time: status.start_time })
    };
    listed.iter().filter_map(child).collect()
}

fn opened(member: &Member) -> Option<(Member, OwnedFd)> {
    Some((*member, process_table::open(member.pid, member.start_time)?))
}

fn stop(fd: &OwnedFd, pid: u32) {
    if pidfd::send_signal(fd.as_fd(), signal::STOP).is_err() {
        return;
    }
    let deadline = Instant::now() + STOPS_WITHIN;
    while !process_table::is_still(pid) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_micros(200));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_pid_that_is_a_strangers_by_now_is_no_child() {
        let own = std::process::id();
        let this = Member { pid: own, start_time: process_table::status(own).unwrap().start_time };
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let strangers = [own, std::os::unix::process::parent_id()];
        let listed = [strangers[0], child.id(), strangers[1]];
        let found: Vec<u32> = own_children(this, &listed).iter().map(|member| member.pid).collect();
        assert_eq!(found, [child.id()]);
        let earlier = Member { start_time: this.start_time - 1, ..this };
        assert!(own_children(earlier, &listed).is_empty(), "its pid was another's before");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
