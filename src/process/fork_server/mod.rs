//! The fork server: a Node.js process with what the children need already loaded, which is forked for each of them.
//!
//! Three processes take part: the *parent* wants a child, the *server* is a child of the parent's that forks itself (with
//! `CLONE_PARENT`, so that the new process is the parent's child, too), the *newborn* becomes the child.
//!
//! | step | who | what |
//! |---|---|---|
//! | 1 | parent | makes a socket pair, the *cord*; sends an order (order.rs) with one end, the standard streams and the domain's descriptor; closes its copy of that end |
//! | 2 | server | forks; closes what came with the order |
//! | 3 | newborn | writes its pid on the cord; takes streams, limits, environment and threads; writes that it is ready, or the errno |
//! | 4 | parent | has a pidfd by the pid; reads "ready"; writes one byte, *go* |
//! | 5 | newborn | reads it, closes the cord, and runs the user's program |
//!
//! The user's code runs only after step 4, which only a parent takes that knows the child. So whoever is killed, there is
//! never a child that nobody knows, and a parent that has seen no "ready" may start an ordinary process instead without
//! running anything twice:
//!
//! | killed | between | then |
//! |---|---|---|
//! | server | 1 and 2 | the cord ends: the parent starts an ordinary process, and a new server for the next |
//! | server | 2 and 5 | the newborn does not need it: all goes on |
//! | newborn | 2 and 4 | the cord ends: the parent reaps it, and starts an ordinary process |
//! | newborn | after 4 | the child was killed, as any child may be |
//! | parent | any | the newborn's cord ends, or its death signal comes; the server ends at the end of its socket, and by its death signal |
//! | server stopped | any | after `PATIENCE` the parent kills it, and starts an ordinary process |
//!
//! Nothing of this is in the domain: the server is no member of it. The newborn joins it as any started process does.

mod newborn;
mod order;
mod parent;
mod server;

pub use parent::{ForkServer, NotForked};
pub use server::serve;
