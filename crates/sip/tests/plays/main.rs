//! Plays under virtual time: what comes, what goes, and when (RFC 3261 §9, §13, §16, §17).
#![allow(clippy::unwrap_used, clippy::panic, reason = "a play that goes wrong ends")]

mod cancel;
mod client;
mod dialog;
mod limits;
mod parking;
mod proxy;
mod robustness;
mod server;
mod streams;
mod support;
