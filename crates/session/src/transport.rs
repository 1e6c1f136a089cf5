//! One peer's WebRTC session: ICE-lite, DTLS server, SRTP, RTCP, SCTP, as the library does them. The
//! only file that drives the library; what it says of media are [`Packet`]s, so that another media
//! plane can stand in here. It knows nothing of tracks, hubs and rooms.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use antiphon_packet::{Class, classify};
use str0m::bwe::{Bitrate, BweKind};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::channel::ChannelId;
use str0m::format::PayloadParams;
use str0m::media::{Direction, KeyframeRequestKind, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{ExtensionValues, RtpWrite, SeqNo, Ssrc, VideoOrientation, Vp8Patch};
use str0m::{Candidate, Event, IceConnectionState, Input, Rtc};

use crate::clock::Report;
use crate::config::Config;
use crate::dtls::{Profile, take_profile};
use crate::room::Datagram;

/// Packets kept for retransmission by one video section: 1 s at 2 Mbit/s. More would cost more than
/// all else a subscriber needs, in memory and in cache misses.
const RETRANSMISSION_PACKETS: usize = 256;
const RETRANSMISSION_AGE: Duration = Duration::from_millis(1000);
/// At most this part of what is sent may be retransmissions.
const RETRANSMISSION_SHARE: Option<f32> = Some(0.25);
/// The first guess of the bandwidth towards a peer, and what it is told to look for at first.
const FIRST_ESTIMATE: Bitrate = Bitrate::mbps(2);
const LOWEST_BITRATE: Bitrate = Bitrate::kbps(100);
/// Our own addresses that datagrams of one peer may arrive at.
const LOCAL_ADDRESSES: usize = 32;
/// How often the library gathers figures for the room's statistics.
const FIGURES_INTERVAL: Duration = Duration::from_secs(1);

/// One RTP packet on its way through the room.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) ssrc: Ssrc,
    pub(crate) payload_type: Pt,
    /// Extended sequence number.
    pub(crate) sequence: u64,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) payload: Arc<[u8]>,
    /// The section, where the packet itself names it (RFC 8843 §9.2).
    pub(crate) mid: Option<Mid>,
    /// RFC 6464: level in −dBov and voice activity.
    pub(crate) level: Option<i8>,
    pub(crate) voice: Option<bool>,
    pub(crate) orientation: Option<VideoOrientation>,
    pub(crate) report: Option<Report>,
}

/// A packet's place on an outgoing section.
pub(crate) struct Outgoing {
    pub(crate) payload_type: Pt,
    pub(crate) sequence: u64,
    pub(crate) timestamp: u32,
    pub(crate) captured: Instant,
    pub(crate) resendable: bool,
    pub(crate) patch: Option<Vp8Patch>,
}

/// Figures of the session as a whole or of one section; see [`Happening`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PathFigures {
    pub(crate) round_trip: Option<Duration>,
    pub(crate) loss_in: Option<f32>,
    pub(crate) loss_out: Option<f32>,
}

/// What happened in a session.
pub(crate) enum Happening {
    /// DTLS has finished.
    Secured,
    /// ICE has a path (again), or lost it.
    Reachable(bool),
    /// The other side closed.
    Closed,
    Packet(Packet),
    KeyframeWanted(Mid),
    Reported {
        ntp: SystemTime,
        arrived: Instant,
    },
    ChannelOpened(ChannelId, String),
    ChannelMessage {
        channel: ChannelId,
        data: Vec<u8>,
        binary: bool,
    },
    ChannelClosed(ChannelId),
    Estimated(u64),
    Figures(PathFigures),
    /// NACKs received (sums) for what we send in a section.
    NacksIn(Mid, u64),
    /// NACKs sent (sums) for what we receive in a section.
    NacksOut(Mid, u64),
    Ignored,
}

/// What [`Transport::poll`] gives.
pub(crate) enum Polled {
    Datagram(Datagram),
    Happened(Happening),
    /// Nothing more before this time.
    Until(Instant),
}

/// A session. After each call that changes it, poll until [`Polled::Until`].
pub(crate) struct Transport {
    rtc: Rtc,
    profile: Arc<Profile>,
    estimates: bool,
    locals: Vec<SocketAddr>,
    /// (ours, theirs): the path that the controlling agent nominated last.
    path: Option<(SocketAddr, SocketAddr)>,
}

