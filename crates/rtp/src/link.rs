//! The RTP session of one section of a telephone: datagrams in and out, protected or not, to where
//! the telephone is; reports every few seconds. It knows payload types and clock rates, no codecs.

mod control;
mod security;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::dtls::{Certificate, Handshake};
use crate::fingerprint::Fingerprint;
use crate::ice::{Credentials, Ice};
use crate::latch::{Evidence, Latch, Verdict};
use crate::packet::{Header, payload};
use crate::reception::Reception;
use crate::rtcp::Control;
use crate::sdes::Crypto;
use crate::srtp::{Context, Suite};
use crate::transmission::{Epoch, Transmission};

/// RFC 3550 §6.2: reports are due every five seconds, drawn between half and one and a half of it.
const REPORT_INTERVAL: Duration = Duration::from_secs(5);
/// Packets that a telephone may send at once, and in a second after that: 20 Mbit/s of video.
const BURST: u32 = 2000;
const PER_SECOND: u32 = 2000;
/// Longest datagram that is looked at.
const LONGEST: usize = 1600;

/// How a section is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Not at all.
    Plain,
    /// By keys of the descriptions: ours for what we send, theirs for what they send.
    Keys(Box<(Crypto, Crypto)>),
    /// By keys of a DTLS handshake.
    Dtls {
        /// We are the client.
        client: bool,
        /// Of their certificate.
        fingerprint: Fingerprint,
    },
}

/// What was negotiated for a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where they receive RTP, as announced.
    pub remote: Option<SocketAddr>,
    /// Where they receive RTCP; otherwise the port after.
    pub remote_control: Option<SocketAddr>,
    /// RTCP comes and goes by the RTP port (RFC 5761).
    pub mux: bool,
    /// We may send.
    pub sends: bool,
    /// They may send.
    pub receives: bool,
    /// See [`Protection`].
    pub protection: Protection,
    /// Paths are found by connectivity checks.
    pub ice: Option<Credentials>,
}

/// Where a datagram came.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// Our address.
    pub local: SocketAddr,
    /// Theirs.
    pub remote: SocketAddr,
    /// It came to the port of RTCP.
    pub control: bool,
}

/// What a datagram was.
#[derive(Debug)]
pub enum Heard {
    /// Nothing to act on.
    Nothing,
    /// A packet of media.
    Packet(Packet),
    /// Reports and requests.
    Control(Vec<Control>),
}

/// A packet of media that arrived.
#[derive(Debug)]
pub struct Packet {
    /// Its header.
    pub header: Header,
    /// Its number, extended.
    pub sequence: u64,
    /// Its payload in the clear.
    pub payload: Arc<[u8]>,
}

/// A packet to send.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing {
    /// As they numbered it.
    pub payload_type: u8,
    /// See [`Header`].
    pub marker: bool,
    /// Extended.
    pub sequence: u64,
    /// In ticks.
    pub timestamp: u32,
    /// Ticks per second.
    pub clock_rate: u32,
}

/// A datagram to send.
#[derive(Debug)]
pub struct Sent {
    /// From the port of RTCP.
    pub control: bool,
    /// Our address, where it is known; its port does not matter.
    pub local: Option<SocketAddr>,
    /// Theirs.
    pub remote: SocketAddr,
    /// The bytes.
    pub contents: Vec<u8>,
}

/// What happened to the session as a whole.
#[derive(Debug)]
pub enum Change {
    /// Keys of a handshake are there.
    Secured,
    /// It cannot go on.
    Failed(String),
}

/// What was not taken; sums since taken last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// Of senders that are not the telephone, as far as can be told, or too many.
    pub strangers: u64,
    /// Not made with the session's keys, or replayed.
    pub forged: u64,
    /// Malformed, or of payload types that were not negotiated.
    pub malformed: u64,
}

struct Keys {
    ours: Context,
    theirs: Context,
}

/// See the module.
pub struct Link {
    settings: Settings,
    certificate: Arc<Certificate>,
    /// Of RTP, and of RTCP where a handshake of its own made them.
    keys: [Option<Keys>; 2],
    handshakes: [Option<Handshake>; 2],
    ice: Option<Ice>,
    changes: Vec<Change>,
    latch: Latch,
    local: Option<SocketAddr>,
    control_local: Option<SocketAddr>,
    control_remote: Option<SocketAddr>,
    reception: Option<Reception>,
    transmission: Transmission,
    cname: Arc<str>,
    epoch: Epoch,
    heard: Option<Instant>,
    report_at: Option<Instant>,
    full_intra: u8,
    /// Compounds and packets that may come now, and since when no more were allowed: of anybody,
    /// and of where the telephone is known to be.
    compounds: [(u32, Instant); 2],
    packets: [(u32, Instant); 2],
    refused: Refused,
    output: Vec<Sent>,
    scratch: Vec<u8>,
}

