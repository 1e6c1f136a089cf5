//! Audio endpoints: PCM of this process in a room. They decode what is wired to them and encode what
//! is played, on a clock of 20 ms. They know nothing of how the samples are made or used.

use std::collections::VecDeque;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;
use str0m::media::Mid;

use crate::burst::Received;
use crate::codec::Format;
use crate::event::{Event, Ticket};
use crate::peer::Body;
use crate::room::{Id, Room};
use crate::slot::Parcel;
use crate::transport::Packet;
use antiphon_audio::opus::{Decoder, Encoder, OpusError};

/// RFC 7587 §4.1: RTP timestamps of Opus run at 48 kHz whatever the sample rate.
const TICKS_PER_MILLISECOND: u32 = 48;
const FRAME: Duration = Duration::from_millis(20);
/// Longest gap that is concealed, in packets; after a longer one decoding begins anew.
const LONGEST_GAP: u64 = 10;
/// Behind by more than this, the clock begins anew instead of sending a burst.
const CLOCK_SLIP: Duration = Duration::from_millis(200);

/// More than 60 s are queued.
#[derive(Debug, PartialEq, Eq)]
pub struct QueueFull;

/// Samples that wait to be sent, shared between who plays and the media thread.
#[derive(Debug)]
pub struct AudioQueue {
    samples: Mutex<VecDeque<i16>>,
    channels: usize,
    limit: usize,
}

impl AudioQueue {
    /// A queue of at most 60 s.
    pub fn new(sample_rate: u32, channels: u8) -> AudioQueue {
        let channels = usize::from(channels.max(1));
        let limit = sample_rate as usize * 60 * channels;
        AudioQueue { samples: Mutex::default(), channels, limit }
    }

    /// Samples of one moment.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Queues interleaved samples; the samples per channel that wait now, and whether none waited
    /// before.
    pub fn push(&self, samples: &[i16]) -> Result<(usize, bool), QueueFull> {
        let mut queue = self.lock();
        if queue.len() + samples.len() > self.limit {
            return Err(QueueFull);
        }
        let was_empty = queue.is_empty();
        queue.extend(samples);
        Ok((queue.len() / self.channels, was_empty))
    }

