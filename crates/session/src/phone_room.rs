//! The room's verbs for telephones: open, bind, configure, wire, move, close.

use std::time::Instant;

use antiphon_rtp::Epoch;
use str0m::media::{MediaKind, Mid};

use crate::peer::{Body, Peer};
use crate::phone::{Life, Phone, PhoneMedia, PhonePeer, PhoneSection, PhoneSocket};
use crate::room::{Id, Notice, Room};
use crate::track::Delivery;

impl Room {
    pub(crate) fn open_phone(&mut self, id: Id, epoch: Epoch, now: Instant) {
        if self.by_id.contains_key(&id) {
            return;
        }
        let body = Body::Phone(Box::new(PhonePeer::new(epoch, now)));
        self.add(Peer { id, watched: false, body }, now);
    }

    pub(crate) fn bind_phone(&mut self, id: Id, socket: &PhoneSocket, now: Instant) {
        let Some(index) = self.index(id) else { return };
        let certificate = self.config.identity.dtls.clone();
        let Some(phone) = self.phone(index) else { return };
        let cname = phone.cname.clone();
        let section = PhoneSection::new(socket, cname, certificate, phone.epoch, now);
        match phone.sections.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(section),
            None => phone.sections.push(Some(section)),
        }
        self.unsettle(index);
    }

    pub(crate) fn configure_phone(&mut self, id: Id, mid: &str, media: PhoneMedia, now: Instant) {
        let Some(index) = self.index(id) else { return };
        let Some(phone) = self.phone(index) else { return };
        let Some(place) = phone.named(Mid::from(mid)) else {
            self.counts.unknown_ids += 1;
            return;
        };
        let expected = phone.is_expected();
        if let Some(section) = phone.section(place) {
            section.configure(media, now);
        }
        if !expected && phone.is_expected() && phone.life != Life::Heard {
            phone.life = Life::Expected(now);
        }
        // What it is sent may have to change its form, and video begins with a keyframe.
        self.unsettle(index);
        self.mark(index);
    }

    pub(crate) fn close_phone_section(&mut self, id: Id, mid: &str, now: Instant) {
        let Some(index) = self.index(id) else { return };
        let Some(phone) = self.phone(index) else { return };
        let Some(place) = phone.named(Mid::from(mid)) else { return };
        if let Some(section) = phone.section(place) {
            section.link.goodbye(now);
        }
        self.drain_phone(index);
        let Some(phone) = self.phone(index) else { return };
        let Some(section) = phone.sections[place].take() else { return };
        self.notice(Notice::SectionGone { peer: id, section: section.number });
        for track in self.tracks.values_mut() {
            track.deliveries.retain(|to| (to.peer, to.slot) != (index, place));
        }
        self.unsettle(index);
    }

    /// Takes a telephone out of the room, without its tracks and wires; `None` if it is not here.
    pub fn take_phone(&mut self, id: Id, now: Instant) -> Option<Phone> {
        let &index = self.by_id.get(&id)?;
        self.phone(index)?;
        self.drain_phone(index);
        self.detach(index, now);
        let Body::Phone(mut body) = self.release_place(index)?.body else { return None };
        body.wired.clear();
        body.sections.iter_mut().flatten().for_each(PhoneSection::switch);
        Some(Phone { id, body })
    }

    /// Takes a telephone in.
    pub fn adopt_phone(&mut self, phone: Phone, now: Instant) {
        if self.by_id.contains_key(&phone.id) {
            return;
        }
        let peer = Peer { id: phone.id, watched: false, body: Body::Phone(phone.body) };
        let index = self.add(peer, now);
        self.mark(index);
    }

    pub(crate) fn phone(&mut self, index: usize) -> Option<&mut PhonePeer> {
        self.peers.get_mut(index)?.as_mut()?.phone()
    }

    /// A track was wired to a telephone.
    pub(crate) fn wire_phone(&mut self, track: Id, index: usize) {
        if let Some(phone) = self.phone(index) {
            phone.wired.retain(|&wired| wired != track);
            phone.wired.push(track);
            self.unsettle(index);
        }
    }

    /// A track is no longer wired to a telephone; its delivery is gone already.
    pub(crate) fn unwire_phone(&mut self, track: Id, index: usize) {
        if let Some(phone) = self.phone(index) {
            phone.wired.retain(|&wired| wired != track);
            for section in phone.sections.iter_mut().flatten() {
                section.slot.track.take_if(|carried| *carried == track);
            }
            self.unsettle(index);
        }
    }

    /// Lets each section carry what it should: all sound, and of video what was wired last.
    pub(crate) fn place_phone(&mut self, index: usize, now: Instant) {
        let Some(peer) = self.peers[index].as_ref().map(|peer| peer.id) else { return };
        let Some(phone) = self.phone(index) else { return };
        let wired = phone.wired.clone();
        let places = 0..phone.sections.len();
        for slot in places {
            let Some(section) = self.phone(index).and_then(|phone| phone.section(slot)) else {
                continue;
            };
            let (kind, carried) = (section.kind, section.slot.track);
            let fits = |id: &&Id| self.tracks.get(id).is_some_and(|track| track.kind == Some(kind));
            let wanted = match kind {
                MediaKind::Audio => self.sound_for(peer, &wired),
                MediaKind::Video => wired.iter().rev().find(fits).copied(),
            };
            if wanted != carried {
                let delivery = Delivery { peer: index, slot };
                if let Some(track) = carried.and_then(|id| self.tracks.get_mut(&id)) {
                    track.deliveries.retain(|&known| known != delivery);
                }
                if let Some(track) = wanted.and_then(|id| self.tracks.get_mut(&id)) {
                    track.deliveries.push(delivery);
                }
                if let Some(section) = self.phone(index).and_then(|phone| phone.section(slot)) {
                    section.slot.carry(wanted);
                    section.switch();
                }
            }
            let section = self.phone(index).and_then(|phone| phone.section(slot));
            if let (Some(id), Some(true)) = (wanted, section.map(|at| at.slot.is_waiting())) {
                self.request_keyframe(id, now);
            }
        }
    }
}
