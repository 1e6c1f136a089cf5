"""Where a request goes. A routing rule is a small function that ends in one of the verbs of
`Verbs`; the default one is at the end of this file.

Who may ask at all was settled before (`admission`).
"""

import logging
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal

from antiphon._native import SipRequest
from antiphon.core.address import Address
from antiphon.core.policy import Policy
from antiphon.core.reason import Refused

from .asked import Asked
from .location import Binding, Location
from .proxy import Proxy
from .reason import status_of
from .stack import Fields, Stack
from .uri import parse_uri

log = logging.getLogger(__name__)

# The host of a SIP URI that is well-formed, IPv6 without its brackets.
_HOST = re.compile(r"(?i)sips?:(?:[^@]*@)?(?:\[([^\]]+)\]|([^:;?\[\]]+))")
Served = Callable[[Asked], None]
Media = Literal["auto", "direct", "relay"]


class Verbs:
    """What a rule can do with a request, once, and what it can ask."""

    def __init__(
        self,
        stack: Stack,
        location: Location,
        proxy: Proxy,
        *,
        policy: Policy,
        media: Media = "auto",
        elsewhere: Callable[[Address], bool] = lambda _: False,
    ) -> None:
        """`elsewhere`: whether an account can be reached by something that is no telephone.

        `calling` is told of each call that is relayed.
        """
        self.counters: Counter[str] = Counter()
        self.location = location
        self._stack = stack
        self._proxy = proxy
        self._policy = policy
        self._media = media
        self._elsewhere = elsewhere
        self._served: dict[str, Served] = {}
        self.calling: Callable[[Asked], None] = lambda _: None

    def serve(self, method: str, handler: Served) -> None:
        """`handler` gets what is handed over by `accept`."""
        self._served[method] = handler

    def serves(self, method: str) -> bool:
        """Whether this node itself deals with such requests."""
        return method in self._served

    @property
    def methods(self) -> Sequence[str]:
        """The methods that are served."""
        return sorted(self._served)

    # questions

    def telephones(self, asked: Asked) -> tuple[Binding, ...]:
        """The telephones of the account that is asked for."""
        if asked.target is None or asked.target.is_room:
            return ()
        return self.location.bindings(asked.target, asked.instance)

    def can_pass_by(self, asked: Asked, telephones: Sequence[Binding]) -> bool:
        """Whether caller and telephones may send each other media without us: nobody else is to be
        rung, and all can be reached as they say that they can.
        """
        if self._media == "relay" or asked.target is None or self._elsewhere(asked.target):
            return False
        if asked.trunk or not telephones:
            return False
        flows = [asked.request.flow, *(one.flow for one in telephones)]
        if any(flow.transport in ("ws", "wss") for flow in flows):
            return False
        if self._media == "direct":
            return True
        return not any(one.nat for one in telephones) and not is_behind_nat(asked.request)

    # verbs

    def accept(self, asked: Asked) -> None:
        """Take it here: into a room, to a browser, a message."""
        self.counters["accepted"] += 1
        if (handler := self._served.get(asked.method)) is None:
            self.reply(asked, 405, headers=self._stack.allow_of(self._served))
        else:
            handler(asked)

    def relay(self, asked: Asked, telephones: Sequence[Binding]) -> None:
        """On to these telephones, those with a higher q first (RFC 3261 §16.6)."""
        if not telephones:
            self.reply(asked, 480)
            return
        try:
            if asked.target is not None and asked.method == "INVITE":
                self._policy.may_call(asked.caller, asked.target, account=True)
        except Refused as refused:
            self.reply(asked, status_of(refused.reason))
            return
        self.counters["relayed"] += 1
        if asked.method == "INVITE":
            self.calling(asked)
        self._proxy.to_telephones(asked, telephones)

    def forward(self, asked: Asked) -> None:
        """On to the domain of its Request-URI, by the DNS."""
        self.counters["forwarded"] += 1
        self._proxy.to_domain(asked)

    def redirect(self, asked: Asked, contacts: Sequence[str]) -> None:
        """Tell the sender to try these URIs instead."""
        self.counters["redirected"] += 1
        lines = "".join(f"Contact: <{parse_uri(uri)}>\r\n" for uri in contacts)
        self._stack.reply(asked.request, 302, headers=lines.encode())

    def reply(self, asked: Asked, status: int, reason: str = "", headers: Fields = b"") -> None:
        """Answer it, which ends it."""
        self.counters[f"replied_{status // 100}xx"] += 1
        self._stack.reply(asked.request, status, reason, headers)


Rule = Callable[[Asked, Verbs], None]


def default_rule(asked: Asked, do: Verbs) -> None:
    """Telephones among themselves by the proxy, everything else by this node; other domains for
    our own users only.
    """
    if asked.target is None and not asked.is_menu:
        if asked.uri.number is not None or asked.uri.scheme == "tel":
            do.accept(asked)
        else:
            do.forward(asked)
    elif asked.method != "INVITE" and not do.serves(asked.method):
        do.relay(asked, do.telephones(asked))
    elif asked.method == "INVITE" and do.can_pass_by(asked, telephones := do.telephones(asked)):
        do.relay(asked, telephones)
    else:
        do.accept(asked)


def is_behind_nat(request: SipRequest) -> bool:
    """Whether its sender sees itself at another address than we do, or at none."""
    try:
        contacts = request.contacts()
    except ValueError:
        return True
    found = _HOST.match(contacts[0][0]) if len(contacts) == 1 else None
    return found is None or (found[1] or found[2]) != request.flow.remote[0]
