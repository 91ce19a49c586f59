//! A program from its start to its end in one call: what it is given and gives, and the limits on it.

use std::time::{Duration, Instant};

use multiproc::process::run::{Limits, Outcome, Stdio, run};
use multiproc::process::spawn::{ChildDescriptor, Errno, ExitStatus, SpawnRequest, spawn};

use super::{request, shell};

const NO_LIMITS: Limits = Limits { timeout: None, max_output: None, kill_signal: 15 };
const NULL: Stdio<'static> = Stdio::Descriptor(ChildDescriptor::Null);

fn with_pipes(request: SpawnRequest, input: &[u8], limits: Limits) -> Outcome {
    run(request, &[Stdio::ToChild(input), Stdio::FromChild, Stdio::FromChild], limits)
}

fn text(outcome: &Outcome, number: usize) -> &str {
    std::str::from_utf8(outcome.output[number].as_deref().unwrap()).unwrap()
}

#[test]
fn the_program_reads_its_input_and_both_outputs_are_collected() {
    let outcome = with_pipes(shell("cat; echo err >&2; exit 3"), b"in\n", NO_LIMITS);
    assert_eq!(outcome.status, Some(ExitStatus { code: 3, signal: 0 }));
    assert_eq!(outcome.error, None);
    assert!(outcome.pid > 0);
    assert_eq!(outcome.output[0], None);
    assert_eq!((text(&outcome, 1), text(&outcome, 2)), ("in\n", "err\n"));
}

#[test]
fn input_and_output_beyond_every_buffer_go_through_at_once() {
    let input = vec![b'x'; 5 << 20];
    let outcome = with_pipes(request(&["cat"]), &input, NO_LIMITS);
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.output[1].as_deref(), Some(&input[..]));
}

#[test]
fn a_program_that_cannot_be_started_is_an_error_without_status() {
    let outcome = with_pipes(request(&["no-such-program-here"]), b"", NO_LIMITS);
    assert_eq!((outcome.pid, outcome.status, outcome.error), (0, None, Some(Errno::ENOENT)));
    assert!(outcome.output.is_empty());
}

#[test]
fn a_program_beyond_its_time_gets_the_signal_and_its_end_is_awaited() {
    let limits = Limits { timeout: Some(Duration::from_millis(100)), kill_signal: 9, ..NO_LIMITS };
    let start = Instant::now();
    let outcome = with_pipes(shell("trap '' TERM; echo out; while :; do sleep 1000; done"), b"", limits);
    assert!(start.elapsed() >= Duration::from_millis(100));
    assert_eq!(outcome.error, Some(Errno::ETIMEDOUT));
    assert_eq!(outcome.status, Some(ExitStatus { code: 0, signal: 9 }));
}

#[test]
fn a_program_that_writes_too_much_is_ended_and_what_it_wrote_is_kept_up_to_a_chunk() {
    let limits = Limits { max_output: Some(10), ..NO_LIMITS };
    let outcome = with_pipes(request(&["yes"]), b"", limits);
    assert_eq!(outcome.error, Some(Errno::ENOBUFS));
    assert_eq!(outcome.status, Some(ExitStatus { code: 0, signal: 15 }));
    let length = outcome.output[1].as_ref().unwrap().len();
    assert!((11..=64 << 10).contains(&length), "{length}");
}

#[test]
fn a_signal_that_is_none_is_an_error_and_the_program_ends_all_the_same() {
    let limits = Limits { timeout: Some(Duration::from_millis(20)), kill_signal: 1000, ..NO_LIMITS };
    let outcome = with_pipes(request(&["sleep", "1000"]), b"", limits);
    assert_eq!(outcome.error, Some(Errno::ETIMEDOUT));
    assert_eq!(outcome.status, Some(ExitStatus { code: 0, signal: 9 }));
}

#[test]
fn input_that_nobody_reads_is_the_error_of_a_pipe_and_ends_nothing() {
    let outcome = with_pipes(shell("exec <&-; echo out"), &vec![0; 4 << 20], NO_LIMITS);
    assert_eq!(outcome.error, Some(Errno::EPIPE));
    assert_eq!(outcome.status, Some(ExitStatus { code: 0, signal: 0 }));
    assert_eq!(text(&outcome, 1), "out\n");
}

#[test]
fn little_input_that_nobody_reads_is_no_error_however_soon_the_program_ends() {
    for _ in 0..200 {
        let outcome = with_pipes(request(&["true"]), b"unread", NO_LIMITS);
        assert_eq!((outcome.error, outcome.status), (None, Some(ExitStatus { code: 0, signal: 0 })));
    }
}

#[test]
fn the_end_of_a_grandchild_that_holds_the_output_is_awaited() {
    let outcome = run(shell("(sleep 0.2; echo late) & echo early"), &[NULL, Stdio::FromChild, NULL], NO_LIMITS);
    assert_eq!(text(&outcome, 1), "early\nlate\n");
}

#[test]
fn another_child_of_the_process_keeps_its_status() {
    let other = spawn(&shell("exit 9")).unwrap();
    for code in 0..20 {
        let outcome = run(shell(&format!("exit {code}")), &[NULL, NULL, NULL], NO_LIMITS);
        assert_eq!(outcome.status, Some(ExitStatus { code, signal: 0 }));
    }
    assert_eq!(other.wait(), ExitStatus { code: 9, signal: 0 });
}
