"""Presence for telephones: the packages `presence` (RFC 3856), `dialog` (RFC 4235) and
`message-summary` (RFC 3842), and what telephones publish of themselves (RFC 3903).

Who is there, and which calls run, are the core's; here they are spelled.
"""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from antiphon._native import SipRequest
from antiphon.core.address import Address
from antiphon.core.call import CallInfo
from antiphon.core.event import CallAnswered, CallEnded, CallRinging, Event
from antiphon.core.outlet import Outlet
from antiphon.core.people import Contacts
from antiphon.core.ports import Caller, Presence
from antiphon.core.presence import PresenceState
from antiphon.core.reason import Reason, Refused

from . import dialog_document, fields, presence_document
from .asked import Asked
from .header import number, value_and_parameters
from .reason import status_of
from .stack import Stack
from .subscription import Subscription, SubscriptionLimits
from .uri import MalformedError

log = logging.getLogger(__name__)

# What PIDF and its activities have no word for (RFC 4480 §3.2), in the nearest one.
_SHOWS = {"chat": "available", "xa": "away"}

CONDITION_FAILED, BAD_EVENT, TOO_BRIEF, UNSUPPORTED_TYPE = 412, 489, 423, 415
PUBLICATIONS = 50_000
PUBLICATIONS_PER_ACCOUNT = 32
# How often all are looked at for some that have ended, where there is no place for more (s).
LOOK_TIME = 10.0
NOTE_LIMIT = 200
# Ended calls that one notification can tell of.
ENDED_CALLS = 16


class RunningCalls(Protocol):
    """What the dialog package asks of the switchboard."""

    def calls_of(self, account: Address) -> Iterable[CallInfo]:
        """Running calls from or to an account."""

    def watch(self, outlet: Outlet) -> Callable[[], None]:
        """Tell every event from now on."""


class Sight(Protocol):
    """What the presence package asks of the switchboard."""

    def watch_presence(
        self,
        caller: Caller,
        account: Address,
        tell: Callable[[Event], None],
        *,
        patient: bool = False,
    ) -> Callable[[], None]:
        """Tell what changes, as soon and as long as the caller may see it."""

    def may_see(self, caller: Caller, account: Address) -> bool:
        """Whether they may now."""


class PresencePackage:
    """Who is there, for those whom they let see it (RFC 3856 §6.6). Whoever is not let is told only
    that: with the first subscription they ask, as other clients do by adding a contact (RFC 8048).
    """

    name = "presence"
    content_type = presence_document.CONTENT_TYPE

    def __init__(self, presence: Presence, sight: Sight, contacts: Contacts) -> None:
        self._presence = presence
        self._sight = sight
        self._contacts = contacts
        self._asking: set[asyncio.Task[None]] = set()

    def prepare(self, caller: Caller) -> Coroutine[Any, Any, None] | None:
        """Whom the caller sees must be in memory."""
        account = caller.address.bare
        if account.is_guest or self._contacts.sees(account, account) is not None:
            return None
        return self._look_up(account)

    async def _look_up(self, account: Address) -> None:
        await self._contacts.of(account)

    def open(self, subscription: Subscription) -> Callable[[], None]:
        """See `Package`."""
        must_know(subscription.caller, subscription.target)
        caller, account = subscription.caller, subscription.target.bare

        def tell(_: Event) -> None:
            subscription.pending = not self._sight.may_see(caller, account)
            subscription.changed()

        close = self._sight.watch_presence(caller, account, tell, patient=True)
        subscription.pending = not self._sight.may_see(caller, account)
        if subscription.pending and not self._contacts.lists(caller.address.bare, account):
            self._ask(caller, account)
        return close

    def document(self, subscription: Subscription, full: bool) -> bytes:
        """Always the whole presence: it is small. Nothing for whom nothing is meant yet."""
        if subscription.pending:
            return b""
        account = subscription.target.bare
        states = self._presence.of(account)
        tuples = [
            presence_document.Tuple(
                id=_tuple_id(state), show=_SHOWS.get(state.show, state.show), note=state.note
            )
            for state in states
        ]
        return presence_document.write_presence(f"sip:{account}", tuples)

    async def close(self) -> None:
        """Wait for requests on their way."""
        if self._asking:
            await asyncio.wait(self._asking)

    def _ask(self, caller: Caller, account: Address) -> None:
        task = asyncio.get_running_loop().create_task(self._ask_for(caller, account))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask_for(self, caller: Caller, account: Address) -> None:
        try:
            await self._contacts.ask(caller.address.bare, account)
        except Refused as refused:
            log.info("%s does not ask to see %s: %s", caller.address.bare, account, refused)


