//! The verbs of a room as values, so that they can be sent to the thread that has it.

use std::sync::Arc;
use std::time::Duration;

use antiphon_rtp::Epoch;

use crate::audio::AudioQueue;
use crate::phone::{PhoneMedia, PhoneSocket};
use crate::phone_sound::Sound;
use crate::room::Id;

/// A verb of the room. The fields are those of the methods of the Python engine.
#[derive(Debug)]
#[allow(missing_docs)]
pub enum Command {
    /// `may_offer`: sections may be added by offers of ours.
    OpenPeer {
        peer: Id,
        may_offer: bool,
    },
    OpenAudio {
        peer: Id,
        sample_rate: u32,
        channels: u8,
        queue: Arc<AudioQueue>,
    },
    /// Samples were queued.
    PlayAudio {
        peer: Id,
    },
    OpenPhone {
        peer: Id,
        epoch: Epoch,
    },
    BindPhone {
        peer: Id,
        socket: PhoneSocket,
    },
    ConfigurePhone {
        peer: Id,
        mid: String,
        media: Box<PhoneMedia>,
    },
    ClosePhoneSection {
        peer: Id,
        mid: String,
    },
    Press {
        peer: Id,
        keys: String,
    },
    PlayPrompt {
        peer: Id,
        sound: Sound,
    },
    StopPrompt {
        peer: Id,
    },
    ClosePeer {
        peer: Id,
    },
    AcceptOffer {
        peer: Id,
        request: u64,
        sdp: String,
    },
    AcceptAnswer {
        peer: Id,
        request: u64,
        sdp: String,
    },
    AddCandidate {
        peer: Id,
        candidate: String,
    },
    RestartIce {
        peer: Id,
    },
    Publish {
        peer: Id,
        mid: String,
        track: Id,
    },
    Unpublish {
        track: Id,
    },
    Pause {
        track: Id,
        paused: bool,
    },
    OpenHub {
        hub: Id,
        /// One sound of all but the sink's own.
        mix: bool,
    },
    CloseHub {
        hub: Id,
    },
    Connect {
        source: Id,
        sinks: Vec<Id>,
    },
    Disconnect {
        source: Id,
        sinks: Vec<Id>,
    },
    RequestKeyframe {
        track: Id,
    },
    SendData {
        peer: Id,
        data: Vec<u8>,
        binary: bool,
    },
    WatchData {
        peer: Id,
        watch: bool,
    },
    SetStatisticsInterval {
        interval: Duration,
    },
}
