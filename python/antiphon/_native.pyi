"""The native module: media threads that forward RTP, and nothing else.

The border between Python and Rust. Rust knows bytes, timers and keys; it never hears of an account,
a room's policy
or a feature. Python names things by integers of its own choosing (`engine.new_id()`), sends
commands that never block,
and reads events in batches when `fileno()` becomes readable.

Ids: *room* is a set of endpoints on one media thread; *peer* is an endpoint; *track* is one media
source of a peer;
*hub* passes each of its sources to each of its sinks (but never back to the peer it comes from).
All share one number
space. A command that names an unknown id is ignored and counted (`counters()["unknown_ids"]`): it
raced with a close.
"""

from collections.abc import Sequence
from typing import Self, final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Answered",
    "AudioLevels",
    "AudioReceived",
    "Closed",
    "Connected",
    "DataReceived",
    "Engine",
    "Event",
    "Interrupted",
    "Mapped",
    "Media",
    "NegotiationFailed",
    "Offered",
    "PeerStatistics",
    "PhoneMedia",
    "Pressed",
    "PromptEnded",
    "Speaker",
    "Statistics",
    "TrackStarted",
    "WorkerFailed",
    "sdes_new",
    "sdes_suite",
    "version",
]

@final
class Engine:
    """Media threads, each with one UDP port, an epoll and the rooms placed on it."""

    def __new__(
        cls,
        *,
        workers: int,
        udp_port: int,
        addresses: Sequence[str],
        public_addresses: Sequence[str] = (),
        max_peers: int = 4096,
        estimate_bandwidth: bool = True,
        event_limit: int = 65536,
        phone_ports: tuple[int, int] = (0, 0),
    ) -> Self:
        """Bind the ports and start the threads.

        `udp_port`: port of the first worker, the others take the following ones; 0 means any free
        port for each.
        `addresses`: the machine's own IP addresses offered as host candidates, e.g. `["127.0.0.1",
        "192.0.2.7"]`;
        packets to any other address of the machine are accepted as well. `public_addresses`:
        addresses in front of a
        one-to-one NAT, offered in addition. `max_peers`: per worker. `phone_ports`: first and last
        UDP port for telephones, both included; `(0, 0)` means any free ports. Raises `OSError` when
        a port cannot be bound.
        """

    def ports(self) -> list[int]: ...
    def fingerprint(self) -> str:
        """Of the certificate used for DTLS, as in SDP (RFC 8122): `"sha-256 AA:BB:…"`."""

    def fileno(self) -> int:
        """Descriptor (eventfd) that is readable while events wait."""

    def drain(self, limit: int = 1024) -> list[Event]:
        """Take up to `limit` waiting events, in order per room; clears the descriptor when none is
        left.
        """

    def counters(self) -> dict[str, int]:
        """Sums over all workers since the start, e.g. `packets_in`, `packets_out`, `bytes_in`,
        `bytes_out`,
        `send_calls`, `datagrams_unknown` (no peer for it), `datagrams_malformed`, `send_dropped`,
        `events_dropped`,
        `keyframes_requested`, `nacks`, `retransmitted`, `unknown_ids`, `peers`, `rooms`, `cpu_us`
        (CPU time of the workers).
        """

    def new_id(self) -> int: ...
    def close(self) -> None:
        """Close every peer (DTLS close_notify where connected), stop and join the threads.
        Idempotent.
        """

    # rooms and endpoints
    def open_room(self, room: int) -> None:
        """Place a room on the worker with the fewest peers."""

    def close_room(self, room: int) -> None: ...
    def open_peer(self, room: int, peer: int, may_offer: bool = True) -> None:
        """A WebRTC endpoint: ICE-lite, DTLS server, one UDP flow.

        `may_offer=False` (WHIP, WHEP): never make an `Offered`; a wired track that finds no free
        section waits until
        one is free."""

    def open_audio(
        self, room: int, peer: int, *, sample_rate: int = 48000, channels: int = 1
    ) -> None:
        """An endpoint of PCM audio for this process: decodes what is wired to it into
        `AudioReceived` (one per track
        and packet, 48 kHz resampled by the Opus decoder to `sample_rate`, one of 8000, 12000,
        16000, 24000, 48000), and
        encodes what `play_audio` gives it on a 20 ms clock. Publish its track with `publish(peer,
        "audio", track)`.
        """

    def play_audio(self, peer: int, samples: NDArray[np.int16]) -> int:
        """Queue interleaved samples (shape `(n,)` or `(n, channels)`) to be sent; returns samples
        per channel now
        queued. More than 60 s queued is refused with `BufferError`. Silence is sent as nothing."""

    def close_peer(self, peer: int) -> None: ...

    # telephones: RTP whose descriptions are read and written by the caller. Sections are bound,
    # then configured with what was negotiated; `publish`, `pause` and wires work as for any peer.
    def open_phone(self, room: int, peer: int) -> None:
        """An endpoint that speaks RTP on ports of its own. What is wired to it is sent in its
        section of that kind: audio as one sound, video as one picture (the track wired last)."""

    def bind_phone(self, peer: int, mid: str, kind: str, *, ipv6: bool = False) -> tuple[int, int]:
        """Bind ports for a section ("audio" or "video"), on all addresses of one family: (RTP port,
        RTCP port), the first even and the second the next one. Bound again: the same ports.

        Raises `OSError` when no port is free, `LookupError` for an unknown peer."""

    def configure_phone(self, peer: int, mid: str, media: PhoneMedia) -> None:
        """Apply what was negotiated for a bound section; again at each new negotiation. Keys that
        are the same as before go on as they are."""

    def close_phone_section(self, peer: int, mid: str) -> None:
        """Free the ports of a section; they are not bound again for some seconds."""

    def move_phone(self, peer: int, room: int) -> None:
        """Take a telephone to another room with all its sections. Its tracks and wires stay behind:
        publish and connect them again."""

    def press(self, peer: int, digits: str) -> None:
        """Press keys towards the telephone one after the other (RFC 4733), if `telephone-event` is
        among the formats; each lasts 100 ms. Raises `ValueError` for what is no key."""

    def play_prompt(
        self, peer: int, samples: NDArray[np.int16], *, sample_rate: int = 48000
    ) -> None:
        """Sound mono samples (16000 or 48000 Hz) to this telephone instead of its room, after those
        that wait. → `PromptEnded` when all have been sounded. More than 120 s waiting are refused
        with `BufferError`."""

    def stop_prompt(self, peer: int) -> None:
        """Forget all samples that wait; no `PromptEnded`."""

    # negotiation; every answer and offer comes as an event
    def accept_offer(self, peer: int, request: int, sdp: str) -> None:
        """Apply a remote offer; → `Answered` or `NegotiationFailed`. A pending offer of ours is
        given up (we are the
        polite side) and made again afterwards if it is still needed."""

    def accept_answer(self, peer: int, request: int, sdp: str) -> None:
        """Apply the answer to the offer that `Offered` numbered `request`; a stale one is ignored.
        → `NegotiationFailed` when it cannot be applied."""

    def add_candidate(self, peer: int, candidate: str) -> None:
        """A trickled remote candidate (`candidate:…`); → `NegotiationFailed` with request 0 when
        malformed.
        """

    def restart_ice(self, peer: int) -> None:
        """New ICE credentials; → `Offered`."""

    # sources, sinks and wires
    def publish(self, peer: int, mid: str, track: int) -> None:
        """Name the media that arrives in section `mid` (or will arrive) `track`. → `TrackStarted`
        with the first packet.
        """

    def unpublish(self, track: int) -> None: ...
    def pause(self, track: int, paused: bool) -> None:
        """Drop (or pass again) what this track sends: the server-side mute. Resuming video asks for
        a keyframe.
        """

    def open_hub(self, room: int, hub: int, mix: bool = False) -> None:
        """`mix`: the hub gives each sink one sound made of all its audio sources but the sink's own
        (sources that are no audio are not passed on)."""

    def close_hub(self, hub: int) -> None: ...
    def connect(self, source: int, sinks: Sequence[int]) -> None:
        """Wire a track or hub to peers or hubs of the same room. A new (track, peer) pair takes a
        free sending section
        of the peer of the same kind, or makes a new one (→ `Offered`); then → `Mapped`. Data
        channel messages travel
        the wires of a hub whose source is a peer id: `connect(peer, [hub])`, `connect(hub,
        [peer])`.
        """

    def disconnect(self, source: int, sinks: Sequence[int]) -> None: ...
    def request_keyframe(self, track: int) -> None:
        """Ask the source for a keyframe, at most one per 500 ms and track (also done by the engine
        itself for PLI/FIR
        of sinks and for new wires)."""

    # data channels. A message of one peer reaches others with a header of eight bytes: the sender's
    # id, most significant
    # byte first, with the top bit set if it was text; it is binary then, whatever it was.
    def send_data(self, peer: int, data: bytes, binary: bool = True) -> None:
        """To the peer's data channel `room`; dropped when it has none or when more than 1 MiB
        waits. A binary message
        gets the header of sender 0."""

    def watch_data(self, peer: int, watch: bool) -> None:
        """Deliver this peer's messages as `DataReceived` as well (for audio endpoints: what is
        wired to it).
        """

    def set_statistics_interval(self, milliseconds: int) -> None:
        """How often each room gives `Statistics`; 0 turns it off. Default 2000."""

