//! Sample rate conversion by a polyphase filter (Kaiser window, aliases 80 dB down), in a stream.

use std::f64::consts::PI;
use std::sync::OnceLock;

/// The rates that can be converted to each other.
pub const RATES: [u32; 6] = [8_000, 16_000, 24_000, 32_000, 44_100, 48_000];
/// Attenuation of what must not be heard, in dB, with something to spare.
const ATTENUATION: f64 = 85.0;

/// Converts one channel from one rate to another. Delays by [`Resampler::delay`], at most 2.75 ms.
#[derive(Clone)]
pub struct Resampler {
    filter: Option<&'static Filter>,
    /// Samples that later output still needs, the oldest first.
    pending: Vec<f32>,
    phase: usize,
}

impl Resampler {
    /// `None` for a rate that is not among [`RATES`].
    pub fn new(from: u32, to: u32) -> Option<Resampler> {
        let index = |rate| RATES.iter().position(|&known| known == rate);
        let (from_index, to_index) = (index(from)?, index(to)?);
        if from == to {
            return Some(Resampler { filter: None, pending: Vec::new(), phase: 0 });
        }
        static FILTERS: [[OnceLock<Filter>; 6]; 6] = [const { [const { OnceLock::new() }; 6] }; 6];
        let filter = FILTERS[from_index][to_index].get_or_init(|| Filter::new(from, to));
        let mut resampler = Resampler { filter: Some(filter), pending: Vec::new(), phase: 0 };
        resampler.reset();
        Some(resampler)
    }

    /// Forgets the past: what comes next follows on silence.
    pub fn reset(&mut self) {
        let history = self.filter.map_or(0, |filter| filter.taps - 1);
        self.pending.clear();
        self.pending.resize(history, 0.0);
        self.phase = 0;
    }

    /// How much later sound comes out, in seconds.
    pub fn delay(&self) -> f64 {
        self.filter.map_or(0.0, |filter| filter.delay)
    }

    /// Appends what `input` gives. As many samples come out as the rates say, one more or less if
    /// their ratio leaves a fraction.
    pub fn process(&mut self, input: &[f32], output: &mut Vec<f32>) {
        let Some(filter) = self.filter else { return output.extend(input) };
        self.pending.extend(input);
        self.drain(filter, output);
    }

    /// The same for whole numbers.
    pub fn process_i16(&mut self, input: &[i16], output: &mut Vec<f32>) {
        let floats = input.iter().map(|&sample| f32::from(sample));
        let Some(filter) = self.filter else { return output.extend(floats) };
        self.pending.extend(floats);
        self.drain(filter, output);
    }

    fn drain(&mut self, filter: &Filter, output: &mut Vec<f32>) {
        let (mut at, mut phase) = (0, self.phase);
        output.reserve(self.pending.len() * filter.up / filter.down + 1);
        while let Some(window) = self.pending.get(at..at + filter.taps) {
            output.push(dot(&filter.phases[phase * filter.taps..][..filter.taps], window));
            phase += filter.down;
            at += phase / filter.up;
            phase %= filter.up;
        }
        self.phase = phase;
        self.pending.drain(..at.min(self.pending.len()));
    }
}

/// Eight sums run side by side, so that the compiler uses vector registers.
fn dot(coefficients: &[f32], samples: &[f32]) -> f32 {
    let mut sums = [0f32; 8];
    for (c, s) in coefficients.chunks_exact(8).zip(samples.chunks_exact(8)) {
        for n in 0..8 {
            sums[n] += c[n] * s[n];
        }
    }
    sums.iter().sum()
}

/// The coefficients for one pair of rates.
struct Filter {
    /// The rates' ratio in lowest terms.
    up: usize,
    down: usize,
    /// Taps of each phase; a multiple of 8.
    taps: usize,
    phases: Vec<f32>,
    delay: f64,
}