impl Link {
    /// A session that neither sends nor receives yet. `ssrc`: our source; `cname`: names the
    /// telephone's endpoint here in reports (RFC 7022); `certificate`: for handshakes.
    pub fn new(
        ssrc: u32,
        cname: Arc<str>,
        certificate: Arc<Certificate>,
        epoch: Epoch,
        now: Instant,
    ) -> Link {
        Link {
            settings: Settings {
                remote: None,
                remote_control: None,
                mux: false,
                sends: false,
                receives: false,
                protection: Protection::Plain,
                ice: None,
            },
            certificate,
            keys: [None, None],
            handshakes: [None, None],
            ice: None,
            changes: Vec::new(),
            latch: Latch::default(),
            local: None,
            control_local: None,
            control_remote: None,
            reception: None,
            transmission: Transmission::new(ssrc),
            cname,
            epoch,
            heard: None,
            report_at: None,
            full_intra: 0,
            compounds: [(control::BURST, now); 2],
            packets: [(BURST, now); 2],
            refused: Refused::default(),
            output: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Applies what was negotiated; keys that stay the same go on.
    pub fn configure(&mut self, settings: Settings, now: Instant) {
        let same_mux = settings.mux == self.settings.mux;
        if settings.protection != self.settings.protection {
            self.protect(&settings, now);
        } else if !same_mux && matches!(settings.protection, Protection::Dtls { .. }) {
            self.handshakes[1] = self.handshake(&settings, now).filter(|_| !settings.mux);
        }
        if settings.ice.as_ref() != self.ice.as_ref().map(Ice::credentials) {
            self.ice = settings.ice.clone().map(Ice::new);
        }
        if settings.remote_control != self.settings.remote_control
            || settings.remote != self.settings.remote
        {
            self.control_remote = None;
        }
        self.latch.announce(settings.remote, now);
        self.settings = settings;
        self.report_at.get_or_insert_with(|| now + jittered(REPORT_INTERVAL / 2));
    }

    /// What happened to the session as a whole.
    pub fn changes(&mut self) -> std::vec::Drain<'_, Change> {
        self.changes.drain(..)
    }

    /// The settings as configured last.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What protects, once keys are known.
    pub fn suite(&self) -> Option<Suite> {
        self.keys[0].as_ref().map(|keys| keys.ours.suite())
    }

    /// Where the telephone's packets come from.
    pub fn remote(&self) -> Option<SocketAddr> {
        self.latch.current()
    }

    /// When something was heard last.
    pub fn heard(&self) -> Option<Instant> {
        self.heard
    }

    /// Our source.
    pub fn transmission(&self) -> &Transmission {
        &self.transmission
    }

    /// The telephone's source.
    pub fn reception(&self) -> Option<&Reception> {
        self.reception.as_ref()
    }

    /// Fraction lost of what they sent, as last reported.
    pub fn loss_in(&self) -> Option<f32> {
        self.reception.as_ref().and_then(Reception::loss)
    }

    /// What was not taken since this was called last.
    pub fn take_refused(&mut self) -> Refused {
        std::mem::take(&mut self.refused)
    }

    /// Datagrams to send.
    pub fn output(&mut self) -> std::vec::Drain<'_, Sent> {
        self.output.drain(..)
    }

    fn is_secured(&self) -> bool {
        self.settings.protection != Protection::Plain
    }

    /// Takes a datagram in. `clock_rate`: that of a payload type, `None` if it was not negotiated.
    pub fn receive(
        &mut self,
        arrival: Arrival,
        datagram: &[u8],
        clock_rate: impl Fn(u8) -> Option<u32>,
        now: Instant,
    ) -> Heard {
        if datagram.len() > LONGEST {
            self.refused.malformed += 1;
            return Heard::Nothing;
        }
        // RFC 7983 §7.
        match datagram.first() {
            Some(0..=3) => return self.receive_check(arrival, datagram),
            Some(20..=63) => return self.receive_record(arrival, datagram, now),
            _ => {}
        }
        // RFC 5761 §4: RTCP is told from RTP by its packet type where both share a port.
        let is_control = datagram.get(1).is_some_and(|kind| (192..=223).contains(kind));
        if is_control {
            return self.receive_control(arrival, datagram, now);
        }
        if arrival.control {
            self.refused.malformed += 1;
            return Heard::Nothing;
        }
        match self.receive_media(arrival, datagram, clock_rate, now) {
            Some(packet) => Heard::Packet(packet),
            None => Heard::Nothing,
        }
    }

