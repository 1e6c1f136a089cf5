//! A room and str0m clients in one thread under a virtual clock, joined by datagrams in memory.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use antiphon_packet::peek_check;
use antiphon_session::{
    AudioQueue, Command, Config, Datagram, Event, Id, Identity, Limits, Notice, Room,
};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::channel::ChannelId;
use str0m::format::Codec;
use str0m::media::{Direction, KeyframeRequestKind, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{ExtensionValues, RtpPacket, RtpWrite};
use str0m::{Candidate, Input, Output, Rtc};

pub const STEP: Duration = Duration::from_millis(5);
pub const SERVER: &str = "192.0.2.1:7882";
pub const ROOM: Id = 1;

/// One certificate for all tests: making one takes longer than most of them.
fn identity() -> Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| Identity::generate().unwrap()).clone()
}

pub struct World {
    pub now: Instant,
    pub room: Room,
    pub clients: Vec<Client>,
    pub events: Vec<Event>,
    routes: HashMap<SocketAddr, Id>,
    fragments: HashMap<String, Id>,
    /// Datagrams that the room sent since the start.
    pub sent_datagrams: u64,
    next_id: Id,
    /// Time spent inside the room.
    pub spent: Duration,
}

pub struct Client {
    pub peer: Id,
    pub rtc: Rtc,
    pub address: SocketAddr,
    until: Instant,
    pub connected: bool,
    pub closed: bool,
    /// Its last connectivity check.
    pub last_check: Vec<u8>,
    /// The network takes nothing of it and brings nothing to it.
    pub cut: bool,
    pub packets: Vec<(Mid, RtpPacket)>,
    pub keyframes_asked: Vec<Instant>,
    pub channels: HashMap<String, ChannelId>,
    pub messages: Vec<(bool, Vec<u8>)>,
    pub requests: u64,
    /// Next numbers of each section it sends in.
    sent: HashMap<Mid, (u64, u32)>,
    outgoing: Vec<Datagram>,
}

