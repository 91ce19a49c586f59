//! A process and everything below it.

use std::io::{BufRead, BufReader, PipeReader, pipe};
use std::time::{Duration, Instant};

use multiproc::process::spawn::SpawnedChild;
use multiproc::process::tree::{self, Member};

use super::*;

/// A shell whose script prints one line when everything is up.
fn started(script: &str) -> (SpawnedChild, Member, BufReader<PipeReader>) {
    let (reader, writer) = pipe().unwrap();
    let mut request = shell(script);
    request.stdio[1] = ChildDescriptor::Fd(writer.as_raw_fd());
    let child = spawn(&request).unwrap();
    drop(writer);
    let mut reader = BufReader::new(reader);
    reader.read_line(&mut String::new()).unwrap();
    let member = member(child.pid);
    (child, member, reader)
}

fn member(pid: u32) -> Member {
    Member { pid, start_time: multiproc::sys::procfs::process_start_time(pid).unwrap() }
}

fn until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn children_of_children_are_found_also_in_other_sessions() {
    let script = "(setsid sh -c 'sleep 100 & sleep 100 & echo up; wait') & wait";
    let (root, member, _reader) = started(script);
    until("the sleeps are there", || tree::below(member).len() >= 3);
    let below = tree::below(member);
    let killed = tree::kill(&[member]);
    assert!(below.iter().all(|one| killed.contains(one)) && killed.contains(&member));
    assert_eq!(root.wait(), ExitStatus { code: 0, signal: 9 });
    until("all of them end", || tree::living(&below).is_empty());
}

#[test]
fn a_tree_that_keeps_growing_is_killed_whole() {
    // Whoever is started between the look and the kill is missed, unless the parent is stopped first.
    let (root, member, reader) = started("echo up; n=0; while [ $n -lt 3000 ]; do sleep 60 & n=$((n + 1)); done; wait");
    until("it grows", || tree::below(member).len() > 20);
    tree::kill(&[member]);
    root.wait();
    // Whoever held the pipe has ended when it is at its end.
    let rest = std::thread::spawn(move || reader.lines().count());
    until("the pipe's end", || rest.is_finished());
    rest.join().unwrap();
}

#[test]
fn what_is_meant_to_stay_is_spared_with_all_below_it() {
    let script = "MULTIPROC_SPARED=1 sh -c 'sleep 100 & echo $!; wait' & sleep 100 & wait";
    let (reader, writer) = pipe().unwrap();
    let mut request = shell(script);
    request.stdio[1] = ChildDescriptor::Fd(writer.as_raw_fd());
    let root = spawn(&request).unwrap();
    drop(writer);
    let mut line = String::new();
    BufReader::new(&reader).read_line(&mut line).unwrap();
    let spared = member(line.trim().parse().unwrap());
    let keeper = multiproc::sys::procfs::process_state(spared.pid).unwrap().2;
    let member = member(root.pid);
    until("the other sleep is there", || !tree::below(member).is_empty());
    // Also when it was found before its mark could be seen.
    let killed = tree::kill(&[member, spared]);
    assert_eq!(killed.len(), 2, "the root and its own sleep");
    root.wait();
    assert_eq!(tree::living(&[spared]), [spared]);
    tree::kill(&[self::member(keeper), spared]);
}

#[test]
fn a_suspended_root_gets_its_sigterm() {
    let (root, member, _reader) = started("trap 'exit 7' TERM; echo up; while :; do sleep 0.01; done");
    root.kill(19).unwrap();
    tree::terminate_root(member);
    assert_eq!(root.wait(), ExitStatus { code: 7, signal: 0 });
}

#[test]
fn a_pid_of_another_start_time_is_nobody() {
    let (root, member, _reader) = started("echo up; sleep 100");
    let other = Member { start_time: member.start_time + 1, ..member };
    assert!(tree::kill(&[other]).is_empty() && tree::living(&[other]).is_empty());
    assert!(tree::terminate_root(other).is_empty());
    tree::send(&[other], 9);
    assert!(root.try_wait().is_none());
    tree::kill(&[member]);
    root.wait();
}
