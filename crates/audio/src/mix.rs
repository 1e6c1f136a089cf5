//! Who of many is heard, and the sum of them: the arithmetic of a conference. It knows keys, samples
//! and loudness; not whose they are.

mod limiter;
mod loudest;

pub use limiter::Limiter;
pub use loudest::Loudest;

/// Samples per second of the sum.
pub const SAMPLE_RATE: u32 = 48_000;
/// Samples of one frame of the sum: 20 ms.
pub const FRAME: usize = 960;
/// Who begins or ceases to be heard is faded in or out over this, 5 ms.
const FADE: usize = 240;

/// How a voice enters the sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// It was heard before, and still is.
    None,
    /// It is heard from this frame on.
    Begins,
    /// This frame is the last one of it.
    Ends,
}

/// Fades the frame of a voice that begins or ends.
pub fn fade(samples: &mut [f32], edge: Edge) {
    let length = FADE.min(samples.len());
    let gain = |n: usize| (n + 1) as f32 / (length + 1) as f32;
    match edge {
        Edge::None => {}
        Edge::Begins => samples.iter_mut().take(length).enumerate().for_each(|(n, sample)| {
            *sample *= gain(n);
        }),
        Edge::Ends => {
            for (n, sample) in samples.iter_mut().enumerate() {
                *sample *= if n < length { 1.0 - gain(n) } else { 0.0 };
            }
        }
    }
}

/// Adds `samples` to `sum`.
pub fn add(sum: &mut [f32], samples: &[f32]) {
    for (sum, &sample) in sum.iter_mut().zip(samples) {
        *sum += sample;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voices_begin_and_end_smoothly() {
        for (edge, first, last) in [(Edge::Begins, 0.0, 1.0), (Edge::Ends, 1.0, 0.0)] {
            let mut samples = [1000.0; FRAME];
            fade(&mut samples, edge);
            assert!((samples[0] / 1000.0 - first).abs() < 0.01);
            assert!((samples[FRAME - 1] / 1000.0 - last).abs() < 0.01);
            let steps = samples.windows(2).map(|pair| (pair[1] - pair[0]).abs());
            assert!(steps.fold(0.0, f32::max) < 5.0);
        }
        let mut samples = [1000.0; FRAME];
        fade(&mut samples, Edge::None);
        assert_eq!(samples, [1000.0; FRAME]);
    }
}
