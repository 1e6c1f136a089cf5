//! Rooms with clients in memory under a virtual clock.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, missing_docs)]

mod anything;
mod audio;
mod cost;
mod forwarding;
mod mixing;
mod negotiation;
mod telephones;
mod world;
