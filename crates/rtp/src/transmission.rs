//! What is sent of one source: counts for sender reports, the wall clock they are given in, and the
//! round trip from the reports that answer them (RFC 3550 §6.4.1). It knows no bytes.

use std::time::{Duration, Instant, SystemTime};

use crate::reception::fixed;
use crate::rtcp::{Block, SenderInfo};

/// Seconds from 1900 (NTP) to 1970 (Unix).
const NTP_OFFSET: u64 = 2_208_988_800;
/// Longer round trips are errors.
const LONGEST_ROUND_TRIP: Duration = Duration::from_secs(60);

/// A moment on both clocks: time as an argument, and wall time for reports.
#[derive(Clone, Copy, Debug)]
pub struct Epoch {
    /// The moment.
    pub at: Instant,
    /// Its wall time.
    pub wall: SystemTime,
}

impl Epoch {
    /// NTP time (RFC 3550 §4): seconds in the upper half, fractions in the lower.
    pub fn ntp(&self, now: Instant) -> u64 {
        let wall = self.wall + now.saturating_duration_since(self.at);
        let since = wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
        (since.as_secs().wrapping_add(NTP_OFFSET)) << 32 | fraction
    }
}

/// One source of ours.
#[derive(Clone, Copy, Debug)]
pub struct Transmission {
    ssrc: u32,
    packets: u32,
    bytes: u32,
    last: Option<(u32, u32, Instant)>,
    round_trip: Option<Duration>,
    loss: Option<f32>,
}

impl Transmission {
    /// Nothing sent yet.
    pub fn new(ssrc: u32) -> Transmission {
        Transmission { ssrc, packets: 0, bytes: 0, last: None, round_trip: None, loss: None }
    }

    /// The source.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// A packet was sent.
    pub fn sent(&mut self, timestamp: u32, clock_rate: u32, payload: usize, now: Instant) {
        self.packets = self.packets.wrapping_add(1);
        self.bytes = self.bytes.wrapping_add(payload as u32);
        self.last = Some((timestamp, clock_rate, now));
    }

    /// For the sender report; `None` if nothing was sent.
    pub fn info(&self, epoch: &Epoch, now: Instant) -> Option<SenderInfo> {
        let (timestamp, clock_rate, at) = self.last?;
        let since = now.saturating_duration_since(at);
        let ticks = since.as_micros() * u128::from(clock_rate) / 1_000_000;
        Some(SenderInfo {
            ntp: epoch.ntp(now),
            timestamp: timestamp.wrapping_add(ticks as u32),
            packets: self.packets,
            bytes: self.bytes,
        })
    }

    /// When the last packet was sent.
    pub fn last_sent(&self) -> Option<Instant> {
        self.last.map(|(_, _, at)| at)
    }

    /// The other side reports how it receives this source.
    pub fn reported(&mut self, block: &Block, epoch: &Epoch, now: Instant) {
        self.loss = Some(f32::from(block.fraction_lost) / 256.0);
        if block.last_report == 0 {
            return;
        }
        let arrived = (epoch.ntp(now) >> 16) as u32;
        let ticks = arrived.wrapping_sub(block.last_report).wrapping_sub(block.delay);
        // The clocks' grain may make it less than nothing.
        let ticks = if ticks.cast_signed() < 0 { 0 } else { ticks };
        if ticks <= fixed(LONGEST_ROUND_TRIP) {
            self.round_trip = Some(Duration::from_micros(u64::from(ticks) * 1_000_000 / 65_536));
        }
    }

    /// As of the last report.
    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// Fraction lost as of the last report.
    pub fn loss(&self) -> Option<f32> {
        self.loss
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_time_is_that_of_ntp() {
        let at = Instant::now();
        let epoch = Epoch { at, wall: SystemTime::UNIX_EPOCH };
        assert_eq!(epoch.ntp(at), NTP_OFFSET << 32);
        let later = epoch.ntp(at + Duration::from_millis(1500));
        assert_eq!(later, (NTP_OFFSET + 1) << 32 | 1 << 31);
    }

    #[test]
    fn the_round_trip_is_what_the_report_took_less_its_rest() {
        let at = Instant::now();
        let epoch = Epoch { at, wall: SystemTime::now() };
        let mut transmission = Transmission::new(1);
        assert_eq!(transmission.info(&epoch, at), None);
        transmission.sent(1000, 8000, 160, at);
        let info = transmission.info(&epoch, at + Duration::from_millis(10)).unwrap();
        assert_eq!((info.timestamp, info.packets, info.bytes), (1080, 1, 160));
        let block = Block {
            fraction_lost: 64,
            last_report: (info.ntp >> 16) as u32,
            delay: 65_536 / 2,
            ..Block::default()
        };
        transmission.reported(&block, &epoch, at + Duration::from_millis(10 + 500 + 80));
        let round_trip = transmission.round_trip().unwrap().as_millis();
        assert!((79..=80).contains(&round_trip), "{round_trip}");
        assert_eq!(transmission.loss(), Some(0.25));
        let early = Block { delay: 65_536, ..block };
        transmission.reported(&early, &epoch, at + Duration::from_millis(10 + 999));
        assert_eq!(transmission.round_trip(), Some(Duration::ZERO));
    }
}
