//! Sound on its way from a track to sinks, some of which have not negotiated its codec: they get it
//! in one that they have, decoded once for the track and encoded once for each format.

use std::time::Instant;

use antiphon_audio::opus;
use antiphon_audio::transcode::{Input, Outcome, Transcoder};
use antiphon_audio::{AudioError, Decoder, level};

use crate::codec::{Codec, Format};
use crate::mixing::packet;
use crate::peer::Body;
use crate::room::{Id, Room};
use crate::slot::{Exit, Form, Parcel};
use crate::track::Delivery;
use crate::transport::Packet;

/// Loudness of Opus is looked at in one packet of so many, where nothing else needs it decoded.
const OVERHEARD: u64 = 4;

/// The same format as the codecs know it; `None` for what they do not decode.
pub(crate) fn sound(format: Format, packet_ms: u32) -> Option<antiphon_audio::Format> {
    use antiphon_audio::Codec as Sound;
    let codec = match format.codec {
        Codec::Opus => return Some(antiphon_audio::Format::OPUS.with_packet_ms(packet_ms)),
        Codec::G722 => Sound::G722,
        Codec::Pcmu => Sound::Pcmu,
        Codec::Pcma => Sound::Pcma,
        Codec::L16 => Sound::L16,
        _ => return None,
    };
    let known = antiphon_audio::Format::new(codec, format.clock_rate, format.channels)?;
    Some(known.with_packet_ms(packet_ms))
}

/// The same format as sinks negotiate it.
pub(crate) fn carried(format: antiphon_audio::Format) -> Format {
    use antiphon_audio::Codec as Sound;
    let codec = match format.codec {
        Sound::Opus => Codec::Opus,
        Sound::G722 => Codec::G722,
        Sound::Pcmu => Codec::Pcmu,
        Sound::Pcma => Codec::Pcma,
        Sound::L16 => Codec::L16,
    };
    Format::audio(codec, format.clock_rate, 1)
}

/// Listens to the loudness of a track that nothing else decodes.
pub(crate) struct Ear {
    format: Format,
    decoder: Decoder,
    samples: Vec<i16>,
}

impl Ear {
    fn new(format: Format) -> Option<Ear> {
        let decoder = match format.codec {
            // Loudness needs no more than speech does.
            Codec::Opus => Decoder::Opus(opus::Decoder::new(8000, 1).ok()?),
            _ => Decoder::new(&sound(format, 20)?).ok()?,
        };
        Some(Ear { format, decoder, samples: Vec::new() })
    }

    fn level(&mut self, packet: &Packet) -> Option<Result<i8, AudioError>> {
        if self.format.codec == Codec::Opus && !packet.sequence.is_multiple_of(OVERHEARD) {
            return None;
        }
        self.samples.clear();
        let decoded = self.decoder.decode(&packet.payload, &mut self.samples);
        Some(decoded.map(|()| level::level(&self.samples)))
    }
}