@final
class Media:
    """One section (m-line) of a peer's session."""

    mid: str
    kind: str  # "audio" | "video" | "data"
    receives: bool  # the engine may receive here (the peer offered to send)
    sends: bool  # the engine may send here
    codecs: list[str]  # lower case, in order of preference: "opus", "vp8", "h264", "vp9", "av1"

@final
class PeerStatistics:
    """Since the peer connected, unless a line says otherwise. Durations in ms, rates in bits per
    second of the last interval.
    """

    peer: int
    round_trip: float | None
    packets_in: int
    packets_out: int
    bytes_in: int
    bytes_out: int
    bitrate_in: int
    bitrate_out: int
    loss_in: float  # fraction of the last interval, as we see what they send
    loss_out: float  # fraction of the last interval, as they report what we send
    nacks_in: int
    nacks_out: int
    keyframes_requested: int
    available_bitrate: int | None  # estimate towards the peer

@final
class PhoneMedia:
    """What was negotiated for one section of a telephone."""

    def __new__(
        cls,
        *,
        remote: tuple[str, int] | None,
        formats: Sequence[tuple[int, str, int, int, str]],
        remote_rtcp: tuple[str, int] | None = None,
        rtcp_mux: bool = False,
        sends: bool = True,
        receives: bool = True,
        accepts: Sequence[tuple[int, str, int, int, str]] | None = None,
        ptime: int = 20,
        sdes: tuple[str, str] | None = None,
        dtls: tuple[str, str] | None = None,
        ice: tuple[str, str, str, str] | None = None,
    ) -> Self:
        """`remote`: IP address and port of their RTP as announced; packets go where theirs come
        from as soon as some have come (symmetric RTP). None: nothing is sent until then.
        `remote_rtcp`: where RTCP goes; None: the port after `remote`.
        `formats`: (payload type, codec, clock rate, channels, fmtp) that we may send, the preferred
        one first, with their numbers; codecs: opus, g722, pcmu, pcma, l16, telephone-event, cn,
        vp8, h264 in any case, others are ignored. G.722 has clock rate 8000 (RFC 3551 §4.5.2).
        `accepts`: what they may send, with our numbers; None: as `formats`.
        `sends`, `receives`: as we see it; both False on hold. `ptime`: ms of audio per packet that
        we send, 10 to 60.
        `sdes`: (our, their) `a=crypto` value, e.g. "1 AES_CM_128_HMAC_SHA1_80 inline:…" (RFC 4568).
        `dtls`: (our role, their fingerprint); the role is "client" or "server", the fingerprint as
        in SDP: "sha-256 AA:BB:…".
        `ice`: (our ufrag, our password, their ufrag, their password); we are lite: candidates are
        the bound ports, and they nominate.
        Raises `ValueError` for what cannot be."""

