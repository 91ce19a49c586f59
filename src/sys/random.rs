//! Randomness from the kernel.

use std::io;

/// 128 random bits from getrandom(2).
pub fn nonce() -> io::Result<[u8; 16]> {
    let mut bytes = [0_u8; 16];
    // SAFETY: the buffer is ours and 16 bytes long; a request of up to 256 bytes is answered whole.
    let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    if got == bytes.len() as isize { Ok(bytes) } else { Err(io::Error::last_os_error()) }
}
