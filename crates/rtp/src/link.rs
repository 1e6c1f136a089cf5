//! The RTP session of one section of a telephone: datagrams in and out, protected or not, to where
//! the telephone is; reports every few seconds. It knows payload types and clock rates, no codecs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::latch::{Evidence, Latch, Verdict};
use crate::packet::{Header, payload};
use crate::reception::Reception;
use crate::rtcp::{Compound, Control, parse};
use crate::sdes::Crypto;
use crate::srtp::{Context, Suite};
use crate::transmission::{Epoch, Transmission};

/// RFC 3550 §6.2: reports are due every five seconds, drawn between half and one and a half of it.
const REPORT_INTERVAL: Duration = Duration::from_secs(5);
/// Longest datagram that is looked at.
const LONGEST: usize = 1600;
/// Reports that a telephone may send at once, and one more in each interval.
const CONTROL_BURST: u32 = 32;
const CONTROL_INTERVAL: Duration = Duration::from_millis(50);

/// How a section is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Not at all.
    Plain,
    /// By keys of the descriptions: ours for what we send, theirs for what they send.
    Keys(Box<(Crypto, Crypto)>),
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

/// What was not taken; sums since taken last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// Of senders that are not the telephone, as far as can be told.
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
    keys: Option<Keys>,
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
    allowance: u32,
    refilled: Instant,
    refused: Refused,
    output: Vec<Sent>,
    scratch: Vec<u8>,
}

