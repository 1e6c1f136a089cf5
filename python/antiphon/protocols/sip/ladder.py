"""Who sent what and when in a call: the machine's trace as rows, for people who look for a mistake.

It keeps which dialogs belonged to which call for a while; the messages are the machine's memory.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from antiphon._native import SipFlow
from antiphon.core.event import CallAnswered, CallEnded, CallRinging, Event

from .listener import Listeners
from .stack import Stack

MAX_CALLS = 2000
MAX_DIALOGS = 16


@dataclass(frozen=True, slots=True)
class Step:
    """One message (`http.context.Step`). `at`: seconds since 1970; `line`: its first line."""

    at: float
    sender: str
    receiver: str
    line: str
    text: str


class Ladder:
    """See the module. `dialogs(call)`: the Call-IDs of a call that runs.

    It watches the switchboard as an outlet.
    """

    def __init__(self, stack: Stack, dialogs: Callable[[str], Iterable[str]]) -> None:
        self._stack = stack
        self._dialogs = dialogs
        self._calls: OrderedDict[str, set[str]] = OrderedDict()

    def deliver(self, event: Event) -> None:
        """Note the dialogs of a call while they are there (core.member.Outlet)."""
        if isinstance(event, (CallRinging, CallAnswered, CallEnded)):
            self._note(event.call.id)

    def remember(self, call: str, call_id: str) -> None:
        """A dialog of a call."""
        self._add(call, {call_id})

    def steps(self, call: str) -> Sequence[Step]:
        """The messages of a call, in order; `call` may be a Call-ID as well."""
        self._note(call)
        ahead = time.time() - self._stack.now
        found = [
            self._step(ahead, *row)
            for call_id in self._calls.get(call, {call})
            for row in self._stack.machine.trace(call_id)
        ]
        return sorted(found, key=lambda step: step.at)

    def _note(self, call: str) -> None:
        if found := set(self._dialogs(call)):
            self._add(call, found)

    def _add(self, call: str, found: set[str]) -> None:
        known = self._calls.setdefault(call, set())
        known.update(sorted(found)[: MAX_DIALOGS - len(known)])
        self._calls.move_to_end(call)
        if len(self._calls) > MAX_CALLS:
            self._calls.popitem(last=False)

    def _step(self, ahead: float, when: float, direction: str, flow: SipFlow, data: bytes) -> Step:
        text = data.decode("utf-8", "replace")
        host, port = flow.remote
        shown = f"[{host}]" if ":" in host else host
        peer, here = f"{flow.transport}:{shown}:{port}", _here(self._stack.listeners, flow)
        incoming = direction == "in"
        return Step(
            when + ahead,
            peer if incoming else here,
            here if incoming else peer,
            text.partition("\r\n")[0],
            text,
        )


def _here(listeners: Listeners, flow: SipFlow) -> str:
    listener = listeners[flow.listener]
    return f"{listener.transport}:{listener.hostport}"
