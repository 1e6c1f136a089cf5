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

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

__all__ = [
    "Answered",
    "AudioLevels",
    "AudioReceived",
    "Closed",
    "Connected",
    "DataReceived",
    "Engine",
    "Event",
    "Group",
    "Interrupted",
    "Kept",
    "Kid",
    "Mapped",
    "Media",
    "NegotiationFailed",
    "Offered",
    "PeerStatistics",
    "PhoneMedia",
    "Pipe",
    "Pressed",
    "PromptEnded",
    "SipAccountNeeded",
    "SipCancelled",
    "SipExhausted",
    "SipFlow",
    "SipFramer",
    "SipMachine",
    "SipMessage",
    "SipRelayed",
    "SipRequest",
    "SipResponse",
    "SipTarget",
    "SipUdp",
    "SipUnacknowledged",
    "Speaker",
    "Stanza",
    "Statistics",
    "StreamAccepted",
    "StreamClosed",
    "StreamRequest",
    "StreamSecured",
    "Streams",
    "TrackStarted",
    "Verb",
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

# --- SIP ---

@final
class SipFlow:
    """Where a message came from, or goes to (RFC 5626 §3.1). Equal and hashable by its fields.

    `listener`: the number that `SipMachine.add_listener` gave. `transport`: "udp", "tcp", "tls",
    "ws" or "wss". `connection`: a number of the driver's own choosing for an open stream, never
    used twice; 0 for UDP, and for a stream "any connection to this remote, else a new one".
    `remote`: IP address (without brackets) and port.
    """

    listener: int
    transport: str
    connection: int
    remote: tuple[str, int]
    reliable: bool  # everything but UDP

    def __new__(
        cls, listener: int, transport: str, connection: int, remote: tuple[str, int]
    ) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class SipTarget:
    """One leg of a relay: the new Request-URI and the flow to it.

    `route`: Route values (with or without angle brackets) put before what is left of the request's
    own. `direct`: no proxy is between us and it, so that the requests of the dialog go back over
    this very flow (RFC 5626 §5.3); otherwise they follow Route and Request-URI. `bound`: never
    another transport for large requests (a flow through a NAT). `headers`: complete header lines
    added on this leg.
    """

    uri: str
    flow: SipFlow
    route: list[str]
    direct: bool
    bound: bool
    headers: bytes

    def __new__(
        cls,
        uri: str,
        flow: SipFlow,
        *,
        route: Sequence[str] = (),
        direct: bool = True,
        bound: bool = False,
        headers: bytes = b"",
    ) -> Self: ...

@disjoint_base
class SipMessage:
    """A frozen view of one message; values are decoded when asked for. Header names are taken in
    any case, long or compact. Bytes that are no UTF-8 come out as U+FFFD (`raw` has them).
    """

    method: str  # of a response: the one in its CSeq
    version: str
    fault: tuple[int, str] | None  # the status and text it deserves; never set in events
    raw: bytes
    body: bytes
    content_type: str | None  # lower case, without parameters
    call_id: str
    cseq: int
    from_tag: str | None
    to_tag: str | None
    branch: str | None  # of the topmost Via
    via: list[str]  # topmost first

    def __new__(cls, data: bytes) -> Self:
        """Parse bytes of one message; `ValueError` when nothing in it could be answered."""

    def get(self, name: str) -> str | None:
        """Value of the first header of that name, unfolded."""

    def all(self, name: str, split: bool = False) -> list[str]:
        """Values of all headers of that name; `split`: taken apart at commas that are neither
        quoted nor inside angle brackets.
        """

    def headers(self) -> list[tuple[str, str]]:
        """All in order, names as they were written."""

    def address(self, name: str) -> tuple[str, str, dict[str, str]] | None:
        """The first value of a header like From: display name, URI, header parameters (names in
        lower case, quotes removed, flags have an empty value). `None`: absent or malformed.
        """

    def addresses(self, name: str) -> list[tuple[str, str, dict[str, str]]]:
        """The same of every value (Contact, Route, P-Asserted-Identity); malformed ones are left
        out.
        """

    def contacts(self) -> list[tuple[str, dict[str, str]]]:
        """URI and parameters of each Contact; `*` is the URI "*". `ValueError` when one is
        malformed.
        """

    def aor(self, name: str = "") -> str | None:
        """`user@host` of a header's URI, of the Request-URI for "": escapes decoded, host in lower
        case (RFC 3261 §10.3). `None` without a user, for other schemes, or when malformed.
        """

@final
class SipRequest(SipMessage):
    """A new transaction, or the ACK to a 2xx of ours: waits for a verb."""

    id: int  # for `SipMachine.cancel`; 0 for an ACK
    uri: str
    flow: SipFlow
    in_dialog: bool  # To has a tag
    local_tag: str  # the To tag that our replies carry: our tag of a dialog that begins here
    ours: bool  # the Request-URI names this server
    hops: int | None  # Max-Forwards
    auth: str  # "none" | "ok" | "stale" | "bad": (Proxy-)Authorization for realms of ours
    auth_user: str
    auth_realm: str
    routed: bool  # the topmost Route was ours; relaying takes it off
    route_token: str | None  # its user part
    route_flow: SipFlow | None  # what that says, if it is a `flow_token` of ours
    next_route: str | None  # URI of the first Route that is not ours
    confirmed: bool  # a PRACK that answers a reliable reply of ours (RFC 3262 §3)

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class SipResponse(SipMessage):
    """An answer to `SipMachine.request`. Each 2xx of a forked INVITE comes once (told by `to_tag`);
    all other finals once.
    """

    request: int  # what `SipMachine.request` returned
    status: int
    reason: str
    flow: SipFlow
    local: bool  # made here: 408 time-out, 503 the flow failed, 487 no answer to our CANCEL

@final
class SipCancelled:
    """CANCEL came for an INVITE that Python had not finally answered: CANCEL has its 200 and the
    INVITE its 487 already. (Relayed INVITEs are cancelled on their legs instead; with `hold` this
    tells it.)
    """

    request: SipRequest
    reason: str | None  # value of CANCEL's Reason header (RFC 3326)

@final
class SipExhausted:
    """All targets of a relay with `hold` have failed: `relay` to further ones, `reply`, or
    `conclude` (sends the best answer; done by itself after `decision_time`).
    """

    request: SipRequest
    response: SipResponse  # the best so far (RFC 3261 §16.7 item 6)

@final
class SipUnacknowledged:
    """No ACK to our 2xx, or no PRACK to our reliable reply, for 64 × T1: end the dialog (BYE), or
    refuse the INVITE (RFC 3261 §13.3.1.4, RFC 3262 §3).
    """

    request: SipRequest
    provisional: bool

@final
class SipAccountNeeded:
    """Requests with credentials of this account wait for `SipMachine.account`."""

    user: str
    realm: str

@final
class SipRelayed:
    """Of a relay with `report`: its final answer, each further 2xx, and the BYE of its dialog."""

    request: int  # `SipRequest.id` of the INVITE; 0 for BYE
    call_id: str
    method: str
    status: int  # 0 for BYE
    from_tag: str
    to_tag: str

@final
class SipMachine:
    """Transactions (RFC 3261 §17, RFC 6026), proxy core (§16), digest: no socket, no clock.

    Times are seconds of any monotonic clock. After each call: `events()` until it is empty, then
    `output()`, then `deadline()`. Verbs count time from the last `receive` or `wake`: call `wake`
    before one that follows from neither. A verb on a request that has been answered, cancelled or
    given up meanwhile does nothing and returns `False`. `ValueError`: the caller's arguments would
    make a malformed message.
    """

    def __new__(
        cls,
        *,
        names: Sequence[str],
        realms: Sequence[str],
        secret: bytes,
        algorithms: Sequence[str] = ("SHA-256", "MD5"),
        follow: bool = True,
        supported: Sequence[str] = (),
        max_transactions: int = 200_000,
        max_undecided: int = 10_000,
        decision_time: float = 10.0,
        max_message: int = 65_535,
        max_headers: int = 256,
        udp_limit: int = 1300,
        source_rate: float = 0.0,
        source_burst: float = 0.0,
        nonce_time: float = 300.0,
        trace_bytes: int = 4_194_304,
        t1: float = 0.5,
        t2: float = 4.0,
        t4: float = 5.0,
    ) -> Self:
        """`names`: our domains and hosts (the sent-by of listeners is added), `host` or
        `host:port`. `realms`: of which credentials are checked; the first is the default of
        `challenge`. `secret` (≥ 16 bytes): keys flow tokens, which live longer than this process.
        `algorithms`: of digests in challenges, the preferred one first (RFC 8760).
        `follow`: requests within a dialog that carry our token are forwarded without an event.
        `supported`: option tags that Proxy-Require may ask. `udp_limit`: longer requests over UDP
        go by TCP (RFC 3261 §18.1.1), 0: never. `source_rate`, `source_burst`: new transactions a
        second without valid credentials from one IPv4 address or IPv6 /64; 0: no limit.
        `trace_bytes`: memory for `trace`.
        """

    def add_listener(self, transport: str, host: str, port: int) -> int:
        """A listener, numbered from 0; `host` and `port` are what Via, Record-Route and Path say of
        it (IPv6 with or without brackets).
        """

    # what comes in
    def receive(self, now: float, data: bytes, flow: SipFlow) -> None:
        """One datagram, one WebSocket message, or one item of `SipFramer.feed`."""

    def closed(self, now: float, flow: SipFlow) -> None:
        """A connection has ended: what waits for an answer on it gets a local 503; answers due on
        it will be sent to a new connection (RFC 3261 §18.2.2).
        """

    def failed(self, now: float, flow: SipFlow) -> None:
        """A flow of `output()` could not be reached (dialling failed, the connection is gone)."""

    def wake(self, now: float) -> None: ...
    # what comes out
    def deadline(self) -> float | None: ...
    def output(self) -> list[tuple[SipFlow, bytes]]:
        """Messages to send, in order."""

    def events(
        self,
    ) -> list[
        SipRequest
        | SipResponse
        | SipCancelled
        | SipExhausted
        | SipUnacknowledged
        | SipAccountNeeded
        | SipRelayed
    ]: ...
    # verbs of one who decides
    def account(self, user: str, realm: str, keys: Mapping[str, str] | None) -> None:
        """Answers `SipAccountNeeded`, or changes what is remembered (a new password).

        `keys`: HA1 in hex by algorithm, "MD5" and "SHA-256" (either may be absent). `None`: there
        is no such account; what was remembered is forgotten.
        """

    def challenge(
        self,
        request: SipRequest,
        *,
        proxy: bool = False,
        realm: str | None = None,
        headers: bytes | Sequence[tuple[str, str]] = b"",
    ) -> bool:
        """401, or 407 for `proxy`: SHA-256 and MD5 (RFC 8760), qop=auth. Leaves no state."""

    def reply(
        self,
        request: SipRequest,
        status: int,
        reason: str = "",
        headers: bytes | Sequence[tuple[str, str]] = b"",
        body: bytes = b"",
        *,
        reliable: bool = False,
        stateless: bool = False,
    ) -> bool:
        """Answer. `reason` "": the usual one. Via, From, To (with `local_tag`), Call-ID, CSeq,
        Record-Route, Timestamp and Content-Length are put in; the rest is the caller's. `bytes` are
        complete lines. `reliable`: a provisional reply of RFC 3262, resent until its PRACK.
        `stateless`: a final reply that leaves nothing behind; a repeated request comes again.
        """

    def relay(
        self,
        request: SipRequest,
        targets: Sequence[SipTarget],
        *,
        record_route: bool = True,
        hold: bool = False,
        report: bool = False,
        ring_time: float | None = None,
        headers: bytes | Sequence[tuple[str, str]] = b"",
        remove: Sequence[str] = (),
    ) -> bool:
        """Forward to all targets at once (RFC 3261 §16.6). Answers itself, and returns `False`,
        when Max-Forwards is 0 (483), in a loop (482), without breadth left (440, RFC 5393), or for
        an unknown Proxy-Require (420).

        `hold`: → `SipExhausted` in place of the final failure. `report`: → `SipRelayed`.
        `ring_time`: legs of an INVITE without a final answer are cancelled after that many seconds.
        `headers` are added, `remove` names headers taken out on all legs.
        """

    def conclude(self, request: SipRequest) -> bool:
        """Send the best answer of a held relay."""

    def is_marked(self, request: SipRequest) -> bool:
        """Whether its topmost Route is ours with a token of this very dialog, which nobody else can
        make: only then may `follow` be used for one who did not prove who they are.
        """

    def follow(self, request: SipRequest, flow: SipFlow | None = None) -> bool:
        """Forward a request by its Route, or Request-URI (also an ACK, statelessly); `flow`: to
        there. Without: by the token, or the address in the URI; `False` when that is a name.
        """

    def request(
        self,
        method: str,
        uri: str,
        flow: SipFlow,
        headers: bytes | Sequence[tuple[str, str]],
        body: bytes = b"",
        *,
        bound: bool = False,
    ) -> int:
        """Send a request as a client → `SipResponse`s. `headers` has at least From, To, Call-ID and
        CSeq; Via, Max-Forwards and Content-Length are put in. Returns the transaction's number.
        `RuntimeError`: too many transactions.
        """

    def acknowledge(
        self,
        response: SipResponse,
        headers: bytes | Sequence[tuple[str, str]] = b"",
        body: bytes = b"",
        *,
        uri: str | None = None,
        flow: SipFlow | None = None,
    ) -> bool:
        """ACK a 2xx to INVITE, and every repetition of it. Request-URI (from Contact), Route (from
        Record-Route), From, To, Call-ID, CSeq and credentials are put in. `uri`: another
        Request-URI. `flow`: another than that of the INVITE.
        """

    def cancel(self, request: int, headers: bytes | Sequence[tuple[str, str]] = b"") -> bool:
        """CANCEL an INVITE of `request`, or the legs of a relay (`SipRequest.id`), as soon as a
        provisional answer allows it (RFC 3261 §9.1). Its final answer still comes (487).
        """

    # help
    def flow_token(self, flow: SipFlow) -> str:
        """User part for Path or a GRUU: comes back as `route_flow` (RFC 5626 §5.2)."""

    def open_token(self, token: str) -> SipFlow | None: ...
    def moved(self, old: SipFlow, new: SipFlow) -> None:
        """Whoever was reached by `old` has come back by `new` (registered again after a
        reconnect): requests of dialogs whose tokens say `old` go there.
        """

    def exempt(self, address: str, exempt: bool = True) -> None:
        """Leave an IP address out of the limits per source (a trunk)."""

    def trace(self, call_id: str) -> list[tuple[float, str, SipFlow, bytes]]:
        """What is still remembered of a Call-ID: (time, "in" or "out", flow, message), secrets
        blotted out.
        """

    def counters(self) -> dict[str, int]: ...

@final
class SipFramer:
    """Messages of a byte stream (RFC 3261 §18.3): one per connection."""

    broken: str | None  # why the stream cannot be read on: pass what `feed` gave, then close
    waits: bool  # a message has begun whose end has not come

    def __new__(cls, limit: int = 65_535) -> Self: ...
    def feed(self, data: bytes) -> list[bytes]:
        """What is complete. A keep-alive ping is two line ends, a pong one (RFC 5626 §4.4.1):
        `SipMachine.receive` answers the ping.
        """

@final
class SipUdp:
    """recvmmsg and sendmmsg around a machine, for one non-blocking UDP socket of the caller."""

    def __new__(cls, fd: int, machine: SipMachine, listener: int) -> Self: ...
    def poll(
        self, now: float
    ) -> list[
        SipRequest
        | SipResponse
        | SipCancelled
        | SipExhausted
        | SipUnacknowledged
        | SipAccountNeeded
        | SipRelayed
    ]:
        """Read what has come (at most a few hundred datagrams) and wake the machine; its events."""

    @property
    def received(self) -> int:
        """How many datagrams the last `poll` read."""

    def flush(self) -> None:
        """Send what the machine has for this listener; the rest stays for `output()`."""

# streams

@final
class Kid:
    """Bits of the child elements that are told apart without parsing (`Stanza.kids`). Where a
    namespace has several elements under one bit, `Stanza.name_of` gives the local name.
    """

    BODY: Final[int]
    SUBJECT: Final[int]
    THREAD: Final[int]
    ERROR: Final[int]
    SHOW: Final[int]
    STATUS: Final[int]
    PRIORITY: Final[int]
    RECEIPT_REQUEST: Final[int]  # XEP-0184
    RECEIPT: Final[int]
    CHAT_STATE: Final[int]  # XEP-0085; name_of: active, composing, paused, inactive, gone
    NO_STORE: Final[int]  # XEP-0334, this and the next three
    NO_PERMANENT_STORE: Final[int]
    NO_COPY: Final[int]
    STORE: Final[int]
    PRIVATE: Final[int]  # XEP-0280
    CARBON: Final[int]  # XEP-0280; name_of: sent, received (in a message), enable, disable (iq)
    FORWARDED: Final[int]  # XEP-0297
    MUC: Final[int]  # XEP-0045: x
    MUC_USER: Final[int]  # x
    MUC_ADMIN: Final[int]  # query
    MUC_OWNER: Final[int]  # query
    INVITATION: Final[int]  # XEP-0249: x of jabber:x:conference
    OCCUPANT_ID: Final[int]  # XEP-0421
    DELAY: Final[int]  # XEP-0203
    STANZA_ID: Final[int]  # XEP-0359
    ORIGIN_ID: Final[int]
    REPLACE: Final[int]  # XEP-0308
    RETRACT: Final[int]  # XEP-0424; name_of: retract, retracted
    MODERATE: Final[int]  # XEP-0425; name_of: moderate, moderated
    REACTIONS: Final[int]  # XEP-0444
    REPLY: Final[int]  # XEP-0461
    FALLBACK: Final[int]  # XEP-0428
    MARKABLE: Final[int]  # XEP-0333
    MARKER: Final[int]  # XEP-0333; name_of: received, displayed, acknowledged
    ENCRYPTED: Final[int]  # any element "encrypted", or openpgp of XEP-0373
    ENCRYPTION: Final[int]  # XEP-0380
    OOB: Final[int]  # XEP-0066: x of jabber:x:oob
    REFERENCE: Final[int]  # XEP-0372
    NICK: Final[int]  # XEP-0172
    CAPS: Final[int]  # XEP-0115
    AVATAR: Final[int]  # XEP-0153: x of vcard-temp:x:update
    IDLE: Final[int]  # XEP-0319
    FORM: Final[int]  # XEP-0004
    JINGLE: Final[int]  # XEP-0166
    JINGLE_MESSAGE: Final[int]  # XEP-0353; name_of: propose, retract, accept, proceed, …
    PUBSUB: Final[int]  # XEP-0060
    PUBSUB_OWNER: Final[int]
    PUBSUB_EVENT: Final[int]
    MAM: Final[int]  # XEP-0313; name_of: query, prefs, result, fin, metadata
    BIND: Final[int]
    SESSION: Final[int]
    ROSTER: Final[int]
    DISCO_INFO: Final[int]
    DISCO_ITEMS: Final[int]
    PING: Final[int]
    VCARD: Final[int]  # XEP-0054
    REGISTER: Final[int]  # XEP-0077
    BLOCKING: Final[int]  # XEP-0191; name_of: block, unblock, blocklist

@final
class Verb:
    """What an element of a stream that is no stanza is (`Stanza.verb`)."""

    STARTTLS: Final[int]  # RFC 6120 §5
    PROCEED: Final[int]
    TLS_FAILURE: Final[int]
    AUTH: Final[int]  # RFC 6120 §6
    RESPONSE: Final[int]
    ABORT: Final[int]
    CHALLENGE: Final[int]
    SUCCESS: Final[int]
    FAILURE: Final[int]
    ENABLE: Final[int]  # XEP-0198
    RESUME: Final[int]
    REQUEST_ACK: Final[int]  # <r/>
    ACK: Final[int]  # <a/>
    ENABLED: Final[int]
    RESUMED: Final[int]
    FAILED: Final[int]
    ACTIVE: Final[int]  # XEP-0352
    INACTIVE: Final[int]
    FEATURES: Final[int]
    STREAM_ERROR: Final[int]
    HANDSHAKE: Final[int]  # XEP-0114
    AUTHENTICATE: Final[int]  # XEP-0388
    RESULT: Final[int]  # XEP-0220
    VERIFY: Final[int]

@final
class Stanza:
    """One well-formed first-level element of a stream, or a stream's header, frozen. Texts are
    decoded when asked for, so that what nobody asks for costs nothing. Elements of the stream's
    content namespace (jabber:client, jabber:server, jabber:component:accept) read as jabber:client.
    """

    MESSAGE: Final[int]
    PRESENCE: Final[int]
    IQ: Final[int]
    OTHER: Final[int]

    def __new__(cls, data: bytes) -> Self:
        """Exactly one element that stands alone; without a namespace of its own it is of
        jabber:client. Raises `ValueError`.
        """

    @property
    def kind(self) -> int:
        """`MESSAGE`, `PRESENCE`, `IQ` or `OTHER`."""

    @property
    def verb(self) -> int:
        """One of `Verb` when `kind` is `OTHER` and it is known, else 0."""

    @property
    def name(self) -> str:
        """Local name."""

    @property
    def namespace(self) -> str: ...
    @property
    def to(self) -> str | None: ...
    @property
    def from_(self) -> str | None: ...
    @property
    def id(self) -> str | None: ...
    @property
    def type(self) -> str | None: ...
    @property
    def lang(self) -> str | None:
        """xml:lang of the element itself."""

    @property
    def content(self) -> str | None:
        """Of a stream's header: the default namespace that it declares; of others: None."""

    def get(self, name: str) -> str | None:
        """An attribute of the element, named as written ("version", "h", "xml:lang")."""

    @property
    def raw(self) -> bytes:
        """The element with all namespaces that it needs declared on itself: it stands alone. A
        header comes as an empty element.
        """

    @property
    def size(self) -> int:
        """Bytes received."""

    @property
    def ordinal(self) -> int:
        """Which stanza of its `Kept` session this was, from 1 (modulo 2^32); 0 outside of one. Of
        an element that is no stanza: how many stanzas came before it.
        """

    @property
    def kids(self) -> int:
        """Bits of `Kid`: which known child elements it has."""

    @property
    def others(self) -> bool:
        """Whether it has child elements that `kids` does not tell."""

    @property
    def payload(self) -> tuple[str, str] | None:
        """(local name, namespace) of the first child element that is no stanza error."""

    @property
    def body(self) -> str | None:
        """`text(Kid.BODY)`."""

    def text(self, bit: int = 0) -> str | None:
        """Character data directly in the first child of that kind, `""` if it has none; None
        without such a child. Of 0: that of the element itself.
        """

    def attribute(self, bit: int, name: str) -> str | None:
        """An attribute, named as written, of the first child of that kind."""

    def name_of(self, bit: int) -> str | None:
        """Local name of the first child of that kind."""

    def child(self, bit: int) -> bytes | None:
        """The first child of that kind; it stands alone."""

    def children(self, bit: int = 0) -> list[bytes]:
        """All children of these kinds (bits may be joined); each stands alone. Of 0: all."""

    def stamp(
        self,
        from_: str | None = None,
        *,
        to: str | None = None,
        type_: str | None = None,
        extra: bytes = b"",
        drop: int = 0,
        by: str = "",
    ) -> bytes:
        """The element, standing alone, with these attributes in place of its own (None: its own
        stays), without the children whose bits are in `drop`, without stanza-ids of `by`
        (XEP-0359 §4), and with `extra`, complete elements, appended.
        """

@final
class Group:
    """Connections that get the same. Frozen: make a new one when they change. Connections that have
    ended are left out silently.
    """

    def __new__(cls, streams: Sequence[int]) -> Self: ...
    def __len__(self) -> int: ...

@final
class Kept:
    """What was sent in one session of XEP-0198 and is not acknowledged. It outlives a connection:
    attach it to another one with `Streams.keep`.
    """

    def __new__(cls, *, stanzas: int = 1000, octets: int = 4_194_304) -> Self:
        """With more than this unacknowledged, a connection is closed (reason `unacknowledged`)."""

    @property
    def sent(self) -> int:
        """Stanzas sent (modulo 2^32)."""

    @property
    def received(self) -> int:
        """Stanzas received (modulo 2^32); `Stanza.ordinal` says which of them one is."""

    @property
    def octets(self) -> int:
        """Bytes that wait for acknowledgement."""

    def __len__(self) -> int:
        """Stanzas that wait for acknowledgement."""

    def __bool__(self) -> bool:
        """Always `True`."""

    def acked(self, h: int) -> bool:
        """The peer has `h` stanzas (modulo 2^32). `False`, and nothing changes, when that many were
        never sent.
        """

    def add(self, stanza: bytes) -> bool:
        """Count and keep a stanza while there is no connection. `False` when there is no room."""

    def unacked(self) -> list[bytes]:
        """What waits, oldest first; each stands alone."""

@final
class StreamAccepted:
    """A connection came. `secure`: TLS is next."""

    host: str
    port: int
    secure: bool

@final
class StreamSecured:
    """TLS is there."""

    version: str  # "TLSv1.2", "TLSv1.3"
    cipher: str  # as the IANA names it
    sni: str | None
    alpn: str | None
    chain: list[bytes]  # certificates of the peer (DER), its own first; not judged, see `trusted`
    trusted: bool  # by the roots given to `Streams.trust`, and if we connected for `server_name`
    exporter: bytes | None  # 32 bytes of tls-exporter (RFC 9266); None below TLS 1.3
    certificate: bytes | None  # ours (DER), for tls-server-end-point (RFC 5929)

@final
class StreamRequest:
    """Somebody asks for a WebSocket (RFC 7395) on a path of `Streams.listen`. Answer with `resume`
    or `refuse`.
    """

    path: str  # with its query
    host: str
    origin: str | None
    headers: list[tuple[str, str]]  # names in small letters

@final
class StreamClosed:
    """A connection is gone; its id means nothing any more.

    `reason`: `closed`, `refused` or `aborted` by us; `eof` or `reset` by the peer; `tls`,
    `handshake_time`: TLS, or the head of a request, did not come about; `failed`: nobody closed it
    after FAILED; `outbox`, `unacknowledged`: the peer did not read; `panic`: a defect of ours.
    """

    reason: str
    received: int  # bytes of its socket
    sent: int

@final
class Streams:
    """TCP, TLS, WebSocket and the framing of streams. One for a process. It never blocks, calls
    nobody back, and belongs to the thread that made it. What happened is told by `poll`; verbs
    only put something into buffers, and `flush` writes. An id of a connection that is gone is
    ignored by all of them.
    """

    # framings
    XMPP: Final[int]  # RFC 6120
    WEBSOCKET: Final[int]  # RFC 7395; also what a connection of HTTP becomes
    HTTP: Final[int]  # RAW unless the first request asks for one of `paths` as a WebSocket
    RAW: Final[int]
    BOSH: Final[int]  # XEP-0124: one <body/> of a `Pipe`

    # kinds of events, and what comes with them
    ACCEPTED: Final[int]  # StreamAccepted
    SECURED: Final[int]  # StreamSecured
    REQUEST: Final[int]  # StreamRequest
    OPENED: Final[int]  # Stanza: the stream's header, <open/> or <body>
    ITEM: Final[int]  # Stanza
    BYTES: Final[int]  # bytes, of RAW and HTTP
    ENDED: Final[int]  # None: </stream:stream> or <close/>; of RAW and HTTP: the peer sent its last
    FAILED: Final[int]  # str: the stream error (RFC 6120 §4.9.3) to `close` with; nothing is read
    FULL: Final[int]  # None: more than `high` waits to be written
    DRAINED: Final[int]  # None: less than a quarter of that
    CLOSED: Final[int]  # StreamClosed: once for each ACCEPTED or `connect`, and last

    def __new__(cls, *, handshake_time: float = 15.0, login_time: float = 60.0) -> Self:
        """`handshake_time`: seconds in which TLS, and the head of an HTTP or WebSocket request,
        must be complete. `login_time`: in which, after that, `resume(free=True)` must come.
        Raises `OSError`.
        """

    fd: int
    """For `loop.add_reader`: readable when `poll` has something."""

    # listeners
    def identities(self, chains: Mapping[str, tuple[bytes, bytes]]) -> None:
        """Certificates for new connections, in place of the former: name asked for by SNI (one
        label may be `*`; "" is for all others) → PEM of the chain, PEM of the key. Raises
        `ValueError`, and nothing changes, when a pair cannot be used.
        """

    def trust(self, roots: bytes) -> None:
        """Certificates (PEM) of authorities for `StreamSecured.trusted`. Raises `ValueError`."""

    def listen(
        self,
        fd: int,
        framing: int,
        *,
        tag: int,
        tls: bool = False,
        alpn: Sequence[str] = (),
        ask: bool = False,
        paths: Sequence[str] = (),
        element: int = 16_384,
        outbox: int = 4_194_304,
    ) -> None:
        """Accept on a listening socket. It stays the caller's, a duplicate is used. `tag` comes
        with every event of its connections. `tls`: at once; else by `resume(starttls=True)`.
        `alpn`: protocols for TLS, preferred first. `ask`: request a certificate of the peer.
        `paths`: those of WebSockets. `element`, `outbox`: first limits, for
        strangers (RFC 6120 §13.12: at least 10000). Raises `OSError`.
        """

    def unlisten(self, tag: int) -> None:
        """Accept nothing more on listeners of that tag; connections stay."""

    def connect(
        self,
        fd: int,
        framing: int,
        *,
        tag: int,
        tls: bool = False,
        server_name: str = "",
        alpn: Sequence[str] = (),
        element: int = 65_536,
        outbox: int = 4_194_304,
    ) -> int:
        """Take a connected socket whose other end is the server; a duplicate is used. `server_name`
        is asked for by SNI, now or with `resume(starttls=True)`. Its certificate is not judged but
        told (`StreamSecured`). XMPP is free of steps from the beginning. Returns the id. Raises
        `OSError`.
        """

    # turns
    def poll(self) -> list[tuple[int, int, int, Any]]:
        """Read what came, at most one piece of each connection: (kind, tag, id, what comes with
        it), in order. Never blocks. What is left makes `fd` readable again.
        """

    def flush(self) -> None:
        """Write: one system call for each connection that was sent something."""

    # one connection
    def send(self, to: int | Group, data: bytes, *, addressed: bool = False) -> None:
        """One element (with its namespace or of jabber:client), or for XMPP over TCP also a
        stream's header or end; with RAW and HTTP any bytes. Counted and kept if it is a stanza.
        `addressed`: with `to` of each connection's `name`; `data` must have none.
        """

    def forward(
        self,
        to: int | Group,
        stanza: Stanza,
        from_: str | None = None,
        *,
        address: str | None = None,
        extra: bytes = b"",
        drop: int = 0,
        by: str = "",
    ) -> None:
        """Send as `Stanza.stamp` would. `address`: the `to`; None leaves it as it is, or for a
        `Group` puts in each connection's `name`.
        """

    def resume(
        self, stream: int, *, restart: bool = False, starttls: bool = False, free: bool = False
    ) -> None:
        """Let the next element come. One at a time comes before `free`, and none after <enable/>
        and <resume/> of XEP-0198 until this is called. `restart`: a new stream header comes next
        (RFC 6120 §4.3.3). `starttls`: what has been sent goes out plain, TLS comes next, and what
        the peer sent before it is dropped and counted. Also lets a WebSocket request begin.
        """

    def refuse(self, stream: int, status: int) -> None:
        """Answer a WebSocket request with an HTTP status, and close."""

    def name(self, stream: int, address: str) -> None:
        """The `to` that this connection gets out of a `Group`, or when `addressed`."""

    def limits(
        self,
        stream: int,
        *,
        element: int | None = None,
        bytes_per_s: int | None = None,
        elements_per_s: int | None = None,
        high: int | None = None,
        outbox: int | None = None,
    ) -> None:
        """`element`: bytes of an element (beyond: FAILED `policy-violation`). Rates: beyond them
        nothing is read for a while; bursts of two seconds' worth pass; 0 is no limit. `high`: bytes
        waiting to be written that mean FULL. `outbox`: bytes at which the connection is closed
        (reason `outbox`). None: as it was.
        """

    def pause(self, stream: int, paused: bool = True) -> None:
        """Read nothing, so that the peer has to wait."""

    def keep(self, stream: int, kept: Kept | None) -> None:
        """From now on count and keep stanzas (XEP-0198); None: no longer."""

    def buffered(self, stream: int) -> int:
        """Bytes waiting to be written."""

    def idle(self, stream: int) -> float:
        """Seconds since something was received; 0 for an unknown id."""

    def close(self, stream: int, last: bytes = b"") -> None:
        """Send the rest and `last`, end the stream in order (TLS, WebSocket close). CLOSED when all
        is sent and the peer has ended it too, 2 s later at the latest, or when the peer has taken
        nothing of the rest for 30 s. Nothing more is read.
        """

    def abort(self, stream: int) -> None:
        """Drop the connection now. CLOSED comes with the next `poll`."""

    def counters(self) -> dict[str, int]:
        """Totals since the start, and what is open."""

@final
class Pipe:
    """The framing of one stream without a socket and without TLS: for tests, and BOSH."""

    def __new__(
        cls, framing: int, *, element: int = 65_536, free: bool = False, paths: Sequence[str] = ()
    ) -> Self:
        """`free`: all elements come without `resume`. `paths`: as of `Streams.listen`."""

    def feed(self, data: bytes) -> list[tuple[int, Any]]:
        """What is complete: kind and what comes with it, as of `Streams.poll`, of OPENED, ITEM,
        BYTES, ENDED, FAILED, REQUEST.
        """

    def resume(self, *, restart: bool = False, free: bool = False) -> list[tuple[int, Any]]:
        """As `Streams.resume`; what could be read on comes."""

    def send(self, data: bytes) -> bytes:
        """As it goes over the wire."""

    def output(self) -> bytes:
        """What the framing itself wants sent: answers to an upgrade, pongs."""
