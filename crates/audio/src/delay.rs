//! How late the packets of a stream come, and how long they must be held so that almost all are
//! there when it is their turn.

use std::time::{Duration, Instant};

/// Widths of the lateness that is counted, in milliseconds, and how many of them.
const STEP_MS: f32 = 2.0;
const STEPS: usize = 100;
/// The part of packets that must be in time.
const WANTED: f32 = 0.98;
/// What a packet counts for after the next one came: half after 350 packets, 7 s.
const MEMORY: f32 = 0.998;
/// Added to what was seen, for what was not.
const SPARE_MS: f32 = 1.0;
/// Until something was seen.
const FIRST_MS: f32 = 6.0;
/// How long the quickest packet is remembered as the one that had no delay: once to twice this.
const WINDOW: Duration = Duration::from_secs(5);
/// Beyond this a packet is not late but of another time.
const LIMIT_MS: f32 = 500.0;
/// So many of those in a row begin anew.
const PATIENCE: u32 = 3;

/// What is known of one stream.
pub(crate) struct Delay {
    clock_rate: f32,
    origin: Option<(Instant, u64)>,
    window_began: Instant,
    /// The least time from timestamp to arrival, in this window and in the one before, in ms.
    least: f32,
    least_before: f32,
    base: f32,
    counts: [f32; STEPS],
    strange: u32,
}

impl Delay {
    pub(crate) fn new(clock_rate: u32, now: Instant) -> Delay {
        Delay {
            clock_rate: clock_rate as f32,
            origin: None,
            window_began: now,
            least: f32::MAX,
            least_before: f32::MAX,
            base: 0.0,
            counts: [0.0; STEPS],
            strange: 0,
        }
    }

    /// Forgets when packets came, but not how unevenly.
    pub(crate) fn restart(&mut self, now: Instant) {
        let counts = self.counts;
        *self = Delay { counts, ..Delay::new(self.clock_rate as u32, now) };
    }

    /// Notes a packet by its extended timestamp; how much later it came than the quickest one, in
    /// ms.
    pub(crate) fn arrived(&mut self, timestamp: u64, now: Instant) -> f32 {
        let &mut (began, first) = self.origin.get_or_insert((now, timestamp));
        let passed = now.saturating_duration_since(began).as_secs_f64() * 1000.0;
        let ticks = timestamp.wrapping_sub(first) as i64;
        let took = (passed - ticks as f64 * 1000.0 / f64::from(self.clock_rate)) as f32;
        if self.least < f32::MAX && (took - self.base).abs() > LIMIT_MS {
            self.strange += 1;
            if self.strange < PATIENCE {
                return 0.0;
            }
            self.restart(now);
            return self.arrived(timestamp, now);
        }
        self.strange = 0;
        self.follow(took, now);
        let late = took - self.base;
        self.counts.iter_mut().for_each(|count| *count *= MEMORY);
        self.counts[((late / STEP_MS) as usize).min(STEPS - 1)] += 1.0;
        late
    }

    /// How long the quickest packet must be held, in ms.
    pub(crate) fn margin(&self) -> f32 {
        let total: f32 = self.counts.iter().sum();
        if total < 1.0 {
            return FIRST_MS;
        }
        let mut sum = 0.0;
        for (n, count) in self.counts.iter().enumerate() {
            sum += count;
            if sum >= total * WANTED {
                return ((n + 1) as f32 * STEP_MS + SPARE_MS).min(STEPS as f32 * STEP_MS);
            }
        }
        STEPS as f32 * STEP_MS
    }

    /// Follows the least time; what was counted is counted from the new one then.
    fn follow(&mut self, took: f32, now: Instant) {
        if now.saturating_duration_since(self.window_began) >= WINDOW {
            self.window_began = now;
            self.least_before = self.least;
            self.least = took;
        }
        self.least = self.least.min(took);
        let base = self.least.min(self.least_before);
        let moved = ((base - self.base) / STEP_MS) as i32;
        if moved == 0 && base >= self.base {
            return;
        }
        self.base = base;
        let steps = moved.unsigned_abs() as usize;
        if steps == 0 || steps >= STEPS {
            return;
        }
        let middle = if moved > 0 { steps } else { STEPS - steps };
        self.counts.rotate_left(middle);
        if moved > 0 {
            // What would be less than nothing is nothing, and comes round at the far end.
            let lost: f32 = self.counts[STEPS - steps..].iter().sum();
            self.counts[STEPS - steps..].fill(0.0);
            self.counts[0] += lost;
        } else {
            let lost: f32 = self.counts[..steps].iter().sum();
            self.counts[..steps].fill(0.0);
            self.counts[STEPS - 1] += lost;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets of 20 ms that come so much late each; the margin after them.
    fn margin(late: impl Fn(u64) -> u64, count: u64) -> f32 {
        let start = Instant::now();
        let mut delay = Delay::new(8000, start);
        for n in 0..count {
            delay.arrived(1000 + n * 160, start + Duration::from_millis(n * 20 + late(n)));
        }
        delay.margin()
    }

    #[test]
    fn the_margin_follows_the_lateness() {
        assert_eq!(margin(|_| 0, 500), 3.0);
        assert_eq!(margin(|n| n % 4 * 10, 500), 33.0);
        assert_eq!(margin(|n| if n == 100 { 150 } else { 0 }, 500), 3.0, "one is not many");
        assert_eq!(margin(|n| if n % 20 == 0 { 90 } else { 0 }, 500), 93.0);
        assert_eq!(margin(|n| n % 2 * 400, 100), 200.0, "there is a limit");
    }

    #[test]
    fn a_longer_way_is_no_lateness() {
        let longer = |n| if n > 1000 { 60 } else { 0 };
        assert!(margin(longer, 1060) > 50.0, "not known yet");
        assert!(margin(longer, 1700) < 7.0, "known: {}", margin(longer, 1700));
        assert!(margin(|n| if n > 1000 { 5000 } else { 0 }, 1100) < 7.0, "another time");
    }

    #[test]
    fn a_fast_or_slow_clock_is_no_lateness() {
        // 200 in a million.
        assert!(margin(|n| n * 20 / 5000, 20_000) <= 5.0);
        let start = Instant::now();
        let mut delay = Delay::new(8000, start);
        for n in 0..20_000u64 {
            delay.arrived(n * 160, start + Duration::from_micros(n * 19_996));
        }
        assert!(delay.margin() <= 5.0, "{}", delay.margin());
    }
}
