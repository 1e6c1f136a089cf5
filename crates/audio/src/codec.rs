//! One encoder and one decoder for all codecs: payloads to samples of one channel, and back.

use std::fmt;

use crate::format::{Codec, Format};
use crate::g711::{ALAW, Law, ULAW};
use crate::g722;
use crate::opus::{self, OpusError};

/// Longest payload that is decoded: 60 ms of the widest format, and something to spare.
const LONGEST_PAYLOAD: usize = 8192;

/// Why a payload or samples could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AudioError {
    /// Said by the Opus library.
    Opus(OpusError),
    /// Too long, or not of whole samples.
    Malformed,
}

impl fmt::Display for AudioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AudioError::Opus(error) => error.fmt(f),
            AudioError::Malformed => f.write_str("malformed audio payload"),
        }
    }
}

impl std::error::Error for AudioError {}

impl From<OpusError> for AudioError {
    fn from(error: OpusError) -> Self {
        AudioError::Opus(error)
    }
}

/// Payloads to samples of one channel, at the format's sample rate.
pub enum Decoder {
    /// Brings two channels down to one.
    Opus(opus::Decoder),
    /// See [`g722`].
    G722(Box<g722::Decoder>),
    /// µ-law or A-law.
    G711(&'static Law),
    /// Samples, high byte first.
    L16,
}

impl Decoder {
    /// A decoder in its first state.
    pub fn new(format: &Format) -> Result<Decoder, AudioError> {
        Ok(match format.codec {
            Codec::Opus => Decoder::Opus(opus::Decoder::new(format.sample_rate, 1)?),
            Codec::G722 => Decoder::G722(Box::default()),
            Codec::Pcmu => Decoder::G711(&ULAW),
            Codec::Pcma => Decoder::G711(&ALAW),
            Codec::L16 => Decoder::L16,
        })
    }

    /// Appends the samples of one packet.
    pub fn decode(&mut self, payload: &[u8], samples: &mut Vec<i16>) -> Result<(), AudioError> {
        if payload.len() > LONGEST_PAYLOAD {
            return Err(AudioError::Malformed);
        }
        match self {
            Decoder::Opus(decoder) => decoder.decode_into(payload, samples)?,
            Decoder::G722(decoder) => decoder.decode(payload, samples),
            Decoder::G711(law) => law.decode(payload, samples),
            Decoder::L16 => {
                let pairs = payload.chunks_exact(2);
                if payload.is_empty() || !pairs.remainder().is_empty() {
                    return Err(AudioError::Malformed);
                }
                samples.extend(pairs.map(|pair| i16::from_be_bytes([pair[0], pair[1]])));
            }
        }
        Ok(())
    }

    /// How many samples of one channel a payload holds, without decoding it; 0 if it is malformed.
    pub fn duration(&self, payload: &[u8]) -> usize {
        match self {
            Decoder::Opus(decoder) => decoder.duration(payload),
            Decoder::G722(_) => payload.len() * 2,
            Decoder::G711(_) => payload.len(),
            Decoder::L16 => payload.len() / 2,
        }
    }
}

/// Samples of one channel, at the format's sample rate, to payloads.
pub enum Encoder {
    /// See [`opus`].
    Opus(opus::Encoder),
    /// See [`g722`].
    G722(Box<g722::Encoder>),
    /// µ-law or A-law.
    G711(&'static Law),
    /// Samples, high byte first.
    L16,
}

impl Encoder {
    /// An encoder in its first state.
    pub fn new(format: &Format) -> Result<Encoder, AudioError> {
        Ok(match format.codec {
            Codec::Opus => Encoder::Opus(opus::Encoder::new(format.sample_rate, 1)?),
            Codec::G722 => Encoder::G722(Box::default()),
            Codec::Pcmu => Encoder::G711(&ULAW),
            Codec::Pcma => Encoder::G711(&ALAW),
            Codec::L16 => Encoder::L16,
        })
    }

