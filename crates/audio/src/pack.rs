//! Samples to packets of one format: rate conversion, cutting into packets, encoding, numbering.

use crate::codec::{AudioError, Encoder};
use crate::format::Format;
use crate::resample::Resampler;

/// A packet that is ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coded {
    /// Counts from 1; a hole tells the receiver that something was lost on its way to us.
    pub sequence: u64,
    /// In ticks of the format's clock, from 0.
    pub timestamp: u32,
    /// The first after a pause (RFC 3551 §4.1).
    pub marker: bool,
    /// What is sent.
    pub payload: Vec<u8>,
}

/// Makes packets of one stream of samples.
pub struct Packer {
    format: Format,
    resampler: Resampler,
    encoder: Encoder,
    /// At the format's sample rate; less than a packet between two calls.
    waiting: Vec<i16>,
    converted: Vec<f32>,
    sequence: u64,
    timestamp: u32,
    begins: bool,
}

impl Packer {
    /// Packets of `format` from samples of `sample_rate`; `None` if that cannot be converted.
    pub fn new(sample_rate: u32, format: Format) -> Option<Packer> {
        Packer::with(sample_rate, format, Encoder::new(&format).ok()?)
    }

    /// The same with an encoder that was set up already.
    pub fn with(sample_rate: u32, format: Format, encoder: Encoder) -> Option<Packer> {
        Some(Packer {
            format,
            resampler: Resampler::new(sample_rate, format.sample_rate)?,
            encoder,
            waiting: Vec::new(),
            converted: Vec::new(),
            sequence: 0,
            timestamp: 0,
            begins: true,
        })
    }

    /// What the packets are.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Takes samples in the scale of 16 bits, and appends the packets that are full.
    pub fn push(&mut self, samples: &[f32], packets: &mut Vec<Coded>) -> Result<(), AudioError> {
        self.converted.clear();
        self.resampler.process(samples, &mut self.converted);
        // `as` saturates: a filter may swing beyond what it was given.
        self.waiting.extend(self.converted.iter().map(|sample| sample.round() as i16));
        let milliseconds = self.format.packet_ms.into();
        let (count, ticks) = (self.format.samples(milliseconds), self.format.ticks(milliseconds));
        let (mut begin, mut outcome) = (0, Ok(()));
        while let Some(frame) = self.waiting.get(begin..begin + count) {
            let mut payload = Vec::with_capacity(count);
            outcome = outcome.and(self.encoder.encode(frame, &mut payload));
            begin += count;
            self.sequence += 1;
            let timestamp = self.timestamp;
            self.timestamp = timestamp.wrapping_add(ticks);
            if outcome.is_ok() {
                let marker = std::mem::take(&mut self.begins);
                packets.push(Coded { sequence: self.sequence, timestamp, marker, payload });
            }
        }
        self.waiting.drain(..begin);
        outcome
    }

    /// Lets `ticks` of the format's clock pass in silence: nothing is sent for them, and what waits
    /// for its packet to fill is dropped.
    pub fn pause(&mut self, ticks: u32) {
        self.timestamp = self.timestamp.wrapping_add(ticks).wrapping_add(self.waiting_ticks());
        self.waiting.clear();
        self.resampler.reset();
        self.begins = true;
    }

    /// The same for sound that was lost: the receiver is to make up for it.
    pub fn lose(&mut self, ticks: u32) {
        let waiting = self.waiting_ticks();
        let packet = self.format.ticks(self.format.packet_ms.into());
        // Waiting samples are lost with it, since their packet will never be full.
        let packets = (ticks.saturating_add(waiting) + packet / 2) / packet;
        let begins = self.begins;
        self.pause(ticks);
        self.begins = begins;
        self.sequence += u64::from(packets);
    }

    /// A packet that describes what follows instead of carrying it (RFC 3389), in its place among
    /// the others.
    pub fn tell(&mut self, payload: Vec<u8>) -> Coded {
        self.sequence += 1;
        Coded { sequence: self.sequence, timestamp: self.timestamp(), marker: false, payload }
    }

