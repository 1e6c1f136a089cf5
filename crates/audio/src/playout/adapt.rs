//! The delay of a jitter buffer is brought to what the stream needs: shorter by taking periods of
//! the voice out, longer by putting some in.
//!
//! Frames are taken every 20 ms, so a packet is needed at the first tick whose frame touches it. A
//! delay is therefore as good as another that is shorter by less than the *offset* of packets within
//! frames, and only whole steps of 20 ms beyond make room for more lateness.

use std::time::Instant;

use super::{FRAME, Playout, stretch};

/// Arrivals that are looked at before anything is changed.
const ARRIVALS: usize = 8;
/// The delay may be longer than it should by a frame and this, before it is made shorter.
const SHORTER_MS: f32 = 2.0;
/// It may be shorter than it should by this, before it is made longer.
const LONGER_MS: f32 = 1.5;
const FRAME_MS: f32 = 20.0;
/// Offsets below this are none.
const LEAST_MS: f32 = 0.5;

/// What was seen since the last change, and the change that goes on.
#[derive(Default)]
pub(super) struct Adaptation {
    /// Of the last arrivals: how long a packet would have waited if it had come with the quickest;
    /// and its offset within the frame that needs it, in ms.
    arrivals: Vec<(f32, f32)>,
    delay: Option<f32>,
    /// Milliseconds to take out (negative) or to put in.
    plan: f32,
}

impl Adaptation {
    /// Begins to look anew.
    pub(super) fn clear(&mut self) {
        self.arrivals.clear();
        self.plan = 0.0;
    }

    /// How long the quickest packets wait, as far as it is known.
    pub(super) fn delay_ms(&self) -> Option<f32> {
        self.delay
    }

    /// Whether the delay was long enough before the stream was held up by `waited` ms.
    pub(super) fn should_skip(&self, waited: f32, margin: f32) -> bool {
        let longer = self.arrivals.last().map(|arrival| arrival.0);
        longer.is_some_and(|longer| longer - waited >= margin)
    }

    fn note(&mut self, waits: f32, offset: f32) {
        if self.arrivals.len() == ARRIVALS {
            self.arrivals.remove(0);
        }
        self.arrivals.push((waits, offset));
    }

    /// Decides what to change.
    fn decide(&mut self, margin: f32) {
        if self.plan != 0.0 || self.arrivals.len() < ARRIVALS {
            return;
        }
        let least =
            |of: fn(&(f32, f32)) -> f32| self.arrivals.iter().map(of).fold(f32::MAX, f32::min);
        let (delay, offset) = (least(|arrival| arrival.0), least(|arrival| arrival.1));
        self.delay = Some(delay);
        if offset >= LEAST_MS && delay >= margin - LONGER_MS {
            self.plan = -offset;
        } else if delay >= margin + FRAME_MS + SHORTER_MS {
            self.plan = -FRAME_MS;
        } else if delay < margin - LONGER_MS {
            self.plan = FRAME_MS - offset;
        }
    }
}

impl Playout {
    /// Notes how long a packet that arrives now will wait for its turn.
    pub(super) fn note_arrival(&mut self, timestamp: u64, late: f32, now: Instant) {
        let Some(ticked) = self.ticked.filter(|_| self.is_playing) else { return };
        let frame = i64::from(self.format.ticks(20));
        let played = self.timestamp as i64 - self.ticks_of(self.ready.len()) as i64;
        let ahead = timestamp as i64 - played;
        let next = ticked + FRAME;
        let until = if next >= now {
            (next - now).as_secs_f32() * 1000.0
        } else {
            -((now - next).as_secs_f32() * 1000.0)
        };
        let waits = until + ahead.div_euclid(frame) as f32 * FRAME_MS + late;
        self.adaptation.note(waits, self.ms_of(ahead.rem_euclid(frame) as u64));
    }

    /// Changes the delay a little if it should be changed. `count` samples are ready.
    pub(super) fn adapt(&mut self, count: usize) {
        self.adaptation.decide(self.delay.margin());
        let plan = self.adaptation.plan;
        if plan == 0.0 || self.ready.len() < count || self.made_up > 0 {
            return;
        }
        let rate = self.format.sample_rate;
        let most = (plan.abs() * rate as f32 / 1000.0).round() as usize;
        let changed = if plan < 0.0 {
            self.read_ahead(count + most.min(stretch::reach(rate)));
            let most = most.min(self.ready.len().saturating_sub(count));
            stretch::cut(&mut self.ready, rate, most)
        } else {
            stretch::insert(&mut self.ready, rate, most)
        };
        self.figures.stretched += changed as u64;
        let milliseconds = changed as f32 * 1000.0 / rate as f32;
        let left = plan.abs() - milliseconds;
        self.adaptation.plan = left.copysign(plan);
        if left < LEAST_MS || changed == 0 {
            self.adaptation.clear();
        }
    }

    /// Decodes packets that are there ahead of their turn.
    fn read_ahead(&mut self, count: usize) {
        while self.ready.len() < count && self.is_playing {
            let Some(front) = self.queue.front() else { return };
            let in_order = front.sequence == self.sequence && front.timestamp <= self.timestamp;
            if !in_order || front.kind != super::Kind::Sound || !self.play_front() {
                return;
            }
        }
    }
}
