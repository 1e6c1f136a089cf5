//! Loudness in dB below the overload point (RFC 6464 §3).

/// Level of silence.
pub const SILENT: i8 = -127;

/// Below this mean power nobody speaks: −58 dBov (see [`energy`]).
pub const QUIET: f32 = 1.6e-6;

/// The mean power of samples in dBov, −127 (silence) … 0 (the loudest square wave).
pub fn level(samples: &[i16]) -> i8 {
    decibels(energy(samples))
}

/// The mean power of samples relative to the overload point, 0 … 1.
pub fn energy(samples: &[i16]) -> f32 {
    const FULL: f32 = 32_768.0 * 32_768.0;
    // Eight sums run side by side; a frame of 48 kHz fits the mantissa well enough for decibels.
    let mut sums = [0f32; 8];
    let chunks = samples.chunks_exact(8);
    let rest: f32 = chunks.remainder().iter().map(|&sample| f32::from(sample).powi(2)).sum();
    for chunk in chunks {
        for (sum, &sample) in sums.iter_mut().zip(chunk) {
            *sum += f32::from(sample) * f32::from(sample);
        }
    }
    (sums.iter().sum::<f32>() + rest) / (FULL * samples.len().max(1) as f32)
}

/// Mean power as RFC 6464 tells it.
pub fn decibels(energy: f32) -> i8 {
    if energy <= 0.0 { SILENT } else { (10.0 * energy.log10()).round().clamp(-127.0, 0.0) as i8 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_those_of_the_standard() {
        assert_eq!(level(&[0; 10]), -127);
        assert_eq!(level(&[]), -127);
        assert_eq!(level(&[i16::MIN; 10]), 0);
        assert_eq!(level(&[3277; 10]), -20);
        assert_eq!(level(&[1; 960]), -90);
        assert_eq!(level(&[i16::MAX; 960]), 0);
    }
}
