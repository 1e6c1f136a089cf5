"""A call to a telephone: our INVITE, the answers of those it reaches, and what helps after a no.

It does not know who calls; its owner does. Of several that answer (RFC 3261 §13.2.2.4) the first
is kept.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from antiphon._native import SipFlow, SipRequest, SipResponse
from antiphon.core.description import Kind
from antiphon.core.reason import Reason, Refused

from . import fields
from .asking import answer_challenge
from .credentials import Credentials
from .dialog import Dialog
from .header import NameAddress, name_addresses
from .leg import Home, Leg, Protection, State
from .negotiation import Negotiation, OutOfTurn, Part
from .owner import Owner
from .reason import reason_field, reason_of
from .reliable import Received
from .uri import MalformedError, Uri

# Answers with these may be another kind of media's fault: SRTP where none is spoken, or none where
# it must be.
_NO_SUCH_MEDIA = frozenset({415, 488, 606})
ATTEMPTS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to a telephone: its Request-URI, the flow to it (or to its proxy), Route values.

    `bound`: by this flow only. `secure`: SRTP is offered. `credentials`: for where we are asked who
    we are. `caller`: how the caller is shown this way, if not by its address. `failed` is called
    when nobody could be reached by it.
    """

    uri: Uri
    flow: SipFlow
    routes: tuple[str, ...] = ()
    bound: bool = False
    secure: bool = False
    credentials: Credentials | None = None
    caller: NameAddress | None = None
    failed: Callable[[], None] = lambda: None


@dataclass(slots=True)
class _Early:
    """What one of those who were reached by the INVITE said so far."""

    dialog: Dialog
    received: Received
    negotiation: Negotiation


