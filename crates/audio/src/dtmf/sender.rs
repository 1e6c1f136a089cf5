//! Keys to reports, on a clock of 50 ms (RFC 4733 §2.5.1).

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use super::{Event, KEYS, REPORT};

/// Time between two reports (RFC 4733 §2.6.3 recommends 50 ms).
const STEP: Duration = Duration::from_millis(50);
/// Reports while a key is down; it is held for as many steps and one more.
const REPORTS: u32 = 2;
/// How often the end is said (RFC 4733 §2.5.1.4).
const ENDS: u32 = 3;
/// Steps of silence between two keys.
const PAUSE: u32 = 1;
/// Most keys that wait.
const LONGEST: usize = 64;
/// −10 dBm0, as telephones send it.
const VOLUME: u8 = 10;

/// Why keys were not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PressError {
    /// Not a key.
    Unknown(char),
    /// Too many wait.
    TooMany,
}

impl fmt::Display for PressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PressError::Unknown(key) => write!(f, "{key:?} is no key"),
            PressError::TooMany => write!(f, "more than {LONGEST} keys wait"),
        }
    }
}

impl std::error::Error for PressError {}

/// A packet to send in place of audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// The first of its event.
    pub marker: bool,
    /// When the key went down; all reports of one press have the same.
    pub timestamp: u32,
    /// The payload.
    pub payload: [u8; REPORT],
}

/// Sends keys into one stream.
pub struct Sender {
    clock_rate: u32,
    waiting: VecDeque<u8>,
    current: Option<Pressed>,
    /// When the next step is due; `None` while nothing is to do.
    due: Option<Instant>,
}

struct Pressed {
    code: u8,
    timestamp: u32,
    step: u32,
}

impl Sender {
    /// `clock_rate`: that of the payload type, in Hz.
    pub fn new(clock_rate: u32) -> Sender {
        Sender { clock_rate, waiting: VecDeque::new(), current: None, due: None }
    }

    /// Queues keys (`0`–`9`, `*`, `#`, `A`–`D` in any case): all or, with an error, none.
    pub fn press(&mut self, keys: &str, now: Instant) -> Result<(), PressError> {
        let mut codes = Vec::new();
        for key in keys.chars() {
            let upper = key.to_ascii_uppercase();
            let code = KEYS.iter().position(|&known| char::from(known) == upper);
            codes.push(code.ok_or(PressError::Unknown(key))? as u8);
            if self.waiting.len() + codes.len() > LONGEST {
                return Err(PressError::TooMany);
            }
        }
        self.waiting.extend(codes);
        if self.due.is_none() && !self.waiting.is_empty() {
            self.due = Some(now);
        }
        Ok(())
    }

    /// Whether reports take the place of audio now.
    pub fn is_sending(&self) -> bool {
        self.current.is_some()
    }

    /// When [`Sender::wake`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.due
    }

    /// The report that is due. `timestamp`: that of the stream now.
    pub fn wake(&mut self, now: Instant, timestamp: u32) -> Option<Report> {
        let due = self.due.filter(|&due| due <= now)?;
        if self.current.is_none() {
            let Some(code) = self.waiting.pop_front() else {
                self.due = None;
                return None;
            };
            self.current = Some(Pressed { code, timestamp, step: 0 });
        }
        let pressed = self.current.as_mut()?;
        // Late by more than a step, the clock begins anew instead of sending a burst.
        let begin = if now.saturating_duration_since(due) > STEP { now } else { due };
        self.due = Some(begin + STEP);
        let held = (pressed.step + 1).min(REPORTS + 1);
        let ticks = u64::from(held) * u64::from(self.clock_rate) / 20;
        let event = Event {
            code: pressed.code,
            ends: pressed.step >= REPORTS,
            volume: VOLUME,
            duration: ticks.min(u16::MAX.into()) as u16,
        };
        let report = Report {
            marker: pressed.step == 0,
            timestamp: pressed.timestamp,
            payload: event.write(),
        };
        pressed.step += 1;
        if pressed.step >= REPORTS + ENDS {
            self.current = None;
            self.due = Some(begin + STEP * (1 + PAUSE));
        }
        Some(report)
    }
}
