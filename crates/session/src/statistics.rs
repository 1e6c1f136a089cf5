//! Figures of each peer, and the record that a room gives of them from time to time.

use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;
use str0m::media::Mid;

use crate::event::{Event, PeerStatistics};
use crate::peer::{Stage, WebPeer};
use crate::room::{Id, Room};
use crate::transport::PathFigures;

/// The estimator is told to look for this much more than is sent.
const HEADROOM: f64 = 1.5;
/// Below this nothing is gained by looking for less.
const LEAST_DESIRE: u64 = 500_000;

/// Sums since the peer connected, and what is needed for the rates of the last interval.
#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) packets_in: u64,
    pub(crate) packets_out: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) keyframes_requested: u64,
    pub(crate) available: Option<u64>,
    pub(crate) path: PathFigures,
    nacks_in: FxHashMap<Mid, u64>,
    nacks_out: FxHashMap<Mid, u64>,
    told: Option<(Instant, u64, u64)>,
    desired: u64,
}

impl Figures {
    /// The sum of NACKs received for a section; returns by how much it grew.
    pub(crate) fn nacks_in(&mut self, mid: Mid, sum: u64) -> u64 {
        grow(&mut self.nacks_in, mid, sum)
    }

    /// The sum of NACKs sent for a section; returns by how much it grew.
    pub(crate) fn nacks_out(&mut self, mid: Mid, sum: u64) -> u64 {
        grow(&mut self.nacks_out, mid, sum)
    }

    fn tell(&mut self, peer: Id, now: Instant) -> PeerStatistics {
        let (since, bytes_in, bytes_out) =
            self.told.unwrap_or((now, self.bytes_in, self.bytes_out));
        self.told = Some((now, self.bytes_in, self.bytes_out));
        let seconds = now.saturating_duration_since(since).as_secs_f64();
        let rate = |bytes: u64| {
            if seconds > 0.0 { (bytes as f64 * 8.0 / seconds).round() as u64 } else { 0 }
        };
        PeerStatistics {
            peer,
            round_trip: self.path.round_trip.map(|time| time.as_secs_f64() * 1000.0),
            packets_in: self.packets_in,
            packets_out: self.packets_out,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            bitrate_in: rate(self.bytes_in - bytes_in),
            bitrate_out: rate(self.bytes_out - bytes_out),
            loss_in: fraction(self.path.loss_in),
            loss_out: fraction(self.path.loss_out),
            nacks_in: self.nacks_in.values().sum(),
            nacks_out: self.nacks_out.values().sum(),
            keyframes_requested: self.keyframes_requested,
            available_bitrate: self.available,
        }
    }
}

fn grow(sums: &mut FxHashMap<Mid, u64>, mid: Mid, sum: u64) -> u64 {
    let last = sums.insert(mid, sum).unwrap_or(0);
    sum.saturating_sub(last)
}

fn fraction(loss: Option<f32>) -> f64 {
    f64::from(loss.filter(|loss| loss.is_finite()).unwrap_or(0.0).clamp(0.0, 1.0))
}

impl WebPeer {
    /// Has the estimator look for what is sent and some more, if that changed much.
    fn aim(&mut self, bitrate_out: u64) {
        let desired = ((bitrate_out as f64 * HEADROOM) as u64).max(LEAST_DESIRE);
        if desired.abs_diff(self.figures.desired) * 5 > self.figures.desired {
            self.figures.desired = desired;
            self.transport.desire(desired);
        }
    }
}

impl Room {
    pub(crate) fn set_statistics_interval(&mut self, interval: Duration) {
        self.statistics_interval = interval;
        self.statistics_at = None;
    }

    pub(crate) fn tell_statistics(&mut self, now: Instant) {
        self.statistics_at = None;
        let mut peers = Vec::with_capacity(self.by_id.len());
        for index in 0..self.peers.len() {
            self.measure_phone(index);
            let Some(peer) = self.peers[index].as_mut() else { continue };
            let id = peer.id;
            if let Some(phone) = peer.phone()
                && phone.heard().is_some()
            {
                peers.push(phone.figures.tell(id, now));
            }
            let Some(web) = peer.web() else { continue };
            if matches!(web.stage, Stage::Connecting { .. }) {
                continue;
            }
            let figures = web.figures.tell(id, now);
            if web.transport.estimates() {
                web.aim(figures.bitrate_out);
            }
            peers.push(figures);
        }
        if !peers.is_empty() {
            self.events.push(Event::Statistics { room: self.id, peers });
        }
        if !self.statistics_interval.is_zero() && !self.by_id.is_empty() {
            self.statistics_at = Some(now + self.statistics_interval);
        }
    }

    pub(crate) fn tell_speakers(&mut self, now: Instant) {
        if self.speakers.is_idle() {
            return;
        }
        let decision = self.speakers.decide(now);
        // Silence must be noticed although no packet comes any more.
        self.busy = true;
        if let Some(track) = decision.speaker {
            self.events.push(Event::Speaker { room: self.id, track });
        }
        if let Some(levels) = decision.levels {
            self.events.push(Event::AudioLevels { room: self.id, levels });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_those_of_the_last_interval() {
        let now = Instant::now();
        let mut figures = Figures::default();
        figures.tell(1, now);
        figures.bytes_out = 250_000;
        let told = figures.tell(1, now + Duration::from_secs(2));
        assert_eq!((told.bitrate_out, told.bytes_out, told.bitrate_in), (1_000_000, 250_000, 0));
        let told = figures.tell(1, now + Duration::from_secs(4));
        assert_eq!((told.bitrate_out, told.bytes_out), (0, 250_000));
        assert_eq!(figures.nacks_in(Mid::from("a"), 5), 5);
        assert_eq!(figures.nacks_in(Mid::from("a"), 7), 2);
        assert_eq!(figures.nacks_in(Mid::from("b"), 1), 1);
        assert_eq!(figures.tell(1, now).nacks_in, 8);
    }
}
