//! What an audio stream is made of: codec, rates, packet duration.

/// The audio codecs that are decoded and encoded here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Codec {
    /// RFC 7587.
    Opus,
    /// ITU-T G.722 at 64 kbit/s (RFC 3551 §4.5.2).
    G722,
    /// G.711 µ-law (RFC 3551 §4.5.14).
    Pcmu,
    /// G.711 A-law (RFC 3551 §4.5.14).
    Pcma,
    /// Linear samples of 16 bits, high byte first (RFC 3551 §4.5.11).
    L16,
}

impl Codec {
    /// The codec of that encoding name of SDP, in any case.
    pub fn named(name: &str) -> Option<Codec> {
        const ALL: [Codec; 5] = [Codec::Opus, Codec::G722, Codec::Pcmu, Codec::Pcma, Codec::L16];
        ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// The encoding name as it is registered for SDP.
    pub fn name(self) -> &'static str {
        match self {
            Codec::Opus => "opus",
            Codec::G722 => "G722",
            Codec::Pcmu => "PCMU",
            Codec::Pcma => "PCMA",
            Codec::L16 => "L16",
        }
    }

    /// Whether the codec itself makes up for lost packets.
    pub fn conceals(self) -> bool {
        self == Codec::Opus
    }
}

/// Longest payload that we send, so that no packet is cut in pieces on its way.
const LONGEST_PAYLOAD: usize = 1400;

/// One audio format as it was negotiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Format {
    /// The codec.
    pub codec: Codec,
    /// Ticks of the RTP timestamp in a second.
    pub clock_rate: u32,
    /// Samples per second and channel that are encoded and decoded.
    pub sample_rate: u32,
    /// Channels on the wire, as the format parameters of SDP say. We send one where the codec
    /// leaves the choice (Opus), and what is decoded is brought down to one.
    pub channels: u8,
    /// Duration of one packet that we send, in milliseconds: 10, 20, 30, 40 or 60.
    pub packet_ms: u8,
}

impl Format {
    /// Longest packet duration that we send.
    const LONGEST_PACKET_MS: u8 = 60;

    /// A format as SDP names it (`a=rtpmap`), packets of 20 ms; `None` if it is not supported.
    pub fn new(codec: Codec, clock_rate: u32, channels: u8) -> Option<Format> {
        let sample_rate = match (codec, clock_rate, channels) {
            (Codec::Opus, 48_000, 1 | 2) => 48_000,
            // RFC 3551 §4.5.2: the clock is 8 kHz by an error of the past, the samples are 16 kHz.
            (Codec::G722, 8_000, 1) => 16_000,
            (Codec::Pcmu | Codec::Pcma, 8_000, 1) => 8_000,
            (Codec::L16, 8_000 | 16_000 | 44_100 | 48_000, 1) => clock_rate,
            _ => return None,
        };
        let format = Format { codec, clock_rate, sample_rate, channels, packet_ms: 20 };
        Some(format.with_packet_ms(20))
    }

    /// Opus as everybody sends it: 48 kHz, packets of 20 ms.
    pub const OPUS: Format = Format {
        codec: Codec::Opus,
        clock_rate: 48_000,
        sample_rate: 48_000,
        channels: 2,
        packet_ms: 20,
    };

    /// The same with packets of about `milliseconds` (`a=ptime`), as near as we can.
    #[must_use]
    pub fn with_packet_ms(self, milliseconds: u32) -> Format {
        let bytes = |milliseconds| self.samples(milliseconds) * 2;
        let longest = if self.codec != Codec::L16 || bytes(60) <= LONGEST_PAYLOAD {
            u32::MAX
        } else if bytes(20) <= LONGEST_PAYLOAD {
            20
        } else {
            10
        };
        let packet_ms = match milliseconds.min(longest) {
            0..15 => 10,
            15..25 => 20,
            // Opus has no frames of 30 ms (RFC 6716 §2.1.4).
            25..35 if self.codec != Codec::Opus => 30,
            25..50 => 40,
            _ => Self::LONGEST_PACKET_MS,
        };
        Format { packet_ms, ..self }
    }

    /// Ticks of the RTP timestamp in so many milliseconds.
    pub fn ticks(&self, milliseconds: u32) -> u32 {
        self.clock_rate / 10 * milliseconds / 100
    }

    /// Samples of one channel in so many milliseconds.
    pub fn samples(&self, milliseconds: u32) -> usize {
        (self.sample_rate / 10 * milliseconds / 100) as usize
    }

    /// Samples of one channel in so many ticks.
    pub fn samples_of(&self, ticks: u32) -> usize {
        (u64::from(ticks) * u64::from(self.sample_rate) / u64::from(self.clock_rate)) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_those_of_the_standards() {
        let g722 = Format::new(Codec::G722, 8000, 1).unwrap();
        assert_eq!((g722.ticks(20), g722.samples(20)), (160, 320));
        assert_eq!(g722.samples_of(160), 320);
        let cd = Format::new(Codec::L16, 44_100, 1).unwrap();
        assert_eq!((cd.ticks(20), cd.samples(20), cd.samples(10)), (882, 882, 441));
        assert_eq!(Format::new(Codec::Pcmu, 16_000, 1), None);
        assert_eq!(Codec::named("pcma"), Some(Codec::Pcma));
        assert_eq!(Codec::named("iLBC"), None);
    }

    #[test]
    fn packet_durations_are_those_that_the_codec_has() {
        let pcmu = Format::new(Codec::Pcmu, 8000, 1).unwrap();
        assert_eq!(pcmu.with_packet_ms(30).packet_ms, 30);
        assert_eq!(Format::OPUS.with_packet_ms(30).packet_ms, 40);
        assert_eq!(pcmu.with_packet_ms(1000).packet_ms, 60);
        assert_eq!(pcmu.with_packet_ms(0).packet_ms, 10);
        let wide = Format::new(Codec::L16, 48_000, 1).unwrap();
        assert_eq!(wide.packet_ms, 10, "20 ms would be 1,920 bytes");
        let narrow = Format::new(Codec::L16, 16_000, 1).unwrap();
        assert_eq!(narrow.with_packet_ms(60).packet_ms, 20);
    }
}
