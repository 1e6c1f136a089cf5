//! Opus (RFC 6716) by the reference library, wrapped so that no caller needs `unsafe`. It knows
//! samples and packets only.

use std::ffi::c_int;
use std::fmt;
use std::ptr::NonNull;

use opusic_sys as ffi;

/// Longest packet we make: 20 ms at most rates stay far below.
const LONGEST_PACKET: usize = 1275;
/// Longest duration of one packet, in samples at 48 kHz (RFC 6716 §2.1.4).
const LONGEST_FRAME_48K: usize = 5760;
/// Packet loss that the encoder expects, in percent: it decides how much redundancy is sent.
const EXPECTED_LOSS: c_int = 5;

/// An error code of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpusError(c_int);

impl fmt::Display for OpusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "opus error {}", self.0)
    }
}

impl std::error::Error for OpusError {}

/// Whether a packet says that somebody speaks in it, without decoding it: the flags of its speech
/// layer (RFC 6716 §4.2.3); `None` if it has no such layer, or several frames.
pub fn is_voice(packet: &[u8]) -> Option<bool> {
    let (&[toc, flags], _) = packet.split_first_chunk::<2>()?;
    let configuration = toc >> 3;
    if configuration >= 16 || toc & 3 != 0 {
        return None;
    }
    // RFC 6716 §3.1, table 2: 10, 20, 40 or 60 ms alone, 10 or 20 ms beside the other layer; one
    // flag for each 20 ms.
    let frames = match configuration {
        12.. => 1,
        narrow => [1, 1, 2, 3][usize::from(narrow % 4)],
    };
    // The flags of a channel, and one bit about redundancy behind them.
    let middle = flags >> (8 - frames);
    let side = if toc & 4 == 0 { 0 } else { flags >> (7 - 2 * frames) & ((1 << frames) - 1) };
    Some(middle | side != 0)
}

/// Samples to packets.
pub struct Encoder {
    state: NonNull<ffi::OpusEncoder>,
    channels: usize,
    sample_rate: u32,
}

// SAFETY: the state is owned by this value alone, and the library keeps no thread-local data.
unsafe impl Send for Encoder {}

impl Encoder {
    /// `sample_rate`: 8000, 12000, 16000, 24000 or 48000 Hz; `channels`: 1 or 2.
    pub fn new(sample_rate: u32, channels: u8) -> Result<Encoder, OpusError> {
        let mut error = 0;
        let rate = i32::try_from(sample_rate).map_err(|_| OpusError(ffi::OPUS_BAD_ARG))?;
        // SAFETY: `error` outlives the call; bad arguments are reported, not undefined.
        let state = unsafe {
            let application = ffi::OPUS_APPLICATION_VOIP;
            ffi::opus_encoder_create(rate, channels.into(), application, &mut error)
        };
        let state = NonNull::new(state).ok_or(OpusError(error))?;
        let encoder = Encoder { state, channels: channels.into(), sample_rate };
        encoder.set(ffi::OPUS_SET_INBAND_FEC_REQUEST, 1)?;
        encoder.set(ffi::OPUS_SET_PACKET_LOSS_PERC_REQUEST, EXPECTED_LOSS)?;
        Ok(encoder)
    }

    /// Quality against time spent, 0 … 10.
    pub fn set_complexity(&mut self, complexity: u8) -> Result<(), OpusError> {
        self.set(ffi::OPUS_SET_COMPLEXITY_REQUEST, complexity.into())
    }

    /// Mean bits per second, 500 … 512,000.
    pub fn set_bitrate(&mut self, bitrate: u32) -> Result<(), OpusError> {
        let bitrate = c_int::try_from(bitrate).map_err(|_| OpusError(ffi::OPUS_BAD_ARG))?;
        self.set(ffi::OPUS_SET_BITRATE_REQUEST, bitrate)
    }

    /// A second encoder that goes on from where this one is.
    pub fn fork(&self) -> Result<Encoder, OpusError> {
        let copy = Encoder::new(self.sample_rate, self.channels as u8)?;
        // SAFETY: both states have the size that the library gives for this number of channels; a
        // state is one block without pointers into itself, which may be copied (opus.h, "Opus
        // Encoder").
        unsafe {
            let size = ffi::opus_encoder_get_size(self.channels as c_int);
            let size = usize::try_from(size).map_err(|_| OpusError(ffi::OPUS_INTERNAL_ERROR))?;
            let (from, to) = (self.state.as_ptr().cast::<u8>(), copy.state.as_ptr().cast::<u8>());
            std::ptr::copy_nonoverlapping(from, to, size);
        }
        Ok(copy)
    }

