"""STUN and TURN servers for calls of clients (XEP-0215)."""

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from antiphon.core.ports import IceServer, IceServers
from antiphon.protocols.xmpp.feature import Feature, Request, Scope, Serve, StanzaError
from antiphon.protocols.xmpp.message import element, named

SERVICES = "urn:xmpp:extdisco:2"
PORTS = {"stun": 3478, "turn": 3478, "stuns": 5349, "turns": 5349}


class ExternalServices(Feature):
    """The same servers that browsers are given."""

    xep = "XEP-0215"
    namespaces = (SERVICES,)

    def __init__(self, servers: IceServers) -> None:
        self._servers = servers

    def requests(self) -> Iterable[Serve]:
        """Services, and the credentials of one."""
        yield Serve("get", "services", SERVICES, self._services, Scope.SERVER | Scope.OWN)
        yield Serve("get", "credentials", SERVICES, self._credentials, Scope.SERVER | Scope.OWN)

    def _services(self, request: Request) -> Element:
        type_ = request.payload().get("type")
        found = [one for one in self._all(request) if type_ in (None, one.get("type"))]
        return element("services", SERVICES, *found, attributes={"type": type_})

    def _credentials(self, request: Request) -> Element:
        asked = named(request.payload(), "service")
        if asked is None:
            raise StanzaError("bad-request")
        keys = [key for key in ("host", "type", "port") if asked.get(key)]
        for one in self._all(request):
            if all(one.get(key) == asked.get(key) for key in keys):
                return element("credentials", SERVICES, one)
        raise StanzaError("item-not-found")

    def _all(self, request: Request) -> Iterator[Element]:
        for server in self._servers.for_caller(request.session.caller):
            for url in server.urls:
                if (service := _service(server, url)) is not None:
                    yield service


def _service(server: IceServer, url: str) -> Element | None:
    """RFC 7064, RFC 7065: `turn:host:port?transport=udp`."""
    scheme, _, rest = url.partition(":")
    if scheme not in PORTS:
        return None
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host:
        return None
    transport = "udp" if scheme in ("stun", "turn") else "tcp"
    if parts.query.startswith("transport="):
        transport = parts.query.removeprefix("transport=")
    attributes = {
        "type": scheme,
        "host": host,
        "port": str(port or PORTS[scheme]),
        "transport": transport,
        "username": server.username or None,
        "password": server.credential or None,
    }
    return element("service", SERVICES, attributes=attributes)
