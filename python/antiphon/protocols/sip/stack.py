"""The one object around the SIP machine: it keeps the time, hands events to who waits for them, and
sees to it that what the machine has to say is sent, once for all that happens in a turn.

It opens no socket and decides nothing: `driver` carries bytes, handlers decide.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeAlias

from antiphon._native import (
    SipAccountNeeded,
    SipCancelled,
    SipExhausted,
    SipFlow,
    SipMachine,
    SipRelayed,
    SipRequest,
    SipResponse,
    SipTarget,
    SipUnacknowledged,
)
from antiphon.core.reason import WrongState

from .listener import Listeners
from .resolve import Resolver, Unresolved
from .uri import Uri

log = logging.getLogger(__name__)

Event: TypeAlias = (
    SipRequest
    | SipResponse
    | SipCancelled
    | SipExhausted
    | SipUnacknowledged
    | SipAccountNeeded
    | SipRelayed
)
Fields = bytes | Sequence[tuple[str, str]]
Handler = Callable[[SipRequest], None]
Heard = Callable[[SipResponse], None]

# RFC 3261 §13.2.2.4: further 2xx of a forked INVITE are waited for that long after the first.
FORK_TIME = 64 * 0.5
# Batches of events that handlers may make by what they do, before others get their turn.
ROUNDS = 100
PAUSE = 0.01
INVITE, ACK = "INVITE", "ACK"
ANY = "*"


class DialogHandler(Protocol):
    """Takes what concerns one dialog. What it raises is logged and, for a request, answered 500."""

    def requested(self, request: SipRequest) -> None:
        """A request within the dialog, ACK included: answer it."""

    def cancelled(self, event: SipCancelled) -> None:
        """The INVITE was cancelled and has its 487."""

    def unacknowledged(self, event: SipUnacknowledged) -> None:
        """No ACK to our 2xx, or no PRACK to a reliable provisional reply."""


class Carrier(Protocol):
    """Brings messages to their flows."""

    def flush(self) -> None:
        """Send what the machine has for datagram sockets."""

    def send(self, flow: SipFlow, data: bytes) -> None:
        """Send on a stream, which is opened if need be. Never raises, nor calls back at once."""


DialogId = tuple[str, str, str]


class Stack:
    """See the module. A dialog is named by (Call-ID, our tag, their tag)."""

    def __init__(
        self,
        machine: SipMachine,
        listeners: Listeners,
        resolver: Resolver,
        *,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.machine = machine
        self.listeners = listeners
        self.resolver = resolver
        self.failures: Counter[str] = Counter()
        self.carrier: Carrier | None = None
        self.account_needed: Callable[[SipAccountNeeded], None] = self._unknown_account
        self.relayed: list[Callable[[SipRelayed], None]] = []
        self._loop = loop or asyncio.get_running_loop()
        self._handlers: dict[str, Handler] = {}
        self._dialogs: dict[DialogId, DialogHandler] = {}
        self._heard: dict[int, Heard] = {}
        self._exhausted: dict[int, Callable[[SipExhausted], None]] = {}
        self._turning = False
        self._due = False
        self._timer: asyncio.TimerHandle | None = None
        self._armed = float("inf")

    # who hears what

    def on(self, method: str, handler: Handler) -> None:
        """`handler` gets requests of a method outside of known dialogs; of `ANY`: all others."""
        self._handlers[method] = handler

    def enter(self, dialog: DialogId, handler: DialogHandler) -> Callable[[], None]:
        """`handler` gets what concerns this dialog, until the result is called.

        With their tag empty, it is any dialog of that Call-ID and tag of ours.
        """
        self._dialogs[dialog] = handler

        def leave() -> None:
            if self._dialogs.get(dialog) is handler:
                del self._dialogs[dialog]

        return leave

    @property
    def now(self) -> float:
        """The time, on the clock that the machine is given."""
        return self._loop.time()

    @property
    def dialogs(self) -> int:
        """Dialogs that end here."""
        return len(self._dialogs)

    # verbs, as the machine's; what they cause is sent at the end of the turn

    def challenge(self, request: SipRequest, *, proxy: bool = False, headers: Fields = b"") -> bool:
        """Ask for credentials: 401, or 407 for `proxy`."""
        self.later()
        return self.machine.challenge(request, proxy=proxy, headers=headers)

    def reply(
        self,
        request: SipRequest,
        status: int,
        reason: str = "",
        headers: Fields = b"",
        body: bytes = b"",
        *,
        reliable: bool = False,
        stateless: bool = False,
    ) -> bool:
        """Answer a request. False: it was over already."""
        self.later()
        return self.machine.reply(
            request, status, reason, headers, body, reliable=reliable, stateless=stateless
        )

    def relay(
        self,
        request: SipRequest,
        targets: Sequence[SipTarget],
        *,
        record_route: bool = True,
        exhausted: Callable[[SipExhausted], None] | None = None,
        ring_time: float | None = None,
        headers: Fields = b"",
        remove: Sequence[str] = (),
    ) -> bool:
        """Forward to all targets at once.

        `exhausted` is called when all have failed, and must relay to others, reply, or conclude;
        without it the best of their answers goes back by itself.
        """
        self.later()
        held = exhausted is not None
        done = self.machine.relay(
            request,
            targets,
            record_route=record_route,
            hold=held,
            report=held or (bool(self.relayed) and request.method == INVITE),
            ring_time=ring_time,
            headers=headers,
            remove=remove,
        )
        if done and exhausted is not None:
            self._exhausted[request.id] = exhausted
        return done

    def conclude(self, request: SipRequest) -> bool:
        """Send back the best answer of a relay whose targets have failed."""
        self.later()
        return self.machine.conclude(request)

    def follow(self, request: SipRequest, flow: SipFlow | None = None) -> bool:
        """Forward a request within a dialog by its Route."""
        self.later()
        return self.machine.follow(request, flow)

    def request(
        self,
        method: str,
        uri: str | Uri,
        flow: SipFlow,
        headers: Fields,
        body: bytes = b"",
        *,
        heard: Heard,
        bound: bool = False,
    ) -> int:
        """Send a request; `heard` gets its responses. The result is its number, for `cancel`."""
        self.later()
        number = self.machine.request(method, str(uri), flow, headers, body, bound=bound)
        self._heard[number] = heard
        return number

    def acknowledge(
        self,
        response: SipResponse,
        headers: Fields = b"",
        body: bytes = b"",
        *,
        uri: str | None = None,
        flow: SipFlow | None = None,
    ) -> bool:
        """ACK a 2xx to INVITE."""
        self.later()
        return self.machine.acknowledge(response, headers, body, uri=uri, flow=flow)

    def cancel(self, number: int, headers: Fields = b"") -> bool:
        """CANCEL an INVITE of ours, or the legs of a relay; its final answer still comes."""
        self.later()
        return self.machine.cancel(number, headers)

    # where to

    async def locate(self, uri: Uri) -> Sequence[SipFlow]:
        """The flows to try for a URI, in order (RFC 3263). Raises `Unresolved`."""
        host, port = uri.parameters.get("maddr", uri.host), uri.port or 0
        transport = uri.parameters.get("transport", "")
        targets = await self.resolver.resolve(host, port, transport, uri.secure)
        flows = [flow for target in targets if (flow := self.listeners.to(target)) is not None]
        if not flows:
            kinds = ", ".join(dict.fromkeys(target.transport for target in targets))
            raise Unresolved(f"{uri.host} is reached by {kinds} only, which we do not speak")
        return flows

    def locate_now(self, uri: Uri) -> SipFlow | None:
        """The flow for a URI whose host is an IP address; None where the DNS must be asked."""
        host, port = uri.parameters.get("maddr", uri.host), uri.port or 0
        transport = uri.parameters.get("transport", "").lower()
        target = self.resolver.numeric(host, port, transport, uri.secure)
        return None if target is None else self.listeners.to(target)

    # the turn

    def take(self, events: Iterable[Event]) -> None:
        """Handle events that a driver got from the machine, and all that follows from them; then
        send, and set the timer.
        """
        if self._turning:
            raise WrongState("a turn within a turn")
        self._turning = True
        try:
            self._handle_all(events)
        finally:
            self._turning = False
        self._due = False
        if (carrier := self.carrier) is not None:
            carrier.flush()
            for flow, data in self.machine.output():
                carrier.send(flow, data)
        self._arm()

    def flush(self) -> None:
        """Do and send what there is. Called by itself after a verb: nobody else need call it."""
        if not self._turning:
            self.take(self.machine.events())

    def receive(self, data: bytes, flow: SipFlow) -> None:
        """A message has come."""
        self.receive_all((data,), flow)

    def receive_all(self, messages: Iterable[bytes], flow: SipFlow) -> None:
        """Messages of a stream have come."""
        now = self._loop.time()
        for message in messages:
            self.machine.receive(now, message, flow)
        self.flush()

    def closed(self, flow: SipFlow) -> None:
        """A connection has ended."""
        self.machine.closed(self._loop.time(), flow)
        self.later()

    def failed(self, flow: SipFlow) -> None:
        """A flow could not be reached."""
        self.machine.failed(self._loop.time(), flow)
        self.later()

    def close(self) -> None:
        """No more timers."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.carrier = None

    def later(self) -> None:
        """Something was told to the machine: do and send what follows from it, soon."""
        if not self._turning and not self._due:
            self._due = True
            # The machine's clock stands still while nothing comes; timers count from now.
            self.machine.wake(self._loop.time())
            self._loop.call_soon(self.flush)

    def _handle_all(self, events: Iterable[Event]) -> None:
        for _ in range(ROUNDS):
            for event in events:
                self._handle(event)
            events = self.machine.events()
            if not events:
                return
        self.failures["rounds"] += 1
        log.error("SIP handlers cause events without end")
        self._loop.call_later(PAUSE, self.take, events)

    def _handle(self, event: Event) -> None:
        try:
            self._dispatch(event)
        except Exception:
            self.failures[type(event).__name__] += 1
            log.exception("a handler of SIP failed at %s", type(event).__name__)
            if isinstance(event, SipRequest) and event.id:
                self.machine.reply(event, 500)

    def _dispatch(self, event: Event) -> None:
        if isinstance(event, SipRequest):
            self._requested(event)
        elif isinstance(event, SipResponse):
            self._responded(event)
        elif isinstance(event, SipAccountNeeded):
            self.account_needed(event)
        elif isinstance(event, SipCancelled):
            self._exhausted.pop(event.request.id, None)
            if (handler := self._dialog(event.request)) is not None:
                handler.cancelled(event)
        elif isinstance(event, SipUnacknowledged):
            if (handler := self._dialog(event.request)) is not None:
                handler.unacknowledged(event)
        elif isinstance(event, SipExhausted):
            if (exhausted := self._exhausted.pop(event.request.id, None)) is not None:
                exhausted(event)
            else:
                self.machine.conclude(event.request)
        else:
            self._exhausted.pop(event.request, None)
            for listener in self.relayed:
                listener(event)

    def _requested(self, request: SipRequest) -> None:
        if request.in_dialog and (dialog := self._dialog(request)) is not None:
            dialog.requested(request)
            return
        handler = self._handlers.get(request.method) or self._handlers.get(ANY)
        if handler is not None:
            handler(request)
        elif request.method != ACK:
            self.machine.reply(request, 405, headers=self.allow_of(self._handlers))

    def allow_of(self, methods: Iterable[str]) -> bytes:
        """The Allow line of these methods, and of what every dialog knows."""
        known = {ACK, "CANCEL", "BYE", "OPTIONS", *methods} - {ANY}
        return f"Allow: {', '.join(sorted(known))}\r\n".encode()

    def _dialog(self, request: SipRequest) -> DialogHandler | None:
        call_id, ours = request.call_id, request.local_tag
        found = self._dialogs.get((call_id, ours, request.from_tag or ""))
        return found or self._dialogs.get((call_id, ours, ""))

    def _responded(self, response: SipResponse) -> None:
        number, status = response.request, response.status
        heard = self._heard.get(number)
        if status >= 200:
            if response.method == INVITE and status < 300:
                self._loop.call_later(FORK_TIME, self._heard.pop, number, None)
            else:
                self._heard.pop(number, None)
        if heard is not None:
            heard(response)

    def _unknown_account(self, needed: SipAccountNeeded) -> None:
        self.machine.account(needed.user, needed.realm, None)

    # time

    def _arm(self) -> None:
        deadline = self.machine.deadline()
        if deadline is None or deadline >= self._armed:
            return  # what is armed too early only looks again
        if self._timer is not None:
            self._timer.cancel()
        self._armed = deadline
        self._timer = self._loop.call_at(deadline, self._wake)

    def _wake(self) -> None:
        self._armed = float("inf")
        self._timer = None
        self.machine.wake(self._loop.time())
        self.flush()
