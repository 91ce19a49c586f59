//! The spawner: one native thread that starts every child which is to die with this process.
//!
//! `PR_SET_PDEATHSIG` belongs to the *thread* that created the child: the signal comes when that thread ends, even
//! though its process lives on (prctl(2)). A child that a worker thread starts would so die with the worker. So all of
//! them are started by this one, which begins at its first use and ends with the process, never before.
//!
//! A request is synchronous: the caller sleeps until the spawner answers, for as long as the start would take anyway.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};

use crate::sys::spawn::{Errno, Program, Started, start};
use crate::sys::thread;

struct Order {
    program: Program,
    answer: SyncSender<Result<Started, Errno>>,
}

struct Spawner {
    orders: Sender<Order>,
    /// The process that the thread belongs to: a fork of it has the memory, and may not have the thread.
    pid: u32,
}

static SPAWNER: Mutex<Option<Spawner>> = Mutex::new(None);

/// As `sys::spawn::start`, on the spawner. `EAGAIN`: there is no spawner and none can be had.
pub fn start_there(program: Program) -> Result<Started, Errno> {
    let (answer, answered) = sync_channel(1);
    sender()?.send(Order { program, answer }).map_err(|_| Errno::EAGAIN)?;
    answered.recv().unwrap_or(Err(Errno::EAGAIN))
}

fn sender() -> Result<Sender<Order>, Errno> {
    let mut spawner = SPAWNER.lock().unwrap_or_else(PoisonError::into_inner);
    let pid = std::process::id();
    match &*spawner {
        Some(running) if running.pid == pid => Ok(running.orders.clone()),
        _ => {
            let (orders, received) = channel();
            std::thread::Builder::new()
                .name("multiproc-spawn".to_owned())
                .stack_size(128 << 10)
                .spawn(move || serve(&received))
                .map_err(|_| Errno::EAGAIN)?;
            *spawner = Some(Spawner { orders: orders.clone(), pid });
            Ok(orders)
        }
    }
}

fn serve(received: &Receiver<Order>) {
    thread::block_signals();
    // Ends never: the static keeps a sender.
    for Order { program, answer } in received {
        // Nobody is there to take it only if the caller's thread was ended from outside.
        let _ = answer.send(start(&program));
    }
}
