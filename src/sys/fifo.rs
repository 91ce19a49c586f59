//! Named pipes, and the permissions of files.

use std::path::Path;

use nix::errno::Errno;
use nix::sys::stat::{FchmodatFlags, Mode, fchmodat};

/// mkfifo(3), then exactly this mode, whatever the umask is. `EEXIST` when the path exists.
pub fn make(path: &Path, mode: u32) -> Result<(), Errno> {
    nix::unistd::mkfifo(path, Mode::from_bits_truncate(mode & 0o700))?;
    change_mode(path, mode)
}

pub fn change_mode(path: &Path, mode: u32) -> Result<(), Errno> {
    fchmodat(nix::fcntl::AT_FDCWD, path, Mode::from_bits_truncate(mode), FchmodatFlags::FollowSymlink)
}