class DialogPackage:
    """Which calls an account is in: the lamps of its colleagues' telephones."""

    name = "dialog"
    content_type = dialog_document.CONTENT_TYPE

    def __init__(self, calls: RunningCalls) -> None:
        self._calls = calls
        self._watching: dict[Address, dict[Subscription, deque[CallInfo]]] = {}
        self.close = calls.watch(self)

    def open(self, subscription: Subscription) -> Callable[[], None]:
        """See `Package`."""
        must_know(subscription.caller, subscription.target)
        account = subscription.target.bare
        watching = self._watching.setdefault(account, {})
        watching[subscription] = deque(maxlen=ENDED_CALLS)

        def close() -> None:
            watching.pop(subscription, None)
            if not watching and self._watching.get(account) is watching:
                del self._watching[account]

        return close

    def document(self, subscription: Subscription, full: bool) -> bytes:
        """All running calls, and those that ended since the last time."""
        account = subscription.target.bare
        ended = self._watching.get(account, {}).get(subscription, deque())
        calls = [*self._calls.calls_of(account), *ended]
        ended.clear()
        return dialog_document.write_dialogs(f"sip:{account}", account, calls, subscription.version)

    # core.member.Outlet

    def deliver(self, event: Event) -> None:
        """A call rings, is answered, or has ended."""
        if not isinstance(event, CallRinging | CallAnswered | CallEnded):
            return
        call = event.call
        for account in {call.caller.bare, call.callee.bare}:
            for subscription, ended in list(self._watching.get(account, {}).items()):
                if isinstance(event, CallEnded):
                    ended.append(call)
                subscription.changed()


class MessagePackage:
    """Whether messages wait for an account. `waiting` counts them: (new, read before)."""

    name = "message-summary"
    content_type = "application/simple-message-summary"

    def __init__(self, waiting: Callable[[Address], tuple[int, int]]) -> None:
        self._waiting = waiting

    def open(self, subscription: Subscription) -> Callable[[], None]:
        """See `Package`. One's own messages only."""
        if subscription.caller.address.bare != subscription.target.bare:
            raise Refused(Reason.FORBIDDEN, "These are somebody else's messages.")
        return _nothing

    def document(self, subscription: Subscription, full: bool) -> bytes:
        """RFC 3842 §3.5."""
        account = subscription.target.bare
        new, old = self._waiting(account)
        lines = [
            f"Messages-Waiting: {'yes' if new else 'no'}",
            f"Message-Account: sip:{account}",
            f"Text-Message: {new}/{old}",
        ]
        return "".join(f"{line}\r\n" for line in lines).encode()


@dataclass(slots=True)
class _Publication:
    tag: str
    device: Address
    state: PresenceState
    until: float


