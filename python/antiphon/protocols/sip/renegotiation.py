"""Changes of a running call: re-INVITE and UPDATE of either side, and the refreshes that show each
that the other is there (RFC 3261 §14, RFC 3311, RFC 4028, RFC 6337).

It belongs to a leg and knows neither how the call began nor rooms.
"""

import asyncio
import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from antiphon._native import SipRequest, SipResponse
from antiphon.core.reason import Reason, Refused

from . import fields, session_timer
from .header import tokens
from .negotiation import Collision, OutOfTurn, Part
from .session_timer import Agreed, Terms, TooSmallError
from .uri import MalformedError

if TYPE_CHECKING:
    from .leg import Leg

MIN_SE = "Min-SE"
# RFC 3261 §14.1: waits are multiples of 10 ms, and the one who made the Call-ID waits longer.
GLARE_STEP = 0.01
GLARE_LONGER = 2.1
# After this part of the interval a refresh that failed is tried once more.
REFRESH_AGAIN = 1 / 8


class Renegotiation:
    """Of one leg."""

    def __init__(self, leg: "Leg") -> None:
        self._leg = leg
        self._terms: Terms = leg.home.times.session
        self._agreed: Agreed | None = None
        self._wanted = False
        self._held = False
        self.takes_messages = False  # whether they understand MESSAGE
        self._update = False  # whether they understand UPDATE
        self._calls = False  # whether the call is ours, which decides who waits longer
        self._timer: asyncio.TimerHandle | None = None  # of the next refresh, or of the end
        self._end_at = 0.0  # when the call ends if nothing refreshes
        self._refreshing = False
        self._tried_again = False
        self._retry: asyncio.TimerHandle | None = None

    # how the call began

    def begins(self, message: SipRequest | SipResponse, *, ours: bool) -> None:
        """Learn what the other side understands from its INVITE or the 2xx to ours."""
        self._calls = ours
        if (allowed := tokens(message, "allow")) or not ours:
            self._update = "update" in allowed
            self.takes_messages = "message" in allowed

    def ask(self) -> fields.Fields:
        """The fields of an INVITE that ask for refreshes."""
        return session_timer.ask(self._terms)

    def raise_minimum(self, response: SipResponse) -> bool:
        """After a 422: whether asking again with more may help."""
        try:
            raised = session_timer.raised(response, self._terms)
        except MalformedError:
            self._leg.stack.failures["malformed answer"] += 1
            return False
        if raised is None:
            return False
        self._terms = raised
        return True

    def agree(self, request: SipRequest) -> fields.Fields:
        """What we agree to of their wish for refreshes. Raises `TooSmallError`."""
        agreed, more = session_timer.answer(request, self._terms)
        self._agreed = agreed
        return more

    def agreed(self, response: SipResponse) -> None:
        """What they agreed to. Raises `MalformedError`."""
        self._agreed = session_timer.answered(response, self._terms)

    def arm(self) -> None:
        """A refresh, or the answer to the call, went through: from here the time counts anew."""
        self._refreshing = self._tried_again = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._agreed is None or self._leg.over:
            return
        now = self._leg.stack.now
        self._end_at = self._agreed.end(now)
        due = self._refresh if self._agreed.ours else self._expired
        self._call_at(self._agreed.next(now), due)

    def close(self) -> None:
        """No more of all this."""
        for timer in (self._timer, self._retry):
            if timer is not None:
                timer.cancel()
        self._wanted = False

    # what they want

    async def invited(self, request: SipRequest) -> None:
        """Their re-INVITE."""
        await self._changed_by(request, self._leg.negotiation.invite_received)

    async def updated(self, request: SipRequest) -> None:
        """Their UPDATE: a change, or only a refresh."""
        await self._changed_by(request, self._leg.negotiation.update_received)

    async def _changed_by(self, request: SipRequest, received: Callable[[bool], Part]) -> None:
        leg, invite = self._leg, request.method == "INVITE"
        if not acceptable(leg, request):
            return
        try:
            timers = self.agree(request)
            part = received(bool(request.body))
        except TooSmallError as error:
            leg.stack.reply(request, 422, headers=[(MIN_SE, str(error.minimum))])
            return
        except Collision as collision:
            wait = [("Retry-After", str(random.randint(0, 10)))] if collision.status == 500 else []  # noqa: S311
            leg.stack.reply(request, collision.status, headers=wait)
            return
        try:
            leg.dialog.refresh(request)
            body = await self._described(request, part, invite=invite)
        except (Refused, MalformedError) as error:
            leg.negotiation.invite_refused() if invite else leg.negotiation.refused()
            status = 488 if isinstance(error, Refused) else 400
            leg.stack.reply(request, status, headers=fields.warning(error))
            return
        if invite:
            leg.negotiation.answer_sent(bool(body), reliable=False, final=True)
        elif part is Part.OFFER:
            leg.negotiation.answered()
        if not leg.reply(request, 200, timers, body):
            return  # cancelled just now; `cancelled` puts it right
        self.arm()
        if part is Part.OFFER:
            await self.settled()

    async def _described(self, request: SipRequest, part: Part, *, invite: bool) -> str:
        if part is Part.OFFER:
            return (
                await self._leg.session.accept_offer(request.body.decode(errors="replace"))
            ).text
        return await self._leg.session.offer() if invite else ""

    async def cancelled(self) -> None:
        """Their re-INVITE was cancelled: what was agreed before holds."""
        self._leg.negotiation.invite_refused()

    async def acknowledged(self, request: SipRequest) -> None:
        """Their ACK, with the answer if our 2xx had the offer."""
        leg = self._leg
        try:
            if leg.negotiation.acknowledged(bool(request.body)) is Part.ANSWER:
                await leg.session.accept_answer(0, request.body.decode(errors="replace"))
                await self.settled()
        except (OutOfTurn, Refused) as error:
            leg.end(Reason.UNSUPPORTED, str(error))
        self.go_on()

    async def settled(self) -> None:
        """Both sides agree on something else now: tell the owner."""
        leg = self._leg
        await leg.owner.renegotiated()
        if not leg.over and leg.session.on_hold != self._held:
            self._held = not self._held
            leg.owner.held(self._held)
        self.go_on()

    # what we want

    def want(self) -> None:
        """Offer what our media session has to say, as soon as nothing else is open."""
        self._wanted = True
        self.go_on()

    def go_on(self) -> None:
        """Do what has waited for its turn."""
        leg = self._leg
        waits = self._retry is not None or not leg.negotiation.idle
        if self._wanted and not waits and leg.dialog.confirmed and not leg.over:
            self._wanted = False
            leg.turns.add(self._offer)

    async def _offer(self) -> None:
        leg = self._leg
        if leg.over:
            return
        if not leg.negotiation.idle:
            self._wanted = True
            return
        body = await leg.session.offer()
        leg.negotiation.invite_sent(body=True)
        timers = session_timer.ask(self._terms, self._agreed)
        more = timers + fields.content(fields.SDP)
        leg.request("INVITE", more, body.encode(), heard=self._heard_invite)

    def _heard_invite(self, response: SipResponse) -> None:
        if response.status >= 200:
            if response.status < 300:
                self._leg.stack.acknowledge(response, flow=self._leg.flow)
            self._leg.turns.add(partial(self._answered, response))

    async def _answered(self, response: SipResponse) -> None:
        leg = self._leg
        if leg.over:
            return
        if response.status >= 300:
            leg.negotiation.invite_refused()
            leg.session.withdraw()
            self._refused(response)
            return
        try:
            leg.dialog.refresh(response)
            self.agreed(response)
            part = leg.negotiation.answer_received(bool(response.body), reliable=False, final=True)
            if part is Part.ANSWER:
                await leg.session.accept_answer(0, response.body.decode(errors="replace"))
        except (MalformedError, OutOfTurn, Refused) as error:
            leg.end(Reason.UNSUPPORTED, str(error))
            return
        self.arm()
        await self.settled()

    def _refused(self, response: SipResponse) -> None:
        if response.status == 491:
            low = GLARE_LONGER if self._calls else 0.0
            high = self._leg.home.times.glare if self._calls else low + 2.0
            steps = random.randint(0, max(1, round((high - low) / GLARE_STEP)))  # noqa: S311
            self._later(low + steps * GLARE_STEP)
        elif response.status == 422 and self.raise_minimum(response):
            self._later(0.0)
        else:
            self._not_refreshed(response)

    def _later(self, wait: float) -> None:
        self._wanted = True
        self._retry = asyncio.get_running_loop().call_later(wait, self._again)

    def _again(self) -> None:
        self._retry = None
        self.go_on()

    # refreshes

    def _call_at(self, when: float, due: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(when, due)

    def _refresh(self) -> None:
        self._refreshing = True
        self._call_at(self._end_at, self._expired)
        if self._update:
            timers = session_timer.ask(self._terms, self._agreed)
            self._leg.request("UPDATE", timers, heard=self._refreshed)
        else:
            self.want()

    def _refreshed(self, response: SipResponse) -> None:
        leg = self._leg
        if leg.over or response.status < 200:
            return
        if response.status < 300:
            try:
                leg.dialog.refresh(response)
                self.agreed(response)
            except MalformedError:
                leg.home.stack.failures["malformed answer"] += 1
            self.arm()
        elif response.status in (405, 420, 501):
            self._update = False
            self.want()
        elif response.status == 422 and self.raise_minimum(response):
            self._refresh()
        else:
            self._not_refreshed(response)

    def _not_refreshed(self, response: SipResponse) -> None:
        """Our re-INVITE or UPDATE was refused or lost: what that means for the time that runs."""
        agreed = self._agreed
        if agreed is None or not self._refreshing:
            return
        if not (agreed.mutual or response.local):
            self.arm()
        elif not self._tried_again:
            # It may be a connection that comes back. If not, the end stays where it is.
            self._tried_again = True
            again = self._leg.stack.now + agreed.interval * REFRESH_AGAIN
            if again < self._end_at:
                self._call_at(again, self._refresh)

    def _expired(self) -> None:
        self._timer = None
        self._leg.end(Reason.LOST, "The call was not refreshed.")


def acceptable(leg: "Leg", request: SipRequest) -> bool:
    """Whether we understand what it requires and carries; if not, it has been refused."""
    if unknown := fields.unsupported(tokens(request, "require")):
        leg.stack.reply(request, 420, headers=[("Unsupported", unknown)])
    elif request.body and request.content_type != fields.SDP:
        leg.stack.reply(request, 415, headers=fields.ACCEPT)
    else:
        return True
    return False
