"""Media sessions of telephones on the native engine: descriptions are read and written here, media
is the engine's. It does not know whose signalling carries the descriptions.

A session begins in a lobby, an engine room of its own, so that menus can be heard and answered by
keys before anybody is met.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace

from antiphon import _native
from antiphon.core.description import Description, Kind
from antiphon.core.media import Answer, PhoneEvents, PhoneSession, PhoneSessions
from antiphon.core.reason import Reason, Refused

from .agreement import Agreement, Stream, Wishes
from .answer import answer
from .attributes import Format
from .engine import Engine
from .ground import MediaAddresses, PhoneGround, unmapped
from .offer import Offer, accept, make_offer
from .prompts import Prompts
from .quality import quality_of_row
from .room import EngineRoom
from .sdp import SessionDescription, parse, spell

log = logging.getLogger(__name__)

FormatRow = tuple[int, str, int, int, str]


class EnginePhones(PhoneSessions):
    """Opens telephones' media sessions on the engine."""

    def __init__(
        self, engine: Engine, addresses: MediaAddresses, prompts: Prompts | None = None
    ) -> None:
        self._engine = engine
        self._addresses = addresses
        self._prompts = prompts or Prompts()

    def open(
        self,
        events: PhoneEvents,
        *,
        browser: bool = False,
        secure: bool = False,
        near: str | None = None,
    ) -> EnginePhone:
        """A session in a lobby of its own. Raises `Refused(TOO_MANY)` when the node is full.

        `near`: the IP address that signalling comes from, as far as known.
        """
        wishes = Wishes(browser=browser, secure=secure)
        return EnginePhone(
            self._engine, self._addresses, self._prompts, events, wishes, unmapped(near)
        )


