//! RTP sessions of telephones: packets (RFC 3550), their protection (RFC 3711), keys from session
//! descriptions (RFC 4568) or a DTLS handshake (RFC 5764), connectivity checks (RFC 8445, lite), and
//! where a telephone behind a NAT really is. No socket, no clock: time is an argument. It knows
//! nothing of codecs, tracks and rooms.
//!
//! [`Link`] is the session of one section; the other files are its parts.

mod dtls;
mod fingerprint;
mod ice;
mod latch;
mod link;
mod packet;
mod reception;
mod request;
mod rtcp;
mod sdes;
mod signature;
mod srtp;
mod transmission;

pub use dtls::Certificate;
pub use fingerprint::Fingerprint;
pub use ice::Credentials;
pub use latch::{Evidence, Latch, Verdict};
pub use link::{
    Arrival, Change, Heard, Link, Outgoing, Packet, Protection, Refused, Sent, Settings,
};
pub use packet::{HEADER, Header, payload};
pub use reception::Reception;
pub use rtcp::{Block, Compound, Control, SenderInfo, parse as parse_control};
pub use sdes::Crypto;
pub use srtp::{Context, Refusal, Suite};
pub use transmission::{Epoch, Transmission};
