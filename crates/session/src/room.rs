//! The room: its peers by index, its clock, and the order in which things are done. What the verbs
//! mean is in `happenings`,
//! `negotiation`, `sending`, `forward`, `data`, `audio` and `statistics`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use antiphon_packet::{Check, Class};
use rustc_hash::FxHashMap;

use crate::audio::{AudioPeer, AudioQueue};
use crate::burst::Waiting;
use crate::command::Command;
use crate::config::Config;
use crate::counts::Counts;
use crate::event::Event;
use crate::graph::Graph;
use crate::mix::Mixes;
use crate::peer::{Body, Peer, WebPeer};
use crate::phone::PhonePort;
use crate::speaker::Speakers;
use crate::track::Track;
use crate::transport::{Incoming, Polled, Transport};

/// Names a room, peer, track or hub; chosen by the caller.
pub type Id = u64;

/// How often levels and due keyframe requests are looked after while something is heard.
pub(crate) const BUSY_TICK: Duration = Duration::from_millis(100);

/// A datagram to send.
#[derive(Debug)]
pub struct Datagram {
    /// Our address to send from.
    pub source: SocketAddr,
    /// Where to.
    pub destination: SocketAddr,
    /// Its bytes.
    pub contents: Vec<u8>,
}

/// What the caller's routing tables need to know.
#[derive(Debug, PartialEq, Eq)]
pub enum Notice {
    /// Connectivity checks for this username fragment are for `peer`.
    Fragment {
        /// The fragment of ours.
        fragment: String,
        /// The peer.
        peer: Id,
    },
    /// The fragment is no longer in use.
    FragmentGone(String),
    /// Datagrams from this address are for `peer`; it has proven so.
    Address {
        /// The other side's address.
        remote: SocketAddr,
        /// The peer.
        peer: Id,
    },
    /// The peer, track or hub is no more.
    Gone(Id),
    /// The section of a telephone is no more.
    SectionGone {
        /// The telephone.
        peer: Id,
        /// Its section's number.
        section: u64,
    },
}

/// See the crate.
pub struct Room {
    pub(crate) id: Id,
    pub(crate) config: Arc<Config>,
    pub(crate) peers: Vec<Option<Peer>>,
    free: Vec<usize>,
    pub(crate) by_id: FxHashMap<Id, usize>,
    pub(crate) tracks: FxHashMap<Id, Track>,
    pub(crate) graph: Graph,
    pub(crate) mixes: Mixes,
    pub(crate) speakers: Speakers,
    pub(crate) counts: Counts,
    pub(crate) events: Vec<Event>,
    notices: Vec<Notice>,
    pub(crate) output: Vec<Datagram>,
    pub(crate) phone_output: Vec<(PhonePort, Datagram)>,
    /// Peers that have something to poll.
    dirty: Vec<usize>,
    is_dirty: Vec<bool>,
    /// Peers whose sections or offers may have to change.
    pub(crate) unsettled: Vec<usize>,
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    armed: Vec<Option<Instant>>,
    until: Vec<Instant>,
    pub(crate) waiting: Waiting,
    pub(crate) tick_at: Option<Instant>,
    pub(crate) busy: bool,
    pub(crate) statistics_interval: Duration,
    pub(crate) statistics_at: Option<Instant>,
}

impl Room {
    /// An empty room.
    pub fn new(id: Id, config: Arc<Config>, statistics_interval: Duration) -> Room {
        Room {
            id,
            config,
            peers: Vec::new(),
            free: Vec::new(),
            by_id: FxHashMap::default(),
            tracks: FxHashMap::default(),
            graph: Graph::default(),
            mixes: Mixes::default(),
            speakers: Speakers::default(),
            counts: Counts::default(),
            events: Vec::new(),
            notices: Vec::new(),
            output: Vec::new(),
            phone_output: Vec::new(),
            dirty: Vec::new(),
            is_dirty: Vec::new(),
            unsettled: Vec::new(),
            timers: BinaryHeap::new(),
            armed: Vec::new(),
            until: Vec::new(),
            waiting: Waiting::default(),
            tick_at: None,
            busy: false,
            statistics_interval,
            statistics_at: None,
        }
    }

    /// The number of peers.
    pub fn peers(&self) -> usize {
        self.by_id.len()
    }

