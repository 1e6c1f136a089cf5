//! What a telephone hears besides its room: prompts, which take the room's place, and keys that are
//! pressed towards it (RFC 4733); and the keys that it presses itself.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use antiphon_audio::dtmf;
use antiphon_audio::pack::{Coded, Packer};
use antiphon_packet::Numbers;
use str0m::media::MediaKind;

use crate::codec::Format;
use crate::event::Event;
use crate::phone::{PhoneExit, PhoneSection};
use crate::room::{Id, Room};
use crate::slot::Parcel;
use crate::transport::Packet;

/// Samples are taken on this clock.
const FRAME: Duration = Duration::from_millis(20);
/// Behind by more than this, the clock begins anew instead of sending a burst.
const SLIP: Duration = Duration::from_millis(200);

/// Most sound that waits to be played to one telephone, in milliseconds.
const LONGEST: usize = 120_000;

/// How much sound waits for a telephone; shared between who plays and the media thread.
#[derive(Clone, Debug, Default)]
pub struct Prompts(Arc<AtomicUsize>);

impl Prompts {
    /// Mono samples to be played; `None` if more than 120 s would wait.
    pub fn admit(&self, sample_rate: u32, samples: Vec<i16>) -> Option<Sound> {
        let length = samples.len() * 1000 / sample_rate.max(1) as usize;
        if self.0.fetch_add(length, Ordering::Relaxed) + length > LONGEST {
            self.0.fetch_sub(length, Ordering::Relaxed);
            return None;
        }
        Some(Sound { sample_rate, samples, length, waiting: self.0.clone() })
    }
}

/// Sound that waits to be played, until it is dropped.
#[derive(Debug)]
pub struct Sound {
    sample_rate: u32,
    samples: Vec<i16>,
    length: usize,
    waiting: Arc<AtomicUsize>,
}

impl Drop for Sound {
    fn drop(&mut self) {
        self.waiting.fetch_sub(self.length, Ordering::Relaxed);
    }
}

/// Sound of our own for one telephone.
#[derive(Default)]
pub(crate) struct Prompt {
    waiting: VecDeque<Sound>,
    /// Samples of the first that have been taken.
    taken: usize,
    packer: Option<(u32, Format, Packer)>,
    /// When the next frame is due; `None` while nothing sounds.
    due: Option<Instant>,
}

impl Prompt {
    fn push(&mut self, sound: Sound, now: Instant) {
        self.waiting.push_back(sound);
        self.due.get_or_insert(now);
    }

    fn stop(&mut self) {
        *self = Prompt::default();
    }

    pub(crate) fn is_sounding(&self) -> bool {
        self.due.is_some()
    }

    /// The samples of a frame and their rate, filled up with silence at the end; `None` when all
    /// have been taken.
    fn frame(&mut self) -> Option<(u32, Vec<f32>)> {
        while self.waiting.front().is_some_and(|sound| self.taken >= sound.samples.len()) {
            self.waiting.pop_front();
            self.taken = 0;
        }
        let sound = self.waiting.front()?;
        let count = sound.sample_rate as usize / 50;
        let rest = sound.samples[self.taken..].iter().take(count);
        let mut frame: Vec<f32> = rest.map(|&sample| sample.into()).collect();
        frame.resize(count, 0.0);
        self.taken += count;
        Some((sound.sample_rate, frame))
    }
}

/// Keys to and from one section.
#[derive(Default)]
pub(crate) struct Keys {
    /// Payload type, its clock, when that clock began.
    sender: Option<(u8, u32, dtmf::Sender, Instant)>,
    sent: u64,
    receiver: Option<(u32, u32, dtmf::Receiver)>,
}

impl Keys {
    fn is_sending(&self) -> bool {
        self.sender.as_ref().is_some_and(|(.., sender, _)| sender.deadline().is_some())
    }

    fn deadline(&self) -> Option<Instant> {
        let sender = self.sender.as_ref().and_then(|(.., sender, _)| sender.deadline());
        let receiver = self.receiver.as_ref().and_then(|(.., receiver)| receiver.deadline());
        sender.into_iter().chain(receiver).min()
    }
}

impl PhoneSection {
    /// Sound of our own takes the place of the room's.
    pub(crate) fn is_sounding(&self) -> bool {
        self.prompt.is_sounding() || self.keys.is_sending()
    }

    /// When [`PhoneSection::sound`] is due.
    pub(crate) fn sound_due(&self) -> Option<Instant> {
        self.prompt.due.into_iter().chain(self.keys.deadline()).min()
    }

