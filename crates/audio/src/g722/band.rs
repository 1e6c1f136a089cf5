//! One band of G.722: quantizer, adaptive scale, adaptive predictor of two poles and six zeros.

use super::saturate;
use super::tables::{
    HIGH_INVERSE, HIGH_LOGARITHM, LOW_INVERSE_4, LOW_INVERSE_6, LOW_LEVELS, LOW_LOGARITHM, POWERS,
};

/// The lower band: 6 bits a sample.
#[derive(Clone)]
pub(super) struct LowBand {
    scale: Scale,
    predictor: Predictor,
}

impl Default for LowBand {
    fn default() -> Self {
        LowBand { scale: Scale { logarithm: 0, step: 32 }, predictor: Predictor::default() }
    }
}

impl LowBand {
    pub(super) fn encode(&mut self, sample: i32) -> u8 {
        // SUBTRA, QUANTL
        let error = saturate(sample - self.predictor.estimate);
        let magnitude = if error >= 0 { error } else { -(error + 1) };
        let step = self.scale.step;
        let level = LOW_LEVELS.partition_point(|&level| magnitude >= (level * step) >> 12) as u8;
        // Codes count downwards; the two smallest negative levels lie above all others.
        let code = match (error >= 0, level) {
            (true, level) => 61 - level,
            (false, level @ 0..2) => 63 - level,
            (false, level) => 33 - level,
        };
        self.adapt(code);
        code
    }

    pub(super) fn decode(&mut self, code: u8) -> i32 {
        // INVQBL, RECONB, LIMIT
        let difference = (self.scale.step * LOW_INVERSE_6[usize::from(code & 63)]) >> 15;
        let sample = (self.predictor.estimate + difference).clamp(-16_384, 16_383);
        self.adapt(code);
        sample
    }

    fn adapt(&mut self, code: u8) {
        // INVQAL, LOGSCL, SCALEL; only the upper 4 bits count, so that the lower ones may be lost.
        let code = usize::from(code >> 2 & 15);
        let difference = (self.scale.step * LOW_INVERSE_4[code]) >> 15;
        self.scale.adapt(LOW_LOGARITHM[code], 18_432, 8);
        self.predictor.adapt(difference);
    }
}

/// The higher band: 2 bits a sample.
#[derive(Clone)]
pub(super) struct HighBand {
    scale: Scale,
    predictor: Predictor,
}

impl Default for HighBand {
    fn default() -> Self {
        HighBand { scale: Scale { logarithm: 0, step: 8 }, predictor: Predictor::default() }
    }
}

impl HighBand {
    pub(super) fn encode(&mut self, sample: i32) -> u8 {
        // SUBTRA, QUANTH
        let error = saturate(sample - self.predictor.estimate);
        let magnitude = if error >= 0 { error } else { -(error + 1) };
        let is_large = magnitude >= (564 * self.scale.step) >> 12;
        let code = match (error >= 0, is_large) {
            (true, true) => 2,
            (true, false) => 3,
            (false, true) => 0,
            (false, false) => 1,
        };
        self.decode(code);
        code
    }

    pub(super) fn decode(&mut self, code: u8) -> i32 {
        // INVQAH, RECONS, LIMIT, LOGSCH, SCALEH
        let code = usize::from(code & 3);
        let difference = (self.scale.step * HIGH_INVERSE[code]) >> 15;
        let sample = (self.predictor.estimate + difference).clamp(-16_384, 16_383);
        self.scale.adapt(HIGH_LOGARITHM[code], 22_528, 10);
        self.predictor.adapt(difference);
        sample
    }
}

/// The adaptive step of a quantizer.
#[derive(Clone)]
struct Scale {
    logarithm: i32,
    step: i32,
}

impl Scale {
    fn adapt(&mut self, change: i32, highest: i32, exponent: i32) {
        // The leak of 127/128 forgets transmission errors.
        self.logarithm = (((self.logarithm * 127) >> 7) + change).clamp(0, highest);
        let power = POWERS[(self.logarithm >> 6 & 31) as usize];
        let shift = exponent - (self.logarithm >> 11);
        self.step = (if shift < 0 { power << -shift } else { power >> shift }) << 2;
    }
}

/// Foresees the next sample from the differences so far.
#[derive(Clone, Default)]
struct Predictor {
    /// S: the next sample as foreseen; SZ: its part that comes from the zeros.
    estimate: i32,
    from_zeros: i32,
    /// R: the last two reconstructed samples; P: the last two of them without the poles' part.
    reconstructed: [i32; 2],
    partial: [i32; 2],
    poles: [i32; 2],
    differences: [i32; 6],
    zeros: [i32; 6],
}

impl Predictor {
    fn adapt(&mut self, difference: i32) {
        // RECONS, PARREC
        let reconstructed = saturate(self.estimate + difference);
        let partial = saturate(self.from_zeros + difference);
        self.adapt_poles(partial);
        self.adapt_zeros(difference);
        // DELAYA
        self.reconstructed = [reconstructed, self.reconstructed[0]];
        self.partial = [partial, self.partial[0]];
        self.differences.copy_within(..5, 1);
        self.differences[0] = difference;
        // FILTEP, FILTEZ, PREDIC
        let weigh = |pole: i32, value: i32| (pole * saturate(value * 2)) >> 15;
        let from_poles = saturate(
            weigh(self.poles[0], self.reconstructed[0])
                + weigh(self.poles[1], self.reconstructed[1]),
        );
        let parts = self.zeros.iter().zip(&self.differences);
        self.from_zeros = saturate(parts.map(|(&zero, &value)| weigh(zero, value)).sum());
        self.estimate = saturate(from_poles + self.from_zeros);
    }

    /// UPPOL2, UPPOL1.
    fn adapt_poles(&mut self, partial: i32) {
        let same = |before: i32| (partial < 0) == (before < 0);
        let [first, second] = self.poles;
        let turned = saturate(first * 4);
        let turned = if same(self.partial[0]) { (-turned).min(32_767) } else { turned };
        let step = if same(self.partial[1]) { 128 } else { -128 };
        let second = (step + (turned >> 7) + ((second * 32_512) >> 15)).clamp(-12_288, 12_288);
        let step = if same(self.partial[0]) { 192 } else { -192 };
        let bound = saturate(15_360 - second);
        let first = saturate(step + ((first * 32_640) >> 15)).clamp(-bound, bound);
        self.poles = [first, second];
    }

    /// UPZERO.
    fn adapt_zeros(&mut self, difference: i32) {
        let step = if difference == 0 { 0 } else { 128 };
        for (zero, &before) in self.zeros.iter_mut().zip(&self.differences) {
            let step = if (before < 0) == (difference < 0) { step } else { -step };
            *zero = saturate(step + ((*zero * 32_640) >> 15));
        }
    }
}
