//! How a child's end is reported, what ends it, and what /proc says of it meanwhile.

use std::fs::{self, File};
use std::io::{PipeReader, Read, Write, pipe};
use std::os::fd::AsRawFd;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use multiproc::process::spawn::{ChildDescriptor, Errno, ExitStatus, SpawnRequest, SpawnedChild, spawn};
use multiproc::sys::procfs;

use super::{NULL, Scratch, printed, request, shell};

const WATCHDOG: Duration = Duration::from_secs(20);
const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;

/// Reads to the end, which comes when the last process that holds the other end is gone.
fn read_to_end_or_give_up(mut reader: PipeReader) -> Option<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let _ = reader.read_to_string(&mut text);
        let _ = sender.send(text);
    });
    receiver.recv_timeout(WATCHDOG).ok()
}

#[test]
fn exit_code_is_reported_and_stays() {
    let child = spawn(&shell("exit 7")).unwrap();
    assert_eq!(child.wait(), ExitStatus { code: 7, signal: 0 });
    assert_eq!(child.try_wait(), Some(ExitStatus { code: 7, signal: 0 }));
    assert_eq!(child.kill(0), Err(Errno::ESRCH));
}

#[test]
fn running_child_has_no_status_and_dies_of_the_signal_that_it_is_sent() {
    let child = spawn(&request(&["sleep", "1000"])).unwrap();
    assert_eq!(child.try_wait(), None);
    assert_eq!(child.kill(0), Ok(()));
    assert_eq!(child.kill(1000), Err(Errno::EINVAL));
    child.kill(SIGTERM).unwrap();
    assert_eq!(child.wait(), ExitStatus { code: 0, signal: SIGTERM });
}

#[test]
fn detached_child_leads_a_session_of_its_own() {
    // Fields of /proc/PID/stat after the name: state, parent, group, session.
    let session = |detached| {
        let request = SpawnRequest { detached, ..shell("echo $$; sed 's/.*) //' /proc/$$/stat") };
        let text = printed(request);
        let (pid, stat) = text.split_once('\n').unwrap();
        (pid.to_owned(), stat.split(' ').nth(3).unwrap().to_owned())
    };
    let (pid, own) = session(true);
    assert_eq!(pid, own);
    let (pid, shared) = session(false);
    assert_ne!(pid, shared);
}

#[test]
fn child_with_a_parent_death_signal_outlives_the_thread_that_started_it() {
    let (stdin, mut to_child) = pipe().unwrap();
    let (mut from_child, stdout) = pipe().unwrap();
    let child: SpawnedChild = std::thread::spawn(move || {
        let mut wanted = request(&["cat"]);
        wanted.stdio[0] = ChildDescriptor::Fd(stdin.as_raw_fd());
        wanted.stdio[1] = ChildDescriptor::Fd(stdout.as_raw_fd());
        wanted.parent_death_signal = Some(SIGKILL);
        spawn(&wanted).unwrap()
    })
    .join()
    .unwrap();
    to_child.write_all(b"still here").unwrap();
    drop(to_child);
    let mut text = String::new();
    from_child.read_to_string(&mut text).unwrap();
    assert_eq!(text, "still here");
    assert_eq!(child.wait(), ExitStatus { code: 0, signal: 0 });
}

const MIDDLE: &str = "MULTIPROC_TEST_MIDDLE";

/// Not a test by itself: the process between, which starts a child that spins and is then killed.
#[test]
fn helper_that_starts_a_spinning_child_and_waits() {
    let Ok(number) = std::env::var(MIDDLE) else { return };
    let number: i32 = number.parse().unwrap();
    let mut wanted = shell("while :; do :; done");
    wanted.stdio.resize(number as usize + 1, NULL);
    wanted.stdio[number as usize] = ChildDescriptor::Fd(number);
    wanted.parent_death_signal = Some(SIGKILL);
    let child = spawn(&wanted).unwrap();
    let mut report = File::options().write(true).open(format!("/proc/self/fd/{number}")).unwrap();
    writeln!(report, "{} {}", child.pid, procfs::process_start_time(child.pid).unwrap()).unwrap();
    drop(report);
    child.wait();
}

