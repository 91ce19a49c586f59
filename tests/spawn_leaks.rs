//! Starting many programs leaves nothing behind. Alone in its file, because it counts what the whole process has.

use std::fs;

use multiproc::process::spawn::{ChildDescriptor, Errno, SpawnRequest, spawn};

fn descriptor_count() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn mapping_count() -> usize {
    fs::read_to_string("/proc/self/maps").unwrap().lines().count()
}

fn child_count() -> usize {
    let children = fs::read_to_string(format!("/proc/self/task/{}/children", std::process::id())).unwrap_or_default();
    children.split_ascii_whitespace().count()
}

#[test]
fn two_hundred_children_in_a_row_leave_no_zombie_no_descriptor_and_no_stack() {
    let request = |file: &str, parent_death_signal| SpawnRequest {
        file: file.into(),
        argv: vec![file.into()],
        envp: vec!["PATH=/usr/bin:/bin".into()],
        stdio: vec![ChildDescriptor::Null; 3],
        parent_death_signal,
        ..SpawnRequest::default()
    };
    let round = |count: usize| {
        for index in 0..count {
            // Every other one by the spawner thread, every third one fails.
            let signal = (index % 2 == 1).then_some(9);
            if index % 3 == 2 {
                assert_eq!(spawn(&request("no-such-program", signal)).map(|child| child.pid), Err(Errno::ENOENT));
            } else {
                assert_eq!(spawn(&request("true", signal)).unwrap().wait().code, 0);
            }
        }
    };
    round(6);
    let before = (descriptor_count(), child_count(), mapping_count());
    round(200);
    let after = (descriptor_count(), child_count(), mapping_count());
    assert_eq!((before.0, 0), (after.0, after.1), "descriptors, children");
    // The allocator may map an arena meanwhile; a stack each would be 400.
    assert!(after.2 < before.2 + 50, "mappings: {} before, {} after", before.2, after.2);
}