impl Filter {
    fn new(from: u32, to: u32) -> Filter {
        let divisor = gcd(from, to);
        let (up, down) = ((to / divisor) as usize, (from / divisor) as usize);
        let lower = f64::from(from.min(to));
        // Narrow bands need a sharper edge, and have more time.
        let half = match from.min(to) {
            8_000 => 0.002_75,
            16_000 => 0.001_5,
            _ => 0.001,
        };
        let taps = ((2.0 * half * f64::from(from)).round() as usize).next_multiple_of(8);
        let seconds = taps as f64 / f64::from(from);
        // Kaiser's formula for the width of the edge; a third of it may lie above the band.
        let edge = (ATTENUATION - 7.95) / (14.36 * seconds);
        let cutoff = lower / 2.0 - edge * 0.3;
        let length = taps * up;
        let middle = (length - 1) as f64 / 2.0;
        let rate = f64::from(from) * up as f64;
        let beta = 0.1102 * (ATTENUATION - 8.7);
        let mut phases = vec![0.0; length];
        for n in 0..length {
            let offset = (n as f64 - middle) / rate;
            let window = (1.0 - ((n as f64 - middle) / (middle + 0.5)).powi(2)).max(0.0).sqrt();
            let value = 2.0 * cutoff / f64::from(from)
                * sinc(2.0 * cutoff * offset)
                * bessel(beta * window)
                / bessel(beta);
            // Tap `n / up` of phase `n % up`, counted from the newest sample; kept oldest first.
            phases[(n % up) * taps + taps - 1 - n / up] = value as f32;
        }
        for phase in phases.chunks_exact_mut(taps) {
            // Each phase alone passes a constant unchanged: no tone at the ratio of the rates.
            let sum: f32 = phase.iter().sum();
            phase.iter_mut().for_each(|value| *value /= sum);
        }
        Filter { up, down, taps, phases, delay: middle / rate }
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-12 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// The modified Bessel function of order 0, by its series.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term, mut n) = (1.0, 1.0, 1.0);
    while term > sum * 1e-12 {
        term *= (x / (2.0 * n)).powi(2);
        sum += term;
        n += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(rate: u32, frequency: f64, seconds: f64) -> Vec<f32> {
        let angle = |n: usize| n as f64 * frequency * 2.0 * PI / f64::from(rate);
        (0..(f64::from(rate) * seconds) as usize).map(|n| angle(n).sin() as f32).collect()
    }

    /// Power at one frequency, in dB; 0 for a full tone.
    fn power(samples: &[f32], rate: u32, frequency: f64) -> f64 {
        let (mut re, mut im, mut weight) = (0.0, 0.0, 0.0);
        for (n, &sample) in samples.iter().enumerate() {
            // A window with low side lobes, so that only this frequency counts.
            let x = 2.0 * PI * n as f64 / samples.len() as f64;
            let w = 0.3588 - 0.4883 * x.cos() + 0.1413 * (2.0 * x).cos() - 0.0117 * (3.0 * x).cos();
            let angle = 2.0 * PI * frequency * n as f64 / f64::from(rate);
            re += w * f64::from(sample) * angle.cos();
            im += w * f64::from(sample) * angle.sin();
            weight += w;
        }
        20.0 * (2.0 * (re * re + im * im).sqrt() / weight).max(1e-12).log10()
    }

    fn convert(from: u32, to: u32, input: &[f32]) -> Vec<f32> {
        let mut resampler = Resampler::new(from, to).unwrap();
        let mut output = Vec::new();
        for chunk in input.chunks((from / 50) as usize) {
            resampler.process(chunk, &mut output);
        }
        output.split_off((to / 50) as usize)
    }

    #[test]
    fn the_passband_is_flat() {
        for from in RATES {
            for to in RATES {
                let band = f64::from(from.min(to)) / 2.0;
                for part in [0.05, 0.25, 0.5, 0.75] {
                    let output = convert(from, to, &tone(from, band * part, 0.2));
                    let got = power(&output, to, band * part);
                    assert!(got.abs() < 0.3, "{from} → {to}, {part}: {got:.2} dB");
                }
            }
        }
    }

    #[test]
    fn aliases_and_images_are_80_db_down() {
        for from in RATES {
            for to in RATES.into_iter().filter(|&to| to < from) {
                let band = f64::from(to) / 2.0;
                for part in [1.2, 1.35, 1.6, 1.9] {
                    let frequency = band * part;
                    if frequency >= f64::from(from) / 2.0 {
                        continue;
                    }
                    let output = convert(from, to, &tone(from, frequency, 0.2));
                    let rest = output.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>();
                    let rest = 10.0 * (2.0 * rest / output.len() as f64).log10();
                    assert!(rest < -80.0, "{from} → {to}, {frequency} Hz leaves {rest:.1} dB");
                }
            }
        }
        for (from, to) in [(8_000, 48_000), (16_000, 48_000), (44_100, 48_000)] {
            let frequency = f64::from(from) * 0.2;
            let output = convert(from, to, &tone(from, frequency, 0.2));
            let image = power(&output, to, f64::from(from) - frequency);
            assert!(image < -80.0, "{from} → {to}: image at {image:.1} dB");
        }
    }

    #[test]
    fn the_delay_is_short_and_as_told() {
        for (from, to) in [(8_000, 48_000), (48_000, 8_000), (16_000, 48_000), (44_100, 48_000)] {
            let mut resampler = Resampler::new(from, to).unwrap();
            assert!(resampler.delay() <= 0.003);
            let mut pulse = vec![0.0; from as usize / 10];
            pulse[from as usize / 50] = 1.0;
            let mut output = Vec::new();
            resampler.process(&pulse, &mut output);
            let peak = (0..output.len()).max_by(|&a, &b| output[a].total_cmp(&output[b])).unwrap();
            let moved = peak as f64 / f64::from(to) - 0.02;
            let slack = 1.0 / f64::from(from.min(to));
            assert!((moved - resampler.delay()).abs() <= slack, "{from} → {to}: {moved}");
        }
    }

    #[test]
    fn pieces_make_the_same_as_the_whole_and_no_sample_is_lost() {
        for (from, to) in [(8_000, 48_000), (48_000, 16_000), (44_100, 48_000), (48_000, 44_100)] {
            let input = tone(from, 700.0, 1.0);
            let (mut whole, mut pieces) = (Vec::new(), Vec::new());
            Resampler::new(from, to).unwrap().process(&input, &mut whole);
            let mut resampler = Resampler::new(from, to).unwrap();
            let mut rest = &input[..];
            for size in (1..).step_by(7) {
                let (piece, behind) = rest.split_at(size.min(rest.len()));
                resampler.process(piece, &mut pieces);
                rest = behind;
                if rest.is_empty() {
                    break;
                }
            }
            assert_eq!(whole, pieces);
            assert_eq!(whole.len(), to as usize);
        }
    }

    #[test]
    fn unknown_rates_are_refused() {
        assert!(Resampler::new(11_025, 48_000).is_none());
        assert!(Resampler::new(8000, 96_000).is_none());
    }
}
