//! Wires of the room: which track is sent to which peer, and in which of its sections.

use std::time::Instant;

use str0m::media::{MediaKind, Mid};

use crate::event::Event;
use crate::graph::Pair;
use crate::peer::Body;
use crate::room::{Id, Notice, Room};
use crate::track::{Delivery, Track};

impl Room {
    pub(crate) fn publish(&mut self, peer: Id, mid: &str, id: Id) {
        let Some(index) = self.index(peer) else { return };
        if self.tracks.contains_key(&id) {
            return;
        }
        let mid = Mid::from(mid);
        let kind = match self.peers[index].as_mut().map(|peer| &mut peer.body) {
            Some(Body::Web(web)) => {
                web.sources.clear();
                web.sections.iter().find(|(section, _)| *section == mid).and_then(|(_, kind)| *kind)
            }
            Some(Body::Audio(audio)) => {
                audio.track = Some(id);
                Some(MediaKind::Audio)
            }
            Some(Body::Phone(phone)) => {
                phone.named(mid).and_then(|place| phone.section(place)).map(|section| section.kind)
            }
            None => return,
        };
        self.tracks.insert(id, Track::new(id, index, mid, kind));
        // It may have been wired before it was published.
        let sinks: Vec<Pair> = self.graph.sinks(id).map(|sink| (id, sink)).collect();
        self.wire(&sinks);
    }

    pub(crate) fn unpublish(&mut self, id: Id) {
        let Some(track) = self.tracks.get(&id) else {
            self.counts.unknown_ids += 1;
            return;
        };
        let index = track.peer;
        let lost = self.graph.remove(id);
        for (_, sink) in lost {
            if let Some(&sink) = self.by_id.get(&sink) {
                self.unwire_one(id, sink);
            } else {
                self.unwire_mix(id, sink);
            }
        }
        self.tracks.remove(&id);
        self.speakers.forget(id);
        if let Some(peer) = self.peers[index].as_mut() {
            match &mut peer.body {
                Body::Web(web) => web.sources.clear(),
                Body::Audio(audio) => {
                    audio.track.take_if(|track| *track == id);
                }
                Body::Phone(_) => {}
            }
        }
        self.notice(Notice::Gone(id));
    }

    pub(crate) fn pause(&mut self, id: Id, paused: bool, now: Instant) {
        let Some(track) = self.tracks.get_mut(&id) else {
            self.counts.unknown_ids += 1;
            return;
        };
        if std::mem::replace(&mut track.paused, paused) == paused {
            return;
        }
        if paused {
            self.speakers.forget(id);
            self.mixes.mute(id);
            return;
        }
        // What was dropped in between leaves no gap, and video begins anew.
        for delivery in track.deliveries.clone() {
            self.restart_slot(delivery.peer, delivery.slot);
        }
        self.request_keyframe(id, now);
    }

    pub(crate) fn close_hub(&mut self, hub: Id, now: Instant) {
        if !self.graph.is_hub(hub) && !self.mixes.contains(hub) {
            self.counts.unknown_ids += 1;
            return;
        }
        let lost = self.graph.remove(hub);
        self.unwire(&lost, now);
        self.mixes.close(hub);
        self.notice(Notice::Gone(hub));
    }

    pub(crate) fn connect(&mut self, source: Id, sinks: &[Id], _now: Instant) {
        for &sink in sinks {
            if !self.is_source(source) || !self.is_sink(sink) {
                self.counts.unknown_ids += 1;
                continue;
            }
            let added = self.graph.connect(source, sink);
            self.wire(&added);
        }
    }

    pub(crate) fn disconnect(&mut self, source: Id, sinks: &[Id], now: Instant) {
        for &sink in sinks {
            let lost = self.graph.disconnect(source, sink);
            self.unwire(&lost, now);
        }
    }

    fn is_source(&self, id: Id) -> bool {
        self.tracks.contains_key(&id) || self.is_sink(id)
    }

    fn is_sink(&self, id: Id) -> bool {
        self.graph.is_hub(id) || self.mixes.contains(id) || self.by_id.contains_key(&id)
    }

