//! How much one peer may do in a while.

use std::time::{Duration, Instant};

/// Seconds' worth that may come at once.
const BURST: f64 = 2.0;

/// Fills by `rate` a second; what is taken may go below nothing, and then one has to wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    rate: u32,
    level: f32,
    filled: Instant,
}

impl Bucket {
    /// A full one; a rate of 0 is no limit.
    pub(crate) fn new(rate: u32, now: Instant) -> Bucket {
        Bucket { rate, level: (f64::from(rate) * BURST) as f32, filled: now }
    }

    /// Takes so much.
    pub(crate) fn take(&mut self, amount: usize, now: Instant) {
        if self.rate != 0 {
            self.fill(now);
            self.level -= amount as f32;
        }
    }

    fn fill(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.filled).as_secs_f64();
        let most = f64::from(self.rate) * BURST;
        self.level = (f64::from(self.level) + seconds * f64::from(self.rate)).min(most) as f32;
        self.filled = now;
    }

    /// How long to wait until something may be taken again; None: not at all.
    pub(crate) fn wait(&mut self, now: Instant) -> Option<Duration> {
        if self.rate == 0 {
            return None;
        }
        self.fill(now);
        let seconds = -f64::from(self.level) / f64::from(self.rate);
        (seconds > 0.0).then(|| Duration::from_secs_f64(seconds.clamp(0.001, 3600.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let start = Instant::now();
        let mut bucket = Bucket::new(10, start);
        bucket.take(20, start);
        assert_eq!(bucket.wait(start), None);
        bucket.take(5, start);
        assert_eq!(bucket.wait(start), Some(Duration::from_millis(500)));
        let later = start + Duration::from_millis(600);
        assert_eq!(bucket.wait(later), None);
        let mut none = Bucket::new(0, start);
        none.take(1_000_000, start);
        assert_eq!(none.wait(start), None);
    }
}
