//! One media source of a peer and the sinks that it is carried to.

use std::time::{Duration, Instant};

use antiphon_audio::transcode::Transcoder;
use str0m::media::{MediaKind, Mid, Pt};
use str0m::rtp::Ssrc;

use crate::burst::Burst;
use crate::codec::{Codec, Format};
use crate::room::Id;
use crate::transcode::Ear;

/// Least time between two keyframe requests to one source.
pub(crate) const KEYFRAME_INTERVAL: Duration = Duration::from_millis(500);

/// A sink that is ready to be sent to: a section of a peer, or an audio endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// Index of the peer in the room.
    pub(crate) peer: usize,
    /// Index of the section among the peer's; unused for audio endpoints.
    pub(crate) slot: usize,
}

pub(crate) struct Track {
    pub(crate) id: Id,
    /// Index of the peer in the room.
    pub(crate) peer: usize,
    pub(crate) mid: Mid,
    /// Known once the section is negotiated.
    pub(crate) kind: Option<MediaKind>,
    pub(crate) paused: bool,
    /// The source, and what its packets are.
    pub(crate) ssrc: Option<Ssrc>,
    pub(crate) format: Option<(Pt, Format)>,
    pub(crate) started: Option<Codec>,
    pub(crate) deliveries: Vec<Delivery>,
    /// Makes packets for sinks that have not negotiated its codec.
    pub(crate) conversion: Option<Box<Transcoder>>,
    /// Listens to its loudness.
    pub(crate) ear: Option<Box<Ear>>,
    pub(crate) burst: Burst,
    requested: Option<Instant>,
    /// A request that came too early is made at this time.
    pub(crate) request_due: Option<Instant>,
}

impl Track {
    pub(crate) fn new(id: Id, peer: usize, mid: Mid, kind: Option<MediaKind>) -> Track {
        Track {
            id,
            peer,
            mid,
            kind,
            paused: false,
            ssrc: None,
            format: None,
            started: None,
            deliveries: Vec::new(),
            conversion: None,
            ear: None,
            burst: Burst::default(),
            requested: None,
            request_due: None,
        }
    }

    /// Whether a keyframe may be asked for now; otherwise it is noted for later.
    pub(crate) fn may_request(&mut self, now: Instant) -> bool {
        let next = self.requested.map_or(now, |at| at + KEYFRAME_INTERVAL);
        if next > now {
            self.request_due = Some(next);
            return false;
        }
        self.requested = Some(now);
        self.request_due = None;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyframe_requests_are_spread() {
        let now = Instant::now();
        let mut track = Track::new(1, 0, Mid::from("v"), Some(MediaKind::Video));
        assert!(track.may_request(now));
        for ms in [0, 1, 100, 499] {
            assert!(!track.may_request(now + Duration::from_millis(ms)));
        }
        assert_eq!(track.request_due, Some(now + KEYFRAME_INTERVAL));
        assert!(track.may_request(now + KEYFRAME_INTERVAL));
        assert_eq!(track.request_due, None);
    }
}
