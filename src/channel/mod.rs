//! Messages between two agents.
//!
//! | file | owns |
//! |---|---|
//! | segment | one ring of bytes in a block: frames, and their hostile headers |
//! | writer, reader | the two ends of one direction, going from segment to segment |
//! | channel | the block that joins two directions, and the state of its ends |

pub mod endpoint;
mod reader;
mod segment;
mod writer;

pub use endpoint::{Endpoint, Side};
pub use reader::Message;
pub use segment::{corrupt as overwritten, too_long};
