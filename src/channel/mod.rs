//! Messages between two agents.
//!
//! | file | owns |
//! |---|---|
//! | segment | one ring of bytes in a block: frames, and their hostile headers |
//! | writer, reader | the two ends of one direction, going from segment to segment |
//! | payload | messages in blocks of their own, and large pieces that are not copied out |
//! | block | the block that joins two directions: who has its ends, and where each is read |
//! | endpoint | one end of a channel, and what becomes of what is unread when an end goes |
//! | spin | whether a thread looks for a little while before it sleeps |

mod block;
pub mod endpoint;
pub mod payload;
mod reader;
pub mod segment;
pub mod spin;
mod writer;

pub use endpoint::Endpoint;
pub use reader::{Arrival, Message};
pub use segment::{corrupt as overwritten, too_long};