    /// Sends the sound that is due; true when the last prompt has ended.
    fn sound(&mut self, now: Instant) -> bool {
        self.sound_keys(now);
        let mut ended = false;
        while let Some(due) = self.prompt.due.filter(|due| *due <= now) {
            if self.keys.is_sending() {
                // The prompt goes on after the keys.
                self.prompt.due = Some(now + FRAME);
                break;
            }
            let late = now.saturating_duration_since(due) > SLIP;
            self.prompt.due = Some(if late { now } else { due } + FRAME);
            match self.prompt.frame() {
                Some((rate, frame)) => self.sound_frame(rate, &frame, now),
                None => {
                    self.prompt.stop();
                    self.switch();
                    ended = true;
                }
            }
        }
        ended
    }

    fn sound_frame(&mut self, rate: u32, frame: &[f32], now: Instant) {
        let Some(voice) = self.voice() else { return };
        let format = voice.format;
        let fits = |(from, to, _): &(u32, Format, Packer)| (*from, *to) == (rate, format);
        if !self.prompt.packer.as_ref().is_some_and(fits) {
            let sound = format.sound(voice.packet_time);
            let packer = sound.and_then(|sound| Packer::new(rate, sound));
            self.prompt.packer = packer.map(|packer| (rate, format, packer));
            self.switch();
        }
        let Some((.., packer)) = &mut self.prompt.packer else { return };
        let mut coded = Vec::new();
        // What cannot be encoded is left out; the next frame may be.
        let _ = packer.push(frame, &mut coded);
        for packet in coded {
            self.send_coded(packet, format, now);
        }
    }

    fn send_coded(&mut self, coded: Coded, format: Format, now: Instant) {
        let packet = Packet {
            ssrc: 0.into(),
            payload_type: 0.into(),
            sequence: coded.sequence,
            timestamp: coded.timestamp,
            marker: coded.marker,
            payload: coded.payload.into(),
            mid: None,
            level: None,
            voice: None,
            orientation: None,
            report: None,
        };
        let parcel = Parcel { packet: &packet, format, keyframe: true, vp8: None, captured: now };
        let mut exit = PhoneExit { link: &mut self.link, formats: &mut self.exit, now };
        self.slot.forward(&parcel, &mut exit, now);
    }

    /// Presses keys; false if the telephone takes none.
    fn press(&mut self, keys: &str, now: Instant) -> bool {
        let Some(voice) = self.voice() else { return false };
        let rate = voice.format.clock_rate;
        let known = self.exit.events.iter();
        // RFC 4733 §2.1: the clock should be that of the sound beside it.
        let same = known.clone().find(|(_, clock)| *clock == rate);
        let Some(&(payload_type, clock)) = same.or(known.clone().next()) else { return false };
        let goes_on = self.keys.is_sending()
            && self.keys.sender.as_ref().is_some_and(|(pt, ..)| *pt == payload_type);
        if !goes_on {
            let sender = dtmf::Sender::new(clock);
            self.keys.sender = Some((payload_type, clock, sender, now));
            self.keys.sent = 0;
            self.switch();
        }
        let sender = self.keys.sender.as_mut();
        sender.is_some_and(|(.., sender, _)| sender.press(keys, now).is_ok())
    }

    fn sound_keys(&mut self, now: Instant) {
        while let Some((payload_type, clock, sender, since)) = &mut self.keys.sender {
            if sender.deadline().is_none_or(|due| due > now) {
                break;
            }
            let elapsed = now.saturating_duration_since(*since).as_micros();
            let timestamp = (elapsed * u128::from(*clock) / 1_000_000) as u32;
            let report = sender.wake(now, timestamp);
            let (payload_type, clock) = (*payload_type, *clock);
            let Some(report) = report else {
                if !self.keys.is_sending() {
                    self.keys.sender = None;
                    self.switch();
                }
                continue;
            };
            self.keys.sent += 1;
            let numbers = Numbers { sequence: self.keys.sent, timestamp: report.timestamp };
            let Some(numbers) = self.slot.insert(numbers, clock, now) else { continue };
            let outgoing = antiphon_rtp::Outgoing {
                payload_type,
                marker: report.marker,
                sequence: numbers.sequence,
                timestamp: numbers.timestamp,
                clock_rate: clock,
            };
            self.link.send(outgoing, &report.payload, now);
        }
    }

