"""A call that a telephone began: its INVITE, our provisional answers and the final one.

It does not know whom the telephone calls; its owner does.
"""

from functools import partial

from antiphon._native import SipRequest
from antiphon.core.reason import Reason, Refused

from . import fields, reliable
from .dialog import Dialog
from .leg import Home, Leg, State
from .negotiation import OutOfTurn, Owed, Part
from .owner import Owner
from .reason import reason_field, status_of
from .uri import MalformedError


class IncomingLeg(Leg):
    """The answering side of an INVITE. Raises `MalformedError` for one that makes no dialog."""

    def __init__(self, home: Home, owner: Owner, request: SipRequest, contact_user: str) -> None:
        dialog = Dialog.of_request(request, request.local_tag)
        contact = home.stack.listeners.contact(contact_user, request.flow)
        super().__init__(home, owner, dialog, request.flow, contact, bound=dialog.target_in_person)
        self._invite: SipRequest | None = request  # until it has its final answer
        self._answer = ""
        self._timers: fields.Fields = []
        self.has_offer = bool(request.body)  # if not, media is known with the ACK only
        self._reliably = reliable.possible(request)
        self._always = reliable.wanted(request)
        self._said = 0  # the last provisional status
        self._unpracked = False
        self._accepted = False
        self.register(request.from_tag or "")

    async def open(self) -> None:
        """Read what the INVITE offers and asks, in a media session of its own.

        Raises `Refused`, `MalformedError` and `TooSmallError`.
        """
        if (invite := self._invite) is None:
            raise Refused(Reason.GONE, "The call has ended.")
        self.renegotiation.begins(invite, ours=False)
        self._timers = self.renegotiation.agree(invite)
        part = self.negotiation.invite_received(self.has_offer)
        session = self.open_session()
        if part is Part.OFFER:
            answer = await session.accept_offer(invite.body.decode(errors="replace"))
            self._answer = answer.text

    # answers

    def try_on(self) -> None:
        """Say that it may take a while; without a word the machine would give up soon."""
        if self.state is State.BEGUN and self._invite is not None and not self._said:
            self.stack.reply(self._invite, 100)

    def ring(self) -> None:
        """Say that somebody is rung."""
        self.turns.add(partial(self._provisional, 180, described=False))

    def progress(self) -> None:
        """Say that there is something to be heard before the answer."""
        self.turns.add(partial(self._provisional, 183, described=True))

    def accept(self) -> None:
        """Answer the call."""
        self.turns.add(self._accept)

    def refuse(
        self, status: int, reason: Reason, text: str = "", more: fields.Fields | None = None
    ) -> None:
        """Answer with a failure."""
        if self.state is State.BEGUN and self._invite is not None:
            self.negotiation.invite_refused()
            self.stack.reply(self._invite, status, headers=more or [])
            self._finish(State.ENDED, reason, text)

    def give_up(self, reason: Reason, text: str) -> None:
        """End it before it is answered."""
        more = [("Reason", str(reason_field(reason, text)))]
        self.refuse(status_of(reason), reason, text, more)

    async def _provisional(self, status: int, *, described: bool) -> None:
        if self.state is not State.BEGUN or self._accepted or status <= self._said:
            return
        if self._unpracked or self._invite is None:
            return  # RFC 3262 §3: one at a time; what matters will be in the final answer
        reliably = self._always or (self._reliably and described)
        # RFC 3261 §13.2.1: the first reliable answer to an INVITE without an offer has ours.
        owes_offer = reliably and self.negotiation.owed is Owed.OUR_OFFER
        body = await self._description() if described or owes_offer else ""
        if not self.reply(self._invite, status, [], body, reliable=reliably):
            return
        self._said = status
        self._unpracked = reliably
        self.negotiation.answer_sent(bool(body), reliable=reliably, final=False)

    async def _description(self) -> str:
        """What we owe: the answer, an offer, or nothing any more."""
        match self.negotiation.owed:
            case Owed.OUR_ANSWER:
                return self._answer
            case Owed.OUR_OFFER:
                return await self.session.offer()
            case _:
                return ""

    async def _accept(self) -> None:
        if self.state is not State.BEGUN or self._invite is None:
            return
        self._accepted = True
        if self._unpracked:
            return  # RFC 3262 §3: what a provisional answer describes must arrive before
        body = await self._description()
        if not self.reply(self._invite, 200, self._timers, body):
            return  # cancelled just now
        self._invite, self._answer, self._timers = None, "", []
        self.negotiation.answer_sent(bool(body), reliable=False, final=True)
        self.state = State.TALKING
        self.dialog.confirmed = True
        self.renegotiation.arm()

    def requested(self, request: SipRequest) -> None:
        """Take a request; a BYE that comes before our answer ends the INVITE as well (RFC 3261
        §15.1.2).
        """
        invite = self._invite if self.state is State.BEGUN else None
        super().requested(request)
        if invite is not None and request.method == "BYE" and self.state is State.ENDED:
            self.stack.reply(invite, 487)

    async def pracked(self, request: SipRequest) -> None:
        """A provisional answer of ours arrived; with it may come an answer, or another offer."""
        if not (request.confirmed and self._unpracked):
            self.stack.reply(request, 481)
            return
        body = ""
        try:
            part = self.negotiation.prack_received(bool(request.body))
            text = request.body.decode(errors="replace")
            if part is Part.OFFER:
                body = (await self.session.accept_offer(text)).text
                self.negotiation.answered()
            elif part is Part.ANSWER:
                await self.session.accept_answer(0, text)
                await self.owner.early()
        except (OutOfTurn, MalformedError, Refused) as error:
            self.stack.reply(request, 488 if isinstance(error, Refused) else 400)
            # What the provisional answer began cannot be finished.
            self.end(Reason.BAD_REQUEST, "A PRACK that cannot be used.")
            return
        more = fields.content(fields.SDP) if body else []
        self.stack.reply(request, 200, headers=more, body=body.encode())
        self._unpracked = False
        if self._accepted:
            await self._accept()