    fn set(&self, request: c_int, value: c_int) -> Result<(), OpusError> {
        // SAFETY: the state is valid, and both requests take one int.
        let code = unsafe { ffi::opus_encoder_ctl(self.state.as_ptr(), request, value) };
        if code < 0 { Err(OpusError(code)) } else { Ok(()) }
    }

    /// Encodes one frame of 2.5 to 60 ms of interleaved samples.
    pub fn encode(&mut self, samples: &[i16]) -> Result<Vec<u8>, OpusError> {
        let mut packet = Vec::new();
        self.encode_into(samples, &mut packet)?;
        Ok(packet)
    }

    /// The same, appended to `packet`.
    pub fn encode_into(&mut self, samples: &[i16], packet: &mut Vec<u8>) -> Result<(), OpusError> {
        let begin = packet.len();
        packet.resize(begin + LONGEST_PACKET, 0);
        let frames = (samples.len() / self.channels) as c_int;
        // SAFETY: `samples` holds `frames` × channels samples; the packet's length is passed along.
        let length = unsafe {
            ffi::opus_encode(
                self.state.as_ptr(),
                samples.as_ptr(),
                frames,
                packet[begin..].as_mut_ptr(),
                LONGEST_PACKET as i32,
            )
        };
        let written = usize::try_from(length).map_err(|_| OpusError(length));
        packet.truncate(begin + written.unwrap_or(0));
        written.map(|_| ())
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: created by the library, destroyed once.
        unsafe { ffi::opus_encoder_destroy(self.state.as_ptr()) }
    }
}

/// Packets to samples.
pub struct Decoder {
    state: NonNull<ffi::OpusDecoder>,
    channels: usize,
    sample_rate: u32,
}

// SAFETY: as for `Encoder`.
unsafe impl Send for Decoder {}

impl Decoder {
    /// `sample_rate`: 8000, 12000, 16000, 24000 or 48000 Hz; `channels`: 1 or 2.
    pub fn new(sample_rate: u32, channels: u8) -> Result<Decoder, OpusError> {
        let mut error = 0;
        let rate = i32::try_from(sample_rate).map_err(|_| OpusError(ffi::OPUS_BAD_ARG))?;
        // SAFETY: as for `Encoder::new`.
        let state = unsafe { ffi::opus_decoder_create(rate, channels.into(), &mut error) };
        let state = NonNull::new(state).ok_or(OpusError(error))?;
        Ok(Decoder { state, channels: channels.into(), sample_rate })
    }

    /// Decodes one packet to interleaved samples.
    pub fn decode(&mut self, packet: &[u8]) -> Result<Vec<i16>, OpusError> {
        let mut samples = Vec::new();
        self.decode_into(packet, &mut samples)?;
        Ok(samples)
    }

    /// The same, appended to `samples`.
    pub fn decode_into(&mut self, packet: &[u8], samples: &mut Vec<i16>) -> Result<(), OpusError> {
        let frames = match self.duration(packet) {
            0 => return Err(OpusError(ffi::OPUS_INVALID_PACKET)),
            frames => frames,
        };
        self.run(Some(packet), frames, false, samples)
    }

    /// Samples of each channel that a packet holds, by its first bytes; 0 if it is malformed.
    pub fn duration(&self, packet: &[u8]) -> usize {
        let Ok(length) = i32::try_from(packet.len()) else { return 0 };
        // SAFETY: pointer and length belong together; an empty packet is an error to the library.
        let frames = unsafe {
            ffi::opus_packet_get_nb_samples(packet.as_ptr(), length, self.sample_rate as i32)
        };
        let longest = LONGEST_FRAME_48K * self.sample_rate as usize / 48_000;
        usize::try_from(frames).map_or(0, |frames| frames.min(longest))
    }

    /// Makes up for a lost packet of `frames` samples per channel; `next`: the packet after it, whose
    /// redundancy is used if it has any (RFC 6716 §2.1.7).
    pub fn conceal(&mut self, frames: usize, next: Option<&[u8]>) -> Result<Vec<i16>, OpusError> {
        let mut samples = Vec::new();
        self.conceal_into(frames, next, &mut samples)?;
        Ok(samples)
    }

