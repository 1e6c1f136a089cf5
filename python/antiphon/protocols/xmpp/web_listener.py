"""XMPP over WebSocket (RFC 7395), where the stream engine takes it over from the web listeners at
the head of its request.
"""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from antiphon._native import StreamRequest
from antiphon.net.gate import Gate

from .listener import LANGUAGE, VERSION, Engine, Listener, Take
from .message import escape
from .namespaces import FRAMING
from .negotiation import Negotiation
from .wire import Bounds

CLOSE = f"<close xmlns='{FRAMING}'/>".encode()
SECURE = ("https", "wss")


class WebListener(Listener):
    """The handler of WebSockets. `proxies`: addresses or networks whose `X-Forwarded-For` and
    `-Proto` are believed.
    """

    def __init__(
        self,
        engine: Engine,
        gate: Gate,
        domain: str,
        take: Take,
        *,
        strangers: Bounds,
        proxies: Sequence[str] = (),
    ) -> None:
        super().__init__(engine, gate, domain, take, strangers=strangers)
        self.end = CLOSE
        self._proxies = [ip_network(proxy, strict=False) for proxy in proxies]

    def header(self, id: str, to: str | None, from_: str | None) -> bytes:
        """RFC 7395 §3.4."""
        said = f" to='{escape(to)}'" if to else ""
        return (
            f"<open xmlns='{FRAMING}' from='{escape(from_ or self._domain)}'{said} id='{id}'"
            f" version='{VERSION}' xml:lang='{LANGUAGE}'/>"
        ).encode()

    def requested(self, stream: int, request: StreamRequest) -> None:
        """Let it begin. Any page may be a client: nothing here depends on who brought it."""
        end = self._wires[stream].end
        if isinstance(end, Negotiation):
            end.forwarded(*forwarded(request, end.peer, self._proxies))
        self.engine.streams.resume(stream)


def forwarded(
    request: StreamRequest, host: str, proxies: Sequence[IPv4Network | IPv6Network]
) -> tuple[str, bool]:
    """(who asks, whether TLS ends at a proxy) as far as proxies that are believed say so."""
    headers = dict(request.headers)
    if not _is_in(host, proxies):
        return host, False
    secure = headers.get("x-forwarded-proto", "").strip().lower() in SECURE
    for said in reversed(headers.get("x-forwarded-for", "").split(",")):
        if not (name := said.strip()):
            break
        host = name
        if not _is_in(name, proxies):
            break
    return host, secure


def _is_in(host: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in networks)