    /// Appends the payload of one packet.
    pub fn encode(&mut self, samples: &[i16], payload: &mut Vec<u8>) -> Result<(), AudioError> {
        match self {
            Encoder::Opus(encoder) => encoder.encode_into(samples, payload)?,
            Encoder::G722(encoder) => encoder.encode(samples, payload),
            Encoder::G711(law) => law.encode(samples, payload),
            Encoder::L16 => payload.extend(samples.iter().flat_map(|sample| sample.to_be_bytes())),
        }
        Ok(())
    }

    /// A second encoder that goes on from where this one is, so that who decodes hears no seam.
    pub fn fork(&self) -> Result<Encoder, AudioError> {
        Ok(match self {
            Encoder::Opus(encoder) => Encoder::Opus(encoder.fork()?),
            Encoder::G722(encoder) => Encoder::G722(encoder.clone()),
            Encoder::G711(law) => Encoder::G711(law),
            Encoder::L16 => Encoder::L16,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;
    use proptest::prelude::*;

    fn formats() -> Vec<Format> {
        [
            (Codec::Opus, 48_000, 2),
            (Codec::G722, 8000, 1),
            (Codec::Pcmu, 8000, 1),
            (Codec::Pcma, 8000, 1),
            (Codec::L16, 8000, 1),
            (Codec::L16, 44_100, 1),
            (Codec::L16, 48_000, 1),
        ]
        .map(|(codec, rate, channels)| Format::new(codec, rate, channels).unwrap())
        .to_vec()
    }

    fn tone(rate: u32, from: usize, count: usize) -> Vec<i16> {
        let angle = |n: usize| n as f32 * 440.0 * std::f32::consts::TAU / rate as f32;
        (from..from + count).map(|n| (angle(n).sin() * 10_000.0) as i16).collect()
    }

    #[test]
    fn a_tone_survives_all_codecs() {
        for format in formats() {
            let (mut encoder, mut decoder) =
                (Encoder::new(&format).unwrap(), Decoder::new(&format).unwrap());
            let count = format.samples(20);
            let mut samples = Vec::new();
            for n in 0..10 {
                let mut payload = Vec::new();
                encoder.encode(&tone(format.sample_rate, n * count, count), &mut payload).unwrap();
                samples.clear();
                decoder.decode(&payload, &mut samples).unwrap();
                assert_eq!(decoder.duration(&payload), count);
            }
            assert_eq!(samples.len(), count);
            assert_eq!(level::level(&samples), level::level(&tone(8000, 0, 160)), "{format:?}");
        }
    }

    #[test]
    fn a_fork_says_the_same_as_its_origin() {
        for format in formats() {
            let mut encoder = Encoder::new(&format).unwrap();
            let count = format.samples(20);
            for n in 0..5 {
                let sound = tone(format.sample_rate, n * count, count);
                encoder.encode(&sound, &mut Vec::new()).unwrap();
            }
            let mut fork = encoder.fork().unwrap();
            let (mut one, mut other) = (Vec::new(), Vec::new());
            let sound = tone(format.sample_rate, 5 * count, count);
            encoder.encode(&sound, &mut one).unwrap();
            fork.encode(&sound, &mut other).unwrap();
            assert_eq!(one, other, "{format:?}");
        }
    }

    #[test]
    fn half_a_sample_is_malformed() {
        let format = Format::new(Codec::L16, 48_000, 1).unwrap();
        let mut samples = Vec::new();
        Decoder::new(&format).unwrap().decode(&[0, 10, 0x80, 0], &mut samples).unwrap();
        assert_eq!(samples, [10, i16::MIN]);
        let broken = Decoder::new(&format).unwrap().decode(&[1, 2, 3], &mut samples);
        assert_eq!(broken, Err(AudioError::Malformed));
    }

    proptest! {
        #[test]
        fn any_payload_is_survived(payload in prop::collection::vec(any::<u8>(), 0..1600)) {
            for format in formats() {
                let mut decoder = Decoder::new(&format).unwrap();
                let mut samples = Vec::new();
                let expected = decoder.duration(&payload);
                if decoder.decode(&payload, &mut samples).is_ok() {
                    prop_assert_eq!(samples.len(), expected);
                }
            }
        }
    }
}