    fn wire(&mut self, pairs: &[Pair]) {
        for &(source, sink) in pairs {
            if self.wire_mix(source, sink) {
                continue;
            }
            let (Some(track), Some(&index)) = (self.tracks.get(&source), self.by_id.get(&sink))
            else {
                continue;
            };
            if track.peer == index {
                continue;
            }
            match self.peers[index].as_mut().map(|peer| &mut peer.body) {
                Some(Body::Web(web)) => {
                    web.refused.retain(|&refused| refused != source);
                    if track.kind.is_some() {
                        web.wanted.push(source);
                        self.unsettle(index);
                    }
                }
                Some(Body::Audio(_)) => {
                    let delivery = Delivery { peer: index, slot: 0 };
                    if let Some(track) = self.tracks.get_mut(&source) {
                        track.deliveries.push(delivery);
                    }
                }
                Some(Body::Phone(_)) => self.wire_phone(source, index),
                None => {}
            }
        }
    }

    pub(crate) fn unwire(&mut self, pairs: &[Pair], _now: Instant) {
        for (source, sink) in pairs {
            if self.unwire_mix(*source, *sink) {
                continue;
            }
            if let Some(&index) = self.by_id.get(sink) {
                self.unwire_one(*source, index);
            }
        }
    }

    fn unwire_one(&mut self, track: Id, index: usize) {
        self.drop_delivery(track, index);
        match self.peers[index].as_mut().map(|peer| &mut peer.body) {
            Some(Body::Web(web)) => {
                web.wanted.retain(|&wanted| wanted != track);
                web.refused.retain(|&refused| refused != track);
                if let Some(slot) = web.slot_of(track) {
                    web.slots[slot].carry(None);
                }
                self.unsettle(index);
            }
            Some(Body::Audio(audio)) => audio.forget(track),
            Some(Body::Phone(_)) => self.unwire_phone(track, index),
            None => {}
        }
    }

    pub(crate) fn drop_delivery(&mut self, track: Id, index: usize) {
        if let Some(track) = self.tracks.get_mut(&track) {
            track.deliveries.retain(|delivery| delivery.peer != index);
        }
    }

    /// The sections of a peer are known now: tracks published ahead of them can be sent on.
    pub(crate) fn kinds_known(&mut self, index: usize) {
        let Some(web) = self.web(index) else { return };
        let sections = web.sections.clone();
        let mut pairs = Vec::new();
        for track in self.tracks.values_mut().filter(|track| track.peer == index) {
            if track.kind.is_none() {
                let section = sections.iter().find(|(mid, _)| *mid == track.mid);
                track.kind = section.and_then(|(_, kind)| *kind);
                if track.kind.is_some() {
                    pairs.extend(self.graph.sinks(track.id).map(|sink| (track.id, sink)));
                }
            }
        }
        self.wire(&pairs);
    }

    /// Gives each wanted track a free section of its kind, as far as there are any.
    pub(crate) fn place(&mut self, index: usize) -> Vec<Id> {
        let mut placed = Vec::new();
        let Some(web) = self.peers[index].as_mut().and_then(|peer| peer.web()) else {
            return placed;
        };
        let mut wanted = std::mem::take(&mut web.wanted);
        wanted.retain(|&id| {
            let Some(track) = self.tracks.get_mut(&id) else { return false };
            let free = web.slots.iter().position(|slot| {
                slot.track.is_none() && slot.is_usable() && Some(slot.kind) == track.kind
            });
            let Some(slot) = free else { return true };
            web.slots[slot].carry(Some(id));
            track.deliveries.push(Delivery { peer: index, slot });
            placed.push(id);
            false
        });
        web.wanted = wanted;
        placed
    }

    /// After anything that changes what a peer should get: place, offer, tell.
    pub(crate) fn settle(&mut self, index: usize, now: Instant) {
        if self.web(index).is_none() {
            return self.place_phone(index, now);
        }
        self.place(index);
        self.offer_if_needed(index);
        let Some(peer) = self.peers[index].as_ref().map(|peer| peer.id) else { return };
        let Some(web) = self.web(index) else { return };
        let carried = web.slots.iter().filter_map(|slot| Some((slot.mid, slot.track?))).collect();
        let waiting: Vec<Id> = web
            .slots
            .iter()
            .filter(|slot| slot.is_waiting())
            .filter_map(|slot| slot.track)
            .collect();
        if web.mapped != carried {
            let tracks = carried.iter().map(|(mid, &track)| (mid.to_string(), track)).collect();
            web.mapped = carried;
            self.events.push(Event::Mapped { peer, tracks });
        }
        for track in waiting {
            self.request_keyframe(track, now);
        }
        self.mark(index);
    }
}
