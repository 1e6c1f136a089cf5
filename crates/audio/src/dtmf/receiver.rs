//! Reports of one stream to presses: each press is told once, however its packets were lost.

use std::time::{Duration, Instant};

use super::{Event, REPORT};

/// An event that nothing was heard of for this long is over, its end lost: three times the usual
/// interval of reports (RFC 4733 §2.5.2.2).
const PATIENCE: Duration = Duration::from_millis(150);
/// Most reports in one packet that are looked at.
const MOST_REPORTS: usize = 8;

/// A key that was pressed and let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Press {
    /// `0` … `9`, `*`, `#`, `A` … `D`.
    pub key: char,
    /// How long it was held.
    pub duration: Duration,
}

/// The event that is going on, or the last one.
#[derive(Clone, Copy)]
struct Current {
    event: Event,
    timestamp: u32,
    /// Ticks of segments before this one (RFC 4733 §2.5.1.3).
    before: u64,
    heard: Instant,
    ended: bool,
}

/// Receives the events of one stream.
pub struct Receiver {
    clock_rate: u32,
    current: Option<Current>,
}

impl Receiver {
    /// `clock_rate`: that of the payload type, in Hz.
    pub fn new(clock_rate: u32) -> Receiver {
        Receiver { clock_rate: clock_rate.max(1), current: None }
    }

    /// Takes in the payload of a packet; what was pressed and is over now, in order.
    pub fn receive(&mut self, timestamp: u32, payload: &[u8], now: Instant) -> Vec<Press> {
        let mut presses = Vec::new();
        let mut timestamp = timestamp;
        // RFC 4733 §2.5.1.5: more reports may follow, each beginning where the one before ends.
        for report in payload.chunks_exact(REPORT).take(MOST_REPORTS) {
            let Some(event) = Event::parse(report) else { break };
            self.hear(timestamp, event, now, &mut presses);
            timestamp = timestamp.wrapping_add(event.duration.into());
        }
        presses
    }

    /// Ends an event whose end was lost.
    pub fn wake(&mut self, now: Instant) -> Option<Press> {
        if self.deadline()? > now { None } else { self.end() }
    }

    /// When [`Receiver::wake`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.current.filter(|current| !current.ended).map(|current| current.heard + PATIENCE)
    }

    fn hear(&mut self, timestamp: u32, event: Event, now: Instant, presses: &mut Vec<Press>) {
        if let Some(current) = &mut self.current {
            let since = timestamp.wrapping_sub(current.timestamp) as i32;
            if since < 0 {
                return;
            }
            if since == 0 {
                // The same event: later, repeated or reordered.
                if !current.ended && event.code == current.event.code {
                    current.heard = now;
                    current.event.duration = current.event.duration.max(event.duration);
                    if event.ends {
                        presses.extend(self.end());
                    }
                }
                return;
            }
            // RFC 4733 §2.5.1.3: the next segment begins where the longest duration ends.
            let continues = !current.ended
                && event.code == current.event.code
                && since as u32 == u32::from(u16::MAX);
            if continues {
                current.before += u64::from(u16::MAX);
                current.timestamp = timestamp;
                current.heard = now;
                current.event = event;
                if event.ends {
                    presses.extend(self.end());
                }
                return;
            }
        }
        // Another event begins: the end of the last one was lost.
        presses.extend(self.end());
        self.current = Some(Current { event, timestamp, before: 0, heard: now, ended: false });
        if event.ends {
            presses.extend(self.end());
        }
    }

    fn end(&mut self) -> Option<Press> {
        let current = self.current.as_mut().filter(|current| !current.ended)?;
        current.ended = true;
        let ticks = current.before + u64::from(current.event.duration);
        let key = current.event.key()?;
        let duration = Duration::from_micros(ticks * 1_000_000 / u64::from(self.clock_rate));
        Some(Press { key, duration })
    }
}
