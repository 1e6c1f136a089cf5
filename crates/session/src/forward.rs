//! The way of a packet through the room: from its source to all sections that carry its track.

use std::time::{Duration, Instant};

use str0m::media::MediaKind;

use crate::burst::Received;
use crate::codec::{self, Codec, Format};
use crate::event::Event;
use crate::peer::Body;
use crate::room::{Id, Room};
use crate::slot::{Fate, Parcel, vp8_numbers};
use crate::track::Delivery;
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
        self.pass(id, Received { packet, format, captured }, now);
    }

    /// Passes a packet of a track on: sound at once, the packets of a picture together.
    pub(crate) fn pass(&mut self, id: Id, received: Received, now: Instant) {
        let Some(track) = self.tracks.get_mut(&id) else { return };
        if track.kind != Some(MediaKind::Video) {
            return self.distribute(id, &[received], now);
        }
        if track.burst.push(received) {
            self.release(id, now);
        } else if track.burst.len() == 1 {
            self.waiting.begin(id, now);
        }
    }

    /// Sends what waits of a track.
    pub(crate) fn release(&mut self, id: Id, now: Instant) {
        self.waiting.end(id);
        let Some(track) = self.tracks.get_mut(&id) else { return };
        let burst = track.burst.take();
        self.distribute(id, &burst, now);
        if let Some(track) = self.tracks.get_mut(&id) {
            track.burst.reuse(burst);
        }
    }

    /// Sends packets of a track to all its sinks.
    pub(crate) fn distribute(&mut self, id: Id, burst: &[Received], now: Instant) {
        let Some(track) = self.tracks.get_mut(&id) else { return };
        for Received { format, .. } in burst {
            if track.started != Some(format.codec) && format.codec != Codec::ComfortNoise {
                track.started = Some(format.codec);
                let codec = codec::name(format.codec);
                self.events.push(Event::TrackStarted { track: id, codec });
            }
        }
        if track.paused {
            self.counts.paused += burst.len() as u64;
            return;
        }
        let deliveries = std::mem::take(&mut track.deliveries);
        let parcels: Vec<Parcel<'_>> = burst.iter().filter_map(parcel).collect();
        self.counts.oversized += (burst.len() - parcels.len()) as u64;
        if parcels.iter().any(|parcel| parcel.keyframe) {
            // Whoever waited has it now; asking again would only keep the next one waiting.
            track.request_due = None;
        }
        for parcel in &parcels {
            self.listen(id, parcel, now);
        }
        let mut waiting = false;
        if burst.first().is_some_and(|first| first.format.codec.is_audio()) {
            self.distribute_sound(id, &deliveries, &parcels, now);
        } else {
            for &delivery in &deliveries {
                waiting |= self.deliver(id, delivery, &parcels, now);
            }
        }
        if let Some(track) = self.tracks.get_mut(&id) {
            track.deliveries = deliveries;
        }
        if waiting {
            self.request_keyframe(id, now);
        }
    }

    /// Sends packets to one sink; true if it waits for a keyframe.
    pub(crate) fn deliver(
        &mut self,
        id: Id,
        delivery: Delivery,
        parcels: &[Parcel<'_>],
        now: Instant,
    ) -> bool {
        let Some(peer) = self.peers[delivery.peer].as_mut() else { return false };
        let web = match &mut peer.body {
            Body::Web(web) => web,
            Body::Phone(_) => {
                return self.deliver_phone(delivery.peer, delivery.slot, parcels, now);
            }
            Body::Audio(_) => {
                for parcel in parcels {
                    self.deliver_audio(delivery.peer, id, parcel);
                }
                return false;
            }
        };
        let Some(slot) = web.slots.get_mut(delivery.slot) else { return false };
        let (mut sent, mut waiting) = (false, false);
        for parcel in parcels {
            match slot.forward(parcel, &mut web.transport, now) {
                Fate::Sent => {
                    self.counts.forwarded += 1;
                    sent = true;
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
        if sent {
            self.mark(delivery.peer);
        }
        waiting
    }

    /// Notes how loud a packet of a track is.
    fn listen(&mut self, id: Id, parcel: &Parcel<'_>, now: Instant) {
        if let (true, Some(level)) = (parcel.format.codec.is_audio(), parcel.packet.level) {
            self.loudness(id, level, now);
        }
    }

    /// Notes how loud a track is, in dBov.
    pub(crate) fn loudness(&mut self, id: Id, level: i8, now: Instant) {
        // RFC 6464 §3: 0 is the loudest, −127 silence.
        self.speakers.heard(id, (127 + i16::from(level)).clamp(0, 127) as u8, now);
        self.busy = true;
        self.tick_at = self.tick_at.map(|at| at.min(now + SOON));
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
        let Some(web) = self.web(index) else {
            return self.request_phone_keyframe(index, id, now);
        };
        let params = payload_type.and_then(|payload_type| web.transport.params(payload_type));
        let full = params.is_some_and(|params| params.fb_fir() && !params.fb_pli());
        if web.transport.request_keyframe(ssrc, full) {
            web.figures.keyframes_requested += 1;
            self.counts.keyframes_requested += 1;
            self.mark(index);
        }
    }

    pub(crate) fn restart_slot(&mut self, peer: usize, slot: usize) {
        match self.peers[peer].as_mut().map(|peer| &mut peer.body) {
            Some(Body::Web(web)) => {
                if let Some(slot) = web.slots.get_mut(slot) {
                    slot.switch();
                }
            }
            Some(Body::Phone(phone)) => {
                if let Some(section) = phone.section(slot) {
                    section.switch();
                }
            }
            Some(Body::Audio(_)) | None => {}
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

/// What all sinks need to know of a packet, found out once; `None` if it is too long to pass on.
fn parcel(received: &Received) -> Option<Parcel<'_>> {
    let Received { packet, format, captured } = received;
    (packet.payload.len() <= LONGEST_PAYLOAD).then(|| Parcel {
        packet,
        format: *format,
        keyframe: codec::is_keyframe(format.codec, &packet.payload),
        vp8: vp8_numbers(format.codec, &packet.payload),
        captured: *captured,
    })
}