    fn receive_media(
        &mut self,
        arrival: Arrival,
        datagram: &[u8],
        clock_rate: impl Fn(u8) -> Option<u32>,
        now: Instant,
    ) -> Option<Packet> {
        let secured = self.is_secured();
        let proven = self.ice.as_ref().map(|ice| ice.knows(arrival.remote));
        let may = self.latch.may_listen(arrival.remote, secured || proven == Some(true), now);
        // Strangers must not use up what the telephone may send.
        let known = self.latch.current() == Some(arrival.remote) || proven == Some(true);
        if !may || proven == Some(false) || !self.may_send(known, now) {
            self.refused.strangers += 1;
            return None;
        }
        let Some((header, length)) = Header::parse(datagram) else {
            self.refused.malformed += 1;
            return None;
        };
        let Some(clock_rate) = clock_rate(header.payload_type) else {
            self.refused.malformed += 1;
            return None;
        };
        let payload: Arc<[u8]> = if secured {
            let keys = self.keys[0].as_mut()?;
            self.scratch.clear();
            self.scratch.extend_from_slice(datagram);
            if keys.theirs.unprotect(&mut self.scratch).is_err() {
                self.refused.forged += 1;
                return None;
            }
            payload(&self.scratch, length)?.into()
        } else {
            payload(datagram, length)?.into()
        };
        let known = self.reception.as_ref().filter(|known| known.ssrc() == header.ssrc);
        let follows = known.is_some_and(|known| known.follows(header.sequence));
        let evidence = Evidence {
            ssrc: header.ssrc,
            sequence: header.sequence,
            authentic: secured || proven == Some(true),
            follows,
        };
        if self.latch.judge(arrival.remote, evidence, now) == Verdict::Stranger {
            self.refused.strangers += 1;
            return None;
        }
        self.heard = Some(now);
        self.local = Some(arrival.local);
        if !self.settings.receives {
            return None;
        }
        if known.is_none() {
            self.reception = Some(Reception::new(header.ssrc, header.sequence));
        }
        let reception = self.reception.as_mut()?;
        let sequence = reception.heard(header.sequence, header.timestamp, clock_rate, now)?;
        Some(Packet { header, sequence, payload })
    }

    fn may_send(&mut self, known: bool, now: Instant) -> bool {
        let (allowance, since) = &mut self.packets[usize::from(known)];
        let elapsed = now.saturating_duration_since(*since).as_millis();
        let refill = elapsed.min(1000) as u32 * PER_SECOND / 1000;
        if refill > 0 {
            (*allowance, *since) = ((*allowance + refill).min(BURST), now);
        }
        let may = *allowance > 0;
        *allowance = allowance.saturating_sub(1);
        may
    }

    /// Whether a packet would be sent now.
    pub fn can_send(&self) -> bool {
        self.settings.sends
            && self.target(false).0.is_some()
            && (!self.is_secured() || self.keys[0].is_some())
    }

    /// Sends a packet; false if the section cannot send now.
    pub fn send(&mut self, outgoing: Outgoing, payload: &[u8], now: Instant) -> bool {
        if !self.can_send() {
            return false;
        }
        let (Some(remote), local) = self.target(false) else { return false };
        let header = Header {
            payload_type: outgoing.payload_type,
            marker: outgoing.marker,
            sequence: outgoing.sequence as u16,
            timestamp: outgoing.timestamp,
            ssrc: self.transmission.ssrc(),
        };
        // Room for the longest tag.
        let mut contents = Vec::with_capacity(12 + payload.len() + 16);
        header.write(payload, &mut contents);
        if let Some(keys) = &mut self.keys[0]
            && keys.ours.protect(&mut contents).is_err()
        {
            return false;
        }
        self.transmission.sent(outgoing.timestamp, outgoing.clock_rate, payload.len(), now);
        self.output.push(Sent { control: false, local, remote, contents });
        true
    }

    /// When [`Link::wake`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        let handshakes = self.handshakes.iter().flatten().filter_map(Handshake::deadline);
        self.report_at.into_iter().chain(handshakes).min()
    }

    /// Does what is due: reports, and the handshake's retransmissions.
    pub fn wake(&mut self, now: Instant) {
        for component in 0..2 {
            // A client begins once it knows where to.
            let known = self.target(component == 1).0.is_some();
            let outcome = match &mut self.handshakes[component] {
                Some(handshake) if known || handshake.remote().is_some() => handshake.wake(now),
                Some(handshake) => {
                    handshake.postpone(now);
                    None
                }
                None => None,
            };
            self.came_of(component, outcome);
            self.send_records(component);
        }
        if self.report_at.is_some_and(|at| at <= now) {
            self.report_at = Some(now + jittered(REPORT_INTERVAL));
            let compound = self.begin_compound(now);
            self.send_control(compound);
        }
    }
}

/// Between half and one and a half of it (RFC 3550 §6.3.1).
fn jittered(interval: Duration) -> Duration {
    interval.mul_f64(0.5 + fastrand::f64())
}
