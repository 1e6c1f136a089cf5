"""The notifier of event packages: who subscribed to what, and what they are told (RFC 6665).

What there is to be told is a package's; here are dialogs, durations, and that nobody is told faster
than they take it.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from antiphon._native import SipCancelled, SipFlow, SipRequest, SipResponse, SipUnacknowledged
from antiphon.core.address import Address
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused

from . import fields
from .asked import Asked
from .dialog import Dialog
from .header import elements, number, value_and_parameters
from .reason import status_of
from .stack import Stack
from .uri import MalformedError, Uri

log = logging.getLogger(__name__)

# Subscribers for whom something is looked up at once: more come back a little later.
PREPARING = 1000
BAD_EVENT, NOT_ACCEPTABLE, TOO_BRIEF, GONE = 489, 406, 423, 481


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionLimits:
    """What subscribers may ask, and cost. Times in seconds."""

    minimum: int = 60
    maximum: int = 7200
    default: int = 3600
    interval: float = 0.5  # between two notifications of one subscription
    total: int = 50_000
    per_account: int = 500


Prepare = Callable[[Caller], Coroutine[Any, Any, None] | None]


class Package(Protocol):
    """One event package (RFC 6665 §5)."""

    @property
    def name(self) -> str:
        """As the Event field spells it."""

    @property
    def content_type(self) -> str:
        """Of its documents."""

    def open(self, subscription: "Subscription") -> Callable[[], None]:
        """Call `subscription.changed` whenever there is news, until the result is called.

        Raises `Refused` when the subscriber may not know, or there is nothing to know.
        """

    def document(self, subscription: "Subscription", full: bool) -> bytes:
        """What there is to say now; with `full` false only what changed may be said."""


class Subscriptions:
    """All subscriptions of a node. `subscribed` takes SUBSCRIBE outside of dialogs."""

    def __init__(self, stack: Stack, limits: SubscriptionLimits | None = None) -> None:
        self.stack = stack
        self.limits = limits or SubscriptionLimits()
        self._packages: dict[str, Package] = {}
        self._prepare: dict[str, Prepare] = {}
        self._preparing: set[asyncio.Task[None]] = set()
        self._open: set[Subscription] = set()
        self._per_account: Counter[Address] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, package: Package, prepare: Prepare | None = None) -> None:
        """Serve a package. `prepare` gives, if need be, what must be awaited before somebody can
        subscribe.
        """
        self._packages[package.name] = package
        if prepare is not None:
            self._prepare[package.name] = prepare

    @property
    def events(self) -> fields.Fields:
        """The Allow-Events field (RFC 6665 §8.2.2)."""
        return [("Allow-Events", ", ".join(sorted(self._packages)))]

    def subscribed(self, asked: Asked) -> None:
        """Somebody subscribes, or fetches once with an expiry of 0."""
        name = (asked.request.get("event") or "").partition(";")[0].strip()
        prepare = self._prepare.get(name.lower())
        if prepare is None or (first := prepare(asked.caller)) is None:
            self._take(asked)
        elif len(self._preparing) >= PREPARING:
            first.close()
            self.stack.reply(asked.request, 503, headers=[("Retry-After", "5")])
        else:
            task = asyncio.get_running_loop().create_task(self._take_after(first, asked))
            self._preparing.add(task)
            task.add_done_callback(self._preparing.discard)

    async def _take_after(self, first: Coroutine[Any, Any, None], asked: Asked) -> None:
        try:
            await first
        except Refused as refused:
            self.stack.reply(asked.request, status_of(refused.reason))
        except Exception:
            log.exception("a subscription could not be prepared")
            self.stack.reply(asked.request, 500)
        else:
            self._take(asked)

    def _take(self, asked: Asked) -> None:
        request = asked.request
        try:
            self._begin(asked)
        except MalformedError as error:
            self.stack.reply(request, 400, headers=fields.warning(error))
        except Refused as refused:
            self.stack.reply(request, status_of(refused.reason))
        except _Unacceptable as refusal:
            self.stack.reply(request, refusal.status, headers=[*self.events, *refusal.headers])

    def close(self) -> None:
        """Tell all that this node serves them no more (they may subscribe anew elsewhere)."""
        for task in self._preparing:
            task.cancel()
        for subscription in list(self._open):
            subscription.end("deactivated")

    def duration(self, request: SipRequest) -> int:
        """Seconds that are granted. Raises `_Unacceptable`, `MalformedError`."""
        wanted = number(request.get("expires") or str(self.limits.default))
        if 0 < wanted < self.limits.minimum:
            raise _Unacceptable(TOO_BRIEF, [("Min-Expires", str(self.limits.minimum))])
        return min(wanted, self.limits.maximum)

    def forget(self, subscription: "Subscription") -> None:
        """It has ended."""
        if subscription in self._open:
            self._open.remove(subscription)
            account = subscription.caller.address.bare
            self._per_account[account] -= 1
            if not self._per_account[account]:
                del self._per_account[account]

    def _begin(self, asked: Asked) -> None:
        request = asked.request
        name, parameters = value_and_parameters(request.get("event") or "")
        if (package := self._packages.get(name.lower())) is None:
            raise _Unacceptable(BAD_EVENT)
        _must_accept(request, package)
        duration = self.duration(request)
        if asked.target is None:
            raise Refused(Reason.NOT_FOUND, "Nobody of that name is here.")
        account = asked.caller.address.bare
        full = len(self._open) >= self.limits.total
        if full or self._per_account[account] >= self.limits.per_account:
            raise Refused(Reason.TOO_MANY, "There are too many subscriptions.")
        dialog = Dialog.of_request(request, request.local_tag)
        subscription = Subscription(
            self, package, asked, asked.target, dialog, parameters.get("id", "")
        )
        subscription.begin(duration)
        self._open.add(subscription)
        self._per_account[account] += 1
        subscription.accept(request, duration)


class Subscription:
    """One subscriber of one package. `version` counts its documents, from 0. `pending`: its package
    knows the subscriber, who may not know anything yet (RFC 6665 §4.1.3).
    """

    def __init__(
        self,
        owner: Subscriptions,
        package: Package,
        asked: Asked,
        target: Address,
        dialog: Dialog,
        id: str,
    ) -> None:
        self.caller: Caller = asked.caller
        self.target = target
        self.uri: Uri = asked.uri
        self.version = -1
        self.pending = False
        self._owner = owner
        self._stack = owner.stack
        self._package = package
        self._dialog = dialog
        self._flow: SipFlow = asked.request.flow
        self._event = f"{package.name};id={id}" if id else package.name
        self._contact = self._stack.listeners.contact("", asked.request.flow)
        self._loop = asyncio.get_running_loop()
        self._until = 0.0
        self._expiry: asyncio.TimerHandle | None = None
        self._waiting: asyncio.TimerHandle | None = None
        self._unanswered = False
        self._stale = False
        self._full = True
        self._ended = False
        self._close: Callable[[], None] = _nothing
        self._leave: Callable[[], None] = _nothing

    def begin(self, duration: int) -> None:
        """Watch what it is about. Raises `Refused`."""
        if duration:
            self._close = self._package.open(self)
            id = self._dialog.id
            self._leave = self._stack.enter((id.call_id, id.local_tag, id.remote_tag), self)
        else:
            # RFC 6665 §4.4.3: one look, for which the same permission is needed.
            self._package.open(self)()

    def changed(self) -> None:
        """There is news: tell it as soon as the subscriber can take it."""
        self._stale = True
        self._tell_soon()

    def end(self, reason: str) -> None:
        """Tell that this is the last notification. Idempotent."""
        if not self._ended:
            self._finish()
            self._notify(f"terminated;reason={reason}")

    # stack.DialogHandler

    def requested(self, request: SipRequest) -> None:
        """A refresh, or the end of it."""
        if request.method != "SUBSCRIBE":
            self._stack.reply(request, 405, headers=[("Allow", "SUBSCRIBE, NOTIFY")])
            return
        if not self._dialog.accepts(request.cseq):
            self._stack.reply(request, 500, "Out of order")
            return
        try:
            duration = self._owner.duration(request)
            self._dialog.refresh(request)
        except MalformedError:
            self._stack.reply(request, 400)
        except _Unacceptable as refusal:
            self._stack.reply(request, refusal.status, headers=refusal.headers)
        else:
            self._flow = request.flow
            self.accept(request, duration)

    def cancelled(self, event: SipCancelled) -> None:
        """Only an INVITE can be."""

    def unacknowledged(self, event: SipUnacknowledged) -> None:
        """Only an INVITE's answer is acknowledged."""

    def accept(self, request: SipRequest, duration: int) -> None:
        """Answer, and tell all there is to tell (RFC 6665 §4.2.1.2)."""
        headers = [("Expires", str(duration)), ("Contact", f"<{self._contact}>")]
        self._stack.reply(request, 200, headers=headers)
        if self._expiry is not None:
            self._expiry.cancel()
        self._full = True
        if not duration:
            self.end("timeout")
            return
        self._until = self._loop.time() + duration
        self._expiry = self._loop.call_later(duration, self.end, "timeout")
        self._stale = True
        self._unanswered = False
        self._tell_now()

    # telling

    def _tell_soon(self) -> None:
        if self._waiting is None and not self._unanswered and not self._ended:
            self._waiting = self._loop.call_later(self._owner.limits.interval, self._tell_now)

    def _tell_now(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        if self._stale and not self._ended:
            left = max(0, round(self._until - self._loop.time()))
            self._notify(f"{'pending' if self.pending else 'active'};expires={left}")

    def _notify(self, state: str) -> None:
        full, self._full, self._stale = self._full, False, False
        self.version += 1
        body = self._package.document(self, full)
        heading = self._dialog.heading("NOTIFY")
        headers = [
            *fields.of_dialog(self._dialog, heading, "NOTIFY"),
            ("Contact", f"<{self._contact}>"),
            ("Event", self._event),
            ("Subscription-State", state),
            *(fields.content(self._package.content_type) if body else []),
        ]
        self._unanswered = True
        self._stack.request(
            "NOTIFY", heading.uri, self._flow, headers, body, heard=self._heard, bound=True
        )

    def _heard(self, response: SipResponse) -> None:
        if response.status < 200 or self._ended:
            return
        self._unanswered = False
        if response.status >= 300 and not self._may_go_on(response):
            log.info("a subscriber is gone: %d %s", response.status, response.reason)
            self._finish()
        elif self._stale:
            self._tell_soon()

    def _may_go_on(self, response: SipResponse) -> bool:
        """RFC 6665 §4.2.2: most failures end it; a lost connection may come back with a refresh."""
        if response.local and response.status == 503:
            self._full = True
            return True
        return response.get("retry-after") is not None

    def _finish(self) -> None:
        self._ended = True
        for timer in (self._expiry, self._waiting):
            if timer is not None:
                timer.cancel()
        self._close()
        self._leave()
        self._owner.forget(self)


class _Unacceptable(Exception):
    """A SUBSCRIBE is refused by a status of its own."""

    def __init__(self, status: int, headers: fields.Fields | None = None) -> None:
        super().__init__(str(status))
        self.status = status
        self.headers = headers or []


def _must_accept(request: SipRequest, package: Package) -> None:
    accepted = elements(request.all("accept"))
    types = {value_and_parameters(text)[0].lower() for text in accepted}
    kind = package.content_type.partition("/")[0]
    if types and not types & {package.content_type, f"{kind}/*", "*/*"}:
        raise _Unacceptable(NOT_ACCEPTABLE, [("Accept", package.content_type)])


def _nothing() -> None:
    """There is nothing to close."""