class Event:
    """Base of everything `drain()` returns."""

@final
class Answered(Event):
    peer: int
    request: int
    sdp: str  # complete: all candidates inside
    media: list[Media]

@final
class Offered(Event):
    peer: int
    request: int
    sdp: str

@final
class NegotiationFailed(Event):
    peer: int
    request: int
    text: str

@final
class Mapped(Event):
    """What each section we send in carries now; a section that carries nothing is absent."""

    peer: int
    tracks: dict[str, int]  # mid → track

@final
class Connected(Event):
    """Media can flow; of a telephone: the first packet came (again)."""

    peer: int
    srtp_profile: str  # IANA name, e.g. "AEAD_AES_256_GCM"; "" for plain RTP
    address: str  # the remote candidate's "ip:port"

@final
class Interrupted(Event):
    """ICE heard nothing for a while; `Connected` follows if it comes back. Of a telephone: neither
    RTP nor RTCP came for 10 s (or never did) though it should send."""

    peer: int

@final
class Closed(Event):
    """The peer went (DTLS close, ICE time-out of 30 s, or it never connected within 30 s) or broke;
    it is gone from the engine.
    """

    peer: int
    reason: str  # "closed" | "timeout" | "error"
    text: str

@final
class TrackStarted(Event):
    """The first packet of a published track arrived, or its codec changed."""

    track: int
    codec: str

