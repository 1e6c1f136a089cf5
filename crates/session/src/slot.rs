//! A section of a peer's session that the room may send in, and the track that it carries now. It
//! makes one unbroken stream of the tracks it carries one after the other.

use std::time::{Duration, Instant};

use antiphon_packet::{Cyclic, Numbers, Rewriter};
use str0m::media::{MediaKind, Mid, Pt};
use str0m::rtp::{Ssrc, Vp8Descriptor, Vp8Patch};

use crate::codec::{Codec, Format};
use crate::room::Id;
use crate::transport::{Outgoing, Packet, Transport};

/// What a slot writes to: a WebRTC session, or a section of a telephone.
pub(crate) trait Exit {
    /// The payload type that carries a format in a section.
    fn payload_type(&self, section: Mid, format: Format) -> Option<Pt>;

    /// Writes a packet of our source `stream`; false if it cannot be sent now.
    fn write(&mut self, stream: Ssrc, packet: &Packet, outgoing: Outgoing) -> bool;
}

impl Exit for Transport {
    fn payload_type(&self, section: Mid, format: Format) -> Option<Pt> {
        let (_, params) = self.section(section)?;
        format.find(params.into_iter())
    }

    fn write(&mut self, stream: Ssrc, packet: &Packet, outgoing: Outgoing) -> bool {
        Transport::write(self, stream, packet, outgoing)
    }
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Sent,
    /// Dropped until a keyframe comes.
    Waiting,
    /// The sink has not negotiated the codec.
    NoCodec,
    /// From before the switch to this track.
    Outdated,
    /// The section cannot send now.
    Closed,
}

/// In which form a sink takes the sound of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As the track sends it.
    AsIs,
    /// In another format.
    Converted(antiphon_audio::Format),
    /// Not at all.
    Nothing,
}

/// A packet with what the room found out about it once for all sinks.
pub(crate) struct Parcel<'a> {
    pub(crate) packet: &'a Packet,
    pub(crate) format: Format,
    pub(crate) keyframe: bool,
    pub(crate) vp8: Option<Vp8Numbers>,
    pub(crate) captured: Instant,
}

impl<'a> Parcel<'a> {
    /// Sound needs nothing to be found out.
    pub(crate) fn of_sound(packet: &'a Packet, format: Format, captured: Instant) -> Parcel<'a> {
        Parcel { packet, format, keyframe: true, vp8: None, captured }
    }
}

pub(crate) struct Slot {
    pub(crate) mid: Mid,
    pub(crate) kind: MediaKind,
    /// The track it carries.
    pub(crate) track: Option<Id>,
    /// Our source in this section; `None` while the other side does not want to receive here.
    stream: Option<Ssrc>,
    /// The payload type for the format that the track had last.
    payload_type: Option<(Format, Option<Pt>)>,
    /// For the format of sound that the track had last: the form; and whether it still holds.
    form: Option<(Format, Form)>,
    form_holds: bool,
    waiting: bool,
    rewriter: Rewriter,
    picture: Cyclic,
    base_layer: Cyclic,
    key_index: Cyclic,
    switched: bool,
    last_sent: Option<Instant>,
}

impl Slot {
    pub(crate) fn new(mid: Mid, kind: MediaKind) -> Slot {
        // RFC 3550 §5.1: random first numbers; RFC 3711 §3.3.1: far from where the sequence wraps.
        let start = Numbers { sequence: fastrand::u64(1..0x4000), timestamp: fastrand::u32(..) };
        Slot {
            mid,
            kind,
            track: None,
            stream: None,
            payload_type: None,
            form: None,
            form_holds: false,
            waiting: false,
            rewriter: Rewriter::new(start),
            picture: Cyclic::default(),
            base_layer: Cyclic::default(),
            key_index: Cyclic::default(),
            switched: false,
            last_sent: None,
        }
    }

    /// Our source in this section, or `None` when the section stopped. Forgets what was negotiated.
    pub(crate) fn negotiated(&mut self, stream: Option<Ssrc>) {
        self.stream = stream;
        self.payload_type = None;
        self.form_holds = false;
    }

    /// The form in which this sink takes sound of a format, if it was found out already.
    pub(crate) fn known_form(&self, format: Format) -> Option<Form> {
        let (known, form) = self.form.filter(|_| self.form_holds)?;
        match format.codec {
            // It has a meaning only beside the sound that it replaces.
            Codec::ComfortNoise if form != Form::AsIs => Some(Form::Nothing),
            Codec::ComfortNoise => Some(Form::AsIs),
            _ => (known == format).then_some(form),
        }
    }

