"""A bound session: one device of an account (or a guest), whatever its stanzas travel over, and
even while they travel over nothing (XEP-0198).

It checks who a stanza is from and hands it to the router; what stanzas mean it does not know.
"""

import logging
from collections.abc import Sequence
from typing import Any, Protocol

from antiphon._native import Stanza, Verb
from antiphon.core.address import Address
from antiphon.core.ports import Caller

from .management import Management
from .message import refusal, stream_error
from .wire import Header, Line

log = logging.getLogger(__name__)

# What `begin` gives where nothing is acknowledged.
UNMANAGED = -1


class Router(Protocol):
    """Gives stanzas their meaning. It is called in the loop's thread and must not block; what it
    raises is logged, and answered by `internal-server-error`.
    """

    def features(self, account: Address) -> bytes:
        """Stream features to be told after log-in, beside those of the stream itself."""

    def bound(self, session: "Session") -> None:
        """A session begins. Its stanzas follow."""

    def received(self, session: "Session", stanza: Stanza) -> None:
        """A message, presence or iq of the session. A `from` that it has is its own address, full
        or bare; nothing else has been looked at.
        """

    def activity(self, session: "Session") -> None:
        """`session.active` changed: the client is, or is not, in its user's hands (XEP-0352)."""

    def hibernated(self, session: "Session") -> None:
        """Its connection was lost, and may come back."""

    def resumed(self, session: "Session") -> None:
        """Its connection came back; what was sent meanwhile has been sent again."""

    def gone(self, session: "Session", unacked: Sequence[Stanza]) -> None:
        """It has ended for good, once for each that was bound. `unacked`: what was sent to it, and
        never acknowledged, oldest first.
        """


class Home(Protocol):
    """Where sessions live: told when one moves or ends."""

    router: Router

    def regroup(self) -> None:
        """A session was given, or lost, its connection: groups are not what they were."""

    def ended(self, session: "Session") -> None:
        """It has ended for good."""

    def expire(self, session: "Session", after: float) -> None:
        """Call `session.expire()` after so many seconds."""

    def manage(self, session: "Session", resumable: bool, wanted: str | None) -> Management | None:
        """XEP-0198 begins, unless it is None. `wanted`: seconds, as the client wrote them, that a
        lost connection shall be waited for.
        """