    /// The same, appended to `samples`.
    pub fn conceal_into(
        &mut self,
        frames: usize,
        next: Option<&[u8]>,
        samples: &mut Vec<i16>,
    ) -> Result<(), OpusError> {
        let next = next.filter(|packet| !packet.is_empty());
        self.run(next, frames, next.is_some(), samples)
    }

    fn run(
        &mut self,
        packet: Option<&[u8]>,
        frames: usize,
        redundancy: bool,
        samples: &mut Vec<i16>,
    ) -> Result<(), OpusError> {
        let begin = samples.len();
        samples.resize(begin + frames * self.channels, 0);
        let (data, length) =
            packet.map_or((std::ptr::null(), 0), |packet| (packet.as_ptr(), packet.len()));
        // SAFETY: data and length belong together (null and 0 mean a lost packet); `samples` has room
        // for `frames` samples of each channel.
        let decoded = unsafe {
            ffi::opus_decode(
                self.state.as_ptr(),
                data,
                length as i32,
                samples[begin..].as_mut_ptr(),
                frames as c_int,
                redundancy.into(),
            )
        };
        let decoded = usize::try_from(decoded).map_err(|_| OpusError(decoded));
        samples.truncate(begin + decoded.unwrap_or(0) * self.channels);
        decoded.map(|_| ())
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: created by the library, destroyed once.
        unsafe { ffi::opus_decoder_destroy(self.state.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tone(rate: u32, channels: usize, frames: usize, from: usize) -> Vec<i16> {
        (from..from + frames)
            .flat_map(|n| {
                let angle = n as f32 * 440.0 * std::f32::consts::TAU / rate as f32;
                std::iter::repeat_n((angle.sin() * 10_000.0) as i16, channels)
            })
            .collect()
    }

    fn energy(samples: &[i16]) -> f64 {
        samples.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / samples.len().max(1) as f64
    }

    #[test]
    fn a_tone_survives_all_rates() {
        for (rate, channels) in [(8000, 1u8), (16_000, 1), (24_000, 2), (48_000, 2)] {
            let frames = rate as usize / 50;
            let mut encoder = Encoder::new(rate, channels).unwrap();
            let mut decoder = Decoder::new(rate, channels).unwrap();
            let mut last = Vec::new();
            for n in 0..20 {
                let packet =
                    encoder.encode(&tone(rate, channels.into(), frames, n * frames)).unwrap();
                last = decoder.decode(&packet).unwrap();
            }
            assert_eq!(last.len(), frames * usize::from(channels));
            assert!(energy(&last) > 1e7, "{rate} Hz: energy {}", energy(&last));
            let concealed = decoder.conceal(frames, None).unwrap();
            assert_eq!(concealed.len(), last.len());
            assert!(energy(&concealed) > 1e5, "the tone goes on over a gap");
        }
    }

    #[test]
    fn packets_tell_who_speaks() {
        let mut encoder = Encoder::new(16_000, 1).unwrap();
        encoder.set_bitrate(16_000).unwrap();
        let voice = |n: usize| {
            let angle = n as f32 * 150.0 * std::f32::consts::TAU / 16_000.0;
            (1..12).map(|k| (angle * k as f32).sin() / k as f32).sum::<f32>() * 6000.0
        };
        let mut told = Vec::new();
        for n in 0..60 {
            let speaks = (20..40).contains(&n);
            let sample = |k: usize| if speaks { voice(k) as i16 } else { (k % 3) as i16 };
            let samples: Vec<i16> = (n * 320..(n + 1) * 320).map(sample).collect();
            told.push(is_voice(&encoder.encode(&samples).unwrap()));
        }
        assert_eq!(told[5..19], [Some(false); 14]);
        assert_eq!(told[21..39], [Some(true); 18]);
        assert_eq!(told[55..], [Some(false); 5]);
        assert_eq!(is_voice(&[0xfc, 1, 2]), None, "music only");
        assert_eq!(is_voice(&[0x08]), None);
    }

    #[test]
    fn wrong_arguments_are_errors() {
        assert!(Encoder::new(44_100, 1).is_err());
        assert!(Decoder::new(48_000, 3).is_err());
        assert!(Decoder::new(48_000, 1).unwrap().decode(&[]).is_err());
    }

    proptest! {
        #[test]
        fn any_packet_is_survived(packet: Vec<u8>) {
            let mut decoder = Decoder::new(16_000, 1).unwrap();
            let _ = decoder.decode(&packet);
            let _ = decoder.conceal(320, Some(&packet));
        }
    }
}
