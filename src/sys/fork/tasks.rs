//! Looks at the threads of this process without a byte from the heap.
//!
//! While threads stand still at any place, one of them may hold the lock of the C library's heap: who then asks for memory
//! waits for ever. So all memory is had before, and /proc is read by system calls: getdents64(2), open(2), read(2).

use std::ffi::CStr;
use std::io::Write;

use crate::sys::Errno;

pub const TASK_MAX: usize = 128;
/// A thread's status; the list of groups in it may be long.
const BUFFER_SIZE: usize = 1 << 17;
const PATH_SIZE: usize = 64;
/// In the kernel's `linux_dirent64`, before the name: inode, offset, record length, type.
const LENGTH_AT: usize = 16;
const NAME_AT: usize = 19;

/// Thread ids, at most `TASK_MAX`.
#[derive(Debug)]
pub struct Tasks {
    ids: [i32; TASK_MAX],
    count: usize,
}

impl Tasks {
    pub const fn new() -> Self {
        Self { ids: [0; TASK_MAX], count: 0 }
    }

    pub fn all(&self) -> &[i32] {
        &self.ids[..self.count]
    }

    pub fn contains(&self, tid: i32) -> bool {
        self.all().contains(&tid)
    }

    /// `Err`: there is no room for another.
    pub fn add(&mut self, tid: i32) -> Result<(), Full> {
        *self.ids.get_mut(self.count).ok_or(Full)? = tid;
        self.count += 1;
        Ok(())
    }

    pub fn retain(&mut self, mut is_kept: impl FnMut(i32) -> bool) {
        let before = std::mem::replace(self, Self::new());
        for &tid in before.all().iter().filter(|&&tid| is_kept(tid)) {
            let _ = self.add(tid);
        }
    }
}

#[derive(Debug)]
pub struct Full;

/// What can go wrong with a list.
#[derive(Debug)]
pub enum Unlisted {
    Full,
    Unreadable(Errno),
}

/// Reads /proc, with memory of its own.
pub struct Looker {
    buffer: Vec<u8>,
}

impl Looker {
    pub fn new() -> Self {
        Self { buffer: vec![0; BUFFER_SIZE] }
    }

    /// The threads that there are.
    pub fn list(&mut self) -> Result<Tasks, Unlisted> {
        let directory = open(c"/proc/self/task", libc::O_DIRECTORY).map_err(Unlisted::Unreadable)?;
        let mut tasks = Tasks::new();
        loop {
            let size = self.buffer.len();
            // SAFETY: the kernel writes at most `size` bytes to a live buffer of that size.
            let got = unsafe { libc::syscall(libc::SYS_getdents64, directory.0, self.buffer.as_mut_ptr(), size) };
            match Errno::result(got).map_err(Unlisted::Unreadable)? {
                0 => return Ok(tasks),
                got => add_entries(&self.buffer[..got as usize], &mut tasks).map_err(|Full| Unlisted::Full)?,
            }
        }
    }

    /// `None` when the thread has ended.
    pub fn blocks(&mut self, tid: i32, signal: i32) -> Option<bool> {
        let mut path = [0_u8; PATH_SIZE];
        write!(&mut path[..], "/proc/self/task/{tid}/status\0").ok()?;
        let file = open(CStr::from_bytes_until_nul(&path).ok()?, 0).ok()?;
        let mut filled = 0;
        while filled < self.buffer.len() {
            let rest = &mut self.buffer[filled..];
            // SAFETY: the kernel writes at most as many bytes as there are in the live buffer.
            match unsafe { libc::read(file.0, rest.as_mut_ptr().cast(), rest.len()) } {
                0 => break,
                got @ 1.. => filled += got as usize,
                _ if Errno::last() == Errno::EINTR => {}
                _ => return None,
            }
        }
        let mask = self.buffer[..filled].split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(b"SigBlk:"))?;
        let mask = u64::from_str_radix(std::str::from_utf8(mask).ok()?.trim(), 16).ok()?;
        Some(mask & (1 << (signal - 1)) != 0)
    }
}

fn add_entries(mut entries: &[u8], tasks: &mut Tasks) -> Result<(), Full> {
    while entries.len() > NAME_AT {
        let length = usize::from(u16::from_ne_bytes([entries[LENGTH_AT], entries[LENGTH_AT + 1]]));
        let Some((entry, rest)) = entries.split_at_checked(length) else { break };
        let name = entry.get(NAME_AT..).and_then(|name| CStr::from_bytes_until_nul(name).ok());
        if let Some(tid) = name.and_then(|name| name.to_str().ok()?.parse().ok()) {
            tasks.add(tid)?;
        }
        if length == 0 {
            break;
        }
        entries = rest;
    }
    Ok(())
}

/// Closed when dropped.
struct Open(i32);

impl Drop for Open {
    fn drop(&mut self) {
        // SAFETY: it is ours, and is not used again.
        unsafe { libc::close(self.0) };
    }
}

fn open(path: &CStr, flags: i32) -> Result<Open, Errno> {
    // SAFETY: a string that ends with NUL.
    Errno::result(unsafe { libc::open(path.as_ptr(), flags | libc::O_RDONLY | libc::O_CLOEXEC) }).map(Open)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::thread;

    #[test]
    fn the_calling_thread_is_listed_and_blocks_what_it_blocks() {
        let own = thread::id() as i32;
        let mut looker = Looker::new();
        assert!(looker.list().unwrap().contains(own));
        let before = crate::sys::signal::block_all();
        assert_eq!(looker.blocks(own, libc::SIGUSR2), Some(true));
        crate::sys::signal::set_mask(before);
        assert_eq!(looker.blocks(own, libc::SIGUSR2), Some(before & (1 << (libc::SIGUSR2 - 1)) != 0));
        assert_eq!(looker.blocks(i32::MAX, libc::SIGUSR2), None);
    }

    #[test]
    fn a_list_has_an_end() {
        let mut tasks = Tasks::new();
        for tid in 1..=TASK_MAX as i32 {
            tasks.add(tid).unwrap();
        }
        assert!(tasks.add(0).is_err());
        tasks.retain(|tid| tid % 2 == 0);
        assert_eq!(tasks.all().len(), TASK_MAX / 2);
    }
}
