//! What is received of one source: its sequence numbers extended, losses and jitter for reports
//! (RFC 3550 §6.4.1, A.1, A.3, A.8). It knows no bytes.

use std::time::{Duration, Instant};

use crate::rtcp::{Block, SenderInfo};

/// A jump further than this begins a new run of numbers (RFC 3550 A.1, MAX_DROPOUT).
const LONGEST_JUMP: u16 = 3000;
/// A packet older than this is of no use to anybody (RFC 3550 A.1, MAX_MISORDER).
const OLDEST: u16 = 500;

/// One source as it is received.
#[derive(Clone, Debug)]
pub struct Reception {
    ssrc: u32,
    /// Extended numbers; they begin at 2^16, so that packets before the first have one too.
    first: u64,
    highest: u64,
    received: u64,
    /// A packet after a jump, and the number that would follow it: two in a row are a new run.
    jumped: Option<u16>,
    reported: (u64, u64),
    jitter: f64,
    /// Fraction lost before the last report.
    loss: Option<f32>,
    transit: Option<(u32, Instant)>,
    report: Option<(u32, Instant)>,
}

impl Reception {
    /// Begins with the first packet of a source.
    pub fn new(ssrc: u32, sequence: u16) -> Reception {
        let first = 1 << 16 | u64::from(sequence);
        Reception {
            ssrc,
            first,
            highest: first - 1,
            received: 0,
            jumped: None,
            reported: (0, 0),
            jitter: 0.0,
            loss: None,
            transit: None,
            report: None,
        }
    }

    /// The source.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The highest number so far, extended.
    pub fn highest(&self) -> u64 {
        self.highest
    }

    /// Whether a packet with this number plausibly follows what came before.
    pub fn follows(&self, sequence: u16) -> bool {
        let ahead = sequence.wrapping_sub(self.highest as u16);
        (1..LONGEST_JUMP).contains(&ahead)
    }

    /// A packet arrived: its number extended; `None` for one that is too old, or the first after a
    /// jump (the next one tells whether it was an error).
    pub fn heard(
        &mut self,
        sequence: u16,
        timestamp: u32,
        clock_rate: u32,
        now: Instant,
    ) -> Option<u64> {
        let ahead = sequence.wrapping_sub(self.highest as u16);
        let extended = if ahead < LONGEST_JUMP {
            self.highest + u64::from(ahead)
        } else if ahead.wrapping_neg() <= OLDEST {
            self.highest - u64::from(ahead.wrapping_neg())
        } else if self.jumped == Some(sequence) {
            // The source began anew: later numbers than all before, so that nothing looks old.
            let anew = (self.highest | 0xffff) + 1 + u64::from(sequence);
            (self.first, self.received, self.reported) = (anew, 0, (0, 0));
            self.transit = None;
            anew
        } else {
            self.jumped = Some(sequence.wrapping_add(1));
            return None;
        };
        self.jumped = None;
        self.received += 1;
        self.highest = self.highest.max(extended);
        self.vary(timestamp, clock_rate, now);
        Some(extended)
    }

    /// RFC 3550 A.8.
    fn vary(&mut self, timestamp: u32, clock_rate: u32, now: Instant) {
        if let Some((last, at)) = self.transit {
            if last == timestamp {
                return;
            }
            let elapsed = now.saturating_duration_since(at).as_secs_f64() * f64::from(clock_rate);
            let sent = f64::from(timestamp.wrapping_sub(last).cast_signed());
            let difference = (elapsed - sent).abs();
            // A pause of the talker is no jitter.
            if difference < f64::from(clock_rate) {
                self.jitter += (difference - self.jitter) / 16.0;
            }
        }
        self.transit = Some((timestamp, now));
    }

    /// A sender report of the source arrived.
    pub fn reported(&mut self, info: &SenderInfo, now: Instant) {
        self.report = Some(((info.ntp >> 16) as u32, now));
    }

    /// Fraction lost between the last two reports.
    pub fn loss(&self) -> Option<f32> {
        self.loss
    }