class Publications:
    """What telephones say of themselves: PUBLISH with its entity tags."""

    def __init__(
        self, stack: Stack, presence: Presence, limits: SubscriptionLimits | None = None
    ) -> None:
        self._stack = stack
        self._presence = presence
        self._limits = limits or SubscriptionLimits()
        self._loop = asyncio.get_running_loop()
        self._by_tag: dict[str, _Publication] = {}
        self._per_account: dict[Address, list[str]] = {}
        self._look_at = 0.0

    def published(self, asked: Asked) -> None:
        """A PUBLISH outside of dialogs."""
        request = asked.request
        try:
            self._publish(asked)
        except MalformedError as error:
            self._stack.reply(request, 400, headers=fields.warning(error))
        except Refused as refused:
            self._stack.reply(request, status_of(refused.reason))

    def _publish(self, asked: Asked) -> None:
        request = asked.request
        event, _ = value_and_parameters(request.get("event") or "")
        if event.lower() != PresencePackage.name:
            allowed = [("Allow-Events", PresencePackage.name)]
            self._stack.reply(request, BAD_EVENT, headers=allowed)
            return
        if asked.target is None or asked.target.bare != asked.caller.address.bare:
            self._stack.reply(request, 403)
            return
        wanted = number(request.get("expires") or str(self._limits.default))
        if 0 < wanted < self._limits.minimum:
            minimum = [("Min-Expires", str(self._limits.minimum))]
            self._stack.reply(request, TOO_BRIEF, headers=minimum)
            return
        if request.body and request.content_type != presence_document.CONTENT_TYPE:
            accept = [("Accept", presence_document.CONTENT_TYPE)]
            self._stack.reply(request, UNSUPPORTED_TYPE, headers=accept)
            return
        self._keep(request, asked.caller, min(wanted, self._limits.maximum))

    def _keep(self, request: SipRequest, caller: Caller, expires: int) -> None:
        """RFC 3903 §6: a new publication, or a change, refresh or end of the one of the tag."""
        self._expire(caller.address.bare)
        matched = request.get("sip-if-match")
        before = self._by_tag.get(matched) if matched else None
        if matched and (before is None or before.device.bare != caller.address.bare):
            self._stack.reply(request, CONDITION_FAILED)
            return
        if before is None and not self._has_place(caller.address.bare):
            self._stack.reply(request, 503, headers=[("Retry-After", "60")])
            return
        if before is None and not request.body:
            raise MalformedError("a first publication needs a document")
        device = before.device if before else caller.address.bare.on(f"sip-{secrets.token_hex(4)}")
        state = self._state(request, device, before)
        if before is not None:
            self._forget(before)
        tag = secrets.token_hex(8)
        if expires:
            self._presence.publish(state, float(expires))
            until = self._loop.time() + expires
            self._by_tag[tag] = _Publication(tag, device, state, until)
            self._per_account.setdefault(device.bare, []).append(tag)
        else:
            self._presence.withdraw(device)
        self._stack.reply(request, 200, headers=[("SIP-ETag", tag), ("Expires", str(expires))])

    def _state(
        self, request: SipRequest, device: Address, before: _Publication | None
    ) -> PresenceState:
        if before is not None and not request.body:
            return before.state
        show, note = presence_document.read_presence(request.body)
        return PresenceState(device=device, show=show, note=note[:NOTE_LIMIT])

    def _has_place(self, account: Address) -> bool:
        if len(self._by_tag) >= PUBLICATIONS and (now := self._loop.time()) >= self._look_at:
            # Those whose publications have ended may never come back themselves.
            self._look_at = now + LOOK_TIME
            for other in list(self._per_account):
                self._expire(other)
        mine = self._per_account.get(account, ())
        return len(self._by_tag) < PUBLICATIONS and len(mine) < PUBLICATIONS_PER_ACCOUNT

    def _expire(self, account: Address) -> None:
        now = self._loop.time()
        for tag in list(self._per_account.get(account, ())):
            if (found := self._by_tag[tag]).until <= now:
                self._forget(found)

    def _forget(self, publication: _Publication) -> None:
        del self._by_tag[publication.tag]
        tags = self._per_account[publication.device.bare]
        tags.remove(publication.tag)
        if not tags:
            del self._per_account[publication.device.bare]


def must_know(caller: Caller, target: Address) -> None:
    """Those who have an account here may know of each other. Raises `Refused`."""
    if target.is_room:
        raise Refused(Reason.NOT_FOUND, "A room has no presence.")
    if caller.address.is_guest:
        raise Refused(Reason.FORBIDDEN, "Guests are not told who is there.")


def _tuple_id(state: PresenceState) -> str:
    text = state.device.device or state.device.local
    return "".join(char if char.isascii() and char.isalnum() else "-" for char in text)


def _nothing() -> None:
    """There is nothing to be watched."""
