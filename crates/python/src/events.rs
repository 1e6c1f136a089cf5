//! Events as frozen Python objects, one class a kind.

use std::collections::HashMap;

use antiphon_session as session;
use numpy::{PyArray1, PyArray2, PyArrayMethods};
use pyo3::PyClass;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Base of everything that `drain()` returns.
#[pyclass(frozen, subclass, module = "antiphon._native")]
pub(crate) struct Event;

/// One section (m-line) of a peer's session.
#[pyclass(frozen, get_all, module = "antiphon._native")]
#[derive(Clone)]
struct Media {
    mid: String,
    kind: &'static str,
    receives: bool,
    sends: bool,
    codecs: Vec<&'static str>,
}

/// Figures of one peer.
#[pyclass(frozen, get_all, module = "antiphon._native")]
#[derive(Clone)]
struct PeerStatistics {
    peer: u64,
    round_trip: Option<f64>,
    packets_in: u64,
    packets_out: u64,
    bytes_in: u64,
    bytes_out: u64,
    bitrate_in: u64,
    bitrate_out: u64,
    loss_in: f64,
    loss_out: f64,
    nacks_in: u64,
    nacks_out: u64,
    keyframes_requested: u64,
    available_bitrate: Option<u64>,
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[pyclass(frozen, get_all, extends = Event, module = "antiphon._native")]
            struct $name { $($field: $kind,)* }
        )*

        /// Adds all classes to the module.
        pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
            module.add_class::<Event>()?;
            module.add_class::<Media>()?;
            module.add_class::<PeerStatistics>()?;
            $(module.add_class::<$name>()?;)*
            Ok(())
        }
    };
}

events! {
    /// The answer to an offer.
    Answered { peer: u64, request: u64, sdp: String, media: Vec<Media>, }
    /// An offer to the peer.
    Offered { peer: u64, request: u64, sdp: String, }
    /// A description or candidate could not be applied.
    NegotiationFailed { peer: u64, request: u64, text: String, }
    /// What each sending section carries.
    Mapped { peer: u64, tracks: HashMap<String, u64>, }
    /// The peer is connected.
    Connected { peer: u64, srtp_profile: &'static str, address: String, }
    /// ICE heard nothing for a while.
    Interrupted { peer: u64, }
    /// The peer is gone.
    Closed { peer: u64, reason: &'static str, text: String, }
    /// The first packet of a track, or of another codec.
    TrackStarted { track: u64, codec: &'static str, }
    /// The dominant speaker changed.
    Speaker { room: u64, track: Option<u64>, }
    /// Loudness of those who speak.
    AudioLevels { room: u64, levels: Vec<(u64, u8)>, }
    /// Figures of a room's peers.
    Statistics { room: u64, peers: Vec<PeerStatistics>, }
    /// A data channel message.
    DataReceived { peer: u64, sink: u64, data: Py<PyBytes>, binary: bool, }
    /// Decoded audio.
    AudioReceived { peer: u64, track: u64, time: u64, samples: Py<PyArray2<i16>>, }
    /// A key was pressed on a telephone.
    Pressed { peer: u64, digit: char, duration: f64, }
    /// All prompts have been sounded.
    PromptEnded { peer: u64, }
    /// A room failed.
    WorkerFailed { room: u64, text: String, }
}

/// One event as a Python object.
pub(crate) fn to_python(py: Python<'_>, event: session::Event) -> PyResult<Py<PyAny>> {
    use session::Event as E;
    match event {
        E::Answered { peer, request, sdp, media } => {
            let media = media.into_iter().map(Media::from).collect();
            make(py, Answered { peer, request, sdp, media })
        }
        E::Offered { peer, request, sdp } => make(py, Offered { peer, request, sdp }),
        E::NegotiationFailed { peer, request, text } => {
            make(py, NegotiationFailed { peer, request, text })
        }
        E::Mapped { peer, tracks } => {
            make(py, Mapped { peer, tracks: tracks.into_iter().collect() })
        }
        E::Connected { peer, srtp_profile, address } => {
            make(py, Connected { peer, srtp_profile, address })
        }
        E::Interrupted { peer } => make(py, Interrupted { peer }),
        E::Closed { peer, reason, text } => make(py, Closed { peer, reason, text }),
        E::TrackStarted { track, codec } => make(py, TrackStarted { track, codec }),
        E::Speaker { room, track } => make(py, Speaker { room, track }),
        E::AudioLevels { room, levels } => make(py, AudioLevels { room, levels }),
        E::Statistics { room, peers } => {
            let peers = peers.into_iter().map(PeerStatistics::from).collect();
            make(py, Statistics { room, peers })
        }
        E::DataReceived { peer, sink, data, binary } => {
            let data = PyBytes::new(py, &data).unbind();
            make(py, DataReceived { peer, sink, data, binary })
        }
        E::AudioReceived { peer, track, time, samples, channels, ticket } => {
            let frames = samples.len() / usize::from(channels.max(1));
            let array = PyArray1::from_vec(py, samples);
            let samples = array.reshape([frames, usize::from(channels.max(1))])?.unbind();
            // From here on it no longer waits.
            drop(ticket);
            make(py, AudioReceived { peer, track, time, samples })
        }
        E::Pressed { peer, digit, duration } => {
            make(py, Pressed { peer, digit, duration: duration.as_secs_f64() })
        }
        E::PromptEnded { peer } => make(py, PromptEnded { peer }),
        E::WorkerFailed { room, text } => make(py, WorkerFailed { room, text }),
    }
}

fn make<T>(py: Python<'_>, event: T) -> PyResult<Py<PyAny>>
where
    T: PyClass<BaseType = Event>,
    (T, Event): Into<PyClassInitializer<T>>,
{
    Ok(Py::new(py, (event, Event))?.into_any())
}

impl From<session::Media> for Media {
    fn from(media: session::Media) -> Media {
        let session::Media { mid, kind, receives, sends, codecs } = media;
        Media { mid, kind, receives, sends, codecs }
    }
}

impl From<session::PeerStatistics> for PeerStatistics {
    fn from(figures: session::PeerStatistics) -> PeerStatistics {
        PeerStatistics {
            peer: figures.peer,
            round_trip: figures.round_trip,
            packets_in: figures.packets_in,
            packets_out: figures.packets_out,
            bytes_in: figures.bytes_in,
            bytes_out: figures.bytes_out,
            bitrate_in: figures.bitrate_in,
            bitrate_out: figures.bitrate_out,
            loss_in: figures.loss_in,
            loss_out: figures.loss_out,
            nacks_in: figures.nacks_in,
            nacks_out: figures.nacks_out,
            keyframes_requested: figures.keyframes_requested,
            available_bitrate: figures.available_bitrate,
        }
    }
}
