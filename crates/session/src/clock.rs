//! When a packet was captured, on our clock: from the sender reports of its peer, so that tracks of
//! one peer stay in step when their timestamps are rewritten (RFC 3550 §6.4.1).

use std::time::{Duration, Instant, SystemTime};

/// A report further than this from the prediction means that the peer's clock was set.
const STEP: Duration = Duration::from_secs(2);

/// A peer's wall clock as seen from here. All tracks of the peer share it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SenderClock {
    anchor: Option<(SystemTime, Instant)>,
}

/// The last report of one track: its timestamp at the peer's time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report {
    pub(crate) ntp: SystemTime,
    pub(crate) timestamp: u32,
}

impl SenderClock {
    /// A report with this NTP time arrived. The report that travelled fastest sets the clock.
    pub(crate) fn heard(&mut self, ntp: SystemTime, arrived: Instant) {
        let Some(predicted) = self.local(ntp) else {
            self.anchor = Some((ntp, arrived));
            return;
        };
        let late = arrived.saturating_duration_since(predicted);
        if arrived < predicted || late > STEP {
            self.anchor = Some((ntp, arrived));
        }
    }

    /// When the packet with this timestamp was captured; at the latest `arrived`.
    pub(crate) fn captured(
        &self,
        report: Option<Report>,
        timestamp: u32,
        clock_rate: u32,
        arrived: Instant,
    ) -> Instant {
        self.try_captured(report, timestamp, clock_rate)
            .filter(|at| arrived.saturating_duration_since(*at) < STEP)
            .map_or(arrived, |at| at.min(arrived))
    }

    fn try_captured(&self, report: Option<Report>, timestamp: u32, rate: u32) -> Option<Instant> {
        let report = report?;
        let ticks = timestamp.wrapping_sub(report.timestamp) as i32;
        let distance = Duration::from_micros(
            u64::from(ticks.unsigned_abs()) * 1_000_000 / u64::from(rate.max(1)),
        );
        let reported = self.local(report.ntp)?;
        if ticks >= 0 { reported.checked_add(distance) } else { reported.checked_sub(distance) }
    }

    fn local(&self, ntp: SystemTime) -> Option<Instant> {
        let (anchor, at) = self.anchor?;
        match ntp.duration_since(anchor) {
            Ok(later) => at.checked_add(later),
            Err(earlier) => at.checked_sub(earlier.duration()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn tracks_of_one_peer_stay_in_step() {
        let (now, ntp) = (Instant::now(), SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 31));
        let mut clock = SenderClock::default();
        clock.heard(ntp, now + 40 * MS);
        clock.heard(ntp + 1000 * MS, now + 1010 * MS);
        let audio = Report { ntp, timestamp: 1000 };
        let video = Report { ntp: ntp + 500 * MS, timestamp: u32::MAX - 10 };
        let arrived = now + 1200 * MS;
        let heard = clock.captured(Some(audio), 1000 + 48_000, 48_000, arrived);
        let seen =
            clock.captured(Some(video), (u32::MAX - 10).wrapping_add(45_000), 90_000, arrived);
        assert_eq!(heard, now + 1010 * MS);
        assert_eq!(seen, heard);
    }

    #[test]
    fn without_a_report_arrival_counts_and_nothing_is_in_the_future() {
        let now = Instant::now();
        let mut clock = SenderClock::default();
        assert_eq!(clock.captured(None, 5, 90_000, now), now);
        let ntp = SystemTime::now();
        clock.heard(ntp, now);
        let report = Some(Report { ntp, timestamp: 0 });
        assert_eq!(clock.captured(report, 90_000 * 60, 90_000, now), now);
        assert_eq!(clock.captured(report, 0u32.wrapping_sub(900_000), 90_000, now), now);
    }

    #[test]
    fn a_clock_that_was_set_is_followed() {
        let (now, ntp) = (Instant::now(), SystemTime::now());
        let mut clock = SenderClock::default();
        clock.heard(ntp, now);
        clock.heard(ntp - Duration::from_secs(3600), now + 1000 * MS);
        let report = Report { ntp: ntp - Duration::from_secs(3600), timestamp: 0 };
        let at = clock.captured(Some(report), 900, 90_000, now + 1500 * MS);
        assert_eq!(at, now + 1010 * MS);
    }
}
