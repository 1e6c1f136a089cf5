"""One INVITE dialog with a telephone: its signalling, its media session, and how it ends.

What goes both ways is here; who began it, and what the call is for, are said elsewhere: `incoming`
and `outgoing` set it up, `renegotiation` changes it, an owner knows rooms. Requests of the dialog
are worked off one after the other.
"""

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

from antiphon._native import SipCancelled, SipFlow, SipRequest, SipResponse, SipUnacknowledged
from antiphon.core.media import PhoneEvents, PhoneSession, PhoneSessions, Quality
from antiphon.core.reason import Reason, Refused

from . import digits, fields
from .asking import Asking
from .credentials import Credentials
from .dialog import Dialog
from .header import parse_name_address
from .negotiation import Negotiation
from .owner import Owner
from .reason import ended_by, reason_field
from .renegotiation import Renegotiation
from .session_timer import Terms
from .stack import Stack
from .turns import Outstanding, Turns
from .uri import MalformedError

log = logging.getLogger(__name__)

# Requests of one dialog that may wait to be done, how many may come at once, and how many a second
# over a while; a telephone that sends more is refused.
WAITING_LIMIT = 32
BURST = 60.0
RATE = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Times of calls, in seconds."""

    session: Terms = field(default_factory=Terms)
    media_lost: float = 20.0  # of silence after the media engine missed it, before the call ends
    referrer: float = 4.0  # that one who transferred a call has to hang up by itself
    glare: float = 4.0  # at most, before an offer that collided is made again (RFC 3261 §14.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What every leg is given. `farewells`: those whose BYE has no answer yet."""

    stack: Stack
    phones: PhoneSessions
    times: Times = field(default_factory=Times)
    farewells: Outstanding = field(default_factory=Outstanding)


class Protection(Enum):
    """How media is protected in an offer of ours."""

    NONE = "none"
    KEYS = "keys"  # SRTP with keys in the description (RFC 4568)
    HANDSHAKE = "handshake"  # DTLS-SRTP (RFC 5763), with connectivity checks


class State(Enum):
    """How far a leg is."""

    BEGUN = "begun"
    TALKING = "talking"
    ENDING = "ending"  # to be hung up as soon as our 2xx is acknowledged
    ENDED = "ended"


