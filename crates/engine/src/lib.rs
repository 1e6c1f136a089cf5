//! Media threads: each owns a UDP port, an epoll and the rooms placed on it. Commands go in by a
//! channel, events come out by one bounded queue. It knows sockets, threads and the clock, and
//! nothing of Python.

mod counters;
mod engine;
mod events;
mod lines;
mod moves;
mod os;
mod phones;
mod ports;
mod rooms;
mod routes;
mod send;
mod socket;
mod worker;

pub use engine::{Engine, Settings};
pub use events::EventQueue;
pub use phones::BindError;
