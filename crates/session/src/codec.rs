//! Which payload type of a sink carries what a source sends. It knows codecs and their parameters.

use str0m::format::{
    Codec, PayloadParams, detect_av1_keyframe, detect_h264_keyframe, detect_vp8_keyframe,
    detect_vp9_keyframe,
};
use str0m::media::Pt;

/// What of a codec's negotiation matters for passing its packets on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) codec: Codec,
    /// Hz.
    pub(crate) clock_rate: u32,
    /// H.264: the profile; VP9: `profile-id`; others 0.
    profile: u32,
    /// H.264 `packetization-mode` (RFC 6184 §8.1); others 0.
    mode: u8,
}

/// H.264 profiles as far as they decide who can decode whom (RFC 6184 §8.1, table 5).
const CONSTRAINED_BASELINE: u32 = 1;
const BASELINE: u32 = 2;
const MAIN: u32 = 3;
const CONSTRAINED_HIGH: u32 = 4;
const HIGH: u32 = 5;

impl Format {
    pub(crate) fn of(params: &PayloadParams) -> Format {
        let spec = params.spec();
        let (profile, mode) = match spec.codec {
            Codec::H264 => (
                h264_profile(spec.format.profile_level_id.unwrap_or(0x42_00_0a)),
                spec.format.packetization_mode.unwrap_or(0),
            ),
            Codec::Vp9 => (spec.format.profile_id.unwrap_or(0), 0),
            _ => (0, 0),
        };
        Format { codec: spec.codec, clock_rate: spec.clock_rate.get(), profile, mode }
    }

    /// Opus as our own audio endpoints send it (RFC 7587 §4.1).
    pub(crate) fn opus() -> Format {
        Format { codec: Codec::Opus, clock_rate: 48_000, profile: 0, mode: 0 }
    }

    /// The payload type among `offered` that carries this format best.
    pub(crate) fn find<'a>(&self, offered: impl Iterator<Item = &'a PayloadParams>) -> Option<Pt> {
        let scored = offered.filter_map(|params| Some((self.score(params)?, params.pt())));
        // The first of equals: `max_by_key` would give the last.
        scored.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, pt)| pt)
    }

    fn score(&self, params: &PayloadParams) -> Option<u8> {
        let sink = Format::of(params);
        if sink.codec != self.codec || sink.clock_rate != self.clock_rate {
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
        Codec::Vp8 => "vp8",
        Codec::Vp9 => "vp9",
        Codec::H264 => "h264",
        Codec::Av1 => "av1",
        _ => "unknown",
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
        assert_eq!(name(found.spec().codec), "opus");
        let spec = CodecSpec {
            codec: Codec::Vp9,
            clock_rate: str0m::media::Frequency::NINETY_KHZ,
            channels: None,
            format: FormatParams { profile_id: Some(2), ..Default::default() },
        };
        let second =
            Format::of(&PayloadParams::new(1.into(), None, spec)).find(config.params().iter());
        let second = config.find(|params| Some(params.pt()) == second).unwrap();
        assert_eq!(second.spec().format.profile_id, Some(2));
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
