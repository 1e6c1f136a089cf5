//! Telephone audio: codecs, resampling, jitter buffer, concealment, mixing. It knows samples, RTP
//! payloads and numbers; no socket, no clock (time is an argument), no session and no room.
//!
//! Files: `codec` has one encoder and one decoder for all codecs; `playout` makes an even stream of
//! samples out of one RTP stream (`queue`, `delay`, `stretch`, `conceal`, `noise` are its parts);
//! `pack` makes packets of samples; `transcode` makes packets of other formats of packets; `mix`
//! chooses who is heard and adds up.

pub mod codec;
mod conceal;
mod delay;
pub mod dtmf;
pub mod format;
pub mod g711;
pub mod g722;
pub mod level;
pub mod mix;
pub mod noise;
pub mod opus;
pub mod pack;
mod period;
pub mod playout;
mod queue;
pub mod resample;
mod stretch;
pub mod transcode;

pub use codec::{AudioError, Decoder, Encoder};
pub use format::{Codec, Format};
