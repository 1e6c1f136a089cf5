"""What the core and the protocols ask of media: rooms on the media side, endpoints, and sessions
whose descriptions travel in somebody's signalling. Implemented by `media` on the engine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from .description import Description, Kind
from .graph import Change


class MediaRoom(Protocol):
    """The media side of one room: it does what the graph says."""

    def apply(self, change: Change) -> None:
        """Open and close elements, connect and disconnect wires."""

    def pause(self, track: str, paused: bool) -> None:
        """Drop, or pass again, what a track sends."""

    def close(self) -> None:
        """Free everything of this room."""


class Media(Protocol):
    """Where rooms get their media side from."""

    def open_room(self, name: str, events: "MediaEvents") -> MediaRoom:
        """Place a room on a media thread; `events` hears what happens in it."""


class MediaEvents(Protocol):
    """News of the media side, told to the room."""

    def track_started(self, track: str, codec: str) -> None:
        """The first packet arrived, or the codec changed."""

    def speaker_changed(self, track: str | None) -> None:
        """The dominant speaker's track; None: everybody is silent."""

    def failed(self, text: str) -> None:
        """The media side of this room broke down and is gone."""


class Endpoint(Protocol):
    """A member's media endpoint as its room sees it; its adapter sees more (offers, answers,
    candidates).
    """

    @property
    def number(self) -> int:
        """Names the endpoint in the media engine."""

    @property
    def description(self) -> Description:
        """What it can send and receive, as negotiated last."""

    def bind(self, section: str, track: str) -> None:
        """Name the media that arrives in `section`."""

    def release(self, track: str) -> None:
        """The media named `track` is no track any more."""

    def close(self) -> None:
        """Free it. Idempotent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Reply to a session description: its text as the transport spells it, what it means, and
    section → track sent.
    """

    text: str
    description: Description
    carried: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How a member's media fares. Round trip in ms, loss as a fraction, bitrate in bit/s towards
    the member.
    """

    level: int  # 0 (lost) … 4 (good)
    round_trip: float | None
    loss_in: float
    loss_out: float
    available_bitrate: int | None


class SessionEvents(Protocol):
    """News of one media session, told to the adapter whose signalling carries it."""

    def offered(self, request: int, text: str) -> None:
        """We offer a new description: answer it with `accept_answer`."""

    def mapped(self, carried: Mapping[str, str]) -> None:
        """What we send in each section changed: section → track id."""

    def connected(self, profile: str) -> None:
        """Media flows; `profile` names its protection (as IANA lists it)."""

    def interrupted(self) -> None:
        """Nothing was heard for a while; `connected` follows if it comes back."""

    def closed(self, text: str) -> None:
        """The session is gone."""

    def quality(self, quality: Quality) -> None:
        """Measured every few seconds."""


class Session(Endpoint, Protocol):
    """A media session whose descriptions travel as text in somebody's signalling."""

    async def accept_offer(self, text: str) -> Answer:
        """Apply a remote offer. Raises `Refused(BAD_REQUEST)` when it cannot be understood."""

    async def accept_answer(self, request: int, text: str) -> None:
        """Apply the answer to our offer `request`; a stale one is ignored. Raises
        `Refused(BAD_REQUEST)`.
        """

    def add_candidate(self, text: str) -> None:
        """A trickled remote candidate (`candidate:…`); empty text means there are no more."""


class Sessions(Protocol):
    """Opens media sessions (`media/session`)."""

    def open(
        self, room: str, member: str, events: SessionEvents, *, open_ended: bool = True
    ) -> Session:
        """A session for a member of a room that is here; a member has one at a time.

        `open_ended`: we may offer further sections when there is more to send (False where the
        signalling has no way for it). Raises `Refused(TOO_MANY)` when the node is full.
        """


# telephones


class PhoneEvents(SessionEvents, Protocol):
    """News of the media session of a telephone."""

    def pressed(self, digit: str, duration: float) -> None:
        """A key was pressed: one of 0-9, A-D, *, # (RFC 4733); `duration` in seconds."""

    def played(self) -> None:
        """All that was given to `play` has been sounded."""


class PhoneSession(Session, Protocol):
    """A media session of a telephone, which may be a page in a browser.

    It begins outside of any room (`play` and `pressed` work at once) and may enter one, and then
    another. Its `bind` and wires work once it is in a room.
    """

    def enter(self, room: str, member: str) -> None:
        """Go into a room that is here, as that member (before `Attach`). Raises `Refused`."""

    async def offer(self, kinds: Sequence[Kind] = (Kind.AUDIO,)) -> str:
        """Our offer for a telephone that made none, or a new one in a running session.

        Give what it answers to `accept_answer` with request 0. Raises `Refused(CONFLICT)` while an
        offer of either side is open.
        """

    def withdraw(self) -> None:
        """Our open offer was refused: what was negotiated before holds."""

    def hold(self, held: bool) -> None:
        """Neither send nor take media until told otherwise; the next offer says so."""

    @property
    def on_hold(self) -> bool:
        """Whether the other side put us on hold by its last description."""

    def press(self, digits: str) -> None:
        """Press keys towards the telephone (RFC 4733)."""

    def play(self, prompt: str) -> None:
        """Sound a recorded prompt to this telephone alone, after those that wait; `played` follows.

        Raises `Refused(NOT_FOUND)` for an unknown one.
        """

    def stop(self) -> None:
        """Forget the prompts that are played or wait."""


class PhoneSessions(Protocol):
    """Opens media sessions of telephones (`media/phone`)."""

    def open(
        self,
        events: PhoneEvents,
        *,
        browser: bool = False,
        secure: bool = False,
        near: str | None = None,
    ) -> PhoneSession:
        """A session, in no room yet. Raises `Refused(TOO_MANY)` when the node is full.

        `near`: the IP address that the telephone's signalling comes from, as far as known.

        `browser`: the telephone is a page in a browser, as far as is known before it said anything;
        an offer of its own decides otherwise. `secure`: offer encrypted media to others as well.
        """
