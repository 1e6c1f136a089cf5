"""What the machine calls a listener: a transport at an address, and how messages spell it.

It knows no sockets.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from antiphon._native import SipFlow, SipMachine

from .resolve import PORTS, TLS, UDP, WS, WSS, Target, address_of

MAX_NAMES = 4096


@dataclass(frozen=True, slots=True)
class Listener:
    """A transport of ours. `host` and `port` are what others are told, `bound` is the socket's IP
    address ("" for a WebSocket, which has none of its own).
    """

    number: int
    transport: str
    host: str
    port: int
    bound: str = ""

    @property
    def ipv6(self) -> bool:
        """Whether it is a socket of IPv6."""
        return ":" in self.bound

    @property
    def hostport(self) -> str:
        """As Contact and Via spell it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port in (0, PORTS[self.transport]) else f"{host}:{self.port}"


class Listeners:
    """All listeners of a machine."""

    def __init__(self, machine: SipMachine) -> None:
        self._machine = machine
        self._all: list[Listener] = []
        self._names: OrderedDict[tuple[str, int], str] = OrderedDict()

    def add(self, transport: str, host: str, port: int, bound: str = "") -> Listener:
        """Tell the machine of a listener."""
        number = self._machine.add_listener(transport, host, port)
        listener = Listener(number, transport, host, port, bound)
        if number != len(self._all):
            raise ValueError("listeners are numbered from 0")
        self._all.append(listener)
        return listener

    def __getitem__(self, number: int) -> Listener:
        return self._all[number]

    def __iter__(self) -> Iterator[Listener]:
        return iter(self._all)

    def contact(self, user: str, flow: SipFlow, parameters: str = "") -> str:
        """Our URI for what comes back over this flow: `sip:user@host:port;transport=tcp`.

        `user` is escaped already.
        """
        listener = self._all[flow.listener]
        transport = WS if listener.transport == WSS else listener.transport  # RFC 7118 §5
        named = "" if transport == UDP else f";transport={transport}"
        at = f"{user}@" if user else ""
        return f"sip:{at}{listener.hostport}{named}{parameters}"

    def to(self, target: Target) -> SipFlow | None:
        """The flow to a target; None if we cannot reach it."""
        if target.transport in (WS, WSS):
            return None  # RFC 7118 §5: a client cannot be dialled
        address = address_of(target.host)
        best: Listener | None = None
        for listener in self._all:
            if listener.transport != target.transport or listener.ipv6 != (address.version == 6):
                continue
            bound = address_of(listener.bound)
            if bound.is_unspecified or bound.is_loopback == address.is_loopback:
                best = listener
                break
            best = best or listener
        if best is None:
            return None
        if target.transport == TLS:
            self._remember(target)
        return SipFlow(best.number, target.transport, 0, (target.host, target.port))

    def name_of(self, remote: tuple[str, int]) -> str:
        """The name that a TLS certificate at this address must have."""
        return self._names.get(remote, remote[0])

    def _remember(self, target: Target) -> None:
        remote = (target.host, target.port)
        self._names[remote] = target.name
        self._names.move_to_end(remote)
        if len(self._names) > MAX_NAMES:
            self._names.popitem(last=False)
