//! Which descriptors a program has.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read, pipe};
use std::os::fd::AsRawFd;

use multiproc::process::spawn::{ChildDescriptor, ExitStatus, SpawnRequest, spawn};

use super::{NULL, Scratch, printed, request, shell};

/// An open file whose name and content is `label`.
fn labelled(scratch: &Scratch, label: &str) -> File {
    let path = scratch.file(label, label, 0o644);
    File::open(path).unwrap()
}

#[test]
fn descriptors_arrive_under_their_numbers_however_they_overlap() {
    let scratch = Scratch::new("overlap");
    // The plans are permutations and repetitions of numbers that are themselves targets.
    let files: Vec<File> = (0..4).map(|index| labelled(&scratch, &format!("file{index}"))).collect();
    let numbers: Vec<i32> = files.iter().map(AsRawFd::as_raw_fd).collect();
    let highest = numbers.iter().copied().max().unwrap() as usize;
    for plan in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 2, 3, 0], [1, 0, 3, 2], [0, 0, 0, 0], [3, 3, 0, 1]] {
        let mut wanted = request(&["sh", "-c", ""]);
        wanted.stdio.resize(highest + 1, NULL);
        let mut script = String::new();
        let mut expected = Vec::new();
        for (position, &source) in plan.iter().enumerate() {
            let number = numbers[position];
            wanted.stdio[number as usize] = ChildDescriptor::Fd(numbers[source]);
            // By name, because repetitions share one file position, and the shell takes one digit only.
            let _ = write!(script, "readlink /proc/$$/fd/{number}; ");
            expected.push(scratch.0.join(format!("file{source}")).canonicalize().unwrap().display().to_string());
        }
        wanted.argv[2] = script.into();
        assert_eq!(printed(wanted), expected.join("\n"), "plan {plan:?} over {numbers:?}");
    }
}

#[test]
fn standard_streams_may_be_swapped_and_sources_below_their_numbers_survive() {
    let scratch = Scratch::new("swap");
    let (mut reader, writer) = pipe().unwrap();
    let file = labelled(&scratch, "input");
    let mut wanted = shell("cat; cat <&5; echo end >&4");
    // 4 and 5 may be the very numbers of `writer` and `file`.
    wanted.stdio = vec![
        ChildDescriptor::Fd(file.as_raw_fd()),
        ChildDescriptor::Fd(writer.as_raw_fd()),
        ChildDescriptor::Fd(2),
        NULL,
        ChildDescriptor::Fd(writer.as_raw_fd()),
        ChildDescriptor::Fd(file.as_raw_fd()),
    ];
    let child = spawn(&wanted).unwrap();
    drop(writer);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "inputend\n");
    assert_eq!(child.wait().code, 0);
}

const LEAKY: &str = "MULTIPROC_TEST_LEAKY";

/// Not a test by itself: a process with a descriptor 7 that is not marked close-on-exec starts a child with a list that
/// has a gap at 3 and 4.
#[test]
fn helper_with_an_inheritable_descriptor() {
    if std::env::var(LEAKY).is_err() {
        return;
    }
    assert!(fs::read_link("/proc/self/fd/7").is_ok());
    let mut wanted = shell("for n in 3 4 5 6 7 8 9; do test -e /proc/$$/fd/$n && echo open $n; done; true");
    wanted.stdio.extend([NULL, NULL, ChildDescriptor::Fd(2)]);
    println!("\n{}", printed(wanted));
}

#[test]
fn nothing_is_inherited_that_was_not_listed() {
    let myself = std::env::current_exe().unwrap();
    let mut wanted = shell(
        "exec 7</dev/null 3</dev/null; exec \"$0\" --exact --nocapture descriptors::helper_with_an_inheritable_descriptor",
    );
    wanted.argv.push(myself.into());
    wanted.envp.push(format!("{LEAKY}=1").into());
    let text = printed(wanted);
    let open: Vec<&str> = text.lines().filter(|line| line.starts_with("open ")).collect();
    assert_eq!(open, ["open 5"], "{text}");
}

#[test]
fn null_descriptors_are_dev_null() {
    let child = SpawnRequest {
        stdio: vec![NULL, NULL, NULL],
        ..shell("test \"$(readlink /proc/$$/fd/0 /proc/$$/fd/2 | sort -u)\" = /dev/null && ! read x")
    };
    assert_eq!(spawn(&child).unwrap().wait(), ExitStatus { code: 0, signal: 0 });
}
