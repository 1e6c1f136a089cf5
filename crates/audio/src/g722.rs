//! ITU-T G.722 at 64 kbit/s: two bands of ADPCM behind a quadrature mirror filter. Names in capitals
//! in the comments are the blocks of the recommendation (clause 6.2).

mod band;
mod tables;

use band::{HighBand, LowBand};
use tables::MIRROR;

/// Samples of 16 kHz to bytes of 8 kHz.
#[derive(Clone, Default)]
pub struct Encoder {
    history: Mirror,
    low: LowBand,
    high: HighBand,
}

impl Encoder {
    /// Appends one byte for each two samples; an odd sample at the end is left out.
    pub fn encode(&mut self, samples: &[i16], payload: &mut Vec<u8>) {
        payload.reserve(samples.len() / 2);
        for pair in samples.chunks_exact(2) {
            // Transmit QMF: sum and difference of the two phases are the two bands.
            let (odd, even) = self.history.push(pair[1].into(), pair[0].into());
            payload.push(self.encode_bands((odd + even) >> 14, (odd - even) >> 14));
        }
    }

    /// One pair of subband samples of 15 bits.
    fn encode_bands(&mut self, low: i32, high: i32) -> u8 {
        let low = self.low.encode(low);
        let high = self.high.encode(high);
        high << 6 | low
    }
}

/// Bytes of 8 kHz to samples of 16 kHz.
#[derive(Clone, Default)]
pub struct Decoder {
    history: Mirror,
    low: LowBand,
    high: HighBand,
}

impl Decoder {
    /// Appends two samples for each byte.
    pub fn decode(&mut self, payload: &[u8], samples: &mut Vec<i16>) {
        samples.reserve(payload.len() * 2);
        for &code in payload {
            let (low, high) = self.decode_bands(code);
            // Receive QMF: the difference goes to one phase, the sum to the other.
            let (first, second) = self.history.push(low - high, low + high);
            samples.extend([saturate(first >> 11) as i16, saturate(second >> 11) as i16]);
        }
    }

    /// One pair of subband samples of 15 bits.
    fn decode_bands(&mut self, code: u8) -> (i32, i32) {
        (self.low.decode(code & 0x3f), self.high.decode(code >> 6))
    }
}

/// Taps of one phase of the filter.
const TAPS: usize = 12;

/// The past of the two phases, the newest last.
#[derive(Clone, Default)]
struct Mirror {
    backward: [i32; TAPS],
    forward: [i32; TAPS],
}

impl Mirror {
    /// Takes a value into each phase and gives both filtered: one with the coefficients from the
    /// last to the first, the other from the first to the last.
    fn push(&mut self, backward: i32, forward: i32) -> (i32, i32) {
        self.backward.copy_within(1.., 0);
        self.forward.copy_within(1.., 0);
        self.backward[TAPS - 1] = backward;
        self.forward[TAPS - 1] = forward;
        let backward = self.backward.iter().zip(MIRROR.iter().rev()).map(|(&x, &h)| x * h).sum();
        let forward = self.forward.iter().zip(MIRROR.iter()).map(|(&x, &h)| x * h).sum();
        (backward, forward)
    }
}

fn saturate(value: i32) -> i32 {
    value.clamp(i16::MIN.into(), i16::MAX.into())
}

#[cfg(test)]
mod tests;