#[test]
fn parent_killed_child_that_spins_dies_too() {
    let (reader, writer) = pipe().unwrap();
    let (_keep_reading, stdout) = pipe().unwrap();
    let myself = std::env::current_exe().unwrap();
    let mut wanted =
        request(&[myself.to_str().unwrap(), "--exact", "lifetime::helper_that_starts_a_spinning_child_and_waits"]);
    // The report goes through a number that both the middle process and its child hold open.
    wanted.stdio[1] = ChildDescriptor::Fd(stdout.as_raw_fd());
    wanted.stdio.push(ChildDescriptor::Fd(writer.as_raw_fd()));
    wanted.envp.push(format!("{MIDDLE}=3").into());
    let middle = spawn(&wanted).unwrap();
    drop(writer);

    let (first_line, reader) = read_line(reader);
    let (pid, start_time) = first_line.trim().split_once(' ').unwrap();
    let (pid, start_time): (u32, u64) = (pid.parse().unwrap(), start_time.parse().unwrap());
    assert!(procfs::is_alive(pid, start_time));
    assert_eq!(procfs::process_state(pid).map(|(_, _, parent)| parent), Some(middle.pid));

    middle.kill(SIGKILL).unwrap();
    assert_eq!(middle.wait(), ExitStatus { code: 0, signal: SIGKILL });
    let rest = read_to_end_or_give_up(reader);
    // A process closes its descriptors a moment before it is gone.
    let ended = rest.is_some() && comes_true(|| !procfs::is_alive(pid, start_time));
    if !ended && procfs::is_alive(pid, start_time) {
        let _ = spawn(&shell(&format!("kill -9 {pid}"))).map(|child| child.wait());
    }
    assert!(ended, "process {pid} outlived its parent");
}

/// Looks until it is so, or for `WATCHDOG`.
fn comes_true(condition: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while !condition() {
        if start.elapsed() > WATCHDOG {
            return false;
        }
        std::thread::yield_now();
    }
    true
}

fn read_line(mut reader: PipeReader) -> (String, PipeReader) {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.last() != Some(&b'\n') {
        assert_eq!(reader.read(&mut byte).unwrap(), 1, "the helper ended: {}", String::from_utf8_lossy(&line));
        line.push(byte[0]);
    }
    (String::from_utf8(line).unwrap(), reader)
}

#[test]
fn process_state_of_a_zombie_and_of_a_strange_name() {
    let (reader, writer) = pipe().unwrap();
    let mut wanted = shell("");
    wanted.stdio.push(ChildDescriptor::Fd(writer.as_raw_fd()));
    let child = spawn(&wanted).unwrap();
    drop(writer);
    assert_eq!(read_to_end_or_give_up(reader).as_deref(), Some(""));
    // A process closes its descriptors a moment before it is a zombie.
    assert!(comes_true(|| procfs::process_state(child.pid).is_some_and(|(state, _, _)| state == 'Z')));
    let (_, start_time, parent) = procfs::process_state(child.pid).unwrap();
    assert_eq!(parent, std::process::id());
    assert!(!procfs::is_alive(child.pid, start_time));
    child.wait();
    assert_eq!(procfs::process_state(child.pid), None);

    let scratch = Scratch::new("name");
    let strange = scratch.0.join(") Z 1 (ü");
    fs::copy("/bin/sleep", &strange).unwrap();
    let sleeper = spawn(&request(&[strange.to_str().unwrap(), "1000"])).unwrap();
    let (state, start_time, parent) = procfs::process_state(sleeper.pid).unwrap();
    assert!(matches!(state, 'S' | 'R' | 'D'), "{state}");
    assert_eq!(parent, std::process::id());
    assert!(procfs::is_alive(sleeper.pid, start_time));
    assert!(!procfs::is_alive(sleeper.pid, start_time + 1));
    sleeper.kill(SIGKILL).unwrap();
    sleeper.wait();
}