    /// A packet of keys came; what was pressed and is over.
    pub(crate) fn hear_keys(
        &mut self,
        ssrc: u32,
        clock: u32,
        timestamp: u32,
        payload: &[u8],
        now: Instant,
    ) -> Vec<dtmf::Press> {
        let fits = |(source, rate, _): &(u32, u32, _)| (*source, *rate) == (ssrc, clock);
        if !self.keys.receiver.as_ref().is_some_and(fits) {
            self.keys.receiver = Some((ssrc, clock, dtmf::Receiver::new(clock)));
        }
        let receiver = self.keys.receiver.as_mut();
        receiver.map(|(.., receiver)| receiver.receive(timestamp, payload, now)).unwrap_or_default()
    }

    /// A key whose end was lost.
    fn wake_keys(&mut self, now: Instant) -> Option<dtmf::Press> {
        self.keys.receiver.as_mut().and_then(|(.., receiver)| receiver.wake(now))
    }
}

impl Room {
    pub(crate) fn press(&mut self, id: Id, keys: &str, now: Instant) {
        let Some(index) = self.index(id) else { return };
        if !self.press_at(index, keys, now) {
            self.counts.keys_dropped += 1;
        }
    }

    fn press_at(&mut self, index: usize, keys: &str, now: Instant) -> bool {
        let Some(section) = self.sounding(index) else { return false };
        let pressed = section.press(keys, now);
        self.mark(index);
        pressed
    }

    pub(crate) fn play_prompt(&mut self, id: Id, sound: Sound, now: Instant) {
        let Some(index) = self.index(id) else { return };
        let Some(section) = self.sounding(index) else {
            self.counts.unknown_ids += 1;
            return;
        };
        if !section.is_sounding() {
            section.switch();
        }
        section.prompt.push(sound, now);
        self.mark(index);
    }

    pub(crate) fn stop_prompt(&mut self, id: Id) {
        let Some(index) = self.index(id) else { return };
        if let Some(section) = self.sounding(index)
            && section.prompt.is_sounding()
        {
            section.prompt.stop();
            section.switch();
        }
    }

    /// The section for sound of our own.
    fn sounding(&mut self, index: usize) -> Option<&mut PhoneSection> {
        let phone = self.phone(index)?;
        let place = phone.position(|section| section.kind == MediaKind::Audio)?;
        phone.section(place)
    }

    /// Sends the prompts and keys that are due, and tells what has ended.
    pub(crate) fn sound_phone(&mut self, index: usize, now: Instant) {
        let Some(id) = self.peers[index].as_ref().map(|peer| peer.id) else { return };
        let Some(section) = self.sounding(index) else { return };
        let ended = section.sound(now);
        let press = section.wake_keys(now);
        if ended {
            self.events.push(Event::PromptEnded { peer: id });
        }
        if let Some(press) = press {
            self.pressed(index, press, now);
        }
    }

    /// A telephone pressed a key: it is told, and passed on to the telephones that hear its sound
    /// by itself.
    pub(crate) fn pressed(&mut self, index: usize, press: dtmf::Press, now: Instant) {
        let Some(id) = self.peers[index].as_ref().map(|peer| peer.id) else { return };
        let dtmf::Press { key, duration } = press;
        self.events.push(Event::Pressed { peer: id, digit: key, duration });
        let tracks = self.tracks.values().filter(|track| track.peer == index && !track.paused);
        let audible = tracks.filter(|track| track.kind == Some(MediaKind::Audio));
        let sinks: Vec<usize> =
            audible.flat_map(|track| &track.deliveries).map(|delivery| delivery.peer).collect();
        for sink in sinks {
            if self.phone(sink).is_some() && !self.press_at(sink, key.encode_utf8(&mut [0; 4]), now)
            {
                self.counts.keys_dropped += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_cut_and_filled_up() {
        let now = Instant::now();
        let mut prompt = Prompt::default();
        let prompts = Prompts::default();
        prompt.push(prompts.admit(16_000, vec![1; 330]).unwrap(), now);
        prompt.push(prompts.admit(48_000, vec![2; 960]).unwrap(), now);
        assert!(prompt.is_sounding());
        assert_eq!(prompt.frame(), Some((16_000, vec![1.0; 320])));
        let (rate, filled) = prompt.frame().unwrap();
        assert_eq!((rate, filled.len(), filled[9], filled[10]), (16_000, 320, 1.0, 0.0));
        assert_eq!(prompt.frame(), Some((48_000, vec![2.0; 960])));
        assert_eq!(prompt.frame(), None);
        assert!(prompts.admit(16_000, vec![0; 16_000 * 120]).is_some(), "what was played is gone");
        let _long = prompts.admit(16_000, vec![0; 16_000 * 100]).unwrap();
        assert!(prompts.admit(16_000, vec![0; 16_000 * 21]).is_none());
    }
}
