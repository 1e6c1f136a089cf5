//! The way of a packet through the room: from its source to all sections that carry its track.

use std::time::{Duration, Instant};

use str0m::media::MediaKind;

use crate::codec::{self, Format};
use crate::event::Event;
use crate::peer::Body;
use crate::room::{Id, Room};
use crate::slot::{Fate, Parcel, vp8_numbers};
use crate::transport::Packet;

/// Longest payload that fits a datagram of 1,500 bytes with all that is around it.
const LONGEST_PAYLOAD: usize = 1400;
/// See the tick of the room.
const SOON: Duration = Duration::from_millis(100);

impl Room {
    /// A packet came from a peer's session.
    pub(crate) fn forward(&mut self, index: usize, packet: Packet, now: Instant) {
        let Some(id) = self.track_of(index, &packet) else {
            self.counts.unpublished += 1;
            return;
        };
        let Some(track) = self.tracks.get_mut(&id) else { return };
        let Some(web) = self.peers[index].as_mut().and_then(|peer| peer.web()) else { return };
        if track.ssrc != Some(packet.ssrc) {
            track.ssrc = Some(packet.ssrc);
            for delivery in track.deliveries.clone() {
                self.restart_slot(delivery.peer, delivery.slot);
            }
            return self.forward(index, packet, now);
        }
        let format = match track.format {
            Some((payload_type, format)) if payload_type == packet.payload_type => format,
            _ => {
                let Some(params) = web.transport.params(packet.payload_type) else { return };
                let format = Format::of(params);
                track.format = Some((packet.payload_type, format));
                format
            }
        };
        let captured = web.clock.captured(packet.report, packet.timestamp, format.clock_rate, now);
        self.distribute(id, &packet, format, captured, now);
    }

    /// Sends a packet of a track to all its sinks.
    pub(crate) fn distribute(
        &mut self,
        id: Id,
        packet: &Packet,
        format: Format,
        captured: Instant,
        now: Instant,
    ) {
        let Some(track) = self.tracks.get_mut(&id) else { return };
        if track.started != Some(format.codec) {
            track.started = Some(format.codec);
            let codec = codec::name(format.codec);
            self.events.push(Event::TrackStarted { track: id, codec });
        }
        if track.paused {
            self.counts.paused += 1;
            return;
        }
        if packet.payload.len() > LONGEST_PAYLOAD {
            self.counts.oversized += 1;
            return;
        }
        if let (true, Some(level)) = (format.codec.is_audio(), packet.level) {
            // RFC 6464 §3: 0 is the loudest, −127 silence.
            self.speakers.heard(id, (127 + i16::from(level)).clamp(0, 127) as u8, now);
            self.busy = true;
            self.tick_at = self.tick_at.map(|at| at.min(now + SOON));
        }
        let parcel = Parcel {
            packet,
            format,
            keyframe: codec::is_keyframe(format.codec, &packet.payload),
            vp8: vp8_numbers(format.codec, &packet.payload),
            captured,
        };
        let deliveries = std::mem::take(&mut track.deliveries);
        let mut waiting = false;
        for delivery in &deliveries {
            let Some(peer) = self.peers[delivery.peer].as_mut() else { continue };
            let fate = match &mut peer.body {
                Body::Web(web) => match web.slots.get_mut(delivery.slot) {
                    Some(slot) => slot.forward(&parcel, &mut web.transport, now),
                    None => continue,
                },
                Body::Audio(_) => {
                    self.deliver_audio(delivery.peer, id, &parcel);
                    continue;
                }
            };
            match fate {
                Fate::Sent => {
                    self.counts.forwarded += 1;
                    self.mark(delivery.peer);
                }
                Fate::Waiting => {
                    self.counts.keyframe_waiting += 1;
                    waiting = true;
                }
                Fate::NoCodec => self.counts.codec_missing += 1,
                Fate::Outdated => self.counts.outdated += 1,
                Fate::Closed => {}
            }
        }
        if let Some(track) = self.tracks.get_mut(&id) {
            track.deliveries = deliveries;
        }
        if waiting {
            self.request_keyframe(id, now);
        }
    }

    /// Asks the source of a video track for a keyframe, now or when the interval allows it.
    pub(crate) fn request_keyframe(&mut self, id: Id, now: Instant) {
        let Some(track) = self.tracks.get_mut(&id) else {
            self.counts.unknown_ids += 1;
            return;
        };
        let (Some(ssrc), Some(MediaKind::Video)) = (track.ssrc, track.kind) else { return };
        if track.paused {
            return;
        }
        if !track.may_request(now) {
            let due = track.request_due;
            self.tick_at = self.tick_at.into_iter().chain(due).min();
            return;
        }
        let (index, payload_type) =
            (track.peer, track.format.map(|(payload_type, _)| payload_type));
        let Some(web) = self.web(index) else { return };
        let params = payload_type.and_then(|payload_type| web.transport.params(payload_type));
        let full = params.is_some_and(|params| params.fb_fir() && !params.fb_pli());
        if web.transport.request_keyframe(ssrc, full) {
            web.figures.keyframes_requested += 1;
            self.counts.keyframes_requested += 1;
            self.mark(index);
        }
    }

    fn restart_slot(&mut self, peer: usize, slot: usize) {
        if let Some(slot) = self.web(peer).and_then(|web| web.slots.get_mut(slot)) {
            slot.switch();
        }
    }

    /// The track that a source belongs to; found once and kept until the sections change.
    fn track_of(&mut self, index: usize, packet: &Packet) -> Option<Id> {
        let web = self.peers[index].as_mut()?.web()?;
        if let Some(&known) = web.sources.get(&packet.ssrc) {
            return known;
        }
        let mid = packet.mid.or_else(|| web.transport.receiving_mid(packet.ssrc))?;
        let mut tracks = self.tracks.values();
        let found = tracks.find(|track| track.peer == index && track.mid == mid);
        let found = found.map(|track| track.id);
        web.sources.insert(packet.ssrc, found);
        found
    }
}