impl Transport {
    /// `estimates`: whether bandwidth towards the other side is estimated, which costs a timer for
    /// each packet; only its feedback makes an estimate of it.
    pub(crate) fn new(config: &Config, estimates: bool, now: Instant) -> Transport {
        let mut builder = Rtc::builder()
            .set_crypto_provider(config.identity.provider.clone())
            .set_dtls_cert(config.identity.certificate.clone())
            .set_ice_lite(true)
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .enable_h264(true)
            .enable_vp9(true)
            .enable_av1(true)
            .set_send_buffer_video(RETRANSMISSION_PACKETS)
            .set_stats_interval(Some(FIGURES_INTERVAL))
            .set_sctp_max_message_size(config.limits.message_bytes as u32)
            .set_sctp_max_buffered_amount(config.limits.data_waiting_bytes);
        if estimates {
            builder = builder.enable_bwe(Some(FIRST_ESTIMATE));
        }
        let mut rtc = builder.build(now);
        for &address in &config.candidates {
            add_local(&mut rtc, address);
        }
        // Always the DTLS server: then our order of SRTP profiles counts, AES-GCM first.
        let mut api = rtc.direct_api();
        api.set_ice_controlling(false);
        // Initialising the server side has no peer input to fail on; a failure shows in the handshake.
        let started = api.start_dtls(false);
        debug_assert!(started.is_ok());
        if estimates {
            rtc.bwe().set_bitrate(LOWEST_BITRATE, FIRST_ESTIMATE);
        }
        let locals = config.candidates.clone();
        Transport { rtc, profile: take_profile(), estimates, locals, path: None }
    }

    /// The name by which connectivity checks address this session.
    pub(crate) fn fragment(&mut self) -> String {
        self.rtc.direct_api().local_ice_credentials().ufrag
    }

