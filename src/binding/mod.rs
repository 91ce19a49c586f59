//! The only Rust that knows Node-API: one file for each exported class, and the runtime that joins a thread's event
//! loop with the domain. Nothing is decided here.

mod arguments;
mod barrier;
mod buffer;
mod channel;
mod child;
mod lock;
mod meta;
mod runtime;
mod semaphore;
mod shared_array_buffer;
mod task_queue;
