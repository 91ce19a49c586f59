//! The only Rust that knows Node-API: one file for each noun, and the runtime that joins a thread's event
//! loop with the domain. Nothing is decided here.

mod area;
mod arguments;
mod barrier;
mod buffer;
mod carrier;
mod channel;
mod child;
mod child_sync;
mod deadlock;
mod direct;
mod endpoint;
mod external_memory;
mod fork_server;
mod heap_limit;
mod last_line;
mod lock;
mod message_queue;
mod meta;
mod named_pipe;
mod object;
mod order;
mod permits;
mod process_table;
mod queue;
mod runtime;
mod shared_array_buffer;
mod signals;
mod task_queue;