    pub(crate) fn srtp_profile(&self) -> &'static str {
        self.profile.name()
    }

    /// The other side's address on the path in use.
    pub(crate) fn remote(&self) -> Option<SocketAddr> {
        self.path.map(|(_, remote)| remote)
    }

    /// Whether this connectivity check is for this session and proves its password; a proven one
    /// that nominates makes its path the one in use.
    pub(crate) fn prove(&mut self, now: Instant, datagram: &Incoming<'_>, nominates: bool) -> bool {
        if !self.locals.contains(&datagram.local) {
            if self.locals.len() >= LOCAL_ADDRESSES || !add_local(&mut self.rtc, datagram.local) {
                return false;
            }
            self.locals.push(datagram.local);
        }
        let Some(receive) = datagram.receive() else { return false };
        if !self.rtc.accepts(&Input::Receive(now, receive)) {
            return false;
        }
        // RFC 8445 §7.3.1.5. The library keeps to the pair of the highest priority until it dies;
        // a phone that changed networks has nominated the new one for good.
        if nominates || self.path.is_none() {
            self.path = Some((datagram.local, datagram.remote));
        }
        true
    }

    /// Takes a datagram in; false if it was malformed. What it did shows in [`Transport::poll`].
    pub(crate) fn receive(&mut self, now: Instant, datagram: &Incoming<'_>) -> bool {
        let Some(receive) = datagram.receive() else { return false };
        self.rtc.handle_input(Input::Receive(now, receive)).is_ok()
    }

    /// Lets time pass; false if the session broke.
    pub(crate) fn wake(&mut self, now: Instant) -> bool {
        self.rtc.handle_input(Input::Timeout(now)).is_ok()
    }

    /// The next output; an error ends the session.
    pub(crate) fn poll(&mut self) -> Result<Polled, String> {
        let output = self.rtc.poll_output().map_err(|error| error.to_string())?;
        Ok(match output {
            str0m::Output::Timeout(at) => Polled::Until(at),
            str0m::Output::Transmit(transmit) => {
                let (mut source, mut destination) = (transmit.source, transmit.destination);
                if let (Some(path), false) =
                    (self.path, classify(&transmit.contents) == Class::Stun)
                {
                    (source, destination) = path;
                }
                Polled::Datagram(Datagram {
                    source,
                    destination,
                    contents: transmit.contents.into(),
                })
            }
            str0m::Output::Event(event) => Polled::Happened(translate(event)),
        })
    }

    /// Says goodbye (RTCP BYE, DTLS close_notify) and ends.
    pub(crate) fn close(&mut self) {
        // Failing to say goodbye leaves nothing to do: the session is dropped next.
        let _ = self.rtc.close();
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.rtc.is_alive()
    }

    // --- negotiation ---

    pub(crate) fn accept_offer(&mut self, sdp: &str) -> Result<String, String> {
        let offer = SdpOffer::from_sdp_string(sdp).map_err(|error| error.to_string())?;
        let answer = self.rtc.sdp_api().accept_offer(offer).map_err(|error| error.to_string())?;
        Ok(answer.to_sdp_string())
    }

    pub(crate) fn accept_answer(
        &mut self,
        pending: SdpPendingOffer,
        sdp: &str,
    ) -> Result<(), String> {
        let answer = SdpAnswer::from_sdp_string(sdp).map_err(|error| error.to_string())?;
        self.rtc.sdp_api().accept_answer(pending, answer).map_err(|error| error.to_string())
    }

    /// An offer that adds sending sections, one for each (kind, stream id), and may restart ICE.
    pub(crate) fn offer(
        &mut self,
        sections: &[(MediaKind, String)],
        restart: bool,
    ) -> Option<(String, SdpPendingOffer)> {
        let mut changes = self.rtc.sdp_api();
        for (kind, stream) in sections {
            changes.add_media(*kind, Direction::SendOnly, Some(stream.clone()), None, None);
        }
        if restart {
            changes.ice_restart(true);
        }
        let (offer, pending) = changes.apply()?;
        Some((offer.to_sdp_string(), pending))
    }

    /// Direction from our side and the codecs negotiated in a section.
    pub(crate) fn section(&self, mid: Mid) -> Option<(Direction, Vec<&PayloadParams>)> {
        let media = self.rtc.media(mid)?;
        let params = self.rtc.codec_config().params().iter();
        Some((
            if media.disabled() { Direction::Inactive } else { media.direction() },
            params.filter(|params| media.remote_pts().contains(&params.pt())).collect(),
        ))
    }

    /// The parameters of a payload type.
    pub(crate) fn params(&self, payload_type: Pt) -> Option<&PayloadParams> {
        self.rtc.codec_config().params().iter().find(|params| params.pt() == payload_type)
    }

    /// Bit n is set if payload type n is one of retransmissions (RFC 4588).
    pub(crate) fn retransmission_types(&self) -> u128 {
        let resends = self.rtc.codec_config().params().iter().filter_map(PayloadParams::resend);
        resends.fold(0, |bits, payload_type| bits | 1 << (*payload_type & 0x7f))
    }

    // --- media ---

    /// The source of our stream in a section that we may send in.
    pub(crate) fn sending_ssrc(&mut self, mid: Mid) -> Option<Ssrc> {
        let is_video = self.rtc.media(mid)?.kind() == MediaKind::Video;
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, None)?;
        // What comes in was paced by its sender; holding it back again would only add delay.
        stream.set_unpaced(true);
        if is_video {
            stream.set_rtx_cache(RETRANSMISSION_PACKETS, RETRANSMISSION_AGE, RETRANSMISSION_SHARE);
        }
        Some(stream.ssrc())
    }

    /// The section that a source belongs to, as negotiated or learned from its packets.
    pub(crate) fn receiving_mid(&mut self, ssrc: Ssrc) -> Option<Mid> {
        self.rtc.direct_api().stream_rx(&ssrc).map(|stream| stream.mid())
    }

    /// Queues a packet; it leaves with the next [`Transport::wake`] and poll.
    pub(crate) fn write(&mut self, ssrc: Ssrc, packet: &Packet, outgoing: Outgoing) -> bool {
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx(&ssrc) else { return false };
        let extensions = ExtensionValues {
            audio_level: packet.level,
            voice_activity: packet.voice,
            video_orientation: packet.orientation,
            ..Default::default()
        };
        let sequence: SeqNo = outgoing.sequence.into();
        let mut write = RtpWrite::new(
            outgoing.payload_type,
            sequence,
            outgoing.timestamp,
            outgoing.captured,
            packet.payload.clone(),
        )
        .marker(packet.marker)
        .nackable(outgoing.resendable)
        .ext_vals(extensions);
        if let Some(patch) = outgoing.patch {
            write = write.vp8_patch(patch);
        }
        stream.write_rtp(write);
        true
    }

    /// Asks for a keyframe of a source; `full` by FIR (RFC 5104 §3.5.1) instead of PLI.
    pub(crate) fn request_keyframe(&mut self, ssrc: Ssrc, full: bool) -> bool {
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_rx(&ssrc) else { return false };
        let kind = if full { KeyframeRequestKind::Fir } else { KeyframeRequestKind::Pli };
        stream.request_keyframe(kind);
        true
    }

    /// Whether bandwidth towards this peer is estimated.
    pub(crate) fn estimates(&self) -> bool {
        self.estimates
    }

    /// The rate worth probing for towards this peer, in bits per second.
    pub(crate) fn desire(&mut self, bitrate: u64) {
        self.rtc.bwe().set_bitrate(LOWEST_BITRATE, Bitrate::bps(bitrate));
    }

    // --- data channels ---

    /// Sends a message; false if the channel is closed or too much waits.
    pub(crate) fn send_message(&mut self, channel: ChannelId, binary: bool, data: &[u8]) -> bool {
        let Some(mut channel) = self.rtc.channel(channel) else { return false };
        channel.write(binary, data).unwrap_or(false)
    }
}

