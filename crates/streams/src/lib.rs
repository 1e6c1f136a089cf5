//! Streams: TCP, TLS, WebSocket and the framing of XMPP, for a loop of somebody else that waits for
//! one descriptor. It decides nothing: what happened is told, and verbs say what to do.
#![forbid(unsafe_code)]

mod framer;
mod frames;
mod kept;
mod upgrade;

pub use framer::{Found, Framer, Framing};
pub use kept::Kept;
pub use upgrade::Request;