    /// Takes up to `count` samples and fills up with silence; `None` if none wait.
    fn take(&self, count: usize) -> Option<Vec<i16>> {
        let mut queue = self.lock();
        if queue.is_empty() {
            return None;
        }
        let available = count.min(queue.len());
        let mut samples: Vec<i16> = queue.drain(..available).collect();
        samples.resize(count, 0);
        Some(samples)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<i16>> {
        // Samples are plain numbers: whoever panicked left nothing half-done that matters.
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One track that is heard.
struct Heard {
    decoder: Decoder,
    next: u64,
    /// Samples per channel of the last packet.
    frames: usize,
}

pub(crate) struct AudioPeer {
    pub(crate) track: Option<Id>,
    sample_rate: u32,
    channels: u8,
    queue: Arc<AudioQueue>,
    encoder: Encoder,
    heard: FxHashMap<Id, Heard>,
    waiting: Arc<AtomicUsize>,
    sequence: u64,
    timestamp: u32,
    /// When the next frame is due while something plays, otherwise when the last one was.
    clock: Option<Instant>,
    is_playing: bool,
}

impl AudioPeer {
    pub(crate) fn new(
        sample_rate: u32,
        channels: u8,
        queue: Arc<AudioQueue>,
    ) -> Result<AudioPeer, OpusError> {
        Decoder::new(sample_rate, channels)?;
        Ok(AudioPeer {
            track: None,
            sample_rate,
            channels,
            queue,
            encoder: Encoder::new(sample_rate, channels)?,
            heard: FxHashMap::default(),
            waiting: Arc::default(),
            sequence: 1,
            timestamp: fastrand::u32(..),
            clock: None,
            is_playing: false,
        })
    }

    pub(crate) fn forget(&mut self, track: Id) {
        self.heard.remove(&track);
    }

    /// The frame that is due, as a packet; and when the next one is.
    fn next_packet(
        &mut self,
        now: Instant,
    ) -> (Option<Result<Packet, OpusError>>, Option<Instant>) {
        let due = self.clock.unwrap_or(now);
        if self.is_playing && due > now {
            return (None, Some(due));
        }
        let count = self.sample_rate as usize / 50 * usize::from(self.channels);
        let Some(samples) = self.queue.take(count) else {
            self.is_playing = false;
            return (None, None);
        };
        let begins = !std::mem::replace(&mut self.is_playing, true);
        if begins || now.saturating_duration_since(due) > CLOCK_SLIP {
            // The timestamp tells how long nothing was sent (RFC 3550 §5.1).
            let silent = now.saturating_duration_since(due).as_millis() as u32;
            self.timestamp = self.timestamp.wrapping_add(silent * TICKS_PER_MILLISECOND);
            self.clock = Some(now + FRAME);
        } else {
            self.clock = Some(due + FRAME);
        }
        let timestamp = self.timestamp;
        self.timestamp = timestamp.wrapping_add(20 * TICKS_PER_MILLISECOND);
        if samples.iter().all(|&sample| sample == 0) {
            return (None, self.clock);
        }
        let packet = self.encoder.encode(&samples).map(|payload| {
            self.sequence += 1;
            Packet {
                ssrc: 0.into(),
                payload_type: 0.into(),
                sequence: self.sequence,
                timestamp,
                marker: begins,
                payload: payload.into(),
                mid: Some(Mid::from("audio")),
                level: Some(level(&samples)),
                voice: Some(true),
                orientation: None,
                report: None,
            }
        });
        (Some(packet), self.clock)
    }

    /// Decodes a packet, with what makes up for those lost before it: (time, samples) in order.
    fn decode(&mut self, track: Id, packet: &Packet) -> Result<Vec<(u64, Vec<i16>)>, OpusError> {
        let scale = |ticks: u32| u64::from(ticks) * u64::from(self.sample_rate) / 48_000;
        let heard = match self.heard.entry(track) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(Heard {
                decoder: Decoder::new(self.sample_rate, self.channels)?,
                next: packet.sequence,
                frames: self.sample_rate as usize / 50,
            }),
        };
        let mut decoded = Vec::with_capacity(1);
        if packet.sequence < heard.next || packet.payload.is_empty() {
            return Ok(decoded);
        }
        let lost = packet.sequence - heard.next;
        if lost <= LONGEST_GAP {
            let step = (heard.frames as u64 * 48_000 / u64::from(self.sample_rate)) as u32;
            for back in (1..=lost).rev() {
                let next = (back == 1).then_some(&packet.payload[..]);
                let time = packet.timestamp.wrapping_sub(step.wrapping_mul(back as u32));
                decoded.push((scale(time), heard.decoder.conceal(heard.frames, next)?));
            }
        }
        let samples = heard.decoder.decode(&packet.payload)?;
        heard.next = packet.sequence + 1;
        heard.frames = (samples.len() / usize::from(self.channels)).max(1);
        decoded.push((scale(packet.timestamp), samples));
        Ok(decoded)
    }
}

/// RFC 6464 §3: the level relative to the overload point, −127 … 0 dBov.
fn level(samples: &[i16]) -> i8 {
    let sum: f64 = samples.iter().map(|&sample| (f64::from(sample) / 32_768.0).powi(2)).sum();
    let mean = sum / samples.len().max(1) as f64;
    if mean <= 0.0 { -127 } else { (10.0 * mean.log10()).round().clamp(-127.0, 0.0) as i8 }
}

impl Room {
    pub(crate) fn play_audio(&mut self, peer: Id, _now: Instant) {
        if let Some(index) = self.index(peer) {
            self.mark(index);
        }
    }

    /// Sends what is due of an audio endpoint.
    pub(crate) fn pump_audio(&mut self, index: usize, now: Instant) {
        loop {
            let Some(audio) = self.peers[index].as_mut().and_then(|peer| peer.audio()) else {
                return;
            };
            let (packet, next) = audio.next_packet(now);
            let track = audio.track;
            match (packet, track) {
                (Some(Ok(packet)), Some(track)) => {
                    let received = Received { packet, format: Format::opus(), captured: now };
                    self.distribute(track, &[received], now);
                }
                (Some(Err(_)), _) => self.counts.audio_broken += 1,
                _ => {}
            }
            match next {
                Some(at) if at <= now => {}
                Some(at) => return self.wake_at(index, at),
                None => return,
            }
        }
    }

    /// Decodes a packet for an audio endpoint.
    pub(crate) fn deliver_audio(&mut self, index: usize, track: Id, parcel: &Parcel<'_>) {
        let limit = self.config.limits.audio_waiting;
        let Some(peer) = self.peers[index].as_mut() else { return };
        let id = peer.id;
        let Body::Audio(audio) = &mut peer.body else { return };
        if parcel.format.codec != Format::opus().codec {
            self.counts.codec_missing += 1;
            return;
        }
        let Ok(decoded) = audio.decode(track, parcel.packet) else {
            self.counts.audio_broken += 1;
            return;
        };
        for (time, samples) in decoded {
            match Ticket::take(&audio.waiting, limit) {
                Some(ticket) => self.events.push(Event::AudioReceived {
                    peer: id,
                    track,
                    time,
                    samples,
                    channels: audio.channels,
                    ticket,
                }),
                None => self.counts.audio_dropped += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_is_bounded_and_padded() {
        let queue = AudioQueue::new(8000, 2);
        assert_eq!(queue.take(4), None);
        assert_eq!(queue.push(&[1, 2, 3, 4, 5, 6]), Ok((3, true)));
        assert_eq!(queue.push(&[]), Ok((3, false)));
        assert_eq!(queue.take(4), Some(vec![1, 2, 3, 4]));
        assert_eq!(queue.take(4), Some(vec![5, 6, 0, 0]));
        let minute = vec![1; 8000 * 60 * 2];
        assert!(queue.push(&minute).is_ok());
        assert_eq!(queue.push(&[1]), Err(QueueFull));
    }

    #[test]
    fn frames_leave_on_the_clock_and_silence_does_not() {
        let queue = Arc::new(AudioQueue::new(48_000, 1));
        let mut peer = AudioPeer::new(48_000, 1, queue.clone()).unwrap();
        let now = Instant::now();
        assert!(matches!(peer.next_packet(now), (None, None)));
        queue.push(&vec![1000; 960 * 2]).unwrap();
        let (first, next) = peer.next_packet(now);
        let first = first.unwrap().unwrap();
        assert!(first.marker);
        assert_eq!(next, Some(now + FRAME));
        assert!(matches!(peer.next_packet(now + FRAME / 2), (None, Some(_))));
        let (second, next) = peer.next_packet(now + FRAME);
        let second = second.unwrap().unwrap();
        assert_eq!(second.timestamp.wrapping_sub(first.timestamp), 960);
        assert!(!second.marker);
        assert!(matches!(peer.next_packet(next.unwrap()), (None, None)));
        queue.push(&[0; 960]).unwrap();
        assert!(
            matches!(peer.next_packet(now + FRAME * 10), (None, Some(_))),
            "silence is nothing"
        );
        queue.push(&[500; 960]).unwrap();
        let (third, _) = peer.next_packet(now + FRAME * 11);
        assert_eq!(third.unwrap().unwrap().timestamp.wrapping_sub(first.timestamp), 11 * 960);
    }

    #[test]
    fn levels_are_those_of_the_standard() {
        assert_eq!(level(&[0; 10]), -127);
        assert_eq!(level(&[i16::MIN; 10]), 0);
        assert_eq!(level(&[3277; 10]), -20);
    }
}
