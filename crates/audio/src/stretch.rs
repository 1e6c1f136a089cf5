//! Makes sound a little shorter or longer by whole periods of the voice, blended, without a click.

use crate::period::{self, Span};

/// Shortest and longest piece that is taken out or put in, in microseconds.
const SHORTEST_US: usize = 2500;
const LONGEST_US: usize = 15_000;
/// The pieces around a seam are blended over this time.
const BLEND_US: usize = 5000;

/// Samples beyond those that are played which [`cut`] and [`insert`] may need at hand.
pub(crate) fn reach(sample_rate: u32) -> usize {
    sample_rate as usize * (LONGEST_US + BLEND_US) / 1_000_000
}

/// Takes up to `most` samples out near the beginning of `samples`; how many it were. A period is
/// taken out if there is room for one, otherwise just what was asked for.
pub(crate) fn cut(samples: &mut Vec<i16>, sample_rate: u32, most: usize) -> usize {
    let Some((shift, blend)) = plan(samples, sample_rate, most) else { return 0 };
    for n in 0..blend {
        samples[n] = mix(samples[n], samples[n + shift], n, blend);
    }
    samples.drain(blend..blend + shift);
    shift
}

/// Puts about `most` samples, at most that many, in near the beginning; how many it were.
pub(crate) fn insert(samples: &mut Vec<i16>, sample_rate: u32, most: usize) -> usize {
    let Some((shift, blend)) = plan(samples, sample_rate, most) else { return 0 };
    // The first period is heard twice: its second end leads over into its first beginning.
    let mut seam: Vec<i16> = samples[..shift].to_vec();
    seam.extend((0..blend).map(|n| mix(samples[n + shift], samples[n], n, blend)));
    samples.splice(..blend, seam);
    shift
}

/// The period to take, and how long to blend.
fn plan(samples: &[i16], sample_rate: u32, most: usize) -> Option<(usize, usize)> {
    let of = |microseconds: usize| sample_rate as usize * microseconds / 1_000_000;
    let blend = of(BLEND_US);
    let longest = of(LONGEST_US).min(most).min(samples.len().checked_sub(blend)?);
    if longest == 0 {
        return None;
    }
    if longest <= of(SHORTEST_US) {
        return Some((longest, blend));
    }
    let step = (sample_rate as usize / 8000).max(1);
    let span = Span { shortest: of(SHORTEST_US), longest, compared: blend, step };
    let (shift, _) = period::of_begin(samples, &span);
    Some((shift.min(longest), blend))
}

fn mix(from: i16, to: i16, n: usize, length: usize) -> i16 {
    let weight = (n + 1) as f32 / (length + 1) as f32;
    (f32::from(from) + (f32::from(to) - f32::from(from)) * weight) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tone(rate: u32, count: usize) -> Vec<i16> {
        let angle = |n: usize| n as f32 * 210.0 * std::f32::consts::TAU / rate as f32;
        (0..count).map(|n| (angle(n).sin() * 12_000.0) as i16).collect()
    }

    fn largest_step(samples: &[i16]) -> i32 {
        let steps = samples.windows(2).map(|pair| (i32::from(pair[0]) - i32::from(pair[1])).abs());
        steps.max().unwrap_or(0)
    }

    #[test]
    fn a_tone_has_no_seam() {
        for rate in [8000, 16_000, 48_000] {
            let samples = tone(rate, rate as usize / 20);
            let usual = largest_step(&samples);
            let most = rate as usize / 80;
            let mut shorter = samples.clone();
            let taken = cut(&mut shorter, rate, most);
            assert!(taken > 0 && taken <= most);
            assert_eq!(shorter.len(), samples.len() - taken);
            assert!(largest_step(&shorter) <= usual + usual / 10);
            let mut longer = samples.clone();
            let put = insert(&mut longer, rate, most);
            assert!(put > 0 && put <= most);
            assert_eq!(longer.len(), samples.len() + put);
            assert!(largest_step(&longer) <= usual + usual / 10);
        }
    }

    #[test]
    fn little_is_taken_exactly() {
        let mut samples = tone(8000, 320);
        assert_eq!(cut(&mut samples, 8000, 3), 3);
        assert_eq!(samples.len(), 317);
        assert_eq!(cut(&mut samples[..39].to_vec(), 8000, 100), 0, "too short to blend");
    }

    proptest! {
        #[test]
        fn lengths_are_as_told(mut samples in prop::collection::vec(any::<i16>(), 0..2000), most in 0usize..1000) {
            let mut other = samples.clone();
            let length = samples.len();
            let taken = cut(&mut samples, 16_000, most);
            prop_assert!(taken <= most);
            prop_assert_eq!(samples.len(), length - taken);
            let put = insert(&mut other, 16_000, most);
            prop_assert!(put <= most);
            prop_assert_eq!(other.len(), length + put);
        }
    }
}
