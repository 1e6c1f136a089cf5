//! One sum on its way to those who hear it: limited once, encoded once for each format, and nothing
//! at all while it is silent. It knows samples and formats.

use antiphon_audio::mix::{self, Limiter};
use antiphon_audio::pack::{Coded, Packer};
use antiphon_audio::{Codec, Encoder, Format, noise};

use crate::mix::{Speech, Ticked};
use crate::room::Id;

/// Frames of silence that are sent after sound, so that what decoders hold back has faded: 200 ms.
const TAIL: u32 = 10;
/// Afterwards one packet in so many frames tells that the stream lives: each half second.
const KEEP_ALIVE: u32 = 25;
/// Quality against time of Opus: a little below what the library thinks of 48 kHz, at half the time.
const COMPLEXITY: u8 = 5;
/// Bits per second of Opus: clear speech of full bandwidth (RFC 7587 §3.1.1).
const BITRATE: u32 = 32_000;

/// How a listener wants to be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Voice {
    pub(crate) format: Format,
    /// It understands descriptions of silence (RFC 3389).
    pub(crate) comfort_noise: bool,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Bus {
    limiter: Limiter,
    lines: Vec<Line>,
}

struct Line {
    /// Names the stream of its packets.
    stream: u64,
    voice: Voice,
    packer: Packer,
    /// Frames since the last sound.
    quiet: u32,
}

impl Bus {
    /// A bus for one who followed a stream of this one until now: it goes on from there, with the
    /// state of the encoder and the numbers, under another name.
    pub(crate) fn fork(&self, voice: &Voice, following: &mut u64) -> Bus {
        let mut lines = self.lines.iter();
        let line = lines.find(|line| line.voice == *voice && line.stream == *following);
        let line = line.and_then(|line| {
            let packer = line.packer.fork().ok()?;
            *following = new_stream();
            Some(Line { stream: *following, voice: *voice, packer, quiet: line.quiet })
        });
        Bus { limiter: self.limiter.clone(), lines: line.into_iter().collect() }
    }

    /// Makes the packets of one frame. `sum`: `None` for silence; `wanted`: who listens, and how.
    pub(crate) fn run(
        &mut self,
        hub: Id,
        sum: Option<Vec<f32>>,
        wanted: &[(Voice, Id)],
        ticked: &mut Ticked,
    ) {
        self.lines.retain(|line| wanted.iter().any(|(voice, _)| *voice == line.voice));
        for (voice, _) in wanted {
            if self.lines.iter().all(|line| line.voice != *voice) {
                match packer(voice.format) {
                    Some(packer) => {
                        let (stream, voice) = (new_stream(), *voice);
                        self.lines.push(Line { stream, voice, packer, quiet: 0 });
                    }
                    None => ticked.broken += 1,
                }
            }
        }
        let sum = sum.map(|mut sum| {
            self.limiter.process(&mut sum);
            sum
        });
        for line in &mut self.lines {
            let mut packets = Vec::new();
            let is_noise = match line.run(sum.as_deref(), &mut packets) {
                Ok(is_noise) => is_noise,
                Err(_) => {
                    ticked.broken += 1;
                    false
                }
            };
            if packets.is_empty() {
                continue;
            }
            let listeners = wanted.iter().filter(|(voice, _)| *voice == line.voice);
            let listeners = listeners.map(|&(_, peer)| peer).collect();
            let format = line.voice.format;
            let stream = line.stream;
            ticked.speeches.push(Speech { hub, stream, format, packets, is_noise, listeners });
        }
    }
}

impl Line {
    /// Packets of one frame; true if they describe silence.
    fn run(
        &mut self,
        sum: Option<&[f32]>,
        packets: &mut Vec<Coded>,
    ) -> Result<bool, antiphon_audio::AudioError> {
        if let Some(sum) = sum {
            self.quiet = 0;
            self.packer.push(sum, packets)?;
            return Ok(false);
        }
        self.quiet = self.quiet.saturating_add(1);
        let Some(since) = self.quiet.checked_sub(TAIL + 1) else {
            self.packer.push(&[0.0; mix::FRAME], packets)?;
            return Ok(false);
        };
        let (at, format) = (since % KEEP_ALIVE, self.packer.format());
        if self.voice.comfort_noise {
            if at == 0 {
                packets
                    .push(self.packer.tell(noise::payload(antiphon_audio::level::SILENT).into()));
            }
        } else if at > 0 && at <= u32::from(format.packet_ms).div_ceil(20) {
            self.packer.push(&[0.0; mix::FRAME], packets)?;
            return Ok(false);
        }
        self.packer.pause(format.ticks(20));
        Ok(true)
    }
}

fn new_stream() -> u64 {
    fastrand::u64(1..)
}

fn packer(format: Format) -> Option<Packer> {
    let mut encoder = Encoder::new(&format).ok()?;
    if let (Encoder::Opus(opus), Codec::Opus) = (&mut encoder, format.codec) {
        opus.set_complexity(COMPLEXITY).ok()?;
        opus.set_bitrate(BITRATE).ok()?;
    }
    Packer::with(mix::SAMPLE_RATE, format, encoder)
}
