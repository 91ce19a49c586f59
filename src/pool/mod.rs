//! The pool's tasks in shared memory: one queue that the workers pull from.

pub mod task_queue;
