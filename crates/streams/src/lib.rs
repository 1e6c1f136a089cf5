//! Streams: TCP, TLS, WebSocket and the framing of XMPP, for a loop of somebody else that waits for
//! one descriptor. It decides nothing: what happened is told, and verbs say what to do.
//!
//! Files: `frames`, `upgrade`, `framer` read and write without I/O; `tls`, `bucket`, `kept`, `alarm`
//! are parts of a connection or of all; `conn` is one connection; `engine` has the turns, with
//! `reading` and `writing`; `verbs` are what it can be told, `event` what it tells.
#![forbid(unsafe_code)]

mod alarm;
mod bucket;
mod conn;
mod counters;
mod engine;
mod event;
mod framer;
mod frames;
mod kept;
mod reading;
mod tls;
mod upgrade;
mod verbs;
mod writing;

pub use counters::Counters;
pub use engine::{Engine, Start, Times};
pub use event::{Event, Id, What};
pub use framer::{Found, Framer, Framing};
pub use kept::Kept;
pub use tls::{Profile, Secured};
pub use upgrade::Request;
pub use verbs::Limits;
