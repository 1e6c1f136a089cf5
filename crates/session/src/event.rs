//! What a room tells: frozen records in the past tense.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::room::Id;

/// One section (m-line) of a peer's session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// The section's name.
    pub mid: String,
    /// "audio", "video" or "data".
    pub kind: &'static str,
    /// The room may receive here.
    pub receives: bool,
    /// The room may send here.
    pub sends: bool,
    /// Lower case, in order of preference.
    pub codecs: Vec<&'static str>,
}

/// Figures of one peer since it connected; rates and losses of the last interval.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct PeerStatistics {
    pub peer: Id,
    /// Milliseconds.
    pub round_trip: Option<f64>,
    pub packets_in: u64,
    pub packets_out: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Bits per second.
    pub bitrate_in: u64,
    pub bitrate_out: u64,
    /// Fractions.
    pub loss_in: f64,
    pub loss_out: f64,
    pub nacks_in: u64,
    pub nacks_out: u64,
    pub keyframes_requested: u64,
    /// Bits per second.
    pub available_bitrate: Option<u64>,
}

/// Counts an event as waiting from its making until it is dropped.
#[derive(Debug)]
pub struct Ticket(Arc<AtomicUsize>);

impl Ticket {
    /// Takes a place if fewer than `limit` are taken.
    pub(crate) fn take(places: &Arc<AtomicUsize>, limit: usize) -> Option<Ticket> {
        if places.fetch_add(1, Ordering::Relaxed) >= limit {
            places.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(Ticket(places.clone()))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What happened in a room. The fields are those of the Python events of the same names.
#[derive(Debug)]
#[allow(missing_docs)]
pub enum Event {
    Answered {
        peer: Id,
        request: u64,
        sdp: String,
        media: Vec<Media>,
    },
    Offered {
        peer: Id,
        request: u64,
        sdp: String,
    },
    NegotiationFailed {
        peer: Id,
        request: u64,
        text: String,
    },
    Mapped {
        peer: Id,
        tracks: Vec<(String, Id)>,
    },
    Connected {
        peer: Id,
        srtp_profile: &'static str,
        address: String,
    },
    Interrupted {
        peer: Id,
    },
    Closed {
        peer: Id,
        reason: &'static str,
        text: String,
    },
    TrackStarted {
        track: Id,
        codec: &'static str,
    },
    Speaker {
        room: Id,
        track: Option<Id>,
    },
    AudioLevels {
        room: Id,
        levels: Vec<(Id, u8)>,
    },
    Statistics {
        room: Id,
        peers: Vec<PeerStatistics>,
    },
    DataReceived {
        peer: Id,
        sink: Id,
        data: Vec<u8>,
        binary: bool,
    },
    AudioReceived {
        peer: Id,
        track: Id,
        time: u64,
        samples: Vec<i16>,
        channels: u8,
        ticket: Ticket,
    },
    Pressed {
        peer: Id,
        digit: char,
        duration: Duration,
    },
    PromptEnded {
        peer: Id,
    },
    WorkerFailed {
        room: Id,
        text: String,
    },
}

impl Event {
    /// Whether it may be dropped when nobody takes events: the next of its kind makes it good.
    pub fn is_droppable(&self) -> bool {
        matches!(
            self,
            Event::Statistics { .. }
                | Event::AudioLevels { .. }
                | Event::AudioReceived { .. }
                | Event::DataReceived { .. }
        )
    }
}
