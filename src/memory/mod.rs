//! The domain: one anonymous shared memory file for a family of processes, and everything that hands out parts of it.
//!
//! | file | owns |
//! |---|---|
//! | layout | where each table of the file lies |
//! | domain | the mapping, this process's place in it, opening and joining |
//! | discovery | how a process finds the domain of its family |
//! | agents | the table of JavaScript threads: who is who, and who is dead |
//! | domain_lock | the one lock that guards the tables; survives its holder's death |
//! | handle | what blocks are called |
//! | directory | blocks, their references and their end |
//! | keeping | blocks that belong to another block |
//! | ending | what ends with a block |
//! | allocation | where blocks come from |
//! | size_class | the sizes that blocks have |
//! | names | named objects |
//! | reaper | what is done for a process that died |

mod agents;
mod allocation;
mod directory;
mod discovery;
mod domain;
mod domain_lock;
mod ending;
mod handle;
mod keeping;
mod layout;
mod names;
mod reaper;
mod size_class;

pub use agents::{
    AGENT_COUNT, AgentInfo, Agents, PARK_FUTEX, PARK_LOOP, PARK_NOTIFIED, PARK_RUNNING, RECORD_SIZE, TOKEN_MASK, Token,
};
pub use discovery::{DESCRIPTOR_VARIABLE, HOLDER_VARIABLE};
pub use domain::Domain;
pub use ending::{on_end, on_gone};
pub use handle::{Block, Handle, Kind};
pub use layout::Layout;
