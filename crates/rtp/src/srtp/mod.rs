//! SRTP and SRTCP (RFC 3711; AES-256: RFC 6188; AES-GCM: RFC 7714). One [`Context`] is one direction
//! of one session: it makes packets secret and authentic, or proves and opens them. It knows no
//! socket, and of RTP only headers.

mod cipher;
mod context;
mod replay;
mod suite;

#[cfg(test)]
pub(crate) use context::tests::hex;
pub use context::{Context, Refusal};
pub use suite::Suite;
