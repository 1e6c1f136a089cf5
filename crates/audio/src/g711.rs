//! ITU-T G.711: µ-law and A-law, by tables that the compiler makes.

/// One law: bytes to samples and samples to bytes.
pub struct Law {
    expand: [i16; 256],
    /// By the upper 14 bits of a sample.
    compress: [u8; 1 << 14],
}

/// µ-law.
pub static ULAW: Law = Law::new(true);
/// A-law.
pub static ALAW: Law = Law::new(false);

impl Law {
    const fn new(is_ulaw: bool) -> Law {
        let mut law = Law { expand: [0; 256], compress: [0; 1 << 14] };
        let mut byte = 0;
        while byte < 256 {
            let code = byte as u8;
            law.expand[byte] = if is_ulaw { expand_ulaw(code) } else { expand_alaw(code) };
            byte += 1;
        }
        let mut index = 0;
        while index < 1 << 14 {
            let sample = ((index as u16) << 2) as i16 as i32;
            law.compress[index] =
                if is_ulaw { compress_ulaw(sample) } else { compress_alaw(sample) };
            index += 1;
        }
        law
    }

    /// Appends the samples of `payload`.
    pub fn decode(&self, payload: &[u8], samples: &mut Vec<i16>) {
        samples.extend(payload.iter().map(|&byte| self.expand[usize::from(byte)]));
    }

    /// Appends the bytes of `samples`.
    pub fn encode(&self, samples: &[i16], payload: &mut Vec<u8>) {
        let index = |sample: i16| usize::from(sample as u16 >> 2);
        payload.extend(samples.iter().map(|&sample| self.compress[index(sample)]));
    }
}

/// Added to a magnitude so that each segment of µ-law begins at a power of two.
const BIAS: i32 = 33 << 2;
/// Largest magnitude of µ-law, before the bias.
const CLIP: i32 = 8158 << 2;

const fn expand_ulaw(code: u8) -> i16 {
    // The bits are sent inverted.
    let bits = !code as i32;
    let magnitude = ((((bits & 15) << 3) + BIAS) << ((bits >> 4) & 7)) - BIAS;
    (if bits & 0x80 != 0 { -magnitude } else { magnitude }) as i16
}

const fn compress_ulaw(sample: i32) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = sample.abs();
    let biased = (if magnitude > CLIP { CLIP } else { magnitude }) + BIAS;
    // The highest bit of the biased magnitude, 7 … 14, is the segment.
    let segment = (31 - biased.leading_zeros() as i32) - 7;
    !((sign | segment << 4 | ((biased >> (segment + 3)) & 15)) as u8)
}

/// Every other bit of A-law is sent inverted.
const ALTERNATE: i32 = 0x55;

const fn expand_alaw(code: u8) -> i16 {
    let bits = code as i32 ^ ALTERNATE;
    let (segment, step) = ((bits >> 4) & 7, bits & 15);
    let magnitude = match segment {
        0 => (step << 4) + 8,
        _ => ((step << 4) + 0x108) << (segment - 1),
    };
    (if bits & 0x80 != 0 { magnitude } else { -magnitude }) as i16
}

const fn compress_alaw(sample: i32) -> u8 {
    // A set sign bit means positive; negative samples count from −1, so that both halves are alike.
    let (sign, magnitude) = if sample < 0 { (0, -sample - 1) } else { (0x80, sample) };
    let segment = match 31 - (magnitude | 1).leading_zeros() as i32 {
        0..=7 => 0,
        highest => highest - 7,
    };
    let shift = if segment == 0 { 4 } else { segment + 3 };
    ((sign | segment << 4 | ((magnitude >> shift) & 15)) ^ ALTERNATE) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(law: &Law, sample: i16) -> i16 {
        let (mut payload, mut samples) = (Vec::new(), Vec::new());
        law.encode(&[sample], &mut payload);
        law.decode(&payload, &mut samples);
        samples[0]
    }

    #[test]
    fn known_values() {
        // ITU-T G.711 tables 1a and 2a, brought from 14 and 13 to 16 bits.
        assert_eq!(
            [0xff, 0x80, 0x00, 0xef].map(|code| ULAW.expand[code]),
            [0, 32_124, -32_124, 132]
        );
        assert_eq!(
            [0xd5, 0xaa, 0x2a, 0x55].map(|code| ALAW.expand[code]),
            [8, 32_256, -32_256, -8]
        );
        let mut silence = Vec::new();
        ULAW.encode(&[0, i16::MAX, i16::MIN], &mut silence);
        ALAW.encode(&[0, i16::MAX, i16::MIN], &mut silence);
        assert_eq!(silence, [0xff, 0x80, 0x00, 0xd5, 0xaa, 0x2a]);
    }

    #[test]
    fn each_code_is_the_image_of_its_sample() {
        for law in [&ULAW, &ALAW] {
            for code in 0..=255u8 {
                let sample = law.expand[usize::from(code)];
                assert_eq!(through(law, sample), sample, "code {code:#x}");
            }
        }
    }

    #[test]
    fn the_error_is_within_half_a_step() {
        for law in [&ULAW, &ALAW] {
            let mut last = i16::MIN;
            for sample in i16::MIN..=i16::MAX {
                let got = through(law, sample);
                assert!(got >= last, "a louder sample is never quieter");
                last = got;
                // 16 steps in each octave, and the smallest step of A-law is 16.
                let allowed = i32::from(sample).abs() / 32 + 8;
                let error = (i32::from(got) - i32::from(sample)).abs();
                let clipped = i32::from(sample).abs() > 32_124;
                assert!(clipped || error <= allowed, "{sample} became {got}");
            }
        }
    }
}
