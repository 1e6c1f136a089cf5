//! Telephones in a room: endpoints that speak RTP on ports of their own. What they send are packets
//! of tracks like those of browsers; what is wired to them leaves as one sound and one picture.
//!
//! It knows what was negotiated, not how: descriptions are read and written elsewhere.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use antiphon_rtp::{Certificate, Change, Epoch, Link, Settings};
use str0m::media::{MediaKind, Mid, Pt};
use str0m::rtp::Ssrc;

use crate::clock::{Report, SenderClock};
use crate::codec::{Codec, Format};
use crate::phone_sound::{Keys, Prompt};
use crate::room::{Datagram, Id};
use crate::slot::{Exit, Slot};
use crate::statistics::Figures;
use crate::transport::{Outgoing, Packet};

/// Nothing heard for so long, though something should be, is told.
pub(crate) const SILENCE: Duration = Duration::from_secs(10);

/// The same where what was heard last said that there is a pause.
pub(crate) const PAUSE: Duration = Duration::from_secs(60);
/// An Opus packet that is no longer says nothing but that there is a pause (RFC 7587 §3.1.3).
const OPUS_PAUSE: usize = 2;

/// A port of a telephone's section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PhonePort {
    /// The telephone.
    pub peer: Id,
    /// The section, by the number it was bound with.
    pub section: u64,
    /// It is the port of RTCP.
    pub control: bool,
}

/// A bound section.
#[derive(Clone, Debug)]
pub struct PhoneSocket {
    /// Numbers the section; chosen by the caller, never twice for one telephone.
    pub section: u64,
    /// Its name.
    pub mid: String,
    /// "video", otherwise audio.
    pub is_video: bool,
    /// Ports of RTP and RTCP.
    pub ports: (u16, u16),
    /// Family of their addresses.
    pub is_v6: bool,
}

/// One payload type: number, codec, clock rate, channels, `a=fmtp`.
pub type PhoneFormat = (u8, String, u32, u8, String);

/// What was negotiated for a section.
#[derive(Clone, Debug)]
pub struct PhoneMedia {
    /// Addresses, directions, protection.
    pub settings: Settings,
    /// What we may send, the preferred one first, by their numbers.
    pub formats: Vec<PhoneFormat>,
    /// What they may send, by our numbers.
    pub accepts: Vec<PhoneFormat>,
    /// Sound in each packet that we send.
    pub packet_time: Duration,
}

/// What a payload type that they send stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accepted {
    Media(Format),
    /// RFC 4733; its clock rate.
    Events(u32),
}

impl Accepted {
    pub(crate) fn clock_rate(self) -> u32 {
        match self {
            Accepted::Media(format) => format.clock_rate,
            Accepted::Events(rate) => rate,
        }
    }
}

/// How to encode sound for a telephone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Voice {
    pub(crate) format: Format,
    pub(crate) packet_time: Duration,
    pub(crate) comfort_noise: bool,
}

/// One section of a telephone: a stream in each direction.
pub(crate) struct PhoneSection {
    pub(crate) number: u64,
    pub(crate) kind: MediaKind,
    pub(crate) link: Link,
    pub(crate) slot: Slot,
    pub(crate) exit: Formats,
    pub(crate) accepts: Vec<(u8, Accepted)>,
    pub(crate) packet_time: Duration,
    pub(crate) prompt: Prompt,
    pub(crate) keys: Keys,
    /// The last report of what it sends.
    pub(crate) report: Option<Report>,
    /// What it sent last said that it pauses.
    pub(crate) pauses: bool,
    ports: (u16, u16),
    is_v6: bool,
}

/// What may be sent in a section.
#[derive(Default)]
pub(crate) struct Formats {
    pub(crate) media: Vec<(Pt, Format)>,
    /// Payload types of RFC 4733, by clock rate.
    pub(crate) events: Vec<(u8, u32)>,
    /// The next packet begins a talk spurt (RFC 3551 §4.1).
    begins: bool,
}

