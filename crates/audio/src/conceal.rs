//! Makes up for lost sound by repeating the last periods of the voice, ever quieter (in the way of
//! ITU-T G.711 Appendix I), for codecs that do not do so themselves.

use crate::period::{self, Span};

/// Until this long the loss is filled at full loudness; it is silent at the end of the second.
const FULL_MS: usize = 10;
const SILENT_MS: usize = 60;
/// Shortest and longest period that is looked for: 400 … 66 Hz.
const SHORTEST_US: usize = 2500;
const LONGEST_US: usize = 15_000;
/// The part of the past that is compared with what was one period before it.
const COMPARED_MS: usize = 10;
/// A period becomes two and then three, since one alone sounds like a buzzer.
const MOST_PERIODS: usize = 3;
/// What comes after a gap is blended in over this time.
const BLEND_MS: usize = 5;

/// The past of one stream, and the loss that goes on.
pub(crate) struct Concealer {
    sample_rate: usize,
    /// The newest last; as long as [`MOST_PERIODS`] and a half of the longest period.
    history: Vec<i16>,
    gap: Option<Gap>,
}

/// A loss that goes on.
struct Gap {
    period: usize,
    /// How many samples were made.
    length: usize,
    /// Where in the last period of the template the next sample is.
    position: usize,
}

impl Concealer {
    /// For one channel.
    pub(crate) fn new(sample_rate: u32) -> Concealer {
        let sample_rate = sample_rate as usize;
        let length = sample_rate * (LONGEST_US * (MOST_PERIODS + 1)) / 1_000_000;
        Concealer { sample_rate, history: vec![0; length], gap: None }
    }

    /// Forgets the past.
    pub(crate) fn reset(&mut self) {
        self.history.fill(0);
        self.gap = None;
    }

    /// Sound that arrived. After a loss its beginning is blended with what the loss was filled with.
    pub(crate) fn heard(&mut self, samples: &mut [i16]) {
        if let Some(mut gap) = self.gap.take() {
            let length = (self.sample_rate * BLEND_MS / 1000).min(samples.len());
            for (n, sample) in samples[..length].iter_mut().enumerate() {
                let old = f32::from(self.next(&mut gap));
                let weight = (n + 1) as f32 / (length + 1) as f32;
                *sample = (old + (f32::from(*sample) - old) * weight) as i16;
            }
        }
        self.remember(samples);
    }

    /// Fills `samples` in place of lost ones.
    pub(crate) fn lost(&mut self, samples: &mut [i16]) {
        let mut gap = self.gap.take().unwrap_or_else(|| self.begin());
        for sample in samples.iter_mut() {
            *sample = self.next(&mut gap);
        }
        self.gap = Some(gap);
    }

    fn begin(&self) -> Gap {
        let span = Span {
            shortest: self.sample_rate * SHORTEST_US / 1_000_000,
            longest: self.sample_rate * LONGEST_US / 1_000_000,
            compared: self.sample_rate * COMPARED_MS / 1000,
            step: (self.sample_rate / 8000).max(1),
        };
        let period = period::of_end(&self.history, &span);
        Gap { period, length: 0, position: 0 }
    }

    fn next(&self, gap: &mut Gap) -> i16 {
        let ms = gap.length * 1000 / self.sample_rate;
        let periods = (1 + ms / 10).min(MOST_PERIODS);
        let whole = gap.period * periods;
        let at = gap.position % whole;
        gap.position = at + 1;
        gap.length += 1;
        let begin = self.history.len() - whole;
        let mut value = f32::from(self.history[begin + at]);
        // The end of the template leads over into its beginning.
        let blend = gap.period / 4;
        let left = whole - at;
        if left <= blend && begin >= left {
            let weight = (blend - left + 1) as f32 / (blend + 1) as f32;
            let before = f32::from(self.history[begin - left]);
            value += (before - value) * weight;
        }
        let full = self.sample_rate * FULL_MS / 1000;
        let silent = self.sample_rate * SILENT_MS / 1000;
        let faded = gap.length.saturating_sub(full) as f32 / (silent - full) as f32;
        (value * (1.0 - faded).max(0.0)) as i16
    }

    fn remember(&mut self, samples: &[i16]) {
        let keep = self.history.len();
        if samples.len() >= keep {
            self.history.copy_from_slice(&samples[samples.len() - keep..]);
        } else {
            self.history.copy_within(samples.len().., 0);
            self.history[keep - samples.len()..].copy_from_slice(samples);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::level;
    use proptest::prelude::*;

    fn tone(rate: u32, from: usize, count: usize) -> Vec<i16> {
        let angle = |n: usize| n as f32 * 200.0 * std::f32::consts::TAU / rate as f32;
        let voice = |n: usize| angle(n).sin() + 0.5 * (2.0 * angle(n)).sin();
        (from..from + count).map(|n| (voice(n) * 8000.0) as i16).collect()
    }

    fn largest_step(samples: &[i16]) -> i32 {
        let steps = samples.windows(2).map(|pair| (i32::from(pair[0]) - i32::from(pair[1])).abs());
        steps.max().unwrap_or(0)
    }

    #[test]
    fn a_voice_goes_on_without_clicks_and_fades() {
        for rate in [8000, 16_000, 48_000] {
            let frame = rate as usize / 50;
            let mut concealer = Concealer::new(rate);
            let mut sound = tone(rate, 0, frame * 5);
            concealer.heard(&mut sound);
            let mut filled = vec![0; frame * 4];
            for piece in filled.chunks_mut(frame) {
                concealer.lost(piece);
            }
            let expected = tone(rate, frame * 5, frame / 2);
            let error = expected.iter().zip(&filled).map(|(a, b)| (a - b).abs()).max().unwrap();
            assert!(error < 500, "{rate} Hz: the first 10 ms are as they were: {error}");
            let loud: Vec<i8> = filled.chunks(frame).map(level).collect();
            assert!(loud[0] > loud[1] && loud[1] > loud[2] && loud[3] == -127, "{loud:?}");
            // A gap of 20 ms, and the voice again.
            let mut concealer = Concealer::new(rate);
            concealer.heard(&mut sound);
            let mut all = sound.clone();
            let mut piece = vec![0; frame];
            concealer.lost(&mut piece);
            all.extend(&piece);
            let mut after = tone(rate, frame * 6, frame);
            concealer.heard(&mut after);
            all.extend(&after);
            let usual = largest_step(&sound);
            assert!(largest_step(&all) <= usual + usual / 2, "{rate} Hz: clicks");
        }
    }

    #[test]
    fn silence_stays_silent() {
        let mut concealer = Concealer::new(8000);
        let mut filled = [7; 160];
        concealer.lost(&mut filled);
        assert_eq!(filled, [0; 160]);
    }

    proptest! {
        #[test]
        fn anything_is_survived(steps in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<i16>(), 0..900)), 0..20)) {
            for rate in [8000, 44_100] {
                let mut concealer = Concealer::new(rate);
                for (lost, mut samples) in steps.clone() {
                    if lost { concealer.lost(&mut samples) } else { concealer.heard(&mut samples) }
                }
            }
        }
    }
}