/// A datagram that arrived.
pub(crate) struct Incoming<'a> {
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    pub(crate) contents: &'a [u8],
}

impl<'a> Incoming<'a> {
    fn receive(&self) -> Option<Receive<'a>> {
        Some(Receive {
            proto: Protocol::Udp,
            source: self.remote,
            destination: self.local,
            contents: self.contents.try_into().ok()?,
        })
    }
}

fn add_local(rtc: &mut Rtc, address: SocketAddr) -> bool {
    Candidate::host(address, "udp").is_ok_and(|local| rtc.add_local_candidate(local).is_some())
}

fn translate(event: Event) -> Happening {
    match event {
        Event::Connected => Happening::Secured,
        Event::IceConnectionStateChange(state) => match state {
            IceConnectionState::Connected | IceConnectionState::Completed => {
                Happening::Reachable(true)
            }
            IceConnectionState::Disconnected => Happening::Reachable(false),
            _ => Happening::Ignored,
        },
        Event::Closed => Happening::Closed,
        Event::RtpPacket(packet) => Happening::Packet(Packet {
            ssrc: packet.header.ssrc,
            payload_type: packet.header.payload_type,
            sequence: *packet.seq_no,
            timestamp: packet.header.timestamp,
            marker: packet.header.marker,
            mid: packet.header.ext_vals.mid,
            level: packet.header.ext_vals.audio_level,
            voice: packet.header.ext_vals.voice_activity,
            orientation: packet.header.ext_vals.video_orientation,
            report: packet
                .last_sender_info
                .map(|info| Report { ntp: info.ntp_time, timestamp: info.rtp_time.numer() as u32 }),
            payload: packet.payload,
        }),
        Event::KeyframeRequest(request) => Happening::KeyframeWanted(request.mid),
        Event::SenderFeedback(feedback) => Happening::Reported {
            ntp: feedback.sender_info.ntp_time,
            arrived: feedback.received_at,
        },
        Event::ChannelOpen(channel, label) => Happening::ChannelOpened(channel, label),
        Event::ChannelData(data) => {
            Happening::ChannelMessage { channel: data.id, data: data.data, binary: data.binary }
        }
        Event::ChannelClose(channel) => Happening::ChannelClosed(channel),
        Event::EgressBitrateEstimate(BweKind::Twcc { estimate, .. }) => {
            Happening::Estimated(estimate.as_u64())
        }
        Event::PeerStats(stats) => Happening::Figures(PathFigures {
            round_trip: stats.rtt,
            loss_in: stats.ingress_loss_fraction,
            loss_out: stats.egress_loss_fraction,
        }),
        Event::MediaEgressStats(stats) => Happening::NacksIn(stats.mid, stats.nacks),
        Event::MediaIngressStats(stats) => Happening::NacksOut(stats.mid, stats.nacks),
        _ => Happening::Ignored,
    }
}
