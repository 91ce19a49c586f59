//! What a program is started with, and why it may not start.

use std::fs;

use multiproc::process::spawn::{ChildDescriptor, Errno, SpawnRequest};

use super::{Scratch, error_of, printed, request, shell};

#[test]
fn missing_file_directory_and_permission_are_errors_of_the_start() {
    let scratch = Scratch::new("errors");
    assert_eq!(error_of(&request(&["no-such-program-here"])), Errno::ENOENT);
    assert_eq!(error_of(&request(&["/no/such/program"])), Errno::ENOENT);
    assert_eq!(error_of(&request(&["/etc/passwd/x"])), Errno::ENOTDIR);
    assert_eq!(error_of(&request(&[""])), Errno::ENOENT);
    assert_eq!(error_of(&request(&[scratch.0.to_str().unwrap()])), Errno::EACCES);
    let plain = scratch.file("plain", "#!/bin/sh\n", 0o644);
    assert_eq!(error_of(&request(&[plain.to_str().unwrap()])), Errno::EACCES);
    let elsewhere = SpawnRequest { cwd: Some("/no/such/directory".into()), ..request(&["true"]) };
    assert_eq!(error_of(&elsewhere), Errno::ENOENT);
    let closed = SpawnRequest { stdio: vec![ChildDescriptor::Fd(1_000_000)], ..request(&["true"]) };
    assert_eq!(error_of(&closed), Errno::EBADF);
    let none = SpawnRequest { stdio: vec![ChildDescriptor::Fd(-1)], ..request(&["true"]) };
    assert_eq!(error_of(&none), Errno::EBADF);
    assert_eq!(error_of(&request(&["tr\0ue"])), Errno::EINVAL);
}

#[test]
fn path_of_the_child_is_searched_past_files_that_may_not_be_executed() {
    let scratch = Scratch::new("search");
    for (directory, mode) in [("a", 0o644), ("b", 0o755)] {
        fs::create_dir(scratch.0.join(directory)).unwrap();
        scratch.file(&format!("{directory}/found"), &format!("#!/bin/sh\necho {directory}\n"), mode);
    }
    let with_path = |entries: &[&str]| {
        let entries: Vec<_> = entries.iter().map(|entry| scratch.0.join(entry).display().to_string()).collect();
        SpawnRequest { envp: vec![format!("PATH={}", entries.join(":")).into()], ..request(&["found"]) }
    };
    assert_eq!(printed(with_path(&["none", "a", "b"])), "b");
    assert_eq!(error_of(&with_path(&["a", "none"])), Errno::EACCES);
    assert_eq!(error_of(&with_path(&["none"])), Errno::ENOENT);
}

#[test]
fn file_without_a_magic_number_is_a_script_for_the_shell() {
    let scratch = Scratch::new("script");
    let script = scratch.file("script", "echo $0 $1", 0o755);
    let path = script.to_str().unwrap().to_owned();
    let mut request = request(&[&path, "one"]);
    request.argv[0] = "another name".into();
    assert_eq!(printed(request), format!("{path} one"));
    // No argument vector at all: the list for the shell must still end.
    assert_eq!(printed(SpawnRequest { argv: Vec::new(), file: path.clone().into(), ..shell("") }), path);
}

#[test]
fn environment_directory_and_name_are_those_asked_for() {
    let scratch = Scratch::new("place");
    let place = scratch.0.canonicalize().unwrap();
    let mut wanted = shell("echo $(pwd) \"$A\"; tr '\\0' ' ' </proc/$$/cmdline");
    wanted.argv[0] = "another-name".into();
    wanted.envp.push("A=b c".into());
    wanted.cwd = Some(place.clone().into());
    let text = printed(wanted);
    assert!(text.starts_with(&format!("{} b c\nanother-name -c ", place.display())), "{text}");
    let environment = SpawnRequest { envp: vec!["ONLY=this".into()], ..request(&["/usr/bin/env"]) };
    assert_eq!(printed(environment), "ONLY=this");
}

#[test]
fn program_starts_without_blocked_or_ignored_signals() {
    // Rust's runtime ignores SIGPIPE, as Node.js does.
    let status = printed(request(&["cat", "/proc/self/status"]));
    for field in ["SigBlk:", "SigIgn:", "SigCgt:"] {
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        assert!(line.ends_with("0000000000000000"), "{line}");
    }
}

#[test]
fn identity_that_may_not_be_taken_is_an_error_else_it_is_taken() {
    let wanted = SpawnRequest { uid: Some(65534), gid: Some(65534), ..shell("id -u; id -g; id -G") };
    if printed(shell("id -u")) == "0" {
        assert_eq!(printed(wanted), "65534\n65534\n65534");
    } else {
        assert_eq!(error_of(&wanted), Errno::EPERM);
    }
}
