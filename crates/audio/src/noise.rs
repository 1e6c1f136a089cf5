//! Comfort noise (RFC 3389): the background of a pause, made from a level and a rough spectrum.

use crate::level::SILENT;

/// Most coefficients that are used; more are allowed, and ignored.
const ORDER: usize = 12;

/// A payload that describes noise of this level (dBov, −127 … 0) without a spectrum (RFC 3389 §3).
pub fn payload(level: i8) -> [u8; 1] {
    [level.clamp(SILENT, 0).unsigned_abs()]
}

/// Makes noise as the last payload described it.
pub struct Noise {
    /// Reflection coefficients of the filter that shapes the noise.
    reflections: [f32; ORDER],
    state: [f32; ORDER + 1],
    gain: f32,
    /// The gain moves towards this.
    target: f32,
    random: u32,
}

impl Default for Noise {
    fn default() -> Self {
        let (reflections, state) = ([0.0; ORDER], [0.0; ORDER + 1]);
        Noise { reflections, state, gain: 0.0, target: 0.0, random: 0x9e37_79b9 }
    }
}

impl Noise {
    /// Takes in a payload; an empty one changes nothing.
    pub fn update(&mut self, payload: &[u8]) {
        let Some((&level, spectrum)) = payload.split_first() else { return };
        self.reflections = [0.0; ORDER];
        for (reflection, &quantized) in self.reflections.iter_mut().zip(spectrum) {
            // RFC 3389 §3.2: 258 × (N − 127), in 1/32768; 255 is reserved.
            *reflection = 258.0 / 32_768.0 * (f32::from(quantized.min(254)) - 127.0);
        }
        let power = 10f32.powf(-f32::from(level & 0x7f) / 10.0);
        // What the filter amplifies; at least a little, so that a hostile spectrum stays bounded.
        let loss: f32 = self.reflections.iter().map(|k| (1.0 - k * k).max(0.01)).product();
        // A uniform variable in −1 … 1 has the variance 1/3.
        self.target = 32_768.0 * (3.0 * power * loss).sqrt();
    }

    /// Whether it would make nothing but zeros.
    pub fn is_silent(&self) -> bool {
        self.target < 1.0 && self.gain < 1.0
    }

    /// Fills `samples` with noise.
    pub fn fill(&mut self, samples: &mut [i16]) {
        let step = (self.target - self.gain) / samples.len().max(1) as f32;
        for sample in samples {
            self.gain += step;
            let mut value = self.next() * self.gain;
            // All-pole lattice, from the highest stage to the lowest.
            for n in (0..ORDER).rev() {
                value -= self.reflections[n] * self.state[n];
                self.state[n + 1] = self.state[n] + self.reflections[n] * value;
            }
            // Reflections of almost 1 may ring; never beyond what a sample can be.
            let value = value.clamp(-32_768.0, 32_767.0);
            self.state[0] = value;
            *sample = value as i16;
        }
    }

    /// The next of a sequence in −1 … 1 (xorshift).
    fn next(&mut self) -> f32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        self.random as i32 as f32 / 2_147_483_648.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::level;
    use proptest::prelude::*;

    fn made(payload: &[u8]) -> Vec<i16> {
        let mut noise = Noise::default();
        noise.update(payload);
        let mut samples = vec![0; 160];
        noise.fill(&mut samples);
        let mut samples = vec![0; 8000];
        noise.fill(&mut samples);
        samples
    }

    #[test]
    fn the_level_is_the_one_asked_for() {
        for wanted in [-20i8, -40, -60] {
            let got = level(&made(&payload(wanted)));
            assert!((got - wanted).abs() <= 1, "{wanted} became {got}");
        }
        // A spectrum that falls: the power stays the same.
        let shaped = made(&[40, 30, 150, 120]);
        assert!((level(&shaped) + 40).abs() <= 2, "{}", level(&shaped));
        let steps = |samples: &[i16]| {
            samples
                .windows(2)
                .map(|pair| (f64::from(pair[0]) - f64::from(pair[1])).abs())
                .sum::<f64>()
        };
        assert!(steps(&shaped) < steps(&made(&[40])) * 0.7, "low frequencies prevail");
    }

    #[test]
    fn silence_is_silence() {
        assert_eq!(payload(-127), [127]);
        let noise = Noise::default();
        assert!(noise.is_silent());
        assert_eq!(made(&[127]), vec![0; 8000]);
    }

    proptest! {
        #[test]
        fn any_payload_is_survived(payload: Vec<u8>) {
            prop_assert_eq!(made(&payload).len(), 8000);
        }
    }
}
