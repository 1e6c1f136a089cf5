//! Which payload type of a sink carries what a source sends. It knows codecs and their parameters.

use std::time::Duration;

use str0m::format::{
    Codec as WebCodec, PayloadParams, detect_av1_keyframe, detect_h264_keyframe,
    detect_vp8_keyframe, detect_vp9_keyframe,
};
use str0m::media::Pt;

/// The codecs that rooms pass on; those of telephones among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Codec {
    Opus,
    Pcmu,
    Pcma,
    G722,
    L16,
    /// RFC 3389: how silence sounds.
    ComfortNoise,
    Vp8,
    Vp9,
    H264,
    Av1,
    Other,
}

impl Codec {
    pub(crate) fn is_audio(self) -> bool {
        use Codec::{ComfortNoise, G722, L16, Opus, Pcma, Pcmu};
        matches!(self, Opus | Pcmu | Pcma | G722 | L16 | ComfortNoise)
    }

    fn of(codec: WebCodec) -> Codec {
        match codec {
            WebCodec::Opus => Codec::Opus,
            WebCodec::PCMU => Codec::Pcmu,
            WebCodec::PCMA => Codec::Pcma,
            WebCodec::G722 => Codec::G722,
            WebCodec::CN => Codec::ComfortNoise,
            WebCodec::Vp8 => Codec::Vp8,
            WebCodec::Vp9 => Codec::Vp9,
            WebCodec::H264 => Codec::H264,
            WebCodec::Av1 => Codec::Av1,
            _ => Codec::Other,
        }
    }
}

/// What of a codec's negotiation matters for passing its packets on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Format {
    pub(crate) codec: Codec,
    /// Hz.
    pub(crate) clock_rate: u32,
    /// Of L16; 1 for all others, Opus among them, whose packets say it themselves.
    pub(crate) channels: u8,
    /// H.264: the profile; VP9: `profile-id`; others 0.
    profile: u32,
    /// H.264 `packetization-mode` (RFC 6184 §8.1); others 0.
    mode: u8,
}

/// RFC 6184 §8.1: what holds where `profile-level-id` is not given.
const H264_DEFAULT: u32 = 0x42_00_0a;
/// H.264 profiles as far as they decide who can decode whom (RFC 6184 §8.1, table 5).
const CONSTRAINED_BASELINE: u32 = 1;
const BASELINE: u32 = 2;
const MAIN: u32 = 3;
const CONSTRAINED_HIGH: u32 = 4;
const HIGH: u32 = 5;

impl Format {
    pub(crate) fn of(params: &PayloadParams) -> Format {
        let spec = params.spec();
        let codec = Codec::of(spec.codec);
        let (profile, mode) = match codec {
            Codec::H264 => (
                h264_profile(spec.format.profile_level_id.unwrap_or(H264_DEFAULT)),
                spec.format.packetization_mode.unwrap_or(0),
            ),
            Codec::Vp9 => (spec.format.profile_id.unwrap_or(0), 0),
            _ => (0, 0),
        };
        Format { codec, clock_rate: spec.clock_rate.get(), channels: 1, profile, mode }
    }

    /// Opus as our own audio endpoints send it (RFC 7587 §4.1).
    pub(crate) fn opus() -> Format {
        Format::audio(Codec::Opus, 48_000, 1)
    }

    pub(crate) fn audio(codec: Codec, clock_rate: u32, channels: u8) -> Format {
        Format { codec, clock_rate, channels, profile: 0, mode: 0 }
    }

    /// How sound in this format is encoded and decoded; `None` for what is no sound.
    pub(crate) fn sound(&self, packet_time: Duration) -> Option<antiphon_audio::Format> {
        use antiphon_audio::Codec as Sound;
        let (codec, channels) = match self.codec {
            Codec::Opus => (Sound::Opus, 2),
            Codec::Pcmu => (Sound::Pcmu, 1),
            Codec::Pcma => (Sound::Pcma, 1),
            Codec::G722 => (Sound::G722, 1),
            Codec::L16 => (Sound::L16, self.channels),
            _ => return None,
        };
        let format = antiphon_audio::Format::new(codec, self.clock_rate, channels)?;
        Some(format.with_packet_ms(packet_time.as_millis() as u32))
    }