class Leg(PhoneEvents):
    """See the module. `flow`: where requests go. `credentials`: for those who challenge us."""

    def __init__(
        self,
        home: Home,
        owner: Owner,
        dialog: Dialog,
        flow: SipFlow,
        contact: str,
        *,
        bound: bool = False,
        credentials: Credentials | None = None,
    ) -> None:
        self.home = home
        self.owner = owner
        self.dialog = dialog
        self.flow = flow
        self.contact = contact
        self.bound = bound
        self.credentials = credentials
        self.state = State.BEGUN
        self.negotiation = Negotiation()
        self.renegotiation = Renegotiation(self)
        self.turns = Turns(self._failed)
        self.focus = False
        self.reroute: Callable[[], SipFlow | None] = self.dial
        self._session: PhoneSession | None = None
        self._pace = BURST, 0.0  # how many requests may come now, and when one came last
        self._awaits_ack = False
        self._ending: tuple[Reason, str] = Reason.LEFT, ""
        self._lost: asyncio.TimerHandle | None = None
        self._leave: Callable[[], None] = lambda: None

    @property
    def stack(self) -> Stack:
        """Through which it speaks."""
        return self.home.stack

    @property
    def session(self) -> PhoneSession:
        """The media session. Raises `Refused(GONE)` once it is over."""
        if self._session is None:
            raise Refused(Reason.GONE, "The call has ended.")
        return self._session

    @property
    def over(self) -> bool:
        """Whether it has ended, or is about to."""
        return self.state in (State.ENDING, State.ENDED)

    @property
    def secure(self) -> bool:
        """Whether its signalling is protected on the hop to us."""
        return self.flow.transport in ("tls", "wss")

    def dial(self) -> SipFlow | None:
        """The flow to where the dialog's requests go by their URI, if that can be said at once."""
        routes = self.dialog.routes
        uri = parse_name_address(routes[0]).uri if routes else self.dialog.target
        return self.stack.locate_now(uri)

    def register(self, remote_tag: str) -> None:
        """Have what concerns the dialog come here (any of the Call-ID with an empty tag)."""
        self._leave()
        self._leave = self.stack.enter(
            (self.dialog.call_id, self.dialog.local.tag, remote_tag), self
        )

    def open_session(self, protection: Protection | None = None) -> PhoneSession:
        """The media session, opened if there is none. Raises `Refused(TOO_MANY)`.

        `protection` is of our offer, None: as its transport suggests; one of theirs decides.
        """
        if self._session is None:
            if self.over:
                raise Refused(Reason.GONE, "The call has ended.")
            if protection is None:
                web = self.flow.transport in ("ws", "wss")
                protection = Protection.HANDSHAKE if web else Protection.NONE
            self._session = self.home.phones.open(
                self,
                browser=protection is Protection.HANDSHAKE,
                secure=protection is Protection.KEYS,
                near=self.flow.remote[0],
            )
        return self._session

    # what comes within the dialog (stack.DialogHandler)

    def requested(self, request: SipRequest) -> None:
        """Take a request: in order, and not too many at once."""
        if request.method == "ACK":
            self._acknowledged(request)
            return
        if not self.dialog.accepts(request.cseq):
            self.stack.reply(request, 500, "Out of order")  # RFC 3261 §12.2.2
            return
        self.flow = request.flow  # it may come over another connection than before
        if request.method == "BYE":
            self.stack.reply(request, 200)
            self.hung_up(ended_by(request.all("reason"), Reason.LEFT))
        elif self.state is State.ENDED:
            self.stack.reply(request, 481)
        elif self.turns.waiting >= WAITING_LIMIT or not self._allowed():
            self.stack.failures["too many requests of a dialog"] += 1
            self.stack.reply(request, 503, headers=[("Retry-After", "5")])
        else:
            self.turns.add(partial(self._take, request))

    def _allowed(self) -> bool:
        """Whether another request comes not too soon."""
        now = asyncio.get_running_loop().time()
        left, before = self._pace
        left = min(BURST, left + (now - before) * RATE)
        self._pace = max(0.0, left - 1.0), now
        return left >= 1.0

    def cancelled(self, event: SipCancelled) -> None:
        """An INVITE of theirs was cancelled: the first one, or one that would change the call."""
        if self.state is State.BEGUN:
            self.hung_up(ended_by([event.reason] if event.reason else [], Reason.CANCELLED))
        else:
            self.turns.add(self.renegotiation.cancelled)

    def unacknowledged(self, event: SipUnacknowledged) -> None:
        """Our answer was not acknowledged: the other side is not there (RFC 3261 §13.3.1.4)."""
        self._awaits_ack = False
        if event.provisional:
            self.stack.reply(event.request, 504)
            self.hung_up(Reason.TIMEOUT, "A provisional answer was not acknowledged.")
        elif self.state is State.ENDING:
            self._say_bye()
        else:
            self.end(Reason.LOST, "The answer was not acknowledged.")

    async def _take(self, request: SipRequest) -> None:
        if self.state is State.ENDED:
            self.stack.reply(request, 481)
            return
        try:
            await self._do(request)
        except MalformedError as error:
            self.stack.reply(request, 400, headers=fields.warning(error))

    async def _do(self, request: SipRequest) -> None:
        match request.method:
            case "INVITE":
                await self.renegotiation.invited(request)
            case "UPDATE":
                await self.renegotiation.updated(request)
            case "PRACK":
                await self.pracked(request)
            case "INFO":
                self._informed(request)
            case "OPTIONS":
                self.stack.reply(request, 200, headers=fields.CAPABILITIES + fields.ACCEPT)
            case _:
                if not await self.owner.requested(request):
                    self.stack.reply(request, 405, headers=fields.CAPABILITIES[:1])

    async def pracked(self, request: SipRequest) -> None:
        """They acknowledge a provisional answer, of which this leg has sent none."""
        self.stack.reply(request, 481)

    async def acknowledged(self, request: SipRequest) -> None:
        """Their ACK of our 2xx came."""
        await self.renegotiation.acknowledged(request)

    def _acknowledged(self, request: SipRequest) -> None:
        self._awaits_ack = False
        if self.state is State.ENDING:
            self._say_bye()
        elif self.state is State.TALKING:
            self.turns.add(partial(self.acknowledged, request))

    def _informed(self, request: SipRequest) -> None:
        if request.content_type in digits.KINDS:
            key = digits.pressed(request.content_type, request.body)
            self.stack.reply(request, 200 if key else 400)
            if key is not None:
                self.owner.pressed(*key, carried=False)
        elif request.body:
            self.stack.reply(request, 415, headers=fields.ACCEPT)
        else:
            self.stack.reply(request, 200)  # asked whether we are still there

    # what goes out within the dialog

    def reply(
        self,
        request: SipRequest,
        status: int,
        more: fields.Fields | None = None,
        body: str = "",
        *,
        reliable: bool = False,
    ) -> bool:
        """Answer an INVITE or UPDATE so that the dialog goes on. False: it was over already."""
        headers = fields.contact(self.contact, focus=self.focus) + fields.CAPABILITIES
        headers += more or []
        if body:
            headers += fields.content(fields.SDP)
        if 200 <= status < 300 and request.method == "INVITE":
            self._awaits_ack = True
        return self.stack.reply(
            request, status, headers=headers, body=body.encode(), reliable=reliable
        )

    def request(
        self,
        method: str,
        more: fields.Fields | None = None,
        body: bytes = b"",
        *,
        heard: Callable[[SipResponse], None] | None = None,
        dialog: Dialog | None = None,
    ) -> int:
        """Send a request within the dialog; its final answer that is not about our credentials or
        a lost connection comes to `heard`.
        """
        return Asking(self, dialog or self.dialog, method, more or [], body, heard).send()

    # the end

    def end(self, reason: Reason, text: str = "") -> None:
        """Hang up, refuse or give up, whichever is right now. Idempotent."""
        if self.over:
            return
        if self.state is State.BEGUN:
            self.give_up(reason, text)
        elif self._awaits_ack:
            # RFC 3261 §15: no BYE before the ACK.
            self._ending = reason, text
            self._finish(State.ENDING, reason, text)
        else:
            self._ending = reason, text
            self._say_bye()
            self._finish(State.ENDED, reason, text)

    @abstractmethod
    def give_up(self, reason: Reason, text: str) -> None:
        """End a call that is not answered yet."""

    def hung_up(self, reason: Reason, text: str = "") -> None:
        """The other side ended it, or is gone."""
        if self.state is State.ENDING:
            self.state = State.ENDED
            self._leave()
        elif self.state is not State.ENDED:
            self._finish(State.ENDED, reason, text)

    def _say_bye(self) -> None:
        self.state = State.ENDED
        self._leave()
        self.home.farewells.add(self)
        self.request("BYE", [("Reason", str(reason_field(*self._ending)))], heard=self._parted)

    def _parted(self, response: SipResponse) -> None:
        if response.status >= 200:
            self.home.farewells.discard(self)

    def _finish(self, state: State, reason: Reason, text: str) -> None:
        self.state = state
        if state is State.ENDED:
            self._leave()
        if self._lost is not None:
            self._lost.cancel()
        self.renegotiation.close()
        session, self._session = self._session, None
        if session is not None:
            session.close()
        self.turns.add(partial(self.owner.ended, reason, text))

    def _failed(self) -> None:
        self.end(Reason.INTERNAL, "The server failed to do this.")

    # news of the media session (core.media.PhoneEvents)

    def offered(self, request: int, text: str) -> None:
        """The media session wants to say something else: by an offer of ours."""
        self.renegotiation.want()

    def mapped(self, carried: Mapping[str, str]) -> None:
        """A telephone is not told whose media it gets."""

    def connected(self, profile: str) -> None:
        """Media flows, or flows again."""
        if self._lost is not None:
            self._lost.cancel()
            self._lost = None

    def interrupted(self) -> None:
        """No media comes: if none does for long, nobody is there."""
        if self._lost is None and not self.over:
            wait = self.home.times.media_lost
            self._lost = asyncio.get_running_loop().call_later(wait, self._media_lost)

    def closed(self, text: str) -> None:
        """The media session is gone."""
        self.end(Reason.LOST, text)

    def quality(self, quality: Quality) -> None:
        """A telephone shows no bars."""

    def pressed(self, digit: str, duration: float) -> None:
        """A key was pressed (RFC 4733)."""
        if not self.over:
            self.owner.pressed(digit, duration, carried=True)

    def played(self) -> None:
        """All prompts have been sounded."""
        if not self.over:
            self.owner.played()

    def _media_lost(self) -> None:
        self._lost = None
        log.info("a telephone sends nothing any more: the call ends")
        self.end(Reason.LOST, "No media came any more.")