impl PhoneSection {
    pub(crate) fn new(
        socket: &PhoneSocket,
        cname: Arc<str>,
        certificate: Arc<Certificate>,
        epoch: Epoch,
        now: Instant,
    ) -> PhoneSection {
        let kind = if socket.is_video { MediaKind::Video } else { MediaKind::Audio };
        let ssrc = fastrand::u32(1..);
        PhoneSection {
            number: socket.section,
            kind,
            link: Link::new(ssrc, cname, certificate, epoch, now),
            slot: Slot::new(Mid::from(socket.mid.as_str()), kind),
            exit: Formats::default(),
            accepts: Vec::new(),
            packet_time: Duration::from_millis(20),
            prompt: Prompt::default(),
            keys: Keys::default(),
            report: None,
            pauses: false,
            ports: socket.ports,
            is_v6: socket.is_v6,
        }
    }

    pub(crate) fn mid(&self) -> Mid {
        self.slot.mid
    }

    pub(crate) fn configure(&mut self, media: PhoneMedia, now: Instant) {
        let format = |(_, name, rate, channels, fmtp): &PhoneFormat| {
            Format::named(name, *rate, *channels, fmtp)
                .filter(|format| format.codec.is_audio() == (self.kind == MediaKind::Audio))
        };
        let is_event = |name: &str| name.eq_ignore_ascii_case("telephone-event");
        let sent = media.formats.iter();
        let known: Vec<(Pt, Format)> =
            sent.clone().filter_map(|named| Some((named.0.into(), format(named)?))).collect();
        let goes_on = known == self.exit.media
            && media.settings.sends
            && self.link.settings().sends
            && media.settings.remote == self.link.settings().remote;
        self.exit.media = known;
        self.exit.events = sent
            .filter(|(_, name, ..)| is_event(name))
            .map(|&(pt, _, rate, ..)| (pt, rate))
            .collect();
        self.accepts = media
            .accepts
            .iter()
            .filter_map(|named| match format(named) {
                Some(format) => Some((named.0, Accepted::Media(format))),
                None if is_event(&named.1) => Some((named.0, Accepted::Events(named.2))),
                None => None,
            })
            .collect();
        self.packet_time = media.packet_time;
        self.link.configure(media.settings, now);
        let ssrc = Ssrc::from(self.link.transmission().ssrc());
        self.slot.negotiated(self.link.settings().sends.then_some(ssrc));
        if !goes_on {
            self.switch();
        }
    }

    /// A packet of sound came: it may say that a pause follows.
    pub(crate) fn heard_sound(&mut self, format: Format, payload: &[u8]) {
        self.pauses = match format.codec {
            Codec::ComfortNoise => true,
            Codec::Opus => payload.len() <= OPUS_PAUSE,
            _ => false,
        };
    }

    pub(crate) fn accepted(&self, payload_type: u8) -> Option<Accepted> {
        let mut known = self.accepts.iter();
        known.find(|(pt, _)| *pt == payload_type).map(|&(_, accepted)| accepted)
    }

    /// How to encode sound for it; `None` if nothing may be sent.
    pub(crate) fn voice(&self) -> Option<Voice> {
        if !self.link.settings().sends || self.kind != MediaKind::Audio {
            return None;
        }
        let is_noise = |format: &Format| format.codec == Codec::ComfortNoise;
        let formats = self.exit.media.iter().map(|(_, format)| *format);
        let format = formats.clone().find(|format| !is_noise(format))?;
        let comfort_noise =
            formats.filter(is_noise).any(|noise| noise.clock_rate == format.clock_rate);
        Some(Voice { format, packet_time: self.packet_time, comfort_noise })
    }

    /// The next packet does not follow on the last one.
    pub(crate) fn switch(&mut self) {
        self.slot.switch();
        self.exit.begins = true;
    }

    /// Moves what the link has to send to the room's output.
    pub(crate) fn drain(&mut self, peer: Id, output: &mut Vec<(PhonePort, Datagram)>) -> usize {
        let unspecified = match self.is_v6 {
            true => Ipv6Addr::UNSPECIFIED.into(),
            false => Ipv4Addr::UNSPECIFIED.into(),
        };
        let mut bytes = 0;
        for sent in self.link.output() {
            let port = PhonePort { peer, section: self.number, control: sent.control };
            let number = if sent.control { self.ports.1 } else { self.ports.0 };
            let local = sent.local.map_or(unspecified, |local| local.ip());
            bytes += sent.contents.len();
            output.push((
                port,
                Datagram {
                    source: SocketAddr::new(local, number),
                    destination: sent.remote,
                    contents: sent.contents,
                },
            ));
        }
        bytes
    }
}

