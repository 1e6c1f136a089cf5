//! Packets of one stream to packets of other formats, one by one: no clock, and no delay but what
//! the codecs themselves and longer packets take. Who receives has a jitter buffer of its own.

use crate::codec::{AudioError, Decoder};
use crate::format::Format;
use crate::level;
use crate::pack::{Coded, Packer};

/// Longest loss that a decoder makes up for by itself, in packets.
const LONGEST_GAP: u64 = 5;
/// A difference of timestamps beyond this is no pause but another beginning.
const LONGEST_PAUSE_SECONDS: u32 = 60;

/// A packet to convert.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Extended sequence number (RFC 3550 appendix A.1).
    pub sequence: u64,
    /// RTP timestamp.
    pub timestamp: u32,
    /// What it carries.
    pub payload: &'a [u8],
}

/// Converts one stream: decodes once, encodes once for each format.
pub struct Transcoder {
    format: Format,
    decoder: Decoder,
    /// Sequence number and timestamp that come next.
    next: Option<(u64, u32)>,
    /// Ticks of the last packet.
    duration: u32,
    samples: Vec<i16>,
    floats: Vec<f32>,
    outputs: Vec<Output>,
}

/// Packets of one format that came of one packet.
struct Output {
    packer: Packer,
    packets: Vec<Coded>,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was decoded; its level is this (dBov).
    Heard(i8),
    /// It came too late, or twice.
    Late,
    /// It could not be decoded or encoded.
    Broken(AudioError),
}

impl Transcoder {
    /// For packets of `format`.
    pub fn new(format: Format) -> Result<Transcoder, AudioError> {
        Ok(Transcoder {
            format,
            decoder: Decoder::new(&format)?,
            next: None,
            duration: format.ticks(20),
            samples: Vec::new(),
            floats: Vec::new(),
            outputs: Vec::new(),
        })
    }

    /// The format of the packets that it takes.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The formats that it makes.
    pub fn outputs(&self) -> impl Iterator<Item = Format> + '_ {
        self.outputs.iter().map(|output| output.packer.format())
    }

    /// Makes packets of `format` too from now on; false if it cannot.
    pub fn add(&mut self, format: Format) -> bool {
        if self.outputs().any(|known| known == format) {
            return true;
        }
        let Some(packer) = Packer::new(self.format.sample_rate, format) else { return false };
        self.outputs.push(Output { packer, packets: Vec::new() });
        true
    }

    /// Makes only packets of the formats that `keep` names.
    pub fn retain(&mut self, keep: impl Fn(Format) -> bool) {
        self.outputs.retain(|output| keep(output.packer.format()));
    }

    /// Takes in a packet; [`Transcoder::packets`] are what came of it.
    pub fn push(&mut self, input: Input<'_>) -> Outcome {
        self.outputs.iter_mut().for_each(|output| output.packets.clear());
        if !self.advance(&input) {
            return Outcome::Late;
        }
        let begin = self.samples.len();
        if let Err(error) = self.decoder.decode(input.payload, &mut self.samples) {
            self.samples.clear();
            return Outcome::Broken(error);
        }
        let decoded = &self.samples[begin..];
        let level = level::level(decoded);
        self.duration = self.ticks_of(decoded.len());
        self.next = Some((input.sequence + 1, input.timestamp.wrapping_add(self.duration)));
        let outcome = self.pack();
        outcome.map_or_else(Outcome::Broken, |()| Outcome::Heard(level))
    }

    /// Notes a packet without sound (comfort noise, an event): it is not missing.
    pub fn skip(&mut self, sequence: u64) {
        if let Some((next, _)) = &mut self.next {
            *next = (sequence + 1).max(*next);
        }
    }

    /// What the last packet became in this format.
    pub fn packets(&self, format: Format) -> &[Coded] {
        let mut outputs = self.outputs.iter();
        let found = outputs.find(|output| output.packer.format() == format);
        found.map_or(&[], |output| &output.packets)
    }

    /// Makes up for, or tells the receivers of, what lies between the last packet and this one;
    /// false if this one is late.
    fn advance(&mut self, input: &Input<'_>) -> bool {
        self.samples.clear();
        let Some((sequence, timestamp)) = self.next else { return true };
        if input.sequence < sequence {
            return false;
        }
        let lost = input.sequence - sequence;
        let missing = input.timestamp.wrapping_sub(timestamp);
        let longest = self.format.clock_rate.saturating_mul(LONGEST_PAUSE_SECONDS);
        if missing == 0 {
            return true;
        }
        if missing > longest {
            // Another beginning: the streams that we make go on without a gap.
            self.pause(self.duration);
        } else if lost == 0 {
            self.pause(missing);
        } else if let Decoder::Opus(decoder) = &mut self.decoder
            && lost <= LONGEST_GAP
            && u64::from(missing) == lost * u64::from(self.duration)
        {
            let frames = self.format.samples_of(self.duration);
            for back in (1..=lost).rev() {
                let next = (back == 1).then_some(input.payload);
                if decoder.conceal_into(frames, next, &mut self.samples).is_err() {
                    self.samples.resize(self.samples.len() + frames, 0);
                }
            }
        } else {
            self.lose(missing);
        }
        true
    }

    fn pause(&mut self, ticks: u32) {
        let from = self.format.clock_rate;
        for Output { packer, .. } in &mut self.outputs {
            packer.pause(scale(ticks, from, packer.format().clock_rate));
        }
    }

    fn lose(&mut self, ticks: u32) {
        let from = self.format.clock_rate;
        for Output { packer, .. } in &mut self.outputs {
            packer.lose(scale(ticks, from, packer.format().clock_rate));
        }
    }

    fn pack(&mut self) -> Result<(), AudioError> {
        self.floats.clear();
        self.floats.extend(self.samples.iter().map(|&sample| f32::from(sample)));
        let mut outcome = Ok(());
        for Output { packer, packets } in &mut self.outputs {
            outcome = outcome.and(packer.push(&self.floats, packets));
        }
        outcome
    }

    fn ticks_of(&self, samples: usize) -> u32 {
        scale(samples as u32, self.format.sample_rate, self.format.clock_rate)
    }
}