    /// Ticks.
    pub fn jitter(&self) -> u32 {
        self.jitter as u32
    }

    /// The report block; what is lost is counted anew for the next one.
    pub fn block(&mut self, now: Instant) -> Block {
        let expected = self.highest + 1 - self.first;
        let lost = expected.cast_signed() - self.received.cast_signed();
        let (expected_before, received_before) = self.reported;
        self.reported = (expected, self.received);
        let expected_now = expected.saturating_sub(expected_before);
        let lost_now = expected_now.saturating_sub(self.received - received_before);
        if expected_now > 0 {
            self.loss = Some(lost_now as f32 / expected_now as f32);
        }
        let (last_report, delay) = self
            .report
            .map_or((0, 0), |(report, at)| (report, fixed(now.saturating_duration_since(at))));
        Block {
            ssrc: self.ssrc,
            fraction_lost: (lost_now * 256).checked_div(expected_now).unwrap_or(0).min(255) as u8,
            lost: lost.clamp(-0x80_0000, 0x7f_ffff) as i32,
            highest: self.highest as u32,
            jitter: self.jitter(),
            last_report,
            delay,
        }
    }
}

/// In 1/65536 s.
pub(crate) fn fixed(time: Duration) -> u32 {
    u32::try_from(time.as_micros() * 65_536 / 1_000_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: Duration = Duration::from_millis(20);

    #[test]
    fn numbers_are_extended_over_the_wrap() {
        let now = Instant::now();
        let mut reception = Reception::new(1, 65_534);
        let mut at = |sequence| reception.heard(sequence, 0, 8000, now);
        let first = at(65_534).unwrap();
        assert_eq!(at(65_535), Some(first + 1));
        assert_eq!(at(1), Some(first + 3));
        assert_eq!(at(0), Some(first + 2), "out of order");
        assert_eq!(at(65_533), Some(first - 1), "before the first");
        assert_eq!(at(30_000), None, "a jump");
        assert_eq!(at(2), Some(first + 4), "an error, not a jump");
        assert_eq!(at(30_000), None);
        assert!(at(30_001).unwrap() > first + 4, "a new run");
        assert!(at(30_002).is_some());
    }

    #[test]
    fn losses_are_counted() {
        let mut now = Instant::now();
        let mut reception = Reception::new(7, 100);
        for sequence in (100..200u16).filter(|sequence| sequence % 4 != 3) {
            now += PACKET;
            reception.heard(sequence, 0, 8000, now);
        }
        let block = reception.block(now);
        assert_eq!((block.ssrc, block.lost), (7, 24), "the last one lost is not known yet");
        assert!((60..=64).contains(&block.fraction_lost));
        for sequence in 199..300 {
            reception.heard(sequence, 0, 8000, now);
        }
        let block = reception.block(now);
        assert_eq!((block.lost, block.fraction_lost), (24, 0));
        assert_eq!(block.highest & 0xffff, 299);
    }

    #[test]
    fn jitter_is_that_of_the_arrivals() {
        let start = Instant::now();
        let mut reception = Reception::new(7, 0);
        for index in 0..500u16 {
            let late = Duration::from_millis(if index % 2 == 0 { 0 } else { 10 });
            let at = start + PACKET * u32::from(index) + late;
            reception.heard(index, u32::from(index) * 160, 8000, at);
        }
        // Each differs from the last by 10 ms, 80 ticks.
        assert!((78..=80).contains(&reception.jitter()), "{}", reception.jitter());
    }

    #[test]
    fn the_delay_since_a_report_is_told() {
        let now = Instant::now();
        let mut reception = Reception::new(7, 0);
        assert_eq!(reception.block(now).last_report, 0);
        let info = SenderInfo { ntp: 0x1111_2222_3333_4444, ..SenderInfo::default() };
        reception.reported(&info, now);
        let block = reception.block(now + Duration::from_millis(500));
        assert_eq!((block.last_report, block.delay), (0x2222_3333, 32_768));
    }
}
