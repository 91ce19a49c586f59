//! Named pipes, as JavaScript calls them. What is opened is Node's own to read and write.

use std::path::Path;

use napi_derive::napi;

use super::arguments::refused;
use crate::sys::fifo;

/// mkfifo(3), with exactly this mode.
#[napi]
pub fn make_fifo(path: String, mode: u32) -> napi::Result<()> {
    fifo::make(Path::new(&path), mode).map_err(|errno| refused("mkfifo", errno))
}
