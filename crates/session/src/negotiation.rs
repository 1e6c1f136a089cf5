//! Offers and answers of the room's peers (RFC 9429, RFC 3264): we are the polite side, have at most
//! one offer outstanding, and offer only sections to send in.

use std::sync::Arc;
use std::time::Instant;

use str0m::media::{MediaKind, Mid};

use crate::codec::{self, Format};
use crate::event::{Event, Media};
use crate::peer::PendingOffer;
use crate::room::{Id, Notice, Room};
use crate::sdp;
use crate::slot::Slot;
use crate::transport::Transport;

impl Room {
    pub(crate) fn accept_offer(&mut self, peer: Id, request: u64, offer: &str, now: Instant) {
        let Some(index) = self.index(peer) else { return };
        let config = Arc::clone(&self.config);
        let Some(web) = self.web(index) else { return self.no_session(peer, request) };
        // A glare: theirs wins; what ours was for is looked at again when this one is answered.
        if let Some(pending) = web.pending.take() {
            web.restart_wanted |= pending.restart;
        }
        let result = sdp::inspect(offer, &config.limits).and_then(|inspected| {
            // What nothing was agreed by yet may be made anew. Who could be sent more sections by
            // offers of ours may know feedback there.
            let estimates = config.estimate_bandwidth && (!inspected.is_silent || web.may_offer);
            let is_new = web.sections.is_empty() && web.requests == 0;
            if is_new && web.transport.estimates() != estimates {
                web.transport = Transport::new(&config, estimates, now);
            }
            web.transport.accept_offer(&inspected.text)
        });
        self.mark(index);
        self.unsettle(index);
        match result {
            Ok(answer) => {
                let sdp = sdp::finish(&answer, &self.config.candidates);
                self.negotiated(index, &answer);
                let media = self.media(index);
                self.events.push(Event::Answered { peer, request, sdp, media });
            }
            Err(text) => self.failed(peer, request, text),
        }
    }

    pub(crate) fn accept_answer(&mut self, peer: Id, request: u64, answer: &str) {
        let Some(index) = self.index(peer) else { return };
        let limits = self.config.limits.clone();
        let Some(web) = self.web(index) else { return self.no_session(peer, request) };
        let Some(pending) = web.pending.take_if(|pending| pending.request == request) else {
            return;
        };
        let sections = pending.sections;
        let result = sdp::inspect(answer, &limits)
            .and_then(|inspected| web.transport.accept_answer(pending.offer, &inspected.text));
        match result {
            Ok(()) => {
                web.sections.extend(sections.into_iter().map(|(mid, kind)| (mid, Some(kind))));
                self.sections_changed(index);
                self.place(index);
                self.refuse_rest(index, &pending.tracks);
            }
            Err(text) => {
                self.refuse_rest(index, &pending.tracks);
                self.failed(peer, request, text);
            }
        }
        self.mark(index);
        self.unsettle(index);
    }

    pub(crate) fn add_candidate(&mut self, peer: Id, candidate: &str) {
        let Some(index) = self.index(peer) else { return };
        if self.web(index).is_none() {
            return self.no_session(peer, 0);
        }
        // An ICE-lite agent has no use for it (RFC 8445 §2.5): the checks bring the addresses.
        if candidate.len() > 1024 || !sdp::is_candidate(candidate) {
            self.failed(peer, 0, "malformed candidate".to_owned());
        }
    }

    pub(crate) fn restart_ice(&mut self, peer: Id) {
        let Some(index) = self.index(peer) else { return };
        let Some(web) = self.web(index) else { return self.no_session(peer, 0) };
        web.restart_wanted = true;
        self.unsettle(index);
    }

    /// Offers what is wanted if nothing is outstanding: sections for tracks without one, an ICE
    /// restart.
    pub(crate) fn offer_if_needed(&mut self, index: usize) {
        let Some(peer) = self.peers[index].as_ref().map(|peer| peer.id) else { return };
        let room = self.config.limits.sections;
        let Some(web) = self.peers[index].as_mut().and_then(|peer| peer.web()) else { return };
        let nothing_wanted = web.wanted.is_empty() && !web.restart_wanted;
        if !web.may_offer || web.pending.is_some() || nothing_wanted {
            return;
        }
        let free = room.saturating_sub(web.sections.len());
        let mut tracks = web.wanted.clone();
        let refused = tracks.split_off(tracks.len().min(free));
        if !refused.is_empty() {
            web.wanted.truncate(free);
            web.refused.extend(&refused);
            let text = format!("more than {room} media sections are needed");
            self.events.push(Event::NegotiationFailed { peer, request: 0, text });
        }
        let mut wanted: Vec<(MediaKind, String)> = Vec::new();
        for track in tracks.iter().filter_map(|track| self.tracks.get(track)) {
            let Some(kind) = track.kind else { continue };
            // RFC 8830: tracks of one stream are played in step; those of one peer belong together.
            let source = self.peers[track.peer].as_ref().map_or(0, |source| source.id);
            wanted.push((kind, format!("peer-{source}")));
        }
        let Some(web) = self.web(index) else { return };
        let restart = std::mem::take(&mut web.restart_wanted);
        let Some((text, offer)) = web.transport.offer(&wanted, restart) else { return };
        let known: Vec<Mid> = web.sections.iter().map(|(mid, _)| *mid).collect();
        let added = parse(&text).into_iter().filter(|(mid, _)| !known.contains(mid));
        let sections = added.filter_map(|(mid, kind)| Some((mid, kind?))).collect();
        web.requests += 1;
        let request = web.requests;
        web.pending = Some(PendingOffer { request, offer, sections, tracks, restart });
        let sdp = sdp::finish(&text, &self.config.candidates);
        self.events.push(Event::Offered { peer, request, sdp });
    }

