//! Bytes of media packets: what a datagram is, what a STUN check says, how numbers run on when a
//! source changes. It knows no socket, no clock, no key and no session.

mod demux;
mod numbers;
mod stun;

pub use demux::{Class, classify};
pub use numbers::{Cyclic, Numbers, Rewriter};
pub use stun::{Check, peek_check};
