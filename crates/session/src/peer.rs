//! One endpoint of a room: a WebRTC session with its sections, an audio endpoint, or a telephone.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;
use str0m::change::SdpPendingOffer;
use str0m::media::{MediaKind, Mid};
use str0m::rtp::Ssrc;

use crate::audio::AudioPeer;
use crate::clock::SenderClock;
use crate::config::Limits;
use crate::data::Channels;
use crate::phone::PhonePeer;
use crate::room::Id;
use crate::slot::Slot;
use crate::statistics::Figures;
use crate::transport::Transport;

/// A peer that has not connected, or lost its path, is closed after this time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// New addresses that a peer may prove: so many at once, and one more in each interval.
const ADDRESS_BURST: u32 = 16;
/// Proven addresses that are remembered.
const ADDRESSES: usize = 16;
const ADDRESS_INTERVAL: Duration = Duration::from_secs(2);

pub(crate) struct Peer {
    pub(crate) id: Id,
    /// Its messages are told as events too.
    pub(crate) watched: bool,
    pub(crate) body: Body,
}

pub(crate) enum Body {
    Web(Box<WebPeer>),
    Audio(Box<AudioPeer>),
    Phone(Box<PhonePeer>),
}

impl Peer {
    pub(crate) fn web(&mut self) -> Option<&mut WebPeer> {
        match &mut self.body {
            Body::Web(web) => Some(web),
            Body::Audio(_) | Body::Phone(_) => None,
        }
    }

    pub(crate) fn audio(&mut self) -> Option<&mut AudioPeer> {
        match &mut self.body {
            Body::Web(_) | Body::Phone(_) => None,
            Body::Audio(audio) => Some(audio),
        }
    }

    pub(crate) fn phone(&mut self) -> Option<&mut PhonePeer> {
        match &mut self.body {
            Body::Web(_) | Body::Audio(_) => None,
            Body::Phone(phone) => Some(phone),
        }
    }
}

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Never connected; closed at this time.
    Connecting {
        until: Instant,
    },
    Connected,
    /// Lost its path; closed at this time.
    Interrupted {
        until: Instant,
    },
}

/// An offer of ours that waits for its answer.
pub(crate) struct PendingOffer {
    pub(crate) request: u64,
    pub(crate) offer: SdpPendingOffer,
    pub(crate) sections: Vec<(Mid, MediaKind)>,
    /// The tracks it makes room for.
    pub(crate) tracks: Vec<Id>,
    pub(crate) restart: bool,
}

pub(crate) struct WebPeer {
    pub(crate) transport: Transport,
    pub(crate) fragment: String,
    /// Sections may be added by offers of ours.
    pub(crate) may_offer: bool,
    pub(crate) stage: Stage,
    pub(crate) secured: bool,
    pub(crate) reachable: bool,
    /// Sections as of the last description, in order; data sections have no kind.
    pub(crate) sections: Vec<(Mid, Option<MediaKind>)>,
    pub(crate) slots: Vec<Slot>,
    /// Tracks wired to this peer that have no section yet, in order.
    pub(crate) wanted: Vec<Id>,
    /// Tracks whose section the other side refused; not offered again until wired again.
    pub(crate) refused: Vec<Id>,
    pub(crate) pending: Option<PendingOffer>,
    pub(crate) requests: u64,
    pub(crate) restart_wanted: bool,
    pub(crate) mapped: FxHashMap<Mid, Id>,
    /// Which track a source is: by section first, then by what packets said.
    pub(crate) sources: FxHashMap<Ssrc, Option<Id>>,
    pub(crate) clock: SenderClock,
    pub(crate) channels: Channels,
    pub(crate) figures: Figures,
    pub(crate) retransmission_types: u128,
    /// Proven addresses of the other side, the oldest first.
    addresses: Vec<SocketAddr>,
    allowance: u32,
    refilled: Instant,
}

impl WebPeer {
    pub(crate) fn new(
        mut transport: Transport,
        may_offer: bool,
        limits: &Limits,
        now: Instant,
    ) -> WebPeer {
        WebPeer {
            fragment: transport.fragment(),
            transport,
            may_offer,
            stage: Stage::Connecting { until: now + PATIENCE },
            secured: false,
            reachable: false,
            sections: Vec::new(),
            slots: Vec::new(),
            wanted: Vec::new(),
            refused: Vec::new(),
            pending: None,
            requests: 0,
            restart_wanted: false,
            mapped: FxHashMap::default(),
            sources: FxHashMap::default(),
            clock: SenderClock::default(),
            channels: Channels::new(limits.messages_per_second, now),
            figures: Figures::default(),
            retransmission_types: 0,
            addresses: Vec::new(),
            allowance: ADDRESS_BURST,
            refilled: now,
        }
    }

    /// When the stage ends by itself.
    pub(crate) fn patience_ends(&self) -> Option<Instant> {
        match self.stage {
            Stage::Connecting { until } | Stage::Interrupted { until } => Some(until),
            Stage::Connected => None,
        }
    }

    /// Whether a check from this address is looked at: one more new address, or a proven one.
    pub(crate) fn may_prove(&mut self, remote: SocketAddr, now: Instant) -> bool {
        if self.addresses.contains(&remote) {
            return true;
        }
        let elapsed = now.saturating_duration_since(self.refilled);
        let refill = (elapsed.as_millis() / ADDRESS_INTERVAL.as_millis()) as u32;
        if refill > 0 {
            self.allowance = self.allowance.saturating_add(refill).min(ADDRESS_BURST);
            self.refilled = now;
        }
        let may = self.allowance > 0;
        self.allowance = self.allowance.saturating_sub(1);
        may
    }

    /// A check from this address was proven.
    pub(crate) fn proven(&mut self, remote: SocketAddr) {
        if !self.addresses.contains(&remote) {
            if self.addresses.len() >= ADDRESSES {
                self.addresses.remove(0);
            }
            self.addresses.push(remote);
        }
    }

    pub(crate) fn slot_of(&self, track: Id) -> Option<usize> {
        self.slots.iter().position(|slot| slot.track == Some(track))
    }
}