    /// How loud a payload is (RFC 6464), where reading it is cheap; others are told when decoded.
    pub(crate) fn level(&self, payload: &[u8]) -> Option<i8> {
        if !matches!(self.codec, Codec::Pcmu | Codec::Pcma | Codec::L16) {
            return None;
        }
        let sound = self.sound(Duration::from_millis(20))?;
        let mut samples = Vec::with_capacity(payload.len());
        antiphon_audio::Decoder::new(&sound).ok()?.decode(payload, &mut samples).ok()?;
        Some(antiphon_audio::level::level(&samples))
    }

    /// A format as telephones name it in SDP; `None` for those that are no media of a room.
    /// `fmtp`: the value of `a=fmtp` after the payload type.
    pub(crate) fn named(name: &str, rate: u32, channels: u8, fmtp: &str) -> Option<Format> {
        let codec = match name.to_ascii_lowercase().as_str() {
            "opus" => return Some(Format::opus()),
            "pcmu" => Codec::Pcmu,
            "pcma" => Codec::Pcma,
            "g722" => Codec::G722,
            "l16" => return Some(Format::audio(Codec::L16, rate, channels.max(1))),
            "cn" => Codec::ComfortNoise,
            "vp8" => Codec::Vp8,
            "h264" => {
                let level = parameter(fmtp, "profile-level-id");
                let level = level.and_then(|hex| u32::from_str_radix(hex, 16).ok());
                let profile = h264_profile(level.unwrap_or(H264_DEFAULT));
                let mode = parameter(fmtp, "packetization-mode");
                let mode = mode.and_then(|mode| mode.parse().ok()).unwrap_or(0);
                let format = Format::audio(Codec::H264, rate, 1);
                return Some(Format { profile, mode, ..format });
            }
            _ => return None,
        };
        Some(Format::audio(codec, rate, 1))
    }

    /// The payload type among `offered` that carries this format best.
    pub(crate) fn find<'a>(&self, offered: impl Iterator<Item = &'a PayloadParams>) -> Option<Pt> {
        self.find_among(offered.map(|params| (params.pt(), Format::of(params))))
    }

    /// The same among formats that are known.
    pub(crate) fn find_among(&self, offered: impl Iterator<Item = (Pt, Format)>) -> Option<Pt> {
        let scored = offered.filter_map(|(pt, format)| Some((self.score(&format)?, pt)));
        // The first of equals: `max_by_key` would give the last.
        scored.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, pt)| pt)
    }

    fn score(&self, sink: &Format) -> Option<u8> {
        if (sink.codec, sink.clock_rate, sink.channels)
            != (self.codec, self.clock_rate, self.channels)
        {
            return None;
        }
        match self.codec {
            // A receiver of mode 1 accepts the packets of mode 0 (RFC 6184 §5.4), not the reverse.
            Codec::H264 if sink.mode < self.mode => None,
            Codec::H264 => {
                let profile = profile_score(self.profile, sink.profile)?;
                Some(2 * profile + u8::from(sink.mode == self.mode))
            }
            Codec::Vp9 => (sink.profile == self.profile).then_some(1),
            _ => Some(1),
        }
    }
}

/// The value of one parameter of `a=fmtp`.
fn parameter<'a>(fmtp: &'a str, name: &str) -> Option<&'a str> {
    let pairs = fmtp.split(';').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
    values.next().map(|(_, value)| value.trim())
}

fn h264_profile(profile_level_id: u32) -> u32 {
    let (profile, constraints) = ((profile_level_id >> 16) & 0xff, (profile_level_id >> 8) & 0xff);
    match profile {
        0x42 if constraints & 0x40 != 0 => CONSTRAINED_BASELINE,
        0x4d if constraints & 0x80 != 0 => CONSTRAINED_BASELINE,
        0x58 if constraints & 0xc0 == 0xc0 => CONSTRAINED_BASELINE,
        0x42 => BASELINE,
        0x4d => MAIN,
        0x64 if constraints & 0x0c == 0x0c => CONSTRAINED_HIGH,
        0x64 => HIGH,
        other => 0x100 | other,
    }
}

/// A decoder of `sink` decodes `source`: 2 the same, 1 a superset.
fn profile_score(source: u32, sink: u32) -> Option<u8> {
    match (source, sink) {
        (a, b) if a == b => Some(2),
        (CONSTRAINED_BASELINE, BASELINE | MAIN | CONSTRAINED_HIGH | HIGH) => Some(1),
        (MAIN | CONSTRAINED_HIGH, HIGH) => Some(1),
        // Senders that say Baseline send no more than its constrained form in practice.
        (BASELINE, CONSTRAINED_BASELINE) => Some(1),
        _ => None,
    }
}

