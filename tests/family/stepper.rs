//! Runs one thread of a child instruction by instruction (ptrace(2)), and stops it after its n-th change of shared memory:
//! so an operation can be killed between any two of its stores, systematically and not by luck.
//!
//! Everything is done by the thread that seized the child, as ptrace asks for. The child publishes its thread id, waits
//! for `go`, performs the operation and says that it is finished: words 0, 1 and 2 of its board.

use std::io;
use std::sync::atomic::Ordering::SeqCst;

use multiproc::memory::{Block, Domain, Kind, Layout};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::{BOUND, Board, Child, bounded, bytes_at, new_domain};

const TID: u64 = 0;
const GO: u64 = 1;
const FINISHED: u64 = 2;
/// Words that the operations may use for themselves begin here.
pub const FREE_WORDS: u64 = 8;
const STEPS_MAX: u32 = 2_000_000;
const CHANGES_MAX: u32 = 400;

/// The child's part.
pub fn perform(board: Board, operation: impl FnOnce()) {
    board.set(TID, nix::unistd::gettid().as_raw() as u64);
    while board.get(GO) == 0 {
        std::hint::spin_loop();
    }
    operation();
    board.set(FINISHED, 1);
    std::thread::sleep(BOUND);
}

/// Lets the child's operation run until it has changed shared memory `changes` times, and kills it there.
/// Of each block only the first `watched_bytes` count. Returns whether the operation had been finished before.
pub fn kill_after(child: &mut Child, domain: &Domain, board: Board, watched_bytes: u64, changes: u32) -> bool {
    board.wait_for("the child's thread", TID, |tid| tid != 0);
    let thread = Pid::from_raw(board.get(TID) as i32);
    request(libc::PTRACE_SEIZE, thread).expect("PTRACE_SEIZE");
    request(libc::PTRACE_INTERRUPT, thread).expect("PTRACE_INTERRUPT");
    stopped(thread);
    let mut seen = Snapshot::of(domain, watched_bytes);
    board.set(GO, 1);
    let mut left = changes;
    let mut steps = 0;
    while left > 0 && board.get(FINISHED) == 0 {
        request(libc::PTRACE_SINGLESTEP, thread).expect("PTRACE_SINGLESTEP");
        stopped(thread);
        steps += 1;
        assert!(steps < STEPS_MAX, "the operation does not end");
        let now = Snapshot::of(domain, watched_bytes);
        if now != seen {
            seen = now;
            left -= 1;
        }
    }
    let finished = board.get(FINISHED) != 0;
    kill(child.nix_pid(), Signal::SIGKILL).expect("SIGKILL");
    // The seized thread's end is reported to us first; before it is taken, the process does not end.
    while thread != child.nix_pid()
        && !matches!(waitpid(thread, Some(WaitPidFlag::__WALL)), Err(_) | Ok(WaitStatus::Signaled(..)))
    {}
    child.kill();
    finished
}

/// Kills the role after each number of changes in turn. `prepare` makes what it works on, and says what to tell it;
/// `check` looks at what is left, before anybody has reaped the dead, and returns the blocks that may remain.
pub fn each_kill<T>(
    role: &str,
    watched_bytes: u64,
    prepare: impl Fn(&'static Domain) -> (T, Vec<u64>),
    check: impl Fn(&'static Domain, Board, T, u32) -> u32,
) {
    for changes in 1..CHANGES_MAX {
        let domain = new_domain(64);
        let board = Board::new(domain, 64);
        let empty = domain.usage();
        let (prepared, arguments) = prepare(domain);
        let arguments: Vec<u64> = std::iter::once(board.address()).chain(arguments).collect();
        let mut child = Child::start(role, domain, &arguments);
        let finished = kill_after(&mut child, domain, board, watched_bytes, changes);
        let context = format!("{role} killed after change {changes}");
        println!("{context}");
        nothing_is_given_twice(domain);
        let remaining = check(domain, board, prepared, changes);
        domain.reap_dead();
        nothing_is_given_twice(domain);
        let (bytes, count) = domain.usage();
        if remaining == 0 {
            assert_eq!((bytes, count), empty, "{context}: blocks were lost");
        } else {
            assert!(count <= empty.1 + remaining, "{context}: {count} blocks are left");
        }
        if finished {
            assert!(changes > 2, "the operation was hardly watched");
            return;
        }
    }
    panic!("{role} did not come to its end within {CHANGES_MAX} changes");
}

/// Blocks of several sizes, at once, are apart and zeroed; then they are given back.
fn nothing_is_given_twice(domain: &'static Domain) {
    let blocks: Vec<Block> = bounded("allocation after a death", move || {
        [200, 200, 64, 128, 5000, 200].map(|size| domain.allocate(Kind::Buffer, size).expect("a block")).to_vec()
    });
    let mut places: Vec<(u64, u64)> = blocks.iter().map(|block| (block.offset, block.offset + block.length)).collect();
    places.sort_unstable();
    assert!(places.windows(2).all(|pair| pair[0].1 <= pair[1].0), "blocks overlap: {places:?}");
    for block in blocks {
        let bytes = bytes_at(domain, block.offset, block.length);
        assert!(bytes.iter().all(|byte| *byte == 0), "not zeroed");
        domain.map().write(block.offset, &vec![0xff; block.length as usize]);
        domain.detach(block.handle);
    }
}

fn stopped(thread: Pid) {
    let status = waitpid(thread, Some(WaitPidFlag::__WALL)).expect("waitpid");
    assert!(matches!(status, WaitStatus::Stopped(..) | WaitStatus::PtraceEvent(..)), "{status:?}");
}

fn request(request: libc::c_uint, thread: Pid) -> io::Result<()> {
    let nothing = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: these requests read and write no memory of ours.
    let result = unsafe { libc::ptrace(request, thread.as_raw(), nothing, nothing) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// What an operation can have changed: the header, the agents, the directory, the names, and the start of each block
/// (what a payload holds is of no interest). The board is the first block and is left out.
#[derive(PartialEq, Eq)]
struct Snapshot(Vec<u8>);

impl Snapshot {
    fn of(domain: &Domain, watched_bytes: u64) -> Self {
        const ENTRY_COUNT: u64 = 128;
        let map = domain.map();
        let entries = map.u32_at(ENTRY_COUNT).load(SeqCst).min(64);
        let mut bytes = bytes_at(domain, 64, 1600);
        bytes.extend(bytes_at(domain, Layout::agent(0), 8 * 256));
        for index in 1..=entries {
            bytes.extend(bytes_at(domain, Layout::entry(index), 128));
        }
        for index in 1..entries {
            let offset = map.u64_at(Layout::entry(index) + 8).load(SeqCst);
            let kind = map.u64_at(Layout::entry(index)).load(SeqCst) >> 8 & 0xff;
            if offset != 0 && kind != Kind::Payload as u64 && offset + watched_bytes <= map.len() {
                bytes.extend(bytes_at(domain, offset, watched_bytes));
            }
        }
        Self(bytes)
    }
}