class Session:
    """See the module. `address` has its device; `jid` and `bare` are it as text, with and without.

    `features` keeps what features know of this session, by their type. `active`: XEP-0352.
    `stamp`: its account's, under which its log-in is good.
    """

    __slots__ = (
        "__weakref__",
        "_ended",
        "_home",
        "_wire",
        "active",
        "address",
        "bare",
        "caller",
        "features",
        "jid",
        "language",
        "management",
        "stamp",
    )

    def __init__(
        self, home: Home, wire: Line, caller: Caller, address: Address, language: str = ""
    ) -> None:
        self.address = address
        self.jid = str(address)
        self.bare = str(address.bare)
        self.caller = caller
        self.language = language
        self.stamp: str | None = None
        self.active = True
        self.features: dict[type, Any] = {}
        self.management: Management | None = None
        self._home = home
        self._wire: Line | None = wire
        self._ended = False

    @property
    def account(self) -> Address:
        """Whose it is (bare)."""
        return self.caller.address

    @property
    def connection(self) -> int | None:
        """Its connection in the stream engine, for groups; None if it has none there now."""
        return self._wire.connection if self._wire is not None else None

    @property
    def hibernating(self) -> bool:
        """Whether its connection is lost and may come back."""
        return self._wire is None and not self._ended

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self._ended

    @property
    def idle(self) -> float:
        """Seconds since its client was heard last."""
        return self._wire.idle() if self._wire is not None else 0.0

    # out

    def send(self, data: bytes) -> None:
        """One element as XML. Without a connection stanzas are kept for it, as far as they fit."""
        if self._wire is not None:
            self._wire.send(data)
        elif not self._ended and not self._keep(data):
            self._end()

    def forward(
        self,
        stanza: Stanza,
        from_: str | None = None,
        *,
        address: str | None = None,
        extra: bytes = b"",
        drop: int = 0,
        by: str = "",
    ) -> None:
        """Send what another one sent, stamped as `Stanza.stamp` does it: `from_` in place of its
        sender, `address` in place of its `to` (None: as it is).
        """
        if self._wire is not None:
            self._wire.forward(stanza, from_, address=address, extra=extra, drop=drop, by=by)
        elif not self._ended:
            self.send(stanza.stamp(from_, to=address, extra=extra, drop=drop, by=by))

    def close(self, condition: str = "", text: str = "") -> None:
        """End it for good, by a stream error where there is a condition (RFC 6120 §4.9.3).

        The router hears of it before this returns.
        """
        if self._wire is not None:
            self._wire.close(stream_error(condition, text) if condition else b"")
        self._end()

    def abandon(self) -> None:
        """Its client does not answer: give its connection up, and wait for another one if it may
        come back.
        """
        if self._wire is not None and self.management is not None and self.management.resumable:
            self._wire.abort()
        else:
            self.close("connection-timeout")

    # acknowledgement

    def begin(self) -> int:
        """The stanza that is being received will be finished later: until `finish` is called with
        the result, it is not acknowledged (XEP-0198).
        """
        return self.management.begin() if self.management is not None else UNMANAGED

    def finish(self, token: int) -> None:
        """What `begin` was called for is safe now, or was refused. Idempotent."""
        if token != UNMANAGED and self.management is not None:
            self.management.finish(token)

    # in: what its connection tells

    def received(self, stanza: Stanza) -> None:
        """One element."""
        if self._ended:
            return
        management = self.management
        if stanza.kind == Stanza.OTHER:
            self._told(stanza)
            return
        if management is not None:
            management.current = stanza.ordinal
        sender = stanza.from_
        if sender is not None and sender not in (self.jid, self.bare):
            # RFC 6120 §8.1.2.1
            self.close("invalid-from")
            return
        try:
            self._home.router.received(self, stanza)
        except Exception:
            log.exception("%s: a stanza could not be handled", self.jid)
            if stanza.type not in ("error", "result") and not self._ended:
                self.send(refusal(stanza, self.jid, "internal-server-error"))

    def secured(self, bindings: dict[str, bytes]) -> None:
        """Never told: TLS comes before a session."""

    def opened(self, header: Header) -> None:
        """A stream must not begin again once it is bound (RFC 6120 §4.3.3)."""
        self.close("invalid-xml", "There is a stream already.")

    def ended_by_peer(self) -> None:
        """The client ended its stream: that is for good (XEP-0198 §5)."""
        self.close()

    def failed(self, condition: str) -> None:
        """What came was no stream, or beyond a limit."""
        self.close(condition)

    def lost(self) -> None:
        """The connection is gone."""
        if self._ended or self._wire is None:
            return
        self._wire = None
        management = self.management
        if management is None or not management.resumable:
            self._end()
            return
        self.active = True
        self._home.regroup()
        self._home.expire(self, management.time)
        self._home.router.hibernated(self)

    def expire(self) -> None:
        """Its connection did not come back in time."""
        if self.hibernating:
            self._end()

    # XEP-0198, XEP-0352

    def displace(self) -> None:
        """It goes on over another connection, which `attach` brings: the former one ends."""
        wire = self._wire
        if wire is not None:
            wire.keep(None)
            wire.close(stream_error("conflict", "The session goes on elsewhere."))
            self.lost()

    def attach(self, wire: Line) -> None:
        """Go on over a connection; it has none now."""
        self._wire = wire
        self.active = True

    def settled(self) -> None:
        """All has been sent again over the connection that it was attached to."""
        self._home.regroup()
        self._home.router.resumed(self)

    def _told(self, stanza: Stanza) -> None:
        """An element that is no stanza."""
        verb, wire = stanza.verb, self._wire
        if verb in (Verb.ACTIVE, Verb.INACTIVE):
            active = verb == Verb.ACTIVE
            if active != self.active:
                self.active = active
                self._home.router.activity(self)
        elif verb == Verb.ENABLE and wire is not None:
            self._enable(stanza, wire)
        elif verb == Verb.REQUEST_ACK and self.management is not None:
            self.management.requested(stanza.ordinal, self.send)
        elif verb == Verb.ACK and self.management is not None:
            if (error := self.management.acknowledged(stanza.get("h"))) is not None:
                self._wire_error(error)
        elif verb == Verb.RESUME and wire is not None:
            wire.send(Management.refusal("unexpected-request"))
            wire.resume()
        else:
            self.close("unsupported-stanza-type")  # RFC 6120 §4.9.3.24

    def _enable(self, stanza: Stanza, wire: Line) -> None:
        management = None
        if self.management is None and wire.keeps:
            wants = stanza.get("resume") in ("true", "1")
            management = self._home.manage(self, wants, stanza.get("max"))
        if management is None:
            wire.send(Management.refusal("unexpected-request"))
        else:
            self.management = management
            wire.keep(management.kept)
            wire.send(management.enabled())
        wire.resume()

    def _wire_error(self, error: bytes) -> None:
        if self._wire is not None:
            self._wire.close(error)
        self._end()

    def _keep(self, data: bytes) -> bool:
        """Whether it is kept, or need not be since it is no stanza."""
        try:
            stanza = Stanza(data)
        except ValueError:
            return True
        if stanza.kind == Stanza.OTHER or self.management is None:
            return True
        return self.management.kept.add(data)

    def _end(self) -> None:
        if self._ended:
            return
        self._ended = True
        self._wire = None
        self._home.ended(self)
        management, self.management = self.management, None
        unacked = management.close() if management is not None else []
        try:
            self._home.router.gone(self, unacked)
        except Exception:
            log.exception("%s: the end of a session could not be handled", self.jid)
        self.features.clear()
