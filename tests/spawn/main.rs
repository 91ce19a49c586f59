//! Starting programs, seen from outside: what the child gets, how its end is reported, and with whom it dies.
//!
//! Every wait is a blocking read or `wait` on a program that ends by itself, or is bounded by `WATCHDOG`.

mod descriptors;
mod lifetime;
mod limits;
mod run;
mod start;
mod tree;

use std::ffi::OsString;
use std::fs;
use std::io::{Read, pipe};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use multiproc::process::spawn::{ChildDescriptor, Errno, ExitStatus, SpawnRequest, spawn};

const NULL: ChildDescriptor = ChildDescriptor::Null;

fn request(argv: &[&str]) -> SpawnRequest {
    SpawnRequest {
        file: argv[0].into(),
        argv: argv.iter().map(OsString::from).collect(),
        envp: vec!["PATH=/usr/local/bin:/usr/bin:/bin".into()],
        stdio: vec![NULL, NULL, ChildDescriptor::Fd(2)],
        ..SpawnRequest::default()
    }
}

fn shell(script: &str) -> SpawnRequest {
    request(&["sh", "-c", script])
}

/// Runs to the end; what was printed, and how it ended.
fn run(mut request: SpawnRequest) -> (String, ExitStatus) {
    let (mut reader, writer) = pipe().unwrap();
    request.stdio[1] = ChildDescriptor::Fd(writer.as_raw_fd());
    let child = spawn(&request).unwrap();
    drop(writer);
    let mut printed = String::new();
    reader.read_to_string(&mut printed).unwrap();
    (printed.trim().to_owned(), child.wait())
}

fn printed(request: SpawnRequest) -> String {
    let (printed, status) = run(request);
    assert_eq!(status, ExitStatus { code: 0, signal: 0 }, "{printed}");
    printed
}

/// A directory of this test, removed in the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("multiproc-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, content: &str, mode: u32) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn error_of(request: &SpawnRequest) -> Errno {
    spawn(request).map(|child| child.pid).unwrap_err()
}