class OutgoingLeg(Leg):
    """The calling side of an INVITE: `ways` are tried in order. `redirect` takes the URIs of a
    3xx: this telephone is out of it then.
    """

    def __init__(
        self,
        home: Home,
        owner: Owner,
        ways: Sequence[Way],
        *,
        local: NameAddress,
        remote: NameAddress,
        contact_user: str,
        kinds: Sequence[Kind] = (Kind.AUDIO,),
    ) -> None:
        first, *others = ways
        dialog = Dialog(
            call_id=secrets.token_urlsafe(18),
            local=(first.caller or local).with_tag(secrets.token_urlsafe(9)),
            remote=remote.bare,
            target=first.uri,
            routes=first.routes,
        )
        contact = home.stack.listeners.contact(contact_user, first.flow)
        super().__init__(
            home,
            owner,
            dialog,
            first.flow,
            contact,
            bound=first.bound,
            credentials=first.credentials,
        )
        self.status = 0  # of the final answer
        self.redirect: Callable[[list[Uri]], Awaitable[None]] | None = None
        self._way = first
        self._others = others
        self._local = local
        self._contact_user = contact_user
        self._kinds = tuple(kinds)
        self._protection, *self._protections = _protections(first)
        self._initial = dialog
        self._number: int | None = None
        self._offer = ""
        self._applied = ""
        self._early: dict[str, _Early] = {}
        self._attempts = 0
        self._tried: set[int] = set()
        self._won = False
        self._rang = False
        self.register("")

    def start(self) -> None:
        """Begin."""
        self.turns.add(self._begin)

    async def _begin(self) -> None:
        if self.state is not State.BEGUN:
            return
        try:
            session = self.open_session(self._protection)
            self._offer = await session.offer(self._kinds)
        except Refused as refused:
            self._finish(State.ENDED, refused.reason, refused.text)
            return
        self._invite()

    def _invite(self, credentials: fields.Fields | None = None) -> None:
        """Send it, or send it again with something changed: a new transaction of the same call."""
        if self.state is not State.BEGUN:
            return
        self._attempts += 1
        self._early.clear()
        self.dialog = self._initial
        self.negotiation = Negotiation()
        self.negotiation.invite_sent(body=True)
        heading = self.dialog.heading("INVITE")
        headers = fields.of_dialog(self.dialog, heading, "INVITE")
        headers += fields.contact(self.contact, focus=self.focus) + fields.CAPABILITIES
        headers += self.renegotiation.ask() + fields.identity(self._initial.local)
        headers += fields.content(fields.SDP) + (credentials or [])
        self._number = self.stack.request(
            "INVITE",
            heading.uri,
            self.flow,
            headers,
            self._offer.encode(),
            heard=partial(self._heard, heading.sequence),
            bound=self.bound,
        )

    def give_up(self, reason: Reason, text: str) -> None:
        """CANCEL; whoever answers all the same is thanked and hung up on."""
        if self._number is not None:
            self.stack.cancel(self._number, [("Reason", str(reason_field(reason)))])
        self._finish(State.ENDED, reason, text)

    # within the dialog

    def requested(self, request: SipRequest) -> None:
        """Take a request, unless it is of another one who was reached and not kept."""
        tag = self.dialog.remote.tag
        if tag and request.from_tag != tag:
            if request.method != "ACK":
                self.stack.reply(request, 200 if request.method == "BYE" else 481)
            return
        super().requested(request)

    # answers

    def _heard(self, sequence: int, response: SipResponse) -> None:
        if response.status < 200:
            if response.status > 100 and self.state is State.BEGUN:
                self.turns.add(partial(self._provisional, sequence, response))
        elif response.status < 300:
            self.stack.acknowledge(response)
            self.turns.add(partial(self._accepted, sequence, response))
        elif self.state is State.BEGUN:
            self.turns.add(partial(self._refused, response))

    def _one(self, sequence: int, response: SipResponse) -> _Early:
        """What is known of the one who answers. Raises `MalformedError`."""
        tag = response.to_tag or ""
        if (early := self._early.get(tag)) is None:
            dialog = Dialog.of_response(response, self._initial.local, sequence)
            if dialog.call_id != self._initial.call_id:
                raise MalformedError("an answer of another call")
            # Only what was sent before anybody answered is common to all of them.
            negotiation = Negotiation()
            negotiation.invite_sent(body=True)
            early = self._early[tag] = _Early(dialog, Received(sequence), negotiation)
        return early

    async def _provisional(self, sequence: int, response: SipResponse) -> None:
        if self.state is not State.BEGUN:
            return
        if response.to_tag and response.get("contact") is not None:
            try:
                await self._early_answer(sequence, response)
            except (MalformedError, OutOfTurn, Refused):
                # The final answer may be better; this one is only counted.
                self.stack.failures["provisional answer"] += 1
        self._rang = True
        if response.status == 180:
            self.owner.ringing()

    async def _early_answer(self, sequence: int, response: SipResponse) -> None:
        early = self._one(sequence, response)
        rack = early.received.accept(response)
        reliably = rack is not None
        if rack is not None:
            self.request("PRACK", [("RAck", str(rack))], dialog=early.dialog)
        if not self.dialog.remote.tag:
            self.dialog, self.negotiation = early.dialog, early.negotiation
        if early.dialog is not self.dialog:
            return  # of several the first is heard
        part = early.negotiation.answer_received(
            bool(response.body), reliable=reliably, final=False
        )
        if part is Part.ANSWER and response.content_type == fields.SDP:
            await self._apply(response)
            await self.owner.early()

    async def _accepted(self, sequence: int, response: SipResponse) -> None:
        try:
            early = self._one(sequence, response)
            early.dialog.confirm(response)
        except MalformedError as error:
            if self.state is State.BEGUN:
                self._finish(State.ENDED, Reason.UNSUPPORTED, str(error))
            return
        if self.state is State.BEGUN:
            self.state = State.TALKING
            self.dialog, self.negotiation = early.dialog, early.negotiation
            await self._talk(response)
        elif early.dialog is not self.dialog or not self._won:
            self._dismiss(early.dialog)

    def _dismiss(self, dialog: Dialog) -> None:
        """Hang up on one who answered too late, or as well."""
        why = [("Reason", str(reason_field(Reason.ELSEWHERE)))]
        self.request("BYE", why, dialog=dialog)

    async def _talk(self, response: SipResponse) -> None:
        self._won = True
        try:
            self.renegotiation.begins(response, ours=True)
            self.renegotiation.agreed(response)
            part = self.negotiation.answer_received(bool(response.body), reliable=False, final=True)
            if part is Part.ANSWER:
                await self._apply(response)
        except (MalformedError, OutOfTurn, Refused) as error:
            self.end(Reason.UNSUPPORTED, str(error))
            return
        self.renegotiation.arm()
        await self.owner.answered()
        self.renegotiation.go_on()

    async def _apply(self, response: SipResponse) -> None:
        text = response.body.decode(errors="replace")
        if text != self._applied:
            await self.session.accept_answer(0, text)
            self._applied = text

    # a no, and what may help

    async def _refused(self, response: SipResponse) -> None:
        if self.state is not State.BEGUN:
            return
        self.status = response.status
        if 300 <= response.status < 400 and self.redirect is not None:
            await self.redirect(_contacts(response))
        again = self._attempts < ATTEMPTS and self._help(response)
        if not again:
            reason = reason_of(response.status)
            if response.local:
                reason = Reason.UNAVAILABLE  # nobody is there who could have been too slow
            self._finish(State.ENDED, reason, response.reason)

    def _help(self, response: SipResponse) -> bool:
        status = response.status
        if response.local or status == 408 or 500 <= status < 600:
            self._way.failed()
            return self._next_way()
        if status == 422:
            return self._with_longer_interval(response)
        if status == 491:
            asyncio.get_running_loop().call_later(1.0, self._invite)
            return True
        if status in _NO_SUCH_MEDIA:
            return self._with_other_media()
        if status in self._tried:
            return False
        self._tried.add(status)
        answer = answer_challenge(response, self, str(self._initial.target.request))
        if answer:
            self._invite(answer)
        return bool(answer)

    def _next_way(self) -> bool:
        """Another way, unless the telephone has rung by this one."""
        if not self._others or self._rang:
            return False
        way = self._way = self._others.pop(0)
        self.flow, self.bound, self.credentials = way.flow, way.bound, way.credentials
        self.contact = self.stack.listeners.contact(self._contact_user, way.flow)
        local = (way.caller or self._local).with_tag(self._initial.local.tag)
        self._initial.local, self._initial.target = local, way.uri
        self._initial.routes = way.routes
        self._attempts = 0
        self._tried.clear()
        self._invite()
        return True

    def _with_longer_interval(self, response: SipResponse) -> bool:
        raised = self.renegotiation.raise_minimum(response)
        if raised:
            self._invite()
        return raised

    def _with_other_media(self) -> bool:
        if not self._protections or self._session is None:
            return False
        self._session.close()
        self._session = None
        self._protection = self._protections.pop(0)
        self.turns.add(self._begin)
        return True


def _protections(way: Way) -> list[Protection]:
    """How media is protected in our offers: what fits best first, then what telephones want that
    have refused it.
    """
    if way.flow.transport in ("ws", "wss"):
        return [Protection.HANDSHAKE]
    if way.secure:
        return [Protection.KEYS, Protection.HANDSHAKE, Protection.NONE]
    return [Protection.NONE, Protection.HANDSHAKE, Protection.KEYS]


def _contacts(response: SipResponse) -> list[Uri]:
    """Where a 3xx says that the call should go."""
    try:
        return [one.uri for one in name_addresses(response, "contact")]
    except MalformedError:
        return []
