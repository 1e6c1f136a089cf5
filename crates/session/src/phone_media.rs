//! Media of telephones: datagrams in, packets of tracks out into the room, and what time brings.

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use antiphon_rtp::{Arrival, Control, Heard, Packet as RtpPacket, SenderInfo};
use str0m::media::MediaKind;
use str0m::rtp::Ssrc;

use crate::burst::Received;
use crate::clock::Report;
use crate::codec::Format;
use crate::event::Event;
use crate::phone::{Accepted, Life, PhoneExit, PhonePort};
use crate::room::{Id, Room};
use crate::slot::{Fate, Parcel};
use crate::transport::{Packet, PathFigures};

/// Louder than this may be somebody who speaks, in dBov.
const VOICE: i8 = -55;
/// Seconds from 1900 (NTP) to 1970 (Unix).
const NTP_OFFSET: u64 = 2_208_988_800;

impl Room {
    /// Takes in a datagram that came to a telephone's port.
    pub fn receive_phone(
        &mut self,
        port: PhonePort,
        local: SocketAddr,
        remote: SocketAddr,
        contents: &[u8],
        now: Instant,
    ) {
        let Some(index) = self.by_id.get(&port.peer).copied() else { return };
        let Some(phone) = self.phone(index) else { return };
        let Some(place) = phone.position(|section| section.number == port.section) else { return };
        phone.figures.bytes_in += contents.len() as u64;
        let Some(section) = phone.section(place) else { return };
        let arrival = Arrival { local, remote, control: port.control };
        let accepts = &section.accepts;
        let clock_rate = |payload_type: u8| {
            let mut known = accepts.iter();
            known.find(|(pt, _)| *pt == payload_type).map(|(_, accepted)| accepted.clock_rate())
        };
        let before = section.link.heard();
        let heard = section.link.receive(arrival, contents, clock_rate, now);
        let handshakes = matches!(contents.first(), Some(0..=63));
        let is_life = section.link.heard() != before;
        let refused = section.link.take_refused();
        self.counts.phone_strangers += refused.strangers;
        self.counts.phone_forged += refused.forged;
        self.counts.datagrams_malformed += refused.malformed;
        if is_life {
            self.phone_lives(index, place);
        }
        match heard {
            // Checks and handshakes are answered at once.
            Heard::Nothing if handshakes => self.pump_phone(index, now),
            Heard::Nothing => {}
            Heard::Packet(packet) => self.phone_packet(index, place, packet, now),
            Heard::Control(controls) => self.phone_controls(index, place, &controls, now),
        }
    }

    /// Something was heard of it.
    fn phone_lives(&mut self, index: usize, place: usize) {
        let Some(peer) = self.peers[index].as_mut() else { return };
        let id = peer.id;
        let Some(phone) = peer.phone() else { return };
        if phone.life == Life::Heard {
            return;
        }
        let Some(section) = phone.section(place) else { return };
        // Reports alone do not say where its media come from.
        let Some(remote) = section.link.remote() else { return };
        let srtp_profile = section.link.suite().map_or("", antiphon_rtp::Suite::profile);
        phone.life = Life::Heard;
        let address = remote.to_string();
        self.events.push(Event::Connected { peer: id, srtp_profile, address });
    }

    fn phone_packet(&mut self, index: usize, place: usize, packet: RtpPacket, now: Instant) {
        let Some(phone) = self.phone(index) else { return };
        phone.figures.packets_in += 1;
        let Some(section) = phone.section(place) else { return };
        match section.accepted(packet.header.payload_type) {
            Some(Accepted::Media(format)) => {
                section.heard_sound(format, &packet.payload);
                let (mid, report) = (section.mid(), section.report);
                let timestamp = packet.header.timestamp;
                let captured = phone.clock.captured(report, timestamp, format.clock_rate, now);
                let mut tracks = self.tracks.values();
                let track = tracks.find(|track| track.peer == index && track.mid == mid);
                match track.map(|track| track.id) {
                    Some(track) => self.phone_media(track, packet, format, captured, now),
                    None => self.counts.unpublished += 1,
                }
            }
            Some(Accepted::Events(clock)) => {
                let (ssrc, timestamp) = (packet.header.ssrc, packet.header.timestamp);
                let presses = section.hear_keys(ssrc, clock, timestamp, &packet.payload, now);
                for press in presses {
                    self.pressed(index, press, now);
                }
                self.mark(index);
            }
            None => {}
        }
    }

    fn phone_media(
        &mut self,
        id: Id,
        packet: RtpPacket,
        format: Format,
        captured: Instant,
        now: Instant,
    ) {
        let ssrc = Ssrc::from(packet.header.ssrc);
        let payload_type = packet.header.payload_type.into();
        let Some(track) = self.tracks.get_mut(&id) else { return };
        if track.ssrc != Some(ssrc) {
            track.ssrc = Some(ssrc);
            for delivery in track.deliveries.clone() {
                self.restart_slot(delivery.peer, delivery.slot);
            }
        }
        let Some(track) = self.tracks.get_mut(&id) else { return };
        track.format = Some((payload_type, format));
        let level = format.level(&packet.payload);
        let packet = Packet {
            ssrc,
            payload_type,
            sequence: packet.sequence,
            timestamp: packet.header.timestamp,
            marker: packet.header.marker,
            payload: packet.payload,
            mid: None,
            level,
            voice: level.map(|level| level > VOICE),
            orientation: None,
            report: None,
        };
        self.pass(id, Received { packet, format, captured }, now);
    }