class EnginePhone(PhoneSession):
    """One telephone: a peer of the engine, and what was agreed with it."""

    def __init__(
        self,
        engine: Engine,
        addresses: MediaAddresses,
        prompts: Prompts,
        events: PhoneEvents,
        wishes: Wishes,
        near: str | None,
    ) -> None:
        self._engine = engine
        self._native = engine.native
        self._prompts = prompts
        self._events = events
        self._wishes = wishes
        self._near = near
        self._session = str(secrets.randbits(62))
        self._agreed = Agreement()
        self._description = self._agreed.description
        self._offer: Offer | None = None  # ours; kept after its answer for other answers to it
        self._waits = False  # for an answer
        self._carried: dict[str, str] = {}
        self._connected = False
        self._closed = False
        self._number = self._native.new_id()
        engine.add_peer(self._number, self)
        self._room: EngineRoom | None = None
        self._member = ""
        self._lobby: int | None = self._native.new_id()
        self._native.open_room(self._lobby)
        self._native.open_phone(self._lobby, self._number)
        self._ground = PhoneGround(self._native, self._number, addresses, near)

    # core.media.Endpoint

    @property
    def number(self) -> int:
        """Of the peer in the engine."""
        return self._number

    @property
    def description(self) -> Description:
        """What the telephone sends and receives, as negotiated last."""
        return self._description

    def bind(self, section: str, track: str) -> None:
        """Name the media that arrives in `section`. It has no effect outside of rooms."""
        if self._room is not None:
            self._room.bind(self._number, section, track)

    def release(self, track: str) -> None:
        """The media named `track` is no track any more."""
        if self._room is not None:
            self._room.release(track)

    def close(self) -> None:
        """Close the peer and give its ports back. Idempotent."""
        if self._closed:
            return
        self._closed = True
        if self._room is not None:
            self._room.close_peer(self._member, self._number)
        else:
            self._engine.remove_peer(self._number)
            self._native.close_peer(self._number)
        self._leave_lobby()

    # core.media.PhoneSession

    def enter(self, room: str, member: str) -> None:
        """Go into a room that is here. Raises `Refused(NOT_FOUND)`."""
        self._must_be_open()
        target = self._engine.room(room)
        if self._room is not None:
            self._room.let_go(self._member, self._number)
        target.take_in(member, self)
        self._room, self._member = target, member
        self._native.move_phone(self._number, target.number)
        self._leave_lobby()

    def leave_room(self) -> None:
        """Back to a lobby: the room ends, the call need not."""
        if self._room is None or self._closed:
            return
        self._room.let_go(self._member, self._number)
        self._room = None
        self._lobby = self._native.new_id()
        self._native.open_room(self._lobby)
        self._native.move_phone(self._number, self._lobby)

    async def accept_offer(self, text: str) -> Answer:
        """Agree to an offer. Raises `Refused`: BAD_REQUEST, UNSUPPORTED, CONFLICT, TOO_MANY."""
        self._must_be_open()
        if self._waits:
            raise Refused(Reason.CONFLICT, "An offer of ours waits for its answer.")
        agreed = answer(self._agreed, _read(text), self._wishes, self._ground, self._session)
        self._apply(agreed)
        self._offer = None
        for kind in Kind:
            if kind.value not in agreed.streams:
                self._ground.free(kind.value)
        return Answer(_text(agreed.said), self._description, dict(self._carried))

    async def offer(self, kinds: Sequence[Kind] = (Kind.AUDIO,)) -> str:
        """Offer what is in use, and sections of `kinds` besides. Raises `Refused(CONFLICT)`."""
        self._must_be_open()
        if self._waits:
            raise Refused(Reason.CONFLICT, "An offer of ours waits for its answer.")
        self._offer = make_offer(
            self._agreed, kinds, self._wishes, self._ground, self._session, self._near
        )
        self._waits = True
        return spell(self._offer.description)

    async def accept_answer(self, request: int, text: str) -> None:
        """Apply the answer to our offer, or another one: a forked call has several, and each may
        come early and again. Raises `Refused`: BAD_REQUEST, UNSUPPORTED.
        """
        self._must_be_open()
        if request != 0 or self._offer is None:
            return  # stale
        offer, self._waits = self._offer, False
        try:
            self._apply(accept(offer, _read(text), self._ground))
        except Refused:
            self._said(offer)
            raise

    def withdraw(self) -> None:
        """Our open offer was refused: what was agreed before holds. Nothing if there is none."""
        if self._waits and self._offer is not None:
            self._waits = False
            self._said(self._offer)
            self._offer = None

    def hold(self, held: bool) -> None:
        """Neither send nor take media until told otherwise; the next offer says so."""
        self._wishes = replace(self._wishes, held=held)
        if not self._closed:
            for id, stream in self._agreed.streams.items():
                self._configure(id, self._media(stream))

    @property
    def on_hold(self) -> bool:
        """Whether the other side put us on hold by its last description."""
        return self._agreed.on_hold

    def add_candidate(self, text: str) -> None:
        """We are an ICE-lite agent: the telephone's checks bring its addresses (RFC 8445 §2.5)."""
        self._must_be_open()

    def press(self, digits: str) -> None:
        """Press keys towards the telephone. Raises `Refused(BAD_REQUEST)` for what is no key."""
        self._must_be_open()
        try:
            self._native.press(self._number, digits)
        except ValueError as error:
            raise Refused(Reason.BAD_REQUEST, str(error)) from None

    def play(self, prompt: str) -> None:
        """Sound a recorded prompt. Raises `Refused(NOT_FOUND, TOO_MANY)`."""
        self._must_be_open()
        samples = self._prompts.load(prompt)
        try:
            self._native.play_prompt(self._number, samples, sample_rate=self._prompts.rate)
        except BufferError as error:
            raise Refused(Reason.TOO_MANY, str(error)) from None

    def stop(self) -> None:
        """Forget the prompts that are played or wait."""
        if not self._closed:
            self._native.stop_prompt(self._number)

    # room.PeerListener

    def hear(self, event: _native.Event) -> None:
        """Turn one event of the engine into news for the signalling."""
        match event:
            case _native.Connected():
                self._connected = True
                self._events.connected(event.srtp_profile)
            case _native.Interrupted():
                self._connected = False
                self._events.interrupted()
            case _native.Mapped():
                self._mapped(event.tracks)
            case _native.Closed():
                log.info("media session ended: %s %s", event.reason, event.text)
                self._events.closed(event.text or event.reason)
            case _native.Pressed():
                self._events.pressed(event.digit, event.duration)
            case _native.PromptEnded():
                self._events.played()
            case _:
                log.warning("unexpected media event %r", event)

    def hear_statistics(self, row: _native.PeerStatistics) -> None:
        """Turn figures into a quality that people understand."""
        self._events.quality(quality_of_row(row, connected=self._connected))

    # inside

    def _mapped(self, tracks: Mapping[str, int]) -> None:
        named = ((id, self._engine.track_name(track)) for id, track in tracks.items())
        self._carried = {id: name for id, name in named if name is not None}
        self._events.mapped(self._carried)

    def _said(self, offer: Offer) -> None:
        """The offer came to nothing, but its version was used (RFC 3264 §8)."""
        said = offer.agreed
        self._agreed = replace(self._agreed, said=said.said, numbers=said.numbers)

    def _apply(self, agreed: Agreement) -> None:
        """Tell the engine, all or nothing."""
        try:
            media = {id: self._media(stream) for id, stream in agreed.streams.items()}
        except ValueError as error:
            raise Refused(Reason.BAD_REQUEST, str(error)) from None
        for id, stream in self._agreed.streams.items():
            if id not in media:
                self._configure(id, self._media(stream, quiet=True))
        for id, configuration in media.items():
            self._configure(id, configuration)
        self._agreed, self._description = agreed, agreed.description

    def _configure(self, section: str, media: _native.PhoneMedia) -> None:
        self._native.configure_phone(self._number, section, media)

    def _media(self, stream: Stream, *, quiet: bool = False) -> _native.PhoneMedia:
        quiet = quiet or self._wishes.held
        theirs, protection = stream.theirs, stream.protection
        return _native.PhoneMedia(
            remote=theirs.remote,
            remote_rtcp=theirs.remote_rtcp,
            rtcp_mux=stream.ours.mux,
            formats=[_row(one) for one in stream.sends],
            accepts=[_row(one) for one in stream.ours.formats],
            sends=stream.direction.sends and not quiet,
            receives=stream.direction.receives and not quiet,
            ptime=theirs.packet_time,
            sdes=protection.sdes,
            dtls=(protection.role, protection.fingerprint)
            if protection.role and protection.fingerprint
            else None,
            ice=protection.ice,
        )

    def _leave_lobby(self) -> None:
        if self._lobby is not None:
            self._native.close_room(self._lobby)
            self._lobby = None

    def _must_be_open(self) -> None:
        if self._closed:
            raise Refused(Reason.GONE, "The media session was closed.")


def _read(text: str) -> SessionDescription:
    try:
        return parse(text)
    except ValueError as error:
        raise Refused(Reason.BAD_REQUEST, str(error)) from None


def _text(said: SessionDescription | None) -> str:
    assert said is not None
    return spell(said)


def _row(one: Format) -> FormatRow:
    return (one.number, one.name, one.rate, one.channels, one.fmtp)