    /// The sections of the session as its last description says.
    fn negotiated(&mut self, index: usize, local: &str) {
        let Some(web) = self.web(index) else { return };
        web.sections = parse(local);
        self.sections_changed(index);
    }

    /// Brings slots, tracks and the username fragment in line with what was negotiated.
    fn sections_changed(&mut self, index: usize) {
        let Some(peer) = self.peers[index].as_ref().map(|peer| peer.id) else { return };
        let Some(web) = self.web(index) else { return };
        let fragment = web.transport.fragment();
        let old = std::mem::replace(&mut web.fragment, fragment.clone());
        web.retransmission_types = web.transport.retransmission_types();
        web.sources.clear();
        let mut stopped = Vec::new();
        for &(mid, kind) in &web.sections.clone() {
            let Some(kind) = kind else { continue };
            let sends =
                web.transport.section(mid).is_some_and(|(direction, _)| direction.is_sending());
            let stream = if sends { web.transport.sending_ssrc(mid) } else { None };
            let slot = match web.slots.iter_mut().find(|slot| slot.mid == mid) {
                Some(slot) => slot,
                None if stream.is_none() => continue,
                None => {
                    web.slots.push(Slot::new(mid, kind));
                    let Some(slot) = web.slots.last_mut() else { continue };
                    slot
                }
            };
            slot.negotiated(stream);
            if stream.is_none()
                && let Some(track) = slot.track.take()
            {
                // They stopped receiving here; offering it elsewhere would only repeat that.
                web.refused.push(track);
                stopped.push(track);
            }
        }
        if old != fragment {
            self.notice(Notice::FragmentGone(old));
            self.notice(Notice::Fragment { fragment, peer });
        }
        for track in stopped {
            self.drop_delivery(track, index);
        }
        self.kinds_known(index);
    }

    fn media(&mut self, index: usize) -> Vec<Media> {
        let Some(web) = self.web(index) else { return Vec::new() };
        let mut media = Vec::with_capacity(web.sections.len());
        for &(mid, kind) in &web.sections {
            let (receives, sends, codecs) = match (kind, web.transport.section(mid)) {
                (None, _) => (true, true, Vec::new()),
                (Some(_), None) => (false, false, Vec::new()),
                (Some(_), Some((direction, params))) => {
                    let mut codecs: Vec<&'static str> = Vec::new();
                    for name in params.iter().map(|p| codec::name(Format::of(p).codec)) {
                        if !codecs.contains(&name) {
                            codecs.push(name);
                        }
                    }
                    (direction.is_receiving(), direction.is_sending(), codecs)
                }
            };
            let kind = match kind {
                None => "data",
                Some(MediaKind::Audio) => "audio",
                Some(MediaKind::Video) => "video",
            };
            media.push(Media { mid: mid.to_string(), kind, receives, sends, codecs });
        }
        media
    }

    /// Those of an offer's tracks that got no section from its answer are not offered again.
    fn refuse_rest(&mut self, index: usize, offered: &[Id]) {
        let Some(web) = self.web(index) else { return };
        let (refused, wanted) = web.wanted.drain(..).partition(|track| offered.contains(track));
        web.wanted = wanted;
        let refused: Vec<Id> = refused;
        web.refused.extend(refused);
    }

    fn failed(&mut self, peer: Id, request: u64, text: String) {
        self.counts.negotiations_failed += 1;
        self.events.push(Event::NegotiationFailed { peer, request, text });
    }

    fn no_session(&mut self, peer: Id, request: u64) {
        self.failed(peer, request, "an audio endpoint has no session to negotiate".to_owned());
    }
}

fn parse(local: &str) -> Vec<(Mid, Option<MediaKind>)> {
    let sections = sdp::sections(local).into_iter();
    sections
        .map(|section| {
            let kind = match section.kind.as_str() {
                "audio" => Some(MediaKind::Audio),
                "video" => Some(MediaKind::Video),
                _ => None,
            };
            (Mid::from(section.mid.as_str()), kind)
        })
        .collect()
}