    /// The ids of all peers, tracks and hubs.
    pub fn ids(&self) -> impl Iterator<Item = Id> + '_ {
        let named = self.by_id.keys().chain(self.tracks.keys()).copied();
        named.chain(self.graph.hubs()).chain(self.mixes.ids())
    }

    /// Carries out a verb.
    pub fn command(&mut self, command: Command, now: Instant) {
        match command {
            Command::OpenPeer { peer, may_offer } => self.open_peer(peer, may_offer, now),
            Command::OpenAudio { peer, sample_rate, channels, queue } => {
                self.open_audio(peer, sample_rate, channels, queue, now);
            }
            Command::PlayAudio { peer } => self.play_audio(peer, now),
            Command::OpenPhone { peer, epoch } => self.open_phone(peer, epoch, now),
            Command::BindPhone { peer, socket } => self.bind_phone(peer, &socket, now),
            Command::ConfigurePhone { peer, mid, media } => {
                self.configure_phone(peer, &mid, *media, now);
            }
            Command::ClosePhoneSection { peer, mid } => self.close_phone_section(peer, &mid, now),
            Command::Press { peer, keys } => self.press(peer, &keys, now),
            Command::PlayPrompt { peer, sound } => self.play_prompt(peer, sound, now),
            Command::StopPrompt { peer } => self.stop_prompt(peer),
            Command::ClosePeer { peer } => self.close_peer(peer, now),
            Command::AcceptOffer { peer, request, sdp } => {
                self.accept_offer(peer, request, &sdp, now);
            }
            Command::AcceptAnswer { peer, request, sdp } => self.accept_answer(peer, request, &sdp),
            Command::AddCandidate { peer, candidate } => self.add_candidate(peer, &candidate),
            Command::RestartIce { peer } => self.restart_ice(peer),
            Command::Publish { peer, mid, track } => self.publish(peer, &mid, track),
            Command::Unpublish { track } => self.unpublish(track),
            Command::Pause { track, paused } => self.pause(track, paused, now),
            Command::OpenHub { hub, mix } => self.open_hub(hub, mix),
            Command::CloseHub { hub } => self.close_hub(hub, now),
            Command::Connect { source, sinks } => self.connect(source, &sinks, now),
            Command::Disconnect { source, sinks } => self.disconnect(source, &sinks, now),
            Command::RequestKeyframe { track } => self.request_keyframe(track, now),
            Command::SendData { peer, data, binary } => self.send_data(peer, &data, binary),
            Command::WatchData { peer, watch } => self.watch_data(peer, watch),
            Command::SetStatisticsInterval { interval } => self.set_statistics_interval(interval),
        }
    }

    /// Takes in a datagram for `peer`. `check`: what it says if it is a connectivity check.
    pub fn receive(
        &mut self,
        peer: Id,
        local: SocketAddr,
        remote: SocketAddr,
        contents: &[u8],
        check: Option<Check<'_>>,
        now: Instant,
    ) {
        let Some(index) = self.index(peer) else { return };
        let Some(web) = self.web(index) else { return };
        let incoming = Incoming { local, remote, contents };
        if let Some(check) = check {
            if !web.may_prove(remote, now) || !web.transport.prove(now, &incoming, check.nominates)
            {
                self.counts.datagrams_malformed += 1;
                return;
            }
            web.proven(remote);
            self.notices.push(Notice::Address { remote, peer });
        }
        let Some(web) = self.web(index) else { return };
        if antiphon_packet::classify(contents) == Class::Rtp {
            web.figures.packets_in += 1;
        }
        web.figures.bytes_in += contents.len() as u64;
        if !web.transport.receive(now, &incoming) {
            self.counts.datagrams_malformed += 1;
        }
        self.pump(index, now);
    }

    /// Lets time pass: carries out what is due.
    pub fn wake(&mut self, now: Instant) {
        while let Some(&Reverse((at, index))) = self.timers.peek() {
            if at > now {
                break;
            }
            self.timers.pop();
            if self.armed.get(index).copied().flatten() != Some(at) {
                continue;
            }
            self.armed[index] = None;
            if self.until[index] <= now {
                self.mark(index);
            } else {
                self.arm(index, self.until[index]);
            }
        }
        while let Some(track) = self.waiting.due(now) {
            self.release(track, now);
        }
        self.tick_mixes(now);
        if self.tick_at.is_some_and(|at| at <= now) {
            self.tick(now);
        }
        if self.statistics_at.is_some_and(|at| at <= now) {
            self.tell_statistics(now);
        }
    }

    /// Lets everything that was touched act. Call after each batch of input.
    pub fn flush(&mut self, now: Instant) {
        loop {
            while let Some(index) = self.dirty.pop() {
                self.is_dirty[index] = false;
                match self.peers[index].as_mut().map(|peer| &mut peer.body) {
                    // A failed wake shows as an error of the next poll.
                    Some(Body::Web(web)) => {
                        web.transport.wake(now);
                        self.pump(index, now);
                    }
                    Some(Body::Audio(_)) => self.pump_audio(index, now),
                    Some(Body::Phone(_)) => self.pump_phone(index, now),
                    None => {}
                }
            }
            let Some(index) = self.unsettled.pop() else { break };
            self.settle(index, now);
        }
        self.mixes.start(now);
        if self.tick_at.is_none() && !self.by_id.is_empty() {
            self.tick_at = Some(now + BUSY_TICK);
        }
        if self.statistics_at.is_none()
            && !self.by_id.is_empty()
            && !self.statistics_interval.is_zero()
        {
            self.statistics_at = Some(now + self.statistics_interval);
        }
    }

    /// When [`Room::wake`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        let timer = self.timers.peek().map(|&Reverse((at, _))| at);
        let (burst, mix) = (self.waiting.deadline(), self.mixes.deadline());
        [timer, burst, mix, self.tick_at, self.statistics_at].into_iter().flatten().min()
    }

    /// Datagrams to send, those of one peer in order.
    pub fn output(&mut self) -> &mut Vec<Datagram> {
        &mut self.output
    }

    /// Datagrams to send from ports of telephones.
    pub fn phone_output(&mut self) -> &mut Vec<(PhonePort, Datagram)> {
        &mut self.phone_output
    }

    /// What happened since this was called last.
    pub fn events(&mut self) -> std::vec::Drain<'_, Event> {
        self.events.drain(..)
    }

    /// What changed for routing since this was called last.
    pub fn notices(&mut self) -> std::vec::Drain<'_, Notice> {
        self.notices.drain(..)
    }

    /// Counters since this was called last.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// Closes all peers; what they have left to say is output.
    pub fn close(&mut self, now: Instant) {
        let all: Vec<Id> = self.by_id.keys().copied().collect();
        for peer in all {
            self.close_peer(peer, now);
        }
    }

    // --- peers ---

    fn open_peer(&mut self, id: Id, may_offer: bool, now: Instant) {
        if self.by_id.contains_key(&id) {
            return;
        }
        let transport = Transport::new(&self.config, self.config.estimate_bandwidth, now);
        let web = WebPeer::new(transport, may_offer, &self.config.limits, now);
        let fragment = web.fragment.clone();
        let index = self.add(Peer { id, watched: false, body: Body::Web(Box::new(web)) }, now);
        self.notices.push(Notice::Fragment { fragment, peer: id });
        self.mark(index);
    }

    fn open_audio(
        &mut self,
        id: Id,
        rate: u32,
        channels: u8,
        queue: Arc<AudioQueue>,
        now: Instant,
    ) {
        if self.by_id.contains_key(&id) {
            return;
        }
        match AudioPeer::new(rate, channels, queue) {
            Ok(audio) => {
                self.add(Peer { id, watched: false, body: Body::Audio(Box::new(audio)) }, now);
            }
            Err(error) => {
                self.notices.push(Notice::Gone(id));
                let text = error.to_string();
                self.events.push(Event::Closed { peer: id, reason: "error", text });
            }
        }
    }

    pub(crate) fn add(&mut self, peer: Peer, now: Instant) -> usize {
        let id = peer.id;
        let index = self.free.pop().unwrap_or_else(|| {
            self.peers.push(None);
            self.is_dirty.push(false);
            self.armed.push(None);
            self.until.push(now);
            self.peers.len() - 1
        });
        self.peers[index] = Some(peer);
        self.by_id.insert(id, index);
        index
    }

    fn close_peer(&mut self, id: Id, now: Instant) {
        let Some(index) = self.index(id) else { return };
        if let Some(web) = self.web(index) {
            web.transport.close();
            self.drain(index, now);
        } else if let Some(phone) = self.phone(index) {
            phone.sections.iter_mut().flatten().for_each(|section| section.link.goodbye(now));
            self.drain_phone(index);
        }
        self.remove_peer(index, now);
    }

    /// Takes only the datagrams that a closing session has left.
    fn drain(&mut self, index: usize, now: Instant) {
        let Some(Body::Web(web)) = self.peers[index].as_mut().map(|peer| &mut peer.body) else {
            return;
        };
        for _ in 0..64 {
            match web.transport.poll() {
                Ok(Polled::Datagram(datagram)) => self.output.push(datagram),
                Ok(Polled::Happened(_)) => {}
                Ok(Polled::Until(at)) if at <= now && web.transport.is_alive() => {
                    web.transport.wake(now);
                }
                Ok(Polled::Until(_)) | Err(_) => break,
            }
        }
    }

    pub(crate) fn end_peer(
        &mut self,
        index: usize,
        reason: &'static str,
        text: String,
        now: Instant,
    ) {
        let Some(peer) = self.peers[index].as_ref().map(|peer| peer.id) else { return };
        self.drain(index, now);
        self.remove_peer(index, now);
        self.events.push(Event::Closed { peer, reason, text });
    }

    fn remove_peer(&mut self, index: usize, now: Instant) {
        let Some(id) = self.peers[index].as_ref().map(|peer| peer.id) else { return };
        self.detach(index, now);
        if let Some(web) = self.web(index) {
            let fragment = std::mem::take(&mut web.fragment);
            self.notices.push(Notice::FragmentGone(fragment));
        }
        self.release_place(index);
        self.notices.push(Notice::Gone(id));
    }

    /// Takes away a peer's tracks and wires.
    pub(crate) fn detach(&mut self, index: usize, now: Instant) {
        let Some(id) = self.peers[index].as_ref().map(|peer| peer.id) else { return };
        let published: Vec<Id> = self
            .tracks
            .values()
            .filter(|track| track.peer == index)
            .map(|track| track.id)
            .collect();
        for track in published {
            self.unpublish(track);
        }
        let lost = self.graph.remove(id);
        self.unwire(&lost, now);
        self.mixes.close(id);
    }

    /// Takes a peer out of its place.
    pub(crate) fn release_place(&mut self, index: usize) -> Option<Peer> {
        let peer = self.peers[index].take()?;
        self.armed[index] = None;
        self.free.push(index);
        self.by_id.remove(&peer.id);
        if self.by_id.is_empty() {
            self.tick_at = None;
            self.statistics_at = None;
            self.timers.clear();
        }
        Some(peer)
    }

    /// The index of a peer; an unknown one is counted.
    pub(crate) fn index(&mut self, peer: Id) -> Option<usize> {
        let index = self.by_id.get(&peer).copied();
        self.counts.unknown_ids += u64::from(index.is_none());
        index
    }

    pub(crate) fn web(&mut self, index: usize) -> Option<&mut WebPeer> {
        self.peers.get_mut(index)?.as_mut()?.web()
    }

    pub(crate) fn notice(&mut self, notice: Notice) {
        self.notices.push(notice);
    }

    /// Has the peer polled in the next [`Room::flush`].
    pub(crate) fn mark(&mut self, index: usize) {
        if !std::mem::replace(&mut self.is_dirty[index], true) {
            self.dirty.push(index);
        }
    }

    pub(crate) fn unsettle(&mut self, index: usize) {
        if !self.unsettled.contains(&index) {
            self.unsettled.push(index);
        }
    }

    /// Wakes the peer at this time (or earlier).
    pub(crate) fn wake_at(&mut self, index: usize, at: Instant) {
        self.until[index] = at;
        self.arm(index, at);
    }

    fn arm(&mut self, index: usize, at: Instant) {
        // A timer that rings early costs one look; moving it for each packet would cost more.
        if self.armed[index].is_none_or(|armed| at < armed) {
            self.armed[index] = Some(at);
            self.timers.push(Reverse((at, index)));
        }
    }
}
