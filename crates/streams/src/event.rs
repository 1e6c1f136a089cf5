//! What the engine tells.

use std::net::SocketAddr;

use crate::framer::Found;
use crate::tls::Secured;

/// Names a connection for ever: numbers are not used again.
pub type Id = u64;

/// Something happened to a connection.
#[derive(Debug)]
pub struct Event {
    /// Of the listener.
    pub tag: u32,
    /// Of the connection.
    pub id: Id,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Debug)]
pub enum What {
    /// A connection came; whether TLS is next.
    Accepted(SocketAddr, bool),
    /// TLS is there.
    Secured(Box<Secured>),
    /// The framing found something; which stanza of its session it was.
    Found(Found, u32),
    /// Bytes as they came.
    Bytes(Vec<u8>),
    /// Much waits to be written.
    Full,
    /// Not much does any more.
    Drained,
    /// It is gone: why, bytes received and sent.
    Closed(&'static str, u64, u64),
}