impl World {
    pub fn new() -> World {
        World::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Config)) -> World {
        let mut config = Config {
            candidates: vec![SERVER.parse().unwrap()],
            identity: identity(),
            estimate_bandwidth: false,
            limits: Limits::default(),
        };
        change(&mut config);
        World {
            now: Instant::now(),
            room: Room::new(ROOM, Arc::new(config), Duration::from_secs(2)),
            clients: Vec::new(),
            events: Vec::new(),
            routes: HashMap::new(),
            fragments: HashMap::new(),
            sent_datagrams: 0,
            next_id: 100,
            spent: Duration::ZERO,
        }
    }

    pub fn id(&mut self) -> Id {
        self.next_id += 1;
        self.next_id
    }

    pub fn tell(&mut self, command: Command) {
        self.room.command(command, self.now);
        self.settle();
    }

    /// A client that has not offered anything yet; its index.
    pub fn add(&mut self) -> usize {
        self.add_who(true)
    }

    /// The same; `may_offer`: whether the room may offer it sections.
    pub fn add_who(&mut self, may_offer: bool) -> usize {
        let rtc = Rtc::builder().set_rtp_mode(true).build(self.now);
        self.add_as(rtc, may_offer)
    }

    /// The same with a session of its own.
    pub fn add_as(&mut self, mut rtc: Rtc, may_offer: bool) -> usize {
        let peer = self.id();
        let at = self.clients.len();
        let address = SocketAddr::new("198.51.100.7".parse().unwrap(), 5000 + at as u16);
        rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
        self.clients.push(Client {
            peer,
            rtc,
            address,
            until: self.now,
            connected: false,
            closed: false,
            last_check: Vec::new(),
            cut: false,
            packets: Vec::new(),
            keyframes_asked: Vec::new(),
            channels: HashMap::new(),
            messages: Vec::new(),
            requests: 0,
            sent: HashMap::new(),
            outgoing: Vec::new(),
        });
        self.tell(Command::OpenPeer { peer, may_offer });
        at
    }

    /// A connected client with these sections (from its side); index and mids.
    pub fn join(&mut self, sections: &[(MediaKind, Direction)]) -> (usize, Vec<Mid>) {
        let at = self.add();
        let mids = self.offer(at, sections, &[]);
        self.run_until(|world| world.clients[at].connected);
        (at, mids)
    }

    /// Sends an offer that adds sections and data channels, and applies the answer.
    pub fn offer(
        &mut self,
        at: usize,
        sections: &[(MediaKind, Direction)],
        channels: &[&str],
    ) -> Vec<Mid> {
        let client = &mut self.clients[at];
        let mut changes = client.rtc.sdp_api();
        let mids = sections
            .iter()
            .map(|&(kind, direction)| changes.add_media(kind, direction, None, None, None))
            .collect();
        for label in channels {
            changes.add_channel((*label).to_owned());
        }
        let (offer, pending) = changes.apply().unwrap();
        self.exchange(at, offer.to_sdp_string(), pending);
        mids
    }

    /// Sends a client's offer and applies the answer.
    pub fn exchange(&mut self, at: usize, sdp: String, pending: SdpPendingOffer) {
        let client = &mut self.clients[at];
        client.requests += 1;
        let (peer, request) = (client.peer, client.requests);
        self.tell(Command::AcceptOffer { peer, request, sdp });
        let answer = self.answer_of(peer, request).expect("an answer");
        let answer = SdpAnswer::from_sdp_string(&answer).unwrap();
        self.clients[at].rtc.sdp_api().accept_answer(pending, answer).unwrap();
    }

    pub fn answer_of(&self, of: Id, number: u64) -> Option<String> {
        self.events.iter().find_map(|event| match event {
            Event::Answered { peer, request, sdp, .. } if (*peer, *request) == (of, number) => {
                Some(sdp.clone())
            }
            _ => None,
        })
    }

    pub fn offers_to(&self, of: Id) -> Vec<(u64, String)> {
        let offers = self.events.iter().filter_map(|event| match event {
            Event::Offered { peer, request, sdp } if *peer == of => Some((*request, sdp.clone())),
            _ => None,
        });
        offers.collect()
    }

    /// Answers the last offer to a client.
    pub fn answer(&mut self, at: usize) {
        let peer = self.clients[at].peer;
        let (request, sdp) = self.offers_to(peer).pop().expect("an offer");
        let offer = SdpOffer::from_sdp_string(&sdp).unwrap();
        let answer = self.clients[at].rtc.sdp_api().accept_offer(offer).unwrap();
        self.tell(Command::AcceptAnswer { peer, request, sdp: answer.to_sdp_string() });
    }

    pub fn failures(&self) -> Vec<(u64, String)> {
        let failures = self.events.iter().filter_map(|event| match event {
            Event::NegotiationFailed { request, text, .. } => Some((*request, text.clone())),
            _ => None,
        });
        failures.collect()
    }

    /// What a peer was told last about its sections.
    pub fn mapped(&self, of: Id) -> HashMap<String, Id> {
        let mut found = HashMap::new();
        for event in &self.events {
            if let Event::Mapped { peer, tracks } = event
                && *peer == of
            {
                found = tracks.iter().cloned().collect();
            }
        }
        found
    }

    /// An audio endpoint that publishes a track: endpoint, track, its queue.
    pub fn open_audio(&mut self, sample_rate: u32) -> (Id, Id, Arc<AudioQueue>) {
        let (peer, track) = (self.id(), self.id());
        let queue = Arc::new(AudioQueue::new(sample_rate, 1));
        let own = queue.clone();
        self.tell(Command::OpenAudio { peer, sample_rate, channels: 1, queue: own });
        self.tell(Command::Publish { peer, mid: "audio".to_owned(), track });
        (peer, track, queue)
    }

    pub fn play(&mut self, peer: Id, queue: &AudioQueue, samples: &[i16]) {
        queue.push(samples).unwrap();
        self.tell(Command::PlayAudio { peer });
    }

    pub fn publish(&mut self, at: usize, mid: Mid) -> Id {
        let track = self.id();
        let (peer, mid) = (self.clients[at].peer, mid.to_string());
        self.tell(Command::Publish { peer, mid, track });
        track
    }

    pub fn connect(&mut self, source: Id, sinks: &[Id]) {
        self.tell(Command::Connect { source, sinks: sinks.to_vec() });
    }

    pub fn disconnect(&mut self, source: Id, sinks: &[Id]) {
        self.tell(Command::Disconnect { source, sinks: sinks.to_vec() });
    }

    /// A client sends one packet of a video or audio section.
    pub fn send(&mut self, at: usize, mid: Mid, payload: &[u8], level: Option<i8>) {
        self.write(at, mid, payload, level, 0, true);
    }

    /// A client sends one of the packets of a frame, the first with part 0.
    pub fn send_part(&mut self, at: usize, mid: Mid, payload: &[u8], part: u32, last: bool) {
        self.write(at, mid, payload, None, part, last);
    }

    fn write(
        &mut self,
        at: usize,
        mid: Mid,
        payload: &[u8],
        level: Option<i8>,
        part: u32,
        last: bool,
    ) {
        let now = self.now;
        let client = &mut self.clients[at];
        let kind = client.rtc.media(mid).unwrap().kind();
        let codec = if kind == MediaKind::Video { Codec::Vp8 } else { Codec::Opus };
        let params = client.rtc.codec_config().params();
        let pt = params.iter().find(|params| params.spec().codec == codec).unwrap().pt();
        let numbers = client.sent.entry(mid).or_insert((u64::from(at as u8) * 1000 + 1, 7_000));
        numbers.0 += 1;
        let step = if kind == MediaKind::Video { 3000 } else { 960 };
        numbers.1 = numbers.1.wrapping_add(if part == 0 { step } else { 0 });
        let (sequence, timestamp) = *numbers;
        let mut api = client.rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, None).unwrap();
        let values = ExtensionValues {
            audio_level: level,
            voice_activity: level.map(|level| level > -60),
            ..Default::default()
        };
        let write = RtpWrite::new(pt, sequence.into(), timestamp, now, payload.to_vec());
        stream.write_rtp(write.marker(last).nackable(true).ext_vals(values));
        client.until = now;
    }

    pub fn ask_keyframe(&mut self, at: usize, mid: Mid) {
        let now = self.now;
        let client = &mut self.clients[at];
        let mut api = client.rtc.direct_api();
        let stream = api.stream_rx_by_mid(mid, None).expect("a stream");
        stream.request_keyframe(KeyframeRequestKind::Pli);
        client.until = now;
    }

    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.step();
        }
    }

    pub fn run_until(&mut self, holds: impl Fn(&World) -> bool) {
        for _ in 0..6000 {
            if holds(self) {
                return;
            }
            self.step();
        }
        panic!("it did not happen");
    }

    fn step(&mut self) {
        self.now += STEP;
        for at in 0..self.clients.len() {
            self.clients[at].turn(self.now);
            let outgoing = std::mem::take(&mut self.clients[at].outgoing);
            for datagram in outgoing {
                self.receive(&datagram);
            }
            self.settle();
        }
        let start = cpu_time();
        self.room.wake(self.now);
        self.spent += cpu_time() - start;
        self.settle();
    }

    /// To the room, by its routes.
    pub fn deliver(&mut self, datagram: &Datagram) {
        self.receive(datagram);
        self.settle();
    }

    fn receive(&mut self, datagram: &Datagram) {
        let check = peek_check(&datagram.contents);
        let peer = match check {
            Some(check) => self.fragments.get(check.local_fragment).copied(),
            None => self.routes.get(&datagram.source).copied(),
        };
        let Some(peer) = peer else { return };
        let (local, remote) = (datagram.destination, datagram.source);
        let start = cpu_time();
        self.room.receive(peer, local, remote, &datagram.contents, check, self.now);
        self.spent += cpu_time() - start;
    }

    /// Takes what the room says.
    pub fn settle(&mut self) {
        let start = cpu_time();
        self.room.flush(self.now);
        self.spent += cpu_time() - start;
        self.events.extend(self.room.events());
        for notice in self.room.notices() {
            match notice {
                Notice::Fragment { fragment, peer } => {
                    self.fragments.insert(fragment, peer);
                }
                Notice::FragmentGone(fragment) => {
                    self.fragments.remove(&fragment);
                }
                Notice::Address { remote, peer } => {
                    self.routes.insert(remote, peer);
                }
                Notice::Gone(id) => self.routes.retain(|_, peer| *peer != id),
                Notice::SectionGone { .. } => {}
            }
        }
        for datagram in std::mem::take(self.room.output()) {
            let now = self.now;
            let address = datagram.destination;
            if let Some(client) = self.clients.iter_mut().find(|client| client.address == address) {
                client.take(&datagram, now);
            }
            self.sent_datagrams += 1;
        }
    }
}

