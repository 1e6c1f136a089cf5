//! The room's mixes: what is wired into and out of them, and their packets on the way to telephones.
//! A mix is a node of the graph that ends the ways of tracks and begins those to its listeners.

use std::time::Instant;

use antiphon_audio::pack::Coded;
use str0m::media::MediaKind;

use crate::codec::{Codec, Format};
use crate::mix::{Speech, arrived};
use crate::mix_bus::Voice;
use crate::peer::Body;
use crate::room::{Id, Room};
use crate::slot::Parcel;
use crate::transcode::{carried, sound};
use crate::transport::Packet;

impl Room {
    pub(crate) fn open_hub(&mut self, hub: Id, mix: bool) {
        if mix {
            self.mixes.open(hub);
        } else {
            self.graph.add_hub(hub);
        }
    }

    /// Wires that begin or end at a mix; false if this one does not.
    pub(crate) fn wire_mix(&mut self, source: Id, sink: Id) -> bool {
        if self.mixes.contains(sink) {
            if let Some(track) = self.tracks.get(&source)
                && track.kind == Some(MediaKind::Audio)
                && let Some(owner) = self.peers[track.peer].as_ref()
            {
                self.mixes.add_source(sink, source, owner.id);
            }
            return true;
        }
        if !self.mixes.contains(source) {
            return false;
        }
        match self.by_id.get(&sink).copied() {
            Some(index) if self.phone(index).is_some() => {
                self.mixes.add_listener(source, sink);
                self.wire_phone(source, index);
            }
            // Whoever takes many streams has no use for a mix.
            _ => self.counts.unknown_ids += 1,
        }
        true
    }

    /// The opposite; false if it is no wire of a mix.
    pub(crate) fn unwire_mix(&mut self, source: Id, sink: Id) -> bool {
        if self.mixes.contains(sink) {
            self.mixes.remove_source(sink, source);
            return true;
        }
        if !self.mixes.contains(source) {
            return false;
        }
        self.mixes.remove_listener(source, sink);
        if let Some(&index) = self.by_id.get(&sink) {
            self.unwire_phone(source, index);
        }
        true
    }

    /// What the sound section of a telephone carries: a mix that is wired to it, the only track, or a
    /// mix of its own of several tracks, which goes by its own name.
    pub(crate) fn sound_for(&mut self, peer: Id, wired: &[Id]) -> Option<Id> {
        if let Some(&hub) = wired.iter().find(|&&id| self.mixes.contains(id)) {
            self.mixes.close(peer);
            return Some(hub);
        }
        let is_sound = |id: &&Id| {
            self.tracks.get(id).is_some_and(|track| track.kind == Some(MediaKind::Audio))
        };
        let tracks: Vec<Id> = wired.iter().filter(is_sound).copied().collect();
        if tracks.len() < 2 {
            self.mixes.close(peer);
            return tracks.first().copied();
        }
        self.mixes.open(peer);
        self.mixes.keep_sources(peer, &tracks);
        for &id in &tracks {
            let owner = self.tracks.get(&id).and_then(|track| self.peers[track.peer].as_ref());
            if let Some(owner) = owner {
                self.mixes.add_source(peer, id, owner.id);
            }
        }
        self.mixes.add_listener(peer, peer);
        Some(peer)
    }

    /// Puts a packet of a track into the mixes that it goes into.
    pub(crate) fn mix_in(&mut self, id: Id, parcel: &Parcel<'_>, now: Instant) {
        if !self.mixes.hears(id) {
            return;
        }
        let Packet { sequence, timestamp, level, ref payload, ssrc, .. } = *parcel.packet;
        let is_noise = parcel.format.codec == Codec::ComfortNoise;
        let format = sound(parcel.format, 20);
        if format.is_none() && !is_noise {
            self.counts.codec_missing += 1;
            return;
        }
        let packet = arrived(sequence, timestamp, is_noise, payload);
        let heard = self.mixes.hear(id, *ssrc, level.is_some(), format, packet, now);
        self.counts.audio_broken += u64::from(heard.is_err());
    }

    /// Makes and sends what is due of all mixes.
    pub(crate) fn tick_mixes(&mut self, now: Instant) {
        while let Some(at) = self.mixes.begin_tick(now) {
            let mut mixes = std::mem::take(&mut self.mixes);
            let ticked = mixes.tick(at, |hub, peer| self.voice_for(hub, peer));
            self.mixes = mixes;
            self.counts.audio_broken += ticked.broken;
            self.counts.mix_concealed += ticked.concealed;
            for (hub, peer) in ticked.switched {
                if let Some((index, place)) = self.listener(hub, peer) {
                    self.restart_slot(index, place);
                }
            }
            for (track, level) in ticked.levels {
                self.loudness(track, level, at);
            }
            for speech in &ticked.speeches {
                self.send_speech(speech, at);
            }
        }
    }

    fn send_speech(&mut self, speech: &Speech, at: Instant) {
        let format = match speech.is_noise {
            true => Format::audio(Codec::ComfortNoise, speech.format.clock_rate, 1),
            false => carried(speech.format),
        };
        let packets: Vec<Packet> = speech.packets.iter().map(packet).collect();
        let parcels: Vec<Parcel<'_>> =
            packets.iter().map(|packet| Parcel::of_sound(packet, format, at)).collect();
        for &peer in &speech.listeners {
            if let Some((index, place)) = self.listener(speech.hub, peer) {
                self.deliver_phone(index, place, &parcels, at);
                self.counts.mixed += parcels.len() as u64;
            }
        }
    }

    /// The section of a telephone that carries a mix.
    fn listener(&self, hub: Id, peer: Id) -> Option<(usize, usize)> {
        let &index = self.by_id.get(&peer)?;
        let Body::Phone(phone) = &self.peers[index].as_ref()?.body else { return None };
        let place = phone.position(|section| {
            section.kind == MediaKind::Audio && section.slot.track == Some(hub)
        })?;
        Some((index, place))
    }

    fn voice_for(&self, hub: Id, peer: Id) -> Option<Voice> {
        let (index, place) = self.listener(hub, peer)?;
        let Body::Phone(phone) = &self.peers[index].as_ref()?.body else { return None };
        let voice = phone.sections.get(place)?.as_ref()?.voice()?;
        let format = sound(voice.format, voice.packet_time.as_millis() as u32)?;
        Some(Voice { format, comfort_noise: voice.comfort_noise })
    }
}

/// A packet of ours on its way to a slot, which gives it its numbers.
pub(crate) fn packet(coded: &Coded) -> Packet {
    Packet {
        ssrc: 0.into(),
        payload_type: 0.into(),
        sequence: coded.sequence,
        timestamp: coded.timestamp,
        marker: coded.marker,
        payload: coded.payload.as_slice().into(),
        mid: None,
        level: None,
        voice: None,
        orientation: None,
        report: None,
    }
}