    fn phone_controls(&mut self, index: usize, place: usize, controls: &[Control], now: Instant) {
        for control in controls {
            let Some(phone) = self.phone(index) else { return };
            match control {
                Control::Report { sender: Some(info), .. } => {
                    let (ntp, timestamp) = (wall(info), info.timestamp);
                    phone.clock.heard(ntp, now);
                    if let Some(section) = phone.section(place) {
                        section.report = Some(Report { ntp, timestamp });
                    }
                }
                Control::KeyframeWanted(_) => {
                    let section = phone.section(place);
                    if let Some(track) = section.and_then(|section| section.slot.track) {
                        self.request_keyframe(track, now);
                    }
                }
                Control::Missing { sequences, .. } => {
                    self.counts.nacks += sequences.len() as u64;
                }
                Control::Report { .. } | Control::Goodbye(_) => {}
            }
        }
    }

    /// Writes packets of a track to a telephone; true if it waits for a keyframe.
    pub(crate) fn deliver_phone(
        &mut self,
        index: usize,
        place: usize,
        parcels: &[Parcel<'_>],
        now: Instant,
    ) -> bool {
        let Some(section) = self.phone(index).and_then(|phone| phone.section(place)) else {
            return false;
        };
        if section.is_sounding() {
            return false;
        }
        let (mut sent, mut waiting, mut no_codec, mut outdated) = (0, 0, 0, 0);
        for parcel in parcels {
            let link = &mut section.link;
            let mut exit = PhoneExit { link, formats: &mut section.exit, now };
            match section.slot.forward(parcel, &mut exit, now) {
                Fate::Sent => sent += 1,
                Fate::Waiting => waiting += 1,
                Fate::NoCodec => no_codec += 1,
                Fate::Outdated => outdated += 1,
                Fate::Closed => {}
            }
        }
        self.counts.forwarded += sent;
        self.counts.keyframe_waiting += waiting;
        self.counts.codec_missing += no_codec;
        self.counts.outdated += outdated;
        if sent > 0 {
            self.drain_phone(index);
        }
        waiting > 0
    }

    /// Asks a telephone for a keyframe.
    pub(crate) fn request_phone_keyframe(&mut self, index: usize, id: Id, now: Instant) {
        let Some(mid) = self.tracks.get(&id).map(|track| track.mid) else { return };
        let Some(phone) = self.phone(index) else { return };
        let Some(place) = phone.named(mid) else { return };
        let asked = phone.section(place).is_some_and(|section| section.link.request_keyframe(now));
        if asked {
            phone.figures.keyframes_requested += 1;
            self.counts.keyframes_requested += 1;
            self.drain_phone(index);
        }
    }

    /// Lets a telephone do what is due.
    pub(crate) fn pump_phone(&mut self, index: usize, now: Instant) {
        self.sound_phone(index, now);
        let Some(phone) = self.phone(index) else { return };
        for section in phone.sections.iter_mut().flatten() {
            section.link.wake(now);
        }
        if let Some(text) = phone.failure() {
            self.drain_phone(index);
            return self.end_peer(index, "error", text, now);
        }
        let Some(phone) = self.phone(index) else { return };
        let sections = phone.sections.iter().flatten();
        let due = sections.flat_map(|at| [at.link.deadline(), at.sound_due()]).flatten().min();
        self.drain_phone(index);
        if let Some(at) = due {
            self.wake_at(index, at);
        }
    }

    /// Takes out what its sections have to send.
    pub(crate) fn drain_phone(&mut self, index: usize) {
        let Some(peer) = self.peers[index].as_mut() else { return };
        let id = peer.id;
        let Some(phone) = peer.phone() else { return };
        for section in phone.sections.iter_mut().flatten() {
            let before = self.phone_output.len();
            let bytes = section.drain(id, &mut self.phone_output);
            phone.figures.bytes_out += bytes as u64;
            phone.figures.packets_out += (self.phone_output.len() - before) as u64;
        }
    }

    /// Tells when a telephone that should be heard is not.
    pub(crate) fn miss_phone(&mut self, index: usize, now: Instant) {
        let Some(peer) = self.peers[index].as_mut() else { return };
        let id = peer.id;
        let Some(phone) = peer.phone() else { return };
        let since = match phone.life {
            Life::Silent => return,
            Life::Expected(since) => since,
            Life::Heard => phone.heard().unwrap_or(now),
        };
        if !phone.is_expected() {
            // On hold nothing is missed; what counts begins when it ends.
            if let Life::Expected(since) = &mut phone.life {
                *since = now;
            }
            return;
        }
        if now.saturating_duration_since(since) >= phone.patience() {
            phone.life = Life::Silent;
            self.events.push(Event::Interrupted { peer: id });
        }
    }

    /// Gathers the figures of a telephone from its sections.
    pub(crate) fn measure_phone(&mut self, index: usize) {
        let Some(phone) = self.phone(index) else { return };
        let links = || phone.sections.iter().flatten().map(|section| &section.link);
        let is_main = |kind| phone.sections.iter().flatten().find(|at| at.kind == kind);
        let main = is_main(MediaKind::Audio).or(is_main(MediaKind::Video));
        let path = PathFigures {
            round_trip: links().filter_map(|link| link.transmission().round_trip()).max(),
            loss_in: main.and_then(|section| section.link.loss_in()),
            loss_out: main.and_then(|section| section.link.transmission().loss()),
        };
        phone.figures.path = path;
    }
}

/// The wall time of a sender report (RFC 3550 §4).
fn wall(info: &SenderInfo) -> SystemTime {
    let seconds = (info.ntp >> 32).saturating_sub(NTP_OFFSET);
    let nanoseconds = ((info.ntp & 0xffff_ffff) * 1_000_000_000) >> 32;
    SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds as u32)
}
