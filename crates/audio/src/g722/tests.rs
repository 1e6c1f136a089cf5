use std::path::PathBuf;

use super::*;
use proptest::prelude::*;

/// The published test sequences, which are not part of the project.
fn sequences() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let given = std::env::var_os("ANTIPHON_CONFORMANCE").map(PathBuf::from);
    let folder = given.unwrap_or_else(|| root.join("../shared/conformance")).join("g722");
    if !folder.is_dir() {
        eprintln!("skipped: no test sequences of G.722 (set ANTIPHON_CONFORMANCE to their folder)");
        return None;
    }
    Some(folder)
}

/// Words of 16 bits; those whose lowest bit is set hold the codec in reset.
fn words(folder: &std::path::Path, name: &str) -> Vec<u16> {
    let bytes = std::fs::read(folder.join(name)).unwrap();
    bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}

#[test]
fn the_encoder_is_bit_exact() {
    let Some(folder) = sequences() else { return };
    for (input, expected) in [("bt1c1.xmt", "bt2r1.cod"), ("bt1c2.xmt", "bt2r2.cod")] {
        let (input, expected) = (words(&folder, input), words(&folder, expected));
        assert_eq!(input.len(), expected.len());
        let mut encoder = Encoder::default();
        for (n, (&word, &expected)) in input.iter().zip(&expected).enumerate() {
            if word & 1 == 1 {
                encoder = Encoder::default();
                continue;
            }
            // The sequences bypass the filter: both bands get the same samples.
            let sample = i32::from(word as i16) >> 1;
            let code = encoder.encode_bands(sample, sample);
            assert_eq!(code, (expected >> 8) as u8, "word {n}");
        }
    }
}

#[test]
fn the_decoder_is_bit_exact() {
    let Some(folder) = sequences() else { return };
    for (input, low, high) in [
        ("bt2r1.cod", "bt3l1.rc1", "bt3h1.rc0"),
        ("bt2r2.cod", "bt3l2.rc1", "bt3h2.rc0"),
        ("bt1d3.cod", "bt3l3.rc1", "bt3h3.rc0"),
    ] {
        let [input, low, high] = [input, low, high].map(|name| words(&folder, name));
        assert_eq!((input.len(), input.len()), (low.len(), high.len()));
        let mut decoder = Decoder::default();
        for (n, &word) in input.iter().enumerate() {
            if word & 1 == 1 {
                decoder = Decoder::default();
                continue;
            }
            let (got_low, got_high) = decoder.decode_bands((word >> 8) as u8);
            let expected = [low[n], high[n]].map(|word| i32::from(word as i16) >> 1);
            assert_eq!([got_low, got_high], expected, "word {n}");
        }
    }
}

fn tone(frequency: f32, from: usize, count: usize) -> Vec<i16> {
    let angle = |n: usize| n as f32 * frequency * std::f32::consts::TAU / 16_000.0;
    (from..from + count).map(|n| (angle(n).sin() * 8000.0) as i16).collect()
}

#[test]
fn tones_of_both_bands_survive() {
    for frequency in [300.0, 1000.0, 3000.0, 5000.0, 6500.0] {
        let (mut payload, mut samples) = (Vec::new(), Vec::new());
        let input = tone(frequency, 0, 3200);
        Encoder::default().encode(&input, &mut payload);
        assert_eq!(payload.len(), 1600);
        Decoder::default().decode(&payload, &mut samples);
        // Both filters together delay by 22 samples.
        let pairs = input[1600..3100].iter().zip(&samples[1622..3122]);
        let (mut signal, mut noise) = (0.0, 0.0);
        for (&sent, &got) in pairs {
            signal += f64::from(sent).powi(2);
            noise += (f64::from(sent) - f64::from(got)).powi(2);
        }
        let ratio = 10.0 * (signal / noise).log10();
        let least = if frequency < 4000.0 { 40.0 } else { 20.0 };
        assert!(ratio > least, "{frequency} Hz: {ratio:.1} dB");
    }
}

proptest! {
    #[test]
    fn any_bytes_and_samples_are_survived(payload: Vec<u8>, input: Vec<i16>) {
        let (mut samples, mut coded) = (Vec::new(), Vec::new());
        Decoder::default().decode(&payload, &mut samples);
        prop_assert_eq!(samples.len(), payload.len() * 2);
        Encoder::default().encode(&input, &mut coded);
        prop_assert_eq!(coded.len(), input.len() / 2);
    }
}