impl Room {
    /// Sends packets of sound to all sinks of their track, each in the form it takes.
    pub(crate) fn distribute_sound(
        &mut self,
        id: Id,
        deliveries: &[Delivery],
        parcels: &[Parcel<'_>],
        now: Instant,
    ) {
        for parcel in parcels {
            self.mix_in(id, parcel, now);
            let mut converted = Vec::new();
            for &delivery in deliveries {
                match self.form(delivery, parcel.format) {
                    Form::AsIs => {
                        self.deliver(id, delivery, std::slice::from_ref(parcel), now);
                    }
                    Form::Converted(format) => converted.push((delivery, format)),
                    Form::Nothing if parcel.format.codec == Codec::ComfortNoise => {}
                    Form::Nothing => self.counts.codec_missing += 1,
                }
            }
            if parcel.format.codec == Codec::ComfortNoise {
                self.skip_converted(id, parcel.packet.sequence);
                continue;
            }
            self.convert(id, parcel, &converted, now);
            if converted.is_empty() && parcel.packet.level.is_none() && !self.mixes.is_live(id) {
                self.overhear(id, parcel, now);
            }
        }
    }

    /// The form in which a sink takes sound. Comfort noise belongs to the sound around it: who takes
    /// that in another form gets none.
    fn form(&mut self, delivery: Delivery, format: Format) -> Form {
        let Some(peer) = self.peers[delivery.peer].as_mut() else { return Form::Nothing };
        let (slot, found) = match &mut peer.body {
            Body::Audio(_) if format.codec == Codec::Opus => return Form::AsIs,
            Body::Audio(_) if format.codec == Codec::ComfortNoise => return Form::Nothing,
            Body::Audio(_) => return Form::Converted(antiphon_audio::Format::OPUS),
            Body::Web(web) => {
                let Some(slot) = web.slots.get_mut(delivery.slot) else { return Form::Nothing };
                if let Some(known) = slot.known_form(format) {
                    return known;
                }
                let takes = |format| web.transport.payload_type(slot.mid, format).is_some();
                let found = match format {
                    _ if takes(format) => Form::AsIs,
                    _ if takes(Format::opus()) => Form::Converted(antiphon_audio::Format::OPUS),
                    _ => Form::Nothing,
                };
                (slot, found)
            }
            Body::Phone(phone) => {
                let Some(section) = phone.section(delivery.slot) else { return Form::Nothing };
                if let Some(known) = section.slot.known_form(format) {
                    return known;
                }
                let takes = format.find_among(section.exit.media.iter().copied()).is_some();
                let voice = section.voice();
                let other = voice
                    .and_then(|voice| sound(voice.format, voice.packet_time.as_millis() as u32));
                let found = match other {
                    Some(_) if takes => Form::AsIs,
                    Some(other) => Form::Converted(other),
                    None => Form::Nothing,
                };
                (&mut section.slot, found)
            }
        };
        slot.takes(format, found);
        found
    }

    /// Converts a packet for those who take it in another form.
    fn convert(
        &mut self,
        id: Id,
        parcel: &Parcel<'_>,
        sinks: &[(Delivery, antiphon_audio::Format)],
        now: Instant,
    ) {
        let Some(track) = self.tracks.get_mut(&id) else { return };
        let known = track.conversion.take();
        if sinks.is_empty() {
            return;
        }
        let Some(format) = sound(parcel.format, 20) else {
            self.counts.codec_missing += sinks.len() as u64;
            return;
        };
        let mut transcoder = match known.filter(|known| known.format() == format) {
            Some(known) => known,
            None => match Transcoder::new(format) {
                Ok(transcoder) => {
                    // Its numbers do not go on from those that were sent before.
                    sinks.iter().for_each(|(sink, _)| self.restart_sink(id, *sink));
                    Box::new(transcoder)
                }
                Err(_) => {
                    self.counts.audio_broken += 1;
                    return;
                }
            },
        };
        transcoder.retain(|output| sinks.iter().any(|(_, wanted)| *wanted == output));
        for (_, wanted) in sinks {
            self.counts.audio_broken += u64::from(!transcoder.add(*wanted));
        }
        let Packet { sequence, timestamp, ref payload, level, .. } = *parcel.packet;
        let mut loudness = level;
        match transcoder.push(Input { sequence, timestamp, payload }) {
            Outcome::Heard(heard) if level.is_none() => {
                self.loudness(id, heard, now);
                loudness = Some(heard);
            }
            Outcome::Heard(_) => {}
            Outcome::Late => self.counts.outdated += 1,
            Outcome::Broken(_) => self.counts.audio_broken += 1,
        }
        for output in transcoder.outputs() {
            let coded = transcoder.packets(output).iter();
            let packets: Vec<Packet> =
                coded.map(|coded| Packet { level: loudness, ..packet(coded) }).collect();
            let parcels: Vec<Parcel<'_>> = packets
                .iter()
                .map(|packet| Parcel::of_sound(packet, carried(output), parcel.captured))
                .collect();
            self.counts.converted += parcels.len() as u64;
            for &(sink, wanted) in sinks {
                if wanted == output {
                    self.deliver(id, sink, &parcels, now);
                }
            }
        }
        if let Some(track) = self.tracks.get_mut(&id) {
            track.conversion = Some(transcoder);
        }
    }

    /// A packet without sound took a number of the track.
    fn skip_converted(&mut self, id: Id, sequence: u64) {
        let track = self.tracks.get_mut(&id);
        if let Some(conversion) = track.and_then(|track| track.conversion.as_mut()) {
            conversion.skip(sequence);
        }
    }

    /// What a sink gets next does not follow on what it got.
    fn restart_sink(&mut self, id: Id, sink: Delivery) {
        self.restart_slot(sink.peer, sink.slot);
        if let Some(Body::Audio(audio)) = self.peers[sink.peer].as_mut().map(|peer| &mut peer.body)
        {
            audio.forget(id);
        }
    }

    /// Notes how loud a packet is that is passed on as it is and does not say so itself.
    fn overhear(&mut self, id: Id, parcel: &Parcel<'_>, now: Instant) {
        let Some(track) = self.tracks.get_mut(&id) else { return };
        if track.ear.as_ref().is_none_or(|ear| ear.format != parcel.format) {
            track.ear = Ear::new(parcel.format).map(Box::new);
        }
        let Some(ear) = &mut track.ear else { return };
        match ear.level(parcel.packet) {
            Some(Ok(level)) => self.loudness(id, level, now),
            Some(Err(_)) => self.counts.audio_broken += 1,
            None => {}
        }
    }
}
