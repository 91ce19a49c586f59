//! What a child may use: set before its program runs, and a breach ends it alone.

use std::fs;
use std::time::{Duration, Instant};

use multiproc::process::memory_limit;
use multiproc::process::spawn::Limits;

use super::*;

fn limited(script: &str, limits: Limits) -> SpawnRequest {
    SpawnRequest { limits, ..shell(script) }
}

#[test]
fn the_program_finds_its_limits_set() {
    let limits = Limits { open_files: Some(77), cpu_seconds: Some(9), ..Limits::default() };
    assert_eq!(printed(limited("ulimit -n; ulimit -Hn; ulimit -t; ulimit -Ht", limits)), "77\n77\n9\n10");
    let own: i32 = own_niceness();
    let limits = Limits { nice: Some(own + 3), ..Limits::default() };
    assert_eq!(printed(limited("cut -d' ' -f19 /proc/$$/stat", limits)), (own + 3).to_string());
}

/// This process's niceness, by field 19 of its line.
fn own_niceness() -> i32 {
    let line = fs::read_to_string("/proc/self/stat").unwrap();
    line[line.rfind(')').unwrap() + 2..].split(' ').nth(19 - 3).unwrap().parse().unwrap()
}

#[test]
fn the_program_runs_on_the_processors_that_it_was_given() {
    let allowed = fs::read_to_string("/proc/self/status").unwrap();
    let list = allowed.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap().trim().to_owned();
    let highest: u32 = list.rsplit([',', '-']).next().unwrap().parse().unwrap();
    let limits = Limits { cpus: vec![highest], ..Limits::default() };
    assert_eq!(printed(limited("sed -n 's/^Cpus_allowed_list:\\t//p' /proc/$$/status", limits)), highest.to_string());
    let none = Limits { cpus: vec![9000], ..Limits::default() };
    assert_eq!(spawn(&limited("true", none)).unwrap_err(), Errno::EINVAL, "no machine has that one");
    let beyond = Limits { cpus: vec![8000], ..Limits::default() };
    assert!(spawn(&limited("true", beyond)).is_err(), "and this one hasn't either");
}

#[test]
fn processor_time_that_is_used_up_ends_the_child_by_sigxcpu() {
    let limits = Limits { cpu_seconds: Some(1), ..Limits::default() };
    let (_, status) = run(limited("while :; do :; done", limits));
    assert_eq!(status, ExitStatus { code: 0, signal: 24 });
}

#[test]
fn a_child_above_its_memory_is_killed_and_marked_and_one_below_is_not() {
    let big = spawn(&shell("x=$(head -c 60000000 /dev/zero | tr '\\0' x); sleep 60")).unwrap();
    let small = spawn(&shell("sleep 60")).unwrap();
    let watch = |child: &multiproc::process::spawn::SpawnedChild| {
        memory_limit::watch(child.pid, child.pidfd.try_clone().unwrap(), 40_000_000).unwrap()
    };
    let (of_big, of_small) = (watch(&big), watch(&small));
    assert_eq!(big.wait(), ExitStatus { code: 0, signal: 9 });
    assert!(of_big.load(std::sync::atomic::Ordering::Acquire));
    let end = Instant::now() + Duration::from_millis(200);
    while Instant::now() < end {
        assert!(small.try_wait().is_none());
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(!of_small.load(std::sync::atomic::Ordering::Acquire));
    small.kill(9).unwrap();
    small.wait();
}
