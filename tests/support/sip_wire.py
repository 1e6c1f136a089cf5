"""Two SIP stacks joined by a wire that is no socket: ours, and one that a test plays by hand.

The other side is the same machine, so that transactions are real; what it says is the test's.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from antiphon._native import (
    SipCancelled,
    SipFlow,
    SipMachine,
    SipRequest,
    SipResponse,
    SipUnacknowledged,
)
from antiphon.protocols.sip.listener import Listeners
from antiphon.protocols.sip.resolve import Resolver
from antiphon.protocols.sip.stack import Stack

OURS, THEIRS = ("192.0.2.1", 5060), ("192.0.2.9", 5060)
DOMAIN = "example.org"


class NoNames:
    """A DNS that knows nothing."""

    async def naptr(self, name: str) -> list[Any]:
        return []

    async def srv(self, name: str) -> list[Any]:
        return []

    async def addresses(self, name: str) -> list[str]:
        return []


@dataclass
class Wire:
    """Carries what a stack sends to the other one. `lose` says which messages get lost."""

    source: tuple[str, int]
    transport: str
    target: Stack | None = None
    lose: Callable[[bytes], bool] = lambda _: False
    sent: list[bytes] = field(default_factory=list)
    flows: list[SipFlow] = field(default_factory=list)
    connection: int = 1  # that a stream of the other side seems to be
    gone: set[int] = field(default_factory=set)  # connections that are no more
    owner: Stack | None = None

    def flush(self) -> None:
        """Everything goes by `send`."""

    def send(self, flow: SipFlow, data: bytes) -> None:
        self.sent.append(data)
        self.flows.append(flow)
        target = self.target
        if flow.connection in self.gone and self.owner is not None:
            asyncio.get_running_loop().call_soon(self.owner.failed, flow)
            return
        if target is None or self.lose(data):
            return
        connection = 0 if self.transport == "udp" else self.connection
        back = SipFlow(0, self.transport, connection, self.source)
        asyncio.get_running_loop().call_soon(target.receive, data, back)


def make_stack(host: str, wire: Wire, transport: str = "udp") -> Stack:
    """A stack at an address, whose messages go to the wire."""
    machine = SipMachine(names=[DOMAIN, host], realms=[DOMAIN], secret=b"0123456789abcdef")
    listeners = Listeners(machine)
    listeners.add(transport, host, 5060, host)
    stack = Stack(machine, listeners, Resolver(NoNames()))
    stack.carrier = wire
    wire.owner = stack
    return stack


def joined(transport: str = "udp") -> tuple[Stack, Stack, Wire, Wire]:
    """Our stack, theirs, and the wires away from each."""
    away, back = Wire(OURS, transport), Wire(THEIRS, transport)
    ours, theirs = make_stack(OURS[0], away, transport), make_stack(THEIRS[0], back, transport)
    away.target, back.target = theirs, ours
    return ours, theirs, away, back


async def settle(seconds: float = 0.05) -> None:
    """Let everything happen that is due."""
    await asyncio.sleep(seconds)


class Opposite:
    """A telephone played by hand: what came is kept, what it sends is written by the test."""

    def __init__(
        self,
        stack: Stack,
        user: str = "alice",
        transport: str = "udp",
        others: "list[Opposite] | None" = None,
    ) -> None:
        """`others`: telephones on the same stack; each takes the calls to its user."""
        self.stack = stack
        self.others = others if others is not None else []
        self.others.append(self)
        self.user = user
        self.flow = SipFlow(0, transport, 0 if transport == "udp" else 1, OURS)
        self.requests: list[SipRequest] = []
        self.responses: list[SipResponse] = []
        self.cancels: list[SipCancelled] = []
        self.missing: list[SipUnacknowledged] = []
        self.contact = f"<sip:{user}@{THEIRS[0]}>"
        self.call_id = f"{user}-1@{THEIRS[0]}"
        self.tag = f"tag-{user}"
        self.their_tag = ""
        self.target = ""
        self.sequence = 0
        self.number = 0
        stack.on("INVITE", self._called)

    def _called(self, request: SipRequest) -> None:
        named = [one for one in self.others if f"sip:{one.user}@" in request.uri]
        (named or self.others)[-1].requests.append(request)

    # as the calling side

    def invite(self, uri: str, body: str = "offer", *more: tuple[str, str]) -> int:
        """Call; the number is for `cancel`."""
        self.target = uri
        self.stack.enter((self.call_id, self.tag, ""), self)
        return self.send("INVITE", body, *more)

    def send(self, method: str, body: str = "", *more: tuple[str, str], cseq: int = 0) -> int:
        """A request of the dialog, or the first one."""
        self.sequence = cseq or self.sequence + 1
        to = f"<sip:whoever@{DOMAIN}>" + (f";tag={self.their_tag}" if self.their_tag else "")
        headers = [
            ("From", f'"{self.user.title()}" <sip:{self.user}@{DOMAIN}>;tag={self.tag}'),
            ("To", to),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self.sequence} {method}"),
            ("Contact", self.contact),
            *more,
        ]
        if body and not any(name == "Content-Type" for name, _ in more):
            headers.append(("Content-Type", "application/sdp"))
        return self.stack.request(
            method, self.target, self.flow, headers, body.encode(), heard=self._heard
        )

    def _heard(self, response: SipResponse) -> None:
        self.responses.append(response)
        if response.method == "INVITE" and response.to_tag and response.status > 100:
            self.their_tag = response.to_tag
            contacts = response.contacts()
            self.target = contacts[0][0] if contacts else self.target

    async def status(self, *wanted: int) -> SipResponse:
        """The first response that is not provisional, or has one of these statuses."""
        for _ in range(4000):
            for response in list(self.responses):
                if response.status in wanted or (not wanted and response.status >= 200):
                    self.responses.remove(response)
                    return response
            await settle()
        raise AssertionError(f"no {wanted or 'final'}; came: {self.statuses}")

    @property
    def statuses(self) -> list[int]:
        return [response.status for response in self.responses]

    async def accepted(self, body: str = "") -> SipResponse:
        """The 2xx, acknowledged."""
        response = await self.status(200)
        headers = [("Content-Type", "application/sdp")] if body else []
        self.stack.acknowledge(response, headers, body.encode())
        await settle()
        return response

    # as the called side

    async def request(self, method: str) -> SipRequest:
        """The first request of that method."""
        for _ in range(4000):
            for request in list(self.requests):
                if request.method == method:
                    self.requests.remove(request)
                    return request
            await settle()
        raise AssertionError(f"no {method}; came: {[one.method for one in self.requests]}")

    def reply(
        self, request: SipRequest, status: int, body: str = "", *more: tuple[str, str],
        reliable: bool = False,
    ) -> None:  # fmt: skip
        """Answer."""
        headers = [("Contact", self.contact), *more]
        if body:
            headers.append(("Content-Type", "application/sdp"))
        self.stack.reply(request, status, headers=headers, body=body.encode(), reliable=reliable)

    def take_dialog(self, request: SipRequest) -> None:
        """The dialog that an INVITE to us began, so that `send` goes there."""
        self.call_id = request.call_id
        self.tag, self.their_tag = request.local_tag, request.from_tag or ""
        self.target = request.contacts()[0][0]
        self.stack.enter((request.call_id, request.local_tag, ""), self)

    # stack.DialogHandler

    def requested(self, request: SipRequest) -> None:
        self.requests.append(request)

    def cancelled(self, event: SipCancelled) -> None:
        self.cancels.append(event)

    def unacknowledged(self, event: SipUnacknowledged) -> None:
        self.missing.append(event)
