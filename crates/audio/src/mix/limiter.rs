//! Keeps a sum of voices within what 16 bits hold, by turning it down shortly instead of clipping.

/// Samples of one step of the gain: 2.5 ms at 48 kHz.
const STEP: usize = 120;
/// Highest peak that leaves the limiter: −1 dB.
const CEILING: f32 = 29_200.0;
/// How fast the gain comes back: this part of what is missing in each step, 150 ms in all.
const RELEASE: f32 = 0.016;

/// The gain of one sum.
#[derive(Clone, Debug)]
pub struct Limiter {
    gain: f32,
}

impl Default for Limiter {
    fn default() -> Self {
        Limiter { gain: 1.0 }
    }
}

impl Limiter {
    /// Limits one frame in place.
    pub fn process(&mut self, samples: &mut [f32]) {
        let needed: Vec<f32> = samples.chunks(STEP).map(needed_gain).collect();
        if self.gain >= 1.0 && needed.iter().all(|&gain| gain >= 1.0) {
            return;
        }
        for (n, piece) in samples.chunks_mut(STEP).enumerate() {
            // Down in time for the next step, whose loudness is known; up slowly.
            let next = needed.get(n + 1).copied().unwrap_or(1.0);
            let risen = self.gain + (1.0 - self.gain) * RELEASE;
            let end = risen.min(needed[n]).min(next);
            let begin = self.gain;
            let slope = (end - begin) / piece.len() as f32;
            for (k, sample) in piece.iter_mut().enumerate() {
                *sample = soft(*sample * (begin + slope * (k + 1) as f32));
            }
            self.gain = if end > 0.9999 { 1.0 } else { end };
        }
    }
}

fn needed_gain(samples: &[f32]) -> f32 {
    let peak = samples.iter().fold(0.0f32, |peak, sample| peak.max(sample.abs()));
    if peak > CEILING { CEILING / peak } else { 1.0 }
}

/// Bends what is above the ceiling (the beginning of a frame that nobody could foresee) so that it
/// stays within 16 bits.
fn soft(sample: f32) -> f32 {
    let over = sample.abs() - CEILING;
    if over <= 0.0 {
        return sample;
    }
    let room = 32_767.0 - CEILING;
    (CEILING + room * over / (room + over)).copysign(sample)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::FRAME;
    use proptest::prelude::*;

    fn tone(loudness: f32, from: usize) -> Vec<f32> {
        let angle = |n: usize| n as f32 * 300.0 * std::f32::consts::TAU / 48_000.0;
        (from..from + FRAME).map(|n| angle(n).sin() * loudness).collect()
    }

    #[test]
    fn what_fits_is_left_alone() {
        let mut limiter = Limiter::default();
        let mut samples = tone(29_000.0, 0);
        limiter.process(&mut samples);
        assert_eq!(samples, tone(29_000.0, 0));
        let mut silence = [0.0; FRAME];
        limiter.process(&mut silence);
        assert_eq!(silence, [0.0; FRAME]);
    }

    #[test]
    fn loud_sums_are_turned_down_without_clicks_and_the_gain_comes_back() {
        let mut limiter = Limiter::default();
        let mut all = Vec::new();
        for n in 0..40 {
            let loudness = if (5..15).contains(&n) { 90_000.0 } else { 15_000.0 };
            let mut samples = tone(loudness, n * FRAME);
            limiter.process(&mut samples);
            all.extend(samples);
        }
        let peak = all.iter().fold(0.0f32, |peak, sample| peak.max(sample.abs()));
        assert!((28_000.0..=32_767.0).contains(&peak), "{peak}");
        let steps = all.windows(2).map(|pair| (pair[1] - pair[0]).abs());
        // The loud tone itself has steps of 3,530 where it begins.
        assert!(steps.fold(0.0, f32::max) < 3600.0);
        let last = all[39 * FRAME..].iter().fold(0.0f32, |peak, sample| peak.max(sample.abs()));
        assert!(last > 14_000.0, "the gain came back: {last}");
    }

    proptest! {
        #[test]
        fn nothing_leaves_16_bits(frames in prop::collection::vec(prop::collection::vec(-400_000f32..400_000.0, 0..1000), 1..8)) {
            let mut limiter = Limiter::default();
            for mut samples in frames {
                limiter.process(&mut samples);
                prop_assert!(samples.iter().all(|sample| sample.abs() <= 32_767.0));
            }
        }
    }
}