fn scale(count: u32, from: u32, to: u32) -> u32 {
    (u64::from(count) * u64::from(to) / u64::from(from.max(1))) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Encoder;
    use crate::format::Codec;
    use proptest::prelude::*;

    fn pcmu() -> Format {
        Format::new(Codec::Pcmu, 8000, 1).unwrap()
    }

    /// A tone as packets of 20 ms.
    fn stream(format: Format, count: u64) -> Vec<Vec<u8>> {
        let mut encoder = Encoder::new(&format).unwrap();
        let length = format.samples(20);
        let angle = |n: usize| n as f32 * 440.0 * std::f32::consts::TAU / format.sample_rate as f32;
        let mut packets = Vec::new();
        for n in 0..count as usize {
            let samples: Vec<i16> =
                (n * length..(n + 1) * length).map(|n| (angle(n).sin() * 9000.0) as i16).collect();
            let mut payload = Vec::new();
            encoder.encode(&samples, &mut payload).unwrap();
            packets.push(payload);
        }
        packets
    }

    /// What is heard of the packets that `keep` lets through: numbers and the last level.
    fn convert(
        from: Format,
        to: Format,
        keep: impl Fn(u64) -> bool,
    ) -> (Vec<(u64, u32, bool)>, i8) {
        let mut transcoder = Transcoder::new(from).unwrap();
        assert!(transcoder.add(to));
        let mut decoder = Decoder::new(&to).unwrap();
        let (mut numbers, mut samples) = (Vec::new(), Vec::new());
        for (n, payload) in stream(from, 20).iter().enumerate() {
            let timestamp = u32::MAX - 1000 + n as u32 * from.ticks(20);
            let input = Input { sequence: n as u64, timestamp, payload };
            if !keep(n as u64) {
                continue;
            }
            assert!(matches!(transcoder.push(input), Outcome::Heard(_)));
            for packet in transcoder.packets(to) {
                numbers.push((packet.sequence, packet.timestamp, packet.marker));
                samples.clear();
                decoder.decode(&packet.payload, &mut samples).unwrap();
            }
        }
        (numbers, level::level(&samples))
    }

    #[test]
    fn a_tone_passes_between_all_formats() {
        let formats = [(Codec::Opus, 48_000, 2), (Codec::G722, 8000, 1), (Codec::L16, 16_000, 1)];
        for (codec, rate, channels) in formats {
            let other = Format::new(codec, rate, channels).unwrap();
            for (from, to) in [(pcmu(), other), (other, pcmu())] {
                let (numbers, level) = convert(from, to, |_| true);
                let expected: Vec<_> =
                    (0..20u32).map(|n| (u64::from(n) + 1, n * to.ticks(20), n == 0)).collect();
                assert_eq!(numbers, expected);
                assert!((level + 14).abs() <= 1, "{from:?} → {to:?}: {level} dBov");
            }
        }
    }

    #[test]
    fn what_is_lost_is_told_or_made_up_for() {
        let lost = |n: u64| n != 7 && n != 8;
        let (numbers, _) = convert(pcmu(), Format::OPUS, lost);
        let sequences: Vec<u64> = numbers.iter().map(|number| number.0).collect();
        assert_eq!(sequences, (1..=7).chain(10..=20).collect::<Vec<u64>>());
        assert_eq!(numbers[7], (10, 9 * 960, false));
        let (numbers, _) = convert(Format::OPUS, pcmu(), lost);
        assert_eq!(numbers.len(), 20, "the decoder makes up for the lost");
        assert_eq!(numbers[19], (20, 19 * 160, false));
    }

    #[test]
    fn packets_of_30_ms_become_packets_of_20_ms() {
        let mut transcoder = Transcoder::new(pcmu()).unwrap();
        assert!(transcoder.add(Format::OPUS));
        let mut timestamps = Vec::new();
        for n in 0..4u32 {
            let payload = vec![0xff; 240];
            transcoder.push(Input { sequence: n.into(), timestamp: n * 240, payload: &payload });
            timestamps.extend(transcoder.packets(Format::OPUS).iter().map(|p| p.timestamp));
        }
        assert_eq!(timestamps, [0, 960, 1920, 2880, 3840, 4800]);
    }

    #[test]
    fn a_pause_is_no_loss_and_a_late_packet_is_nothing() {
        let mut transcoder = Transcoder::new(pcmu()).unwrap();
        assert!(transcoder.add(Format::OPUS));
        let payload = [0xff; 160];
        let push = |transcoder: &mut Transcoder, sequence, timestamp| {
            let outcome = transcoder.push(Input { sequence, timestamp, payload: &payload });
            let first = transcoder.packets(Format::OPUS).first();
            (outcome, first.map(|p| (p.sequence, p.timestamp, p.marker)))
        };
        let heard = Outcome::Heard(-127);
        assert_eq!(push(&mut transcoder, 5, 1000), (heard, Some((1, 0, true))));
        transcoder.skip(6);
        assert_eq!(push(&mut transcoder, 7, 9000), (heard, Some((2, 48_000, true))));
        assert_eq!(push(&mut transcoder, 6, 8840), (Outcome::Late, None));
        let (_, again) = push(&mut transcoder, 8, 4_000_000_000);
        assert_eq!(again, Some((3, 48_000 + 2 * 960, true)), "a jump is no pause of a day");
        transcoder.retain(|_| false);
        assert_eq!(push(&mut transcoder, 9, 4_000_000_160), (heard, None));
    }

    proptest! {
        #[test]
        fn any_stream_is_survived(packets in prop::collection::vec(
            (0u64..40, any::<u32>(), prop::collection::vec(any::<u8>(), 0..200)), 0..40,
        )) {
            for format in [Format::OPUS, pcmu()] {
                let mut transcoder = Transcoder::new(format).unwrap();
                let other = Format::new(Codec::G722, 8000, 1).unwrap();
                transcoder.add(other);
                let mut last = 0;
                for (sequence, timestamp, payload) in &packets {
                    let (sequence, timestamp) = (*sequence, *timestamp);
                    transcoder.push(Input { sequence, timestamp, payload });
                    for packet in transcoder.packets(other) {
                        prop_assert!(packet.sequence > last);
                        last = packet.sequence;
                    }
                }
            }
        }
    }
}