@final
class Speaker(Event):
    """The dominant speaker's audio track changed (None: everybody is silent for 3 s)."""

    room: int
    track: int | None

@final
class AudioLevels(Event):
    """Loudness of those who speak, a few times a second while it changes: (track, level), level 0
    (silent) … 127 (loudest).
    """

    room: int
    levels: list[tuple[int, int]]

@final
class Statistics(Event):
    room: int
    peers: list[PeerStatistics]

@final
class DataReceived(Event):
    peer: int  # who sent it
    sink: int  # the watched endpoint that got it (the sender itself when it is watched)
    data: bytes
    binary: bool

@final
class AudioReceived(Event):
    peer: int  # the audio endpoint
    track: int
    time: int  # RTP timestamp at `sample_rate`
    samples: NDArray[np.int16]  # shape (n, channels)

@final
class Pressed(Event):
    """A key was pressed on a telephone (RFC 4733); told when it is released."""

    peer: int
    digit: str  # 0-9, A-D, *, #
    duration: float  # seconds

@final
class PromptEnded(Event):
    """All that was given to `play_prompt` has been sounded."""

    peer: int

@final
class WorkerFailed(Event):
    """A media thread's room panicked and was closed; the others live."""

    room: int
    text: str

def sdes_new(tag: int, suite: str) -> str:
    """A value for `a=crypto` with a fresh key, e.g. `sdes_new(1, "AES_CM_128_HMAC_SHA1_80")`. Also
    AES_CM_128_HMAC_SHA1_32, AES_256_CM_HMAC_SHA1_80, AES_256_CM_HMAC_SHA1_32, AEAD_AES_128_GCM,
    AEAD_AES_256_GCM. Raises `ValueError` for others."""

def sdes_suite(value: str) -> tuple[int, str]:
    """Tag and suite of an `a=crypto` value. Raises `ValueError` where it is malformed or asks for
    what is not supported (unencrypted or unauthenticated streams, several keys, key derivation
    rates)."""

def version() -> str: ...