impl Client {
    fn take(&mut self, datagram: &Datagram, now: Instant) {
        if self.cut {
            return;
        }
        let receive = Receive {
            proto: Protocol::Udp,
            source: datagram.source,
            destination: datagram.destination,
            contents: (&datagram.contents[..]).try_into().unwrap(),
        };
        self.rtc.handle_input(Input::Receive(now, receive)).unwrap();
        self.pump(now);
    }

    fn turn(&mut self, now: Instant) {
        if now >= self.until && self.rtc.is_alive() {
            self.rtc.handle_input(Input::Timeout(now)).unwrap();
            self.pump(now);
        }
    }

    pub fn pump(&mut self, now: Instant) {
        for _ in 0..10_000 {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(at) if at <= now && self.rtc.is_alive() => {
                    self.rtc.handle_input(Input::Timeout(now)).unwrap();
                }
                Output::Timeout(at) => {
                    self.until = at;
                    return;
                }
                Output::Transmit(transmit) if !self.cut => {
                    let contents: Vec<u8> = transmit.contents.into();
                    if peek_check(&contents).is_some() {
                        self.last_check.clone_from(&contents);
                    }
                    let (source, destination) = (self.address, transmit.destination);
                    self.outgoing.push(Datagram { source, destination, contents });
                }
                Output::Transmit(_) => {}
                Output::Event(event) => self.happened(event, now),
            }
        }
        panic!("polling does not end");
    }

    fn happened(&mut self, event: str0m::Event, now: Instant) {
        match event {
            str0m::Event::Connected => self.connected = true,
            str0m::Event::Closed => self.closed = true,
            str0m::Event::RtpPacket(packet) => {
                let mid = self.rtc.direct_api().stream_rx(&packet.header.ssrc).unwrap().mid();
                self.packets.push((mid, packet));
            }
            str0m::Event::KeyframeRequest(_) => self.keyframes_asked.push(now),
            str0m::Event::ChannelOpen(id, label) => {
                self.channels.insert(label, id);
            }
            str0m::Event::ChannelData(data) => self.messages.push((data.binary, data.data)),
            _ => {}
        }
    }

    /// (extended sequence, timestamp, payload) of what came in a section.
    pub fn heard(&self, mid: Mid) -> Vec<(u64, u32, Vec<u8>)> {
        let packets = self.packets.iter().filter(|(in_mid, _)| *in_mid == mid);
        packets.map(|(_, p)| (*p.seq_no, p.header.timestamp, p.payload.to_vec())).collect()
    }
}

/// A VP8 payload with the long picture id: key or delta frame, one packet.
pub fn vp8(key: bool, picture: u16, base_layer: u8, tag: u8) -> Vec<u8> {
    let [high, low] = (picture & 0x7fff).to_be_bytes();
    vec![0x90, 0xe0, 0x80 | high, low, base_layer, 0x20, u8::from(!key), 0x9d, 0x01, 0x2a, tag]
}

pub const VIDEO: (MediaKind, Direction) = (MediaKind::Video, Direction::SendOnly);
pub const AUDIO: (MediaKind, Direction) = (MediaKind::Audio, Direction::SendOnly);
pub const SEE: (MediaKind, Direction) = (MediaKind::Video, Direction::RecvOnly);
pub const HEAR: (MediaKind, Direction) = (MediaKind::Audio, Direction::RecvOnly);

/// CPU time of this thread.
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer outlives the call.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
