"""Components: names, secrets, what they may send, and the sessions that their addresses are."""

import hashlib

import pytest

from antiphon._native import Stanza
from antiphon.protocols.xmpp.component import Component, Components, ComponentStream
from antiphon.protocols.xmpp.config import ComponentConfig, XmppConfig, XmppLimits
from tests.support.xmpp_wire import DOMAIN, PEER, FakeWire, Site, header, xml

NAME, SECRET = "gate.example.net", "long enough"
ACCEPT = "jabber:component:accept"


class Hosts:
    """Domains that are served beside our own."""

    def __init__(self) -> None:
        self.served: dict[str, Component] = {}

    def add_host(self, domain: str, host: Component):  # type: ignore[no-untyped-def]
        self.served[domain] = host
        return lambda: self.served.pop(domain)


class Stand:
    """Components of a hub."""

    def __init__(self, *names: str, limits: XmppLimits | None = None) -> None:
        self.site = Site(limits)
        self.hosts = Hosts()
        hub = self.site.hub
        self.components = Components(
            [ComponentConfig(name=name, secret=SECRET) for name in names or (NAME,)],
            hub.jids,
            self.site.router,
            self.hosts,
            guard=hub,
            bounds=hub.component_bounds,
        )

    def stream(self, name: str = NAME, content: str = ACCEPT) -> tuple[ComponentStream, FakeWire]:
        wire = FakeWire()
        stream = ComponentStream(self.components, wire, PEER)
        wire.carry(stream)
        stream.opened(header(to=name, content=content))
        return stream, wire

    def connect(self, name: str = NAME, secret: str = SECRET) -> tuple[ComponentStream, FakeWire]:
        stream, wire = self.stream(name)
        proof = hashlib.sha1(f"stream-id{secret}".encode()).hexdigest()
        stream.received(xml(f"<handshake>{proof}</handshake>"))
        return stream, wire


async def test_names_are_compared_as_names_of_domains() -> None:
    stand = Stand("Gate.Example.NET.")
    for said in ("gate.example.net", "GATE.example.net"):
        stream, wire = stand.connect(said)
        assert wire.take().endswith("<handshake/>")
        assert set(stand.hosts.served) == {"gate.example.net"}
        stream.lost()
        assert not stand.hosts.served


@pytest.mark.parametrize("name", ["someone@gate.example.net", DOMAIN, f"rooms.{DOMAIN}", "a b"])
async def test_what_cannot_be_a_name_is_told_at_the_start(name: str) -> None:
    with pytest.raises(ValueError, match="name of a component"):
        Stand(name)


def test_two_of_one_name_are_told_at_the_start() -> None:
    both = [ComponentConfig(name=name, secret=SECRET) for name in ("a.example", "A.example")]
    with pytest.raises(ValueError, match="same name"):
        XmppConfig(components=tuple(both))


@pytest.mark.parametrize(
    ("name", "content", "condition"),
    [
        ("other.example.net", ACCEPT, "host-unknown"),
        (f"x@{NAME}", ACCEPT, "host-unknown"),
        ("", ACCEPT, "host-unknown"),
        (NAME, "jabber:client", "invalid-namespace"),
    ],
)
async def test_wrong_headers(name: str, content: str, condition: str) -> None:
    _, wire = Stand().stream(name, content)
    assert f"<{condition} " in wire.take()
    assert wire.is_closed


async def test_a_wrong_secret_ends_the_stream_and_a_few_of_them_all_attempts() -> None:
    stand = Stand(limits=XmppLimits(failures=2))
    for _ in range(2):
        _, wire = stand.connect(secret="something else")
        assert "<not-authorized " in wire.take()
        assert wire.bounds is None
    _, wire = stand.connect()
    assert "<policy-violation " in wire.take()
    assert not stand.hosts.served


async def test_there_is_one_of_a_name_at_once() -> None:
    stand = Stand()
    stand.connect()
    _, wire = stand.connect()
    assert "<conflict " in wire.take()
    assert len(stand.components) == 1


async def test_what_a_component_sends_may_be_as_large_as_that_of_a_client() -> None:
    limits = XmppLimits(element_size=100_000)
    _, wire = Stand(limits=limits).connect()
    assert wire.bounds is not None
    assert (wire.bounds.element, wire.bounds.bytes_per_s) == (100_000, 0)


async def test_each_address_of_it_is_a_session() -> None:
    stand = Stand()
    stream, wire = stand.connect()
    wire.take()
    stream.received(
        xml(f"<message from='Ann@{NAME}/x' to='alice@{DOMAIN}'><body>a</body></message>")
    )
    ((jid, _),) = stand.site.router.received_
    assert jid == f"ann@{NAME}/x"
    session = next(iter(stand.hosts.served[NAME]._strangers.values()))
    session.received(xml("<enable xmlns='urn:xmpp:sm:3'/>"))
    assert "<failed " in wire.take()
    session.forward(xml("<message to='x'><body>back</body></message>"), f"alice@{DOMAIN}/desk")
    assert f"from='alice@{DOMAIN}/desk'" in wire.take()
    session.close()
    assert not wire.is_closed
    stream.lost()
    assert stand.site.router.events[-1] == f"gone ann@{NAME}/x"


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        (f"<message from='ann@{DOMAIN}' to='alice@{DOMAIN}'/>", "invalid-from"),
        (f"<message to='alice@{DOMAIN}'/>", "invalid-from"),
        (f"<message from='ann@{NAME}'/>", "improper-addressing"),
        ("<other xmlns='urn:x'/>", "unsupported-stanza-type"),
    ],
)
async def test_what_it_must_not_send_ends_its_stream(text: str, condition: str) -> None:
    stand = Stand()
    stream, wire = stand.connect()
    stream.received(xml(text))
    assert f"<{condition} " in wire.take()
    assert not stand.hosts.served


async def test_what_cannot_be_handled_is_answered() -> None:
    stand = Stand()
    stream, wire = stand.connect()

    def fail(_session: object, _stanza: Stanza) -> None:
        raise RuntimeError("broken")

    stand.site.router.on_stanza = fail
    stream.received(xml(f"<iq type='get' id='1' from='ann@{NAME}' to='{DOMAIN}'><q/></iq>"))
    assert "<internal-server-error " in wire.take()
