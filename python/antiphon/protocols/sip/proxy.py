"""Brings requests on to telephones and to other domains: targets by q, one group after another, and
what is said of the sender on the way (RFC 3261 §16, RFC 3325).
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from functools import partial

from antiphon._native import SipExhausted, SipRequest, SipTarget

from . import fields
from .asked import Asked
from .header import quoted
from .location import Binding
from .resolve import Unresolved
from .stack import Stack
from .uri import Uri

log = logging.getLogger(__name__)

# What only those whom we trust may say (RFC 3325 §5, RFC 3261 §22.3: our own credentials).
UNTRUSTED = ("P-Asserted-Identity", "P-Preferred-Identity")
MAX_LOOKUPS = 1000
# How long each group of telephones rings before the next is tried (s).
RING_TIME = 20.0


class Proxy:
    """See the module. `forks`: telephones that are tried at once."""

    def __init__(self, stack: Stack, domain: str, *, forks: int = 16) -> None:
        self.counters: Counter[str] = Counter()
        self._stack = stack
        self._domain = domain
        self._forks = forks
        self._tasks: set[asyncio.Task[None]] = set()

    def to_telephones(self, asked: Asked, telephones: Sequence[Binding]) -> None:
        """On to these, the groups of higher q first."""
        identity = self._identity(asked)
        if len(telephones) == 1 or all(one.q == telephones[0].q for one in telephones):
            targets = [one.target() for one in telephones[: self._forks]]
            self._stack.relay(asked.request, targets, headers=identity, remove=UNTRUSTED)
            return
        groups = [
            [one.target() for one in telephones if one.q == q][: self._forks]
            for q in sorted({one.q for one in telephones}, reverse=True)
        ]
        self._next(asked.request, groups, identity)

    def to_domain(self, asked: Asked) -> None:
        """On to another domain."""
        if (flow := self._stack.locate_now(asked.uri)) is not None:
            self._send(asked, [SipTarget(str(asked.uri), flow, direct=False)])
            return
        if len(self._tasks) >= MAX_LOOKUPS:
            self._stack.reply(asked.request, 503)
            return
        task = asyncio.create_task(self._find_and_send(asked), name="sip proxy")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def follow(self, request: SipRequest, uri: Uri) -> None:
        """A request within a dialog whose next hop is a name."""
        if len(self._tasks) >= MAX_LOOKUPS:
            self._stack.reply(request, 503)
            return
        task = asyncio.create_task(self._find_and_follow(request, uri), name="sip proxy")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End look-ups."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _next(
        self,
        request: SipRequest,
        groups: list[list[SipTarget]],
        identity: bytes,
        event: SipExhausted | None = None,
    ) -> None:
        """Try the next group, after all of the one before have failed."""
        # RFC 3261 §16.7 item 5: a 6xx of anybody is meant for all.
        if event is not None and event.response.status >= 600:
            self._stack.conclude(request)
            return
        group, *rest = groups
        self._stack.relay(
            request,
            group,
            exhausted=partial(self._next, request, rest, identity) if rest else None,
            ring_time=RING_TIME if rest and request.method == "INVITE" else None,
            headers=identity,
            remove=UNTRUSTED,
        )

    async def _find_and_send(self, asked: Asked) -> None:
        try:
            flows = await self._stack.locate(asked.uri)
        except Unresolved as error:
            self.counters["unresolved"] += 1
            log.info("no way to %s: %s", asked.uri.host, error)
            self._stack.reply(asked.request, 404, headers=fields.warning(error))
            return
        uri = str(asked.uri.request)
        self._send(asked, [SipTarget(uri, flow, direct=False) for flow in flows])

    def _send(self, asked: Asked, ways: Sequence[SipTarget]) -> None:
        """Try the ways one after another (RFC 3263 §4.3)."""
        self._try(asked, list(ways), self._identity(asked))

    def _try(
        self,
        asked: Asked,
        ways: list[SipTarget],
        identity: bytes,
        event: SipExhausted | None = None,
    ) -> None:
        # Only what says nothing about the callee lets another server be tried.
        if event is not None and event.response.status not in (408, 503):
            self._stack.conclude(asked.request)
            return
        way, *rest = ways
        self._stack.relay(
            asked.request,
            [way],
            exhausted=partial(self._try, asked, rest, identity) if rest else None,
            headers=identity,
            remove=UNTRUSTED,
        )

    async def _find_and_follow(self, request: SipRequest, uri: Uri) -> None:
        try:
            flows = await self._stack.locate(uri)
        except Unresolved as error:
            log.info("no way to %s: %s", uri.host, error)
            if request.method != "ACK":
                self._stack.reply(request, 404, headers=fields.warning(error))
            return
        self._stack.follow(request, flows[0])

    def _identity(self, asked: Asked) -> bytes:
        """Who the sender is, as we know it; nobody's business if the sender asked for privacy."""
        if asked.trunk or "id" in (asked.request.get("privacy") or "").lower():
            return b""
        address = asked.caller.address
        if address.is_guest:
            return b""
        name = f"{quoted(asked.caller.name)} " if asked.caller.name else ""
        uri = Uri("sip", address.local, self._domain)
        return f"P-Asserted-Identity: {name}<{uri}>\r\n".encode()