    /// Notes it. Numbers of converted packets have nothing to do with those of the track.
    pub(crate) fn takes(&mut self, format: Format, form: Form) {
        let before = self.form.replace((format, form));
        self.form_holds = true;
        if before.is_some_and(|(_, before)| before != form) {
            self.switch();
        }
    }

    pub(crate) fn is_usable(&self) -> bool {
        self.stream.is_some()
    }

    /// Carries `track` from now on, or nothing.
    pub(crate) fn carry(&mut self, track: Option<Id>) {
        self.track = track;
        self.switch();
    }

    /// The next packet does not follow on the last one.
    pub(crate) fn switch(&mut self) {
        if self.rewriter.is_switching() && self.waiting {
            return;
        }
        self.rewriter.switch();
        self.switched |= self.last_sent.is_some();
        self.picture.switch();
        self.base_layer.switch();
        self.key_index.switch();
        self.waiting = self.kind == MediaKind::Video;
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting
    }

    /// Writes one packet of the track.
    pub(crate) fn forward(
        &mut self,
        parcel: &Parcel<'_>,
        exit: &mut impl Exit,
        now: Instant,
    ) -> Fate {
        let Some(stream) = self.stream else { return Fate::Closed };
        let Some(payload_type) = self.payload_type(parcel.format, exit) else {
            return Fate::NoCodec;
        };
        if self.waiting && !parcel.keyframe {
            return Fate::Waiting;
        }
        let packet = parcel.packet;
        let since = self.last_sent.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        let input = Numbers { sequence: packet.sequence, timestamp: packet.timestamp };
        let Some(numbers) = self.rewriter.rewrite(input, since, parcel.format.clock_rate) else {
            return Fate::Outdated;
        };
        self.waiting = false;
        self.last_sent = Some(now);
        let outgoing = Outgoing {
            payload_type,
            sequence: numbers.sequence,
            timestamp: numbers.timestamp,
            captured: parcel.captured,
            resendable: self.kind == MediaKind::Video,
            patch: parcel.vp8.and_then(|numbers| self.patch(numbers)),
        };
        if exit.write(stream, packet, outgoing) { Fate::Sent } else { Fate::Closed }
    }

    /// Numbers for a packet that is made here and takes the place of the track's. It counts as a
    /// source: [`Slot::switch`] before the first and after the last.
    pub(crate) fn insert(
        &mut self,
        input: Numbers,
        clock_rate: u32,
        now: Instant,
    ) -> Option<Numbers> {
        let since = self.last_sent.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        let numbers = self.rewriter.rewrite(input, since, clock_rate)?;
        self.last_sent = Some(now);
        Some(numbers)
    }

    fn payload_type(&mut self, format: Format, exit: &impl Exit) -> Option<Pt> {
        match self.payload_type {
            Some((known, payload_type)) if known == format => payload_type,
            _ => {
                let found = exit.payload_type(self.mid, format);
                self.payload_type = Some((format, found));
                found
            }
        }
    }

    /// RFC 7741 §4.2: picture id, TL0PICIDX and KEYIDX run on. Nothing to do before the first switch.
    fn patch(&mut self, numbers: Vp8Numbers) -> Option<Vp8Patch> {
        let Vp8Numbers { descriptor, picture_modulus } = numbers;
        let mut patch = descriptor.patch();
        if let Some(id) = descriptor.picture_id() {
            patch = patch.picture_id(self.picture.rewrite(id, picture_modulus));
        }
        if let Some(index) = descriptor.tl0_pic_idx() {
            patch = patch.tl0_pic_idx(self.base_layer.rewrite(index.into(), 1 << 8) as u8);
        }
        if let Some(index) = descriptor.key_idx() {
            patch = patch.key_idx(self.key_index.rewrite(index.into(), 1 << 5) as u8);
        }
        if !self.switched {
            return None;
        }
        patch.build().ok()
    }
}

/// A VP8 payload descriptor with numbers to rewrite.
#[derive(Clone, Copy)]
pub(crate) struct Vp8Numbers {
    descriptor: Vp8Descriptor,
    /// 2^15, or 2^7 where the picture id has the short form.
    picture_modulus: u16,
}

/// Reads the VP8 descriptor where there is one to rewrite.
pub(crate) fn vp8_numbers(codec: Codec, payload: &[u8]) -> Option<Vp8Numbers> {
    if codec != Codec::Vp8 {
        return None;
    }
    let descriptor = Vp8Descriptor::parse(payload).ok()?;
    if descriptor.picture_id().is_none() && descriptor.tl0_pic_idx().is_none() {
        return None;
    }
    // The library does not tell the field's width, but whether a long number fits it.
    let is_long = descriptor.patch().picture_id(1 << 7).build().is_ok();
    Some(Vp8Numbers { descriptor, picture_modulus: if is_long { 1 << 15 } else { 1 << 7 } })
}