    /// The timestamp of the next sample that is pushed, the delay of the rate conversion left out.
    pub fn timestamp(&self) -> u32 {
        self.timestamp.wrapping_add(self.waiting_ticks())
    }

    /// A packer that goes on from where this one is.
    pub fn fork(&self) -> Result<Packer, AudioError> {
        Ok(Packer {
            format: self.format,
            resampler: self.resampler.clone(),
            encoder: self.encoder.fork()?,
            waiting: self.waiting.clone(),
            converted: Vec::new(),
            ..*self
        })
    }

    fn waiting_ticks(&self) -> u32 {
        let (waiting, clock) = (self.waiting.len() as u64, u64::from(self.format.clock_rate));
        (waiting * clock / u64::from(self.format.sample_rate)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Decoder;
    use crate::format::Codec;
    use crate::level;

    fn pcmu() -> Format {
        Format::new(Codec::Pcmu, 8000, 1).unwrap()
    }

    fn tone(rate: u32, from: usize, count: usize) -> Vec<f32> {
        let angle = |n: usize| n as f32 * 440.0 * std::f32::consts::TAU / rate as f32;
        (from..from + count).map(|n| angle(n).sin() * 10_000.0).collect()
    }

    #[test]
    fn samples_become_packets_of_each_duration() {
        for (milliseconds, expected) in [(10, 10), (20, 5), (30, 3), (40, 2), (60, 1)] {
            let format = pcmu().with_packet_ms(milliseconds);
            let mut packer = Packer::new(48_000, format).unwrap();
            let mut packets = Vec::new();
            for n in 0..5 {
                packer.push(&tone(48_000, n * 960, 960), &mut packets).unwrap();
            }
            assert_eq!(packets.len(), expected);
            for (n, packet) in packets.iter().enumerate() {
                assert_eq!(packet.payload.len(), format.samples(milliseconds));
                assert_eq!(packet.sequence, n as u64 + 1);
                assert_eq!(packet.timestamp, format.ticks(milliseconds) * n as u32);
                assert_eq!(packet.marker, n == 0);
            }
            let mut samples = Vec::new();
            let mut decoder = Decoder::new(&format).unwrap();
            decoder.decode(&packets.last().unwrap().payload, &mut samples).unwrap();
            assert!((level::level(&samples) + 13).abs() <= 1, "{}", level::level(&samples));
        }
    }

    #[test]
    fn pauses_and_losses_show_in_the_numbers() {
        let mut packer = Packer::new(8000, pcmu()).unwrap();
        let mut packets = Vec::new();
        packer.push(&tone(8000, 0, 240), &mut packets).unwrap();
        packer.pause(8000);
        packer.push(&tone(8000, 0, 160), &mut packets).unwrap();
        let told = packer.tell(vec![60]);
        assert_eq!((told.sequence, told.timestamp, told.marker), (3, 8400, false));
        packer.lose(320);
        packer.push(&tone(8000, 0, 160), &mut packets).unwrap();
        let numbers: Vec<_> = packets.iter().map(|p| (p.sequence, p.timestamp, p.marker)).collect();
        assert_eq!(numbers, [(1, 0, true), (2, 8240, true), (6, 8720, false)]);
    }

    #[test]
    fn a_fork_goes_on() {
        let mut packer = Packer::new(48_000, pcmu()).unwrap();
        let (mut one, mut other) = (Vec::new(), Vec::new());
        packer.push(&tone(48_000, 0, 1000), &mut one).unwrap();
        let mut fork = packer.fork().unwrap();
        one.clear();
        packer.push(&tone(48_000, 1000, 960), &mut one).unwrap();
        fork.push(&tone(48_000, 1000, 960), &mut other).unwrap();
        assert_eq!(one, other);
    }
}
