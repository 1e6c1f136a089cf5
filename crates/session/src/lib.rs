//! One room's media: peers, tracks, hubs and the wires between them. It is driven by datagrams,
//! commands and a clock that is an argument; it knows no socket, no thread and no Python.
//!
//! The verbs of [`Room`] are those of every machine here: [`Room::command`], [`Room::receive`] and
//! [`Room::wake`] put something in, [`Room::flush`] lets it act, then [`Room::output`],
//! [`Room::events`], [`Room::notices`] and [`Room::deadline`] say what came of it.
//!
//! Files: `transport` is the border to the WebRTC library (ICE, DTLS, SRTP, RTCP, SCTP) and the seam
//! at which another media plane can take its place; `graph` says who hears whom; `slot` carries one
//! track to one peer; the other files are the room's verbs by subject.

mod audio;
mod burst;
mod clock;
mod codec;
mod command;
mod config;
mod counts;
mod data;
mod dtls;
mod event;
mod forward;
mod graph;
mod happenings;
mod mix;
mod mix_bus;
mod mixing;
mod negotiation;
mod peer;
mod phone;
mod phone_media;
mod phone_room;
mod phone_sound;
mod room;
mod sdp;
mod sending;
mod slot;
mod speaker;
mod statistics;
mod track;
mod transcode;
mod transport;

pub use antiphon_audio::opus::{Decoder, Encoder, OpusError};
pub use audio::{AudioQueue, QueueFull};
pub use command::Command;
pub use config::{Config, Identity, Limits};
pub use counts::Counts;
pub use event::{Event, Media, PeerStatistics, Ticket};
pub use graph::Graph;
pub use phone::{Phone, PhoneFormat, PhoneMedia, PhonePort, PhoneSocket};
pub use phone_sound::{Prompts, Sound};
pub use room::{Datagram, Id, Notice, Room};
pub use sdp::{Inspected, inspect};
pub use speaker::{Decision, Speakers};