/// The name of the public interface.
pub(crate) fn name(codec: Codec) -> &'static str {
    match codec {
        Codec::Opus => "opus",
        Codec::Pcmu => "pcmu",
        Codec::Pcma => "pcma",
        Codec::G722 => "g722",
        Codec::L16 => "l16",
        Codec::ComfortNoise => "cn",
        Codec::Vp8 => "vp8",
        Codec::Vp9 => "vp9",
        Codec::H264 => "h264",
        Codec::Av1 => "av1",
        Codec::Other => "unknown",
    }
}

/// Whether decoding can begin with this payload.
pub(crate) fn is_keyframe(codec: Codec, payload: &[u8]) -> bool {
    match codec {
        Codec::Vp8 => detect_vp8_keyframe(payload),
        Codec::Vp9 => detect_vp9_keyframe(payload),
        Codec::H264 => detect_h264_keyframe(payload),
        Codec::Av1 => detect_av1_keyframe(payload),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use str0m::format::{CodecConfig, CodecSpec, FormatParams};

    fn h264(pt: u8, profile: u32, mode: u8) -> PayloadParams {
        let mut config = CodecConfig::empty();
        config.add_h264(pt.into(), None, mode == 1, profile);
        config.params()[0]
    }

    #[test]
    fn h264_profiles_are_matched_sensibly() {
        let offered = [h264(100, 0x64001f, 1), h264(101, 0x42e01f, 0), h264(102, 0x42e01f, 1)];
        let find = |profile, mode| Format::of(&h264(1, profile, mode)).find(offered.iter());
        assert_eq!(find(0x42e01f, 1), Some(102.into()));
        assert_eq!(find(0x42c01f, 1), Some(102.into()), "the same profile spelled differently");
        assert_eq!(find(0x42e01f, 0), Some(101.into()));
        assert_eq!(find(0x4d001f, 1), Some(100.into()));
        assert_eq!(find(0x4d001f, 0), Some(100.into()));
        assert_eq!(Format::of(&h264(1, 0x64001f, 1)).find(offered[1..].iter()), None);
        assert_eq!(Format::of(&h264(1, 0x42e01f, 1)).find(offered[1..2].iter()), None);
    }

    #[test]
    fn other_codecs_match_by_name() {
        let mut config = CodecConfig::new_with_defaults();
        config.enable_av1(true);
        let opus = Format::opus().find(config.params().iter()).unwrap();
        let found = config.find(|params| params.pt() == opus).unwrap();
        assert_eq!(name(Codec::of(found.spec().codec)), "opus");
        let spec = CodecSpec {
            codec: WebCodec::Vp9,
            clock_rate: str0m::media::Frequency::NINETY_KHZ,
            channels: None,
            format: FormatParams { profile_id: Some(2), ..Default::default() },
        };
        let second =
            Format::of(&PayloadParams::new(1.into(), None, spec)).find(config.params().iter());
        let second = config.find(|params| Some(params.pt()) == second).unwrap();
        assert_eq!(second.spec().format.profile_id, Some(2));
    }

    #[test]
    fn formats_of_telephones_are_named_as_in_descriptions() {
        let named = |name, rate, fmtp| Format::named(name, rate, 1, fmtp).unwrap();
        assert_eq!(Format::named("opus", 48_000, 2, "useinbandfec=1"), Some(Format::opus()));
        assert_eq!(named("PCMU", 8000, ""), Format::audio(Codec::Pcmu, 8000, 1));
        let video = named("H264", 90_000, "profile-level-id=42E01F; packetization-mode=1");
        assert_eq!(video, Format::of(&h264(1, 0x42e01f, 1)));
        assert_eq!(named("H264", 90_000, "").profile, BASELINE);
        assert_eq!(Format::named("telephone-event", 8000, 1, "0-15"), None);
        let wide = named("l16", 16_000, "");
        let offered = [(11.into(), named("l16", 8000, "")), (97.into(), wide)];
        assert_eq!(wide.find_among(offered.into_iter()), Some(97.into()));
    }

    proptest! {
        #[test]
        fn any_payload_is_survived(payload: Vec<u8>) {
            for codec in [Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1, Codec::Opus] {
                let _ = is_keyframe(codec, &payload);
            }
        }
    }
}