/// A section while a slot writes to it.
pub(crate) struct PhoneExit<'a> {
    pub(crate) link: &'a mut Link,
    pub(crate) formats: &'a mut Formats,
    pub(crate) now: Instant,
}

impl Exit for PhoneExit<'_> {
    fn payload_type(&self, _section: Mid, format: Format) -> Option<Pt> {
        format.find_among(self.formats.media.iter().copied())
    }

    fn write(&mut self, _stream: Ssrc, packet: &Packet, outgoing: Outgoing) -> bool {
        let Outgoing { payload_type, sequence, timestamp, .. } = outgoing;
        let mut known = self.formats.media.iter();
        let Some((_, format)) = known.find(|(pt, _)| *pt == payload_type) else { return false };
        let begins = std::mem::take(&mut self.formats.begins) && format.codec.is_audio();
        let packet_out = antiphon_rtp::Outgoing {
            payload_type: *payload_type,
            marker: packet.marker || begins,
            sequence,
            timestamp,
            clock_rate: format.clock_rate,
        };
        self.link.send(packet_out, &packet.payload, self.now)
    }
}

/// Whether it is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// Not yet, since this time.
    Expected(Instant),
    Heard,
    Silent,
}

/// See the module.
pub(crate) struct PhonePeer {
    /// By place; deliveries name them.
    pub(crate) sections: Vec<Option<PhoneSection>>,
    /// Tracks wired to it, in the order they were wired.
    pub(crate) wired: Vec<Id>,
    pub(crate) life: Life,
    pub(crate) clock: SenderClock,
    pub(crate) figures: Figures,
    pub(crate) cname: Arc<str>,
    pub(crate) epoch: Epoch,
}

impl PhonePeer {
    pub(crate) fn new(epoch: Epoch, now: Instant) -> PhonePeer {
        PhonePeer {
            sections: Vec::new(),
            wired: Vec::new(),
            life: Life::Expected(now),
            clock: SenderClock::default(),
            figures: Figures::default(),
            // RFC 7022 §4.2: random, so that it tells nothing of anybody.
            cname: format!("{:016x}", fastrand::u64(..)).into(),
            epoch,
        }
    }

    pub(crate) fn section(&mut self, place: usize) -> Option<&mut PhoneSection> {
        self.sections.get_mut(place)?.as_mut()
    }

    /// The place of a section of that name.
    pub(crate) fn named(&self, mid: Mid) -> Option<usize> {
        self.position(|section| section.mid() == mid)
    }

    pub(crate) fn position(&self, is: impl Fn(&PhoneSection) -> bool) -> Option<usize> {
        self.sections.iter().position(|section| section.as_ref().is_some_and(&is))
    }

    /// Whether anything should be heard of it.
    pub(crate) fn is_expected(&self) -> bool {
        self.sections.iter().flatten().any(|section| {
            let settings = section.link.settings();
            settings.receives && section.kind == MediaKind::Audio
        })
    }

    /// How long it may be silent before that is told.
    pub(crate) fn patience(&self) -> Duration {
        let pauses = self.sections.iter().flatten().any(|section| section.pauses);
        if pauses { PAUSE } else { SILENCE }
    }

    /// Why it cannot go on, if it cannot.
    pub(crate) fn failure(&mut self) -> Option<String> {
        let mut changes = self.sections.iter_mut().flatten().flat_map(|at| at.link.changes());
        changes.find_map(|change| match change {
            Change::Failed(text) => Some(text),
            Change::Secured => None,
        })
    }

    pub(crate) fn heard(&self) -> Option<Instant> {
        self.sections.iter().flatten().filter_map(|section| section.link.heard()).max()
    }
}

/// A telephone on its way from one room to another.
pub struct Phone {
    pub(crate) id: Id,
    pub(crate) body: Box<PhonePeer>,
}

impl Phone {
    /// Its name.
    pub fn id(&self) -> Id {
        self.id
    }
}
