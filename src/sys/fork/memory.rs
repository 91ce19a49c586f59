//! Gives copies of this process the memory that V8 keeps out of them (madvise(2), `MADV_DONTFORK`).

use std::ffi::c_void;
use std::{fs, io};

/// All private mappings, so that those are among them. What cannot be given (a device's) is left as it is.
pub fn give_to_copies() -> io::Result<()> {
    for line in fs::read_to_string("/proc/self/maps")?.lines() {
        let Some((start, end)) = private_range(line) else { continue };
        // SAFETY: a mapping of this process; the call changes what a fork copies, and nothing else.
        unsafe { libc::madvise(start as *mut c_void, end - start, libc::MADV_DOFORK) };
    }
    Ok(())
}

/// `START-END rwxp …`
fn private_range(line: &str) -> Option<(usize, usize)> {
    let mut fields = line.split_ascii_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let is_private = fields.next()?.ends_with('p');
    let address = |text| usize::from_str_radix(text, 16).ok();
    is_private.then_some((address(start)?, address(end)?))
}

#[cfg(test)]
mod tests {
    use super::private_range;

    #[test]
    fn private_mappings_alone_are_given() {
        assert_eq!(private_range("1000-3000 rw-p 00000000 00:00 0 [heap]"), Some((0x1000, 0x3000)));
        assert_eq!(private_range("1000-3000 rw-s 00000000 00:01 7 /memfd:x"), None);
        assert_eq!(private_range(""), None);
    }
}
