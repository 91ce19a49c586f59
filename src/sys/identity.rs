//! Makes this process another: what a started program is given by its starter, taken by a running one for itself.
//!
//! For a process whose other threads sleep, or read nothing of what is set: V8's and libuv's do not read the environment, and
//! a list that was replaced stays in memory for whoever still reads it.

use std::ffi::{CString, OsStr, c_char};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::{env, fs};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};

/// Makes 0, 1 and 2 copies of these. They block, as programs expect it of their standard streams.
pub fn place_standard_streams(streams: &[OwnedFd]) -> Result<(), Errno> {
    for (number, stream) in (0..).zip(streams) {
        // SAFETY: takes no pointers; what the number referred to is shared with others, and not ours to keep.
        Errno::result(unsafe { libc::dup2(stream.as_raw_fd(), number) })?;
        if let Ok(flags) = fcntl(stream, FcntlArg::F_GETFL) {
            let flags = OFlag::from_bits_retain(flags);
            if flags.contains(OFlag::O_NONBLOCK) {
                let _ = fcntl(stream, FcntlArg::F_SETFL(flags - OFlag::O_NONBLOCK));
            }
        }
    }
    Ok(())
}

/// The leader of a new session.
pub fn lead_session() -> Result<(), Errno> {
    nix::unistd::setsid().map(drop)
}

pub fn change_directory(path: &[u8]) -> Result<(), Errno> {
    nix::unistd::chdir(path)
}

/// The signal, 0 for none, comes when the parent ends; so does the end when it has ended already.
pub fn follow_parent(signal: i32, parent: u32) -> Result<(), Errno> {
    if signal == 0 {
        return Ok(());
    }
    // SAFETY: takes no pointers.
    Errno::result(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, signal as libc::c_ulong) })?;
    if nix::unistd::getppid().as_raw() as u32 == parent { Ok(()) } else { Err(Errno::ESRCH) }
}

/// Sets variables.
pub fn add_to_environment(entries: &[Vec<u8>]) {
    for (name, value) in entries.iter().filter_map(|entry| parts(entry)) {
        // SAFETY: see the top of this file.
        unsafe { env::set_var(name, value) };
    }
}

/// Makes these the whole environment, as execve(2) would: in this order, whatever they look like; of two with the same name
/// getenv(3) takes the first. One with a NUL, which cannot be, is left out.
pub fn replace_environment(entries: &[Vec<u8>]) {
    let text = |entry: &Vec<u8>| CString::new(entry.as_slice()).ok().map(CString::into_raw);
    let mut list: Vec<*mut c_char> = entries.iter().filter_map(text).collect();
    list.push(std::ptr::null_mut());
    // For as long as the process lives: the C library hands out what is in it, and copies the list when it adds to it.
    let list = list.leak().as_mut_ptr();
    // SAFETY: environ(7) may be set to a list that ends with a null pointer. See the top of this file.
    unsafe { environ = list };
}

unsafe extern "C" {
    static mut environ: *mut *mut c_char;
}

fn parts(entry: &[u8]) -> Option<(&OsStr, &OsStr)> {
    let middle = entry.iter().position(|&byte| byte == b'=').filter(|&middle| middle > 0)?;
    let is_text = !entry.contains(&0);
    is_text.then(|| (OsStr::from_bytes(&entry[..middle]), OsStr::from_bytes(&entry[middle + 1..])))
}

/// Ends this process, without what programs do at their end.
pub fn end_process(code: i32) -> ! {
    // SAFETY: ends the process; nothing of it is used again.
    unsafe { libc::_exit(code) }
}

/// What a started process takes over from its starter and keeps: user, groups, mask of new files, capabilities,
/// processors, nice value. `None`: that cannot be told.
pub fn inherited_state() -> Option<String> {
    const FIELDS: [&str; 9] =
        ["Uid:", "Gid:", "Groups:", "Umask:", "CapInh:", "CapPrm:", "CapEff:", "NoNewPrivs:", "Cpus_allowed:"];
    let status = fs::read_to_string("/proc/thread-self/status").ok()?;
    let kept = status.lines().filter(|line| FIELDS.iter().any(|field| line.starts_with(field)));
    // SAFETY: takes no pointers.
    let nice = unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
    Some(kept.fold(nice.to_string(), |all, line| format!("{all}\n{line}")))
}

/// The kernel's ids of all threads of this process; only the calling one's where that cannot be told.
pub fn threads() -> Vec<i32> {
    let entries = fs::read_dir("/proc/self/task").map(|entries| entries.flatten().collect::<Vec<_>>());
    let id_of = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    let ids: Vec<i32> = entries.unwrap_or_default().into_iter().filter_map(id_of).collect();
    if ids.is_empty() { vec![0] } else { ids }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_split_at_its_first_equals_sign_and_needs_a_name() {
        let split = |entry: &str| parts(entry.as_bytes()).map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(split("A=b=c"), Some(("A".into(), "b=c".into())));
        assert_eq!(split("A="), Some(("A".into(), "".into())));
        assert_eq!(split("=C:"), None);
        assert_eq!(split("A"), None);
        assert_eq!(split("A=\0"), None);
    }

    #[test]
    fn what_is_inherited_can_be_told_and_does_not_change_by_itself() {
        let state = inherited_state().expect("there is /proc");
        assert!(state.contains("Uid:") && state.contains("Umask:"), "{state}");
        assert_eq!(inherited_state(), Some(state));
    }

    #[test]
    fn a_process_follows_its_own_parent_and_no_other() {
        let parent = nix::unistd::getppid().as_raw() as u32;
        assert_eq!(follow_parent(0, 0), Ok(()));
        assert_eq!(follow_parent(libc::SIGCONT, parent + 1), Err(Errno::ESRCH));
        nix::sys::prctl::set_pdeathsig(None).expect("it can be taken back");
    }
}
