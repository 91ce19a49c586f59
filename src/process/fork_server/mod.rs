//! The fork server: a Node.js process with what the children need already loaded, which is forked for each of them.
//!
//! Three processes take part: the *parent* wants children, the *server* is a child of the parent's that forks itself (with
//! `CLONE_PARENT`, so that the new process is the parent's child, too), the *newborn* becomes one of them. Parent and newborn
//! have a socket pair, the *cord*. A newborn is made before it is needed, if there is time: making it takes longer than all
//! that follows.
//!
//! | step | who | what |
//! |---|---|---|
//! | 1 | parent | makes a cord; sends one end to the server, with the domain's descriptor; closes its copy of that end |
//! | 2 | server | forks; writes the newborn's pid on the cord; closes what came |
//! | 3 | newborn | writes its pid on the cord, too; takes objects of its own and its threads; then, unless the order is there already, a place in the domain, and does what else it can do ahead |
//! | 4 | parent | when a process is to be started: has a pidfd by the pid; sends the order (order.rs) on the cord, with the standard streams |
//! | 5 | newborn | takes streams, limits, environment; writes that it has, or the errno |
//! | 6 | parent | reads it, and writes one byte, *go*; some time later goes to 1 for the next one |
//! | 7 | newborn | reads it, closes the cord, and runs the user's program |
//!
//! The user's code runs only after step 6, which only a parent takes that knows the child. So whoever is killed, there is
//! never a child that nobody knows, and a parent that was not told of step 5 may start an ordinary process instead without
//! running anything twice:
//!
//! | killed | between | then |
//! |---|---|---|
//! | server | 1 and 2 | the cord ends: the parent starts an ordinary process, and a new server for the next |
//! | server | 2 and 7 | the newborn does not need it: all goes on |
//! | newborn | 2 and 6 | the cord ends: the parent reaps it (at the next start, or with the server), and starts an ordinary process |
//! | newborn | after 6 | the child was killed, as any child may be |
//! | parent | any | the newborn's cord ends, or its death signal comes; the server ends at the end of its socket, and by its death signal |
//! | server or newborn stopped | any | after `PATIENCE` the parent kills both, and starts an ordinary process |
//!
//! Nothing of the server is in the domain: it is no member of it. The newborn joins it as any started process does.

mod newborn;
mod order;
mod parent;
mod server;

pub use newborn::{await_order, give_up, is_ordered};
pub use parent::{ForkServer, NotForked};
pub use server::serve;