impl Link {
    /// A session that neither sends nor receives yet. `ssrc`: our source; `cname`: names the
    /// telephone's endpoint here in reports (RFC 7022).
    pub fn new(ssrc: u32, cname: Arc<str>, epoch: Epoch, now: Instant) -> Link {
        Link {
            settings: Settings {
                remote: None,
                remote_control: None,
                mux: false,
                sends: false,
                receives: false,
                protection: Protection::Plain,
            },
            keys: None,
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
            allowance: CONTROL_BURST,
            refilled: now,
            refused: Refused::default(),
            output: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Applies what was negotiated; keys that stay the same go on.
    pub fn configure(&mut self, settings: Settings, now: Instant) {
        if settings.protection != self.settings.protection {
            self.keys = match &settings.protection {
                Protection::Plain => None,
                Protection::Keys(pair) => match (pair.0.context(), pair.1.context()) {
                    (Some(ours), Some(theirs)) => Some(Keys { ours, theirs }),
                    _ => None,
                },
            };
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

    /// The settings as configured last.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What protects, once keys are known.
    pub fn suite(&self) -> Option<Suite> {
        self.keys.as_ref().map(|keys| keys.ours.suite())
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
        if !self.latch.may_listen(arrival.remote, secured, now) {
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
            let keys = self.keys.as_mut()?;
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
        let evidence =
            Evidence { ssrc: header.ssrc, sequence: header.sequence, authentic: secured, follows };
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

    fn receive_control(&mut self, arrival: Arrival, datagram: &[u8], now: Instant) -> Heard {
        let secured = self.is_secured();
        if !secured && !self.is_their_host(arrival.remote) {
            self.refused.strangers += 1;
            return Heard::Nothing;
        }
        if !self.may_report(now) {
            self.refused.malformed += 1;
            return Heard::Nothing;
        }
        self.scratch.clear();
        self.scratch.extend_from_slice(datagram);
        if secured {
            let Some(keys) = &mut self.keys else { return Heard::Nothing };
            if keys.theirs.unprotect_control(&mut self.scratch).is_err() {
                self.refused.forged += 1;
                return Heard::Nothing;
            }
        }
        let Some(controls) = parse(&self.scratch) else {
            self.refused.malformed += 1;
            return Heard::Nothing;
        };
        self.heard = Some(now);
        if arrival.control {
            self.control_remote = Some(arrival.remote);
            self.control_local = Some(arrival.local);
        }
        for control in &controls {
            let Control::Report { ssrc, sender, blocks } = control else { continue };
            if let (Some(info), Some(reception)) = (sender, &mut self.reception)
                && reception.ssrc() == *ssrc
            {
                reception.reported(info, now);
            }
            let ours = self.transmission.ssrc();
            if let Some(block) = blocks.iter().find(|block| block.ssrc == ours) {
                self.transmission.reported(block, &self.epoch, now);
            }
        }
        Heard::Control(controls)
    }

    /// Reports in the clear are believed of the host that media come from or were announced at.
    fn is_their_host(&self, remote: SocketAddr) -> bool {
        let hosts = [self.latch.current(), self.settings.remote, self.settings.remote_control];
        hosts.into_iter().flatten().any(|known| known.ip() == remote.ip())
    }

    fn may_report(&mut self, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.refilled);
        let refill = (elapsed.as_millis() / CONTROL_INTERVAL.as_millis()) as u32;
        if refill > 0 {
            self.allowance = self.allowance.saturating_add(refill).min(CONTROL_BURST);
            self.refilled = now;
        }
        let may = self.allowance > 0;
        self.allowance = self.allowance.saturating_sub(1);
        may
    }

    /// Whether a packet would be sent now.
    pub fn can_send(&self) -> bool {
        self.settings.sends
            && self.latch.target().is_some()
            && (!self.is_secured() || self.keys.is_some())
    }

    /// Sends a packet; false if the section cannot send now.
    pub fn send(&mut self, outgoing: Outgoing, payload: &[u8], now: Instant) -> bool {
        if !self.can_send() {
            return false;
        }
        let Some(remote) = self.latch.target() else { return false };
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
        if let Some(keys) = &mut self.keys
            && keys.ours.protect(&mut contents).is_err()
        {
            return false;
        }
        self.transmission.sent(outgoing.timestamp, outgoing.clock_rate, payload.len(), now);
        self.output.push(Sent { control: false, local: self.local, remote, contents });
        true
    }

    /// When [`Link::wake`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.report_at
    }

    /// Sends the reports that are due.
    pub fn wake(&mut self, now: Instant) {
        if self.report_at.is_some_and(|at| at <= now) {
            self.report_at = Some(now + jittered(REPORT_INTERVAL));
            let compound = self.begin_compound(now);
            self.send_control(compound);
        }
    }

    /// Asks for a picture that decoding can begin with: by PLI and by FIR, since telephones know
    /// the one or the other.
    pub fn request_keyframe(&mut self, now: Instant) -> bool {
        let Some(media) = self.reception.as_ref().map(Reception::ssrc) else { return false };
        let mut compound = self.begin_compound(now);
        compound.picture_loss(self.transmission.ssrc(), media);
        self.full_intra = self.full_intra.wrapping_add(1);
        compound.full_intra(self.transmission.ssrc(), media, self.full_intra);
        self.send_control(compound)
    }

    /// Says that our source ends.
    pub fn goodbye(&mut self, now: Instant) {
        if self.transmission.last_sent().is_some() {
            let mut compound = self.begin_compound(now);
            compound.goodbye(self.transmission.ssrc());
            self.send_control(compound);
        }
    }

    fn begin_compound(&mut self, now: Instant) -> Compound {
        let ssrc = self.transmission.ssrc();
        // RFC 3550 §6.4: a sender is who has sent since the last reports.
        let recently = self
            .transmission
            .last_sent()
            .is_some_and(|at| now.saturating_duration_since(at) < REPORT_INTERVAL * 2);
        let info = if recently { self.transmission.info(&self.epoch, now) } else { None };
        let block = self.reception.as_mut().map(|reception| reception.block(now));
        let mut compound = Compound::default();
        compound.report(ssrc, info, block.as_slice());
        compound.description(ssrc, &self.cname);
        compound
    }

    fn send_control(&mut self, compound: Compound) -> bool {
        let (remote, local) = if self.settings.mux {
            (self.latch.target(), self.local)
        } else {
            let next =
                |rtp: SocketAddr| Some(SocketAddr::new(rtp.ip(), rtp.port().checked_add(1)?));
            let announced = self.settings.remote_control.or(self.latch.target().and_then(next));
            (self.control_remote.or(announced), self.control_local)
        };
        let Some(remote) = remote else { return false };
        let mut contents = compound.finish();
        if self.is_secured() {
            let Some(keys) = &mut self.keys else { return false };
            if keys.ours.protect_control(&mut contents).is_err() {
                return false;
            }
        }
        self.output.push(Sent { control: !self.settings.mux, local, remote, contents });
        true
    }
}

/// Between half and one and a half of it (RFC 3550 §6.3.1).
fn jittered(interval: Duration) -> Duration {
    interval.mul_f64(0.5 + fastrand::f64())
}
