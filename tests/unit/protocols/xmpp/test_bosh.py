"""BOSH: bodies in any order, answers that wait, ends of sessions, and what HTTP brings."""

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from antiphon.protocols.xmpp.config import XmppLimits
from antiphon.protocols.xmpp.http_bind import HttpBind
from antiphon.protocols.xmpp.loose import LooseWire
from antiphon.protocols.xmpp.message import parse
from antiphon.protocols.xmpp.negotiation import Negotiation
from antiphon.protocols.xmpp.offers import Channel, Terms
from tests.support.xmpp_wire import DOMAIN, Site

pytestmark = pytest.mark.virtual_time

BIND = "http://jabber.org/protocol/httpbind"
CONTENT = "xmlns='jabber:client'"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"


class Client:
    """A client of BOSH that counts its requests."""

    def __init__(self, http: httpx.AsyncClient, rid: int = 1000) -> None:
        self.http = http
        self.rid = rid
        self.sid = ""

    async def send(self, content: str = "", *, rid: int | None = None, **said: Any) -> str:
        """One request; the answer's body."""
        if rid is None:
            self.rid += 1
            rid = self.rid
        attributes = {"rid": str(rid), "xmlns": BIND} | said
        if self.sid:
            attributes["sid"] = self.sid
        text = "".join(f" {k.replace('_', ':')}='{v}'" for k, v in attributes.items())
        answer = await self.post(f"<body{text}>{content}</body>")
        return answer.text

    async def post(self, data: str | bytes) -> httpx.Response:
        answer = await self.http.post("/http-bind", content=data)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/xml; charset=utf-8"
        assert parse(answer.content).tag == f"{{{BIND}}}body"
        return answer

    async def begin(self, **said: str) -> str:
        first: dict[str, Any] = {
            "to": DOMAIN,
            "wait": "1",
            "hold": "1",
            "xmpp_version": "1.0",
            "xmlns_xmpp": "urn:xmpp:xbosh",
        }
        answer = await self.send(**(first | said))
        self.sid = parse(answer.encode()).get("sid") or ""
        return answer

    async def log_in(self, name: str = "alice", password: str = "secret") -> None:
        await self.begin()
        secret = base64.b64encode(f"\0{name}\0{password}".encode()).decode()
        answer = await self.send(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{secret}</auth>")
        assert "<success" in answer
        answer = await self.send(xmpp_restart="true", xmlns_xmpp="urn:xmpp:xbosh", to=DOMAIN)
        assert "<bind" in answer
        answer = await self.send(
            "<iq type='set' id='b' xmlns='jabber:client'>"
            "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>web</resource></bind></iq>"
        )
        assert f"<jid>{name}@{DOMAIN}/web</jid>" in answer


class Stand:
    """A hub behind BOSH, and clients of it."""

    def __init__(self, limits: XmppLimits | None = None, *, secure: bool = True) -> None:
        self.site = Site(limits)
        self.bind = HttpBind(DOMAIN, limits or XmppLimits(), self._take)
        app = Starlette(
            routes=[Route("/http-bind", self.bind.handle, methods=["GET", "POST", "OPTIONS"])]
        )
        scheme = "https" if secure else "http"
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url=f"{scheme}://{DOMAIN}", timeout=10
        )
        self.client = Client(self.http)

    def _take(self, wire: LooseWire, peer: str, channel: Channel) -> Negotiation:
        return Negotiation(self.site.hub, wire, Terms(starttls=False), peer, channel)

    def session(self, jid: str = f"alice@{DOMAIN}/web"):  # type: ignore[no-untyped-def]
        found = self.site.hub.sessions.find(jid)
        assert found is not None
        return found


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    made = Stand()
    yield made
    await made.site.hub.close()
    await made.http.aclose()


async def test_a_client_logs_in(stand: Stand) -> None:
    answer = await stand.client.begin()
    body = parse(answer.encode())
    assert len(stand.client.sid) > 20
    assert (body.get("ver"), body.get("wait"), body.get("hold")) == ("1.11", "1", "1")
    assert (body.get("requests"), body.get("from")) == ("2", DOMAIN)
    assert body.get("{urn:xmpp:xbosh}version") == "1.0"
    assert body.get("{urn:xmpp:xbosh}restartlogic") == "true"
    assert "<mechanism>PLAIN</mechanism>" in answer
    assert "starttls" not in answer
    client = Client(stand.http)
    await client.log_in()
    assert not stand.session().hibernating


async def test_without_https_nobody_logs_in() -> None:
    stand = Stand(secure=False)
    assert "mechanism" not in await stand.client.begin()
    secret = base64.b64encode(b"\0alice\0secret").decode()
    answer = await stand.client.send(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{secret}</auth>")
    assert "<encryption-required" in answer


async def test_stanzas_go_both_ways(stand: Stand) -> None:
    client = stand.client
    await client.log_in()
    waiting = asyncio.create_task(client.send())
    await asyncio.sleep(0.01)
    session = stand.session()
    session.send(b"<message to='x' id='1'><body>one</body></message>")
    session.send(b"<message to='x' id='2'><body>two</body></message>")
    answer = parse((await waiting).encode())
    assert [child.tag for child in answer] == ["{jabber:client}message"] * 2
    waiting = asyncio.create_task(client.send())
    await asyncio.sleep(0.01)
    answer_of_two = await client.send(
        "<message xmlns='jabber:client' to='bob@example.org'><body>hi</body></message>", pause="1"
    )
    assert len(parse(answer_of_two.encode())) == 0
    assert (await waiting).startswith("<body")
    assert stand.site.router.received_[-1][1].body == "hi"


async def test_a_held_request_is_answered_after_its_time(stand: Stand) -> None:
    await stand.client.log_in()
    began = asyncio.get_running_loop().time()
    assert len(parse((await stand.client.send()).encode())) == 0
    assert 0.9 < asyncio.get_running_loop().time() - began < 3


async def test_requests_are_taken_in_the_order_of_their_numbers(stand: Stand) -> None:
    client = stand.client
    await client.log_in()
    message = "<message xmlns='jabber:client' to='b@example.org' id='{}'><body>x</body></message>"
    later = asyncio.create_task(client.send(message.format("late"), rid=client.rid + 2))
    await asyncio.sleep(0.01)
    assert stand.site.router.received_ == []
    first = asyncio.create_task(client.send(message.format("early"), rid=client.rid + 1))
    await asyncio.gather(first, later)
    assert [stanza.id for _, stanza in stand.site.router.received_] == ["early", "late"]


async def test_a_client_that_wants_nothing_held_is_greeted(stand: Stand) -> None:
    await stand.client.begin(hold="0")
    assert stand.client.sid


async def test_a_request_sent_again_before_its_turn_leaves_none_unanswered(stand: Stand) -> None:
    client = stand.client
    await client.log_in()
    ahead = client.rid + 2
    copies = [asyncio.create_task(client.send(rid=ahead)) for _ in range(2)]
    await asyncio.sleep(0.05)
    await client.send(rid=client.rid + 1)
    await asyncio.wait_for(asyncio.gather(*copies), 20)


async def test_a_request_sent_again_is_answered_alike_and_done_once(stand: Stand) -> None:
    client = stand.client
    await client.log_in()
    message = "<message xmlns='jabber:client' to='b@example.org' id='1'><body>x</body></message>"
    first = await client.send(message)
    assert await client.send(message, rid=client.rid) == first
    assert len(stand.site.router.received_) == 1


async def test_a_number_outside_of_the_window_ends_the_session(stand: Stand) -> None:
    client = stand.client
    await client.log_in()
    answer = await client.send(rid=client.rid + 3)
    assert "type='terminate'" in answer
    assert "item-not-found" in answer
    assert stand.site.hub.sessions.find(f"alice@{DOMAIN}/web") is None


async def test_a_client_ends_its_session(stand: Stand) -> None:
    client = stand.client
    await client.log_in()
    answer = await client.send(
        "<presence xmlns='jabber:client' type='unavailable'/>", type="terminate"
    )
    assert "type='terminate'" in answer
    assert "condition" not in answer
    assert stand.site.router.received_[-1][1].type == "unavailable"
    assert len(stand.site.hub.sessions) == 0


async def test_a_stream_error_ends_the_session(stand: Stand) -> None:
    client = stand.client
    await client.log_in()
    answer = await client.send(
        "<message xmlns='jabber:client' from='bob@example.org' to='x@example.org'/>"
    )
    assert "remote-stream-error" in answer
    assert "<invalid-from " in answer
    assert len(stand.site.hub.sessions) == 0


async def test_an_end_without_an_open_request_is_told_with_the_next_one(stand: Stand) -> None:
    client = stand.client
    await client.log_in()
    stand.session().close("system-shutdown")
    answer = await client.send()
    assert "<system-shutdown " in answer
    assert "type='terminate'" in answer


async def test_a_client_that_asks_no_more_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antiphon.protocols.xmpp.bosh.INACTIVITY", 0.2)
    stand = Stand()
    await stand.client.log_in()
    await asyncio.sleep(0.4)
    assert len(stand.site.hub.sessions) == 0
    assert "item-not-found" in await stand.client.send()


async def test_a_client_may_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antiphon.protocols.xmpp.bosh.INACTIVITY", 0.2)
    stand = Stand()
    await stand.client.log_in()
    await stand.client.send(pause="60")
    await asyncio.sleep(0.4)
    assert len(stand.site.hub.sessions) == 1
    await stand.site.hub.close()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense",
        b"<body xmlns='http://jabber.org/protocol/httpbind' rid='1'",
        b"<body xmlns='http://jabber.org/protocol/httpbind'/>",
        b"<body xmlns='http://jabber.org/protocol/httpbind' rid='x'/>",
        b"<body xmlns='http://jabber.org/protocol/httpbind' rid='0'/>",
        b"<body xmlns='http://jabber.org/protocol/httpbind' rid='9007199254740992'/>",
        b"<other xmlns='urn:x' rid='1'/>",
        b"<!DOCTYPE x><body xmlns='http://jabber.org/protocol/httpbind' rid='1'/>",
    ],
)
async def test_what_is_no_body_is_refused(stand: Stand, data: bytes) -> None:
    answer = await stand.client.post(data)
    assert "condition='bad-request'" in answer.text
    assert len(stand.bind) == 0


async def test_unknown_sessions_and_large_bodies_are_refused(stand: Stand) -> None:
    stand.client.sid = "unknown"
    assert "condition='item-not-found'" in await stand.client.send()
    answer = await stand.client.post(b"<body>" + b"x" * 300_000 + b"</body>")
    assert "condition='policy-violation'" in answer.text
    assert stand.bind.refused == {"item-not-found": 1, "policy-violation": 1}


async def test_strangers_may_send_less_at_once_than_those_who_have_logged_in(stand: Stand) -> None:
    client, text = stand.client, f"<message to='bob@{DOMAIN}'><body>{'x' * 20_000}</body></message>"
    await client.log_in()
    assert "terminate" not in await client.send(text.replace("<message", f"<message {CONTENT}"))
    assert len(stand.site.router.received_) == 1
    stranger = Client(stand.http)
    await stranger.begin()
    assert "condition='policy-violation'" in await stranger.send(text)
    assert "type='terminate'" in await stranger.send()  # the whole session is over


@pytest.mark.parametrize("rest", ["", "</body><body xmlns='x'/>", "</body><x/>"])
async def test_a_request_holds_one_whole_body(stand: Stand, rest: str) -> None:
    client = stand.client
    await client.begin()
    data = f"<body xmlns='{BIND}' sid='{client.sid}' rid='{client.rid + 1}'>{rest}"
    answer = await client.post(data)
    assert "condition='bad-request'" in answer.text
    assert "type='terminate'" in await client.send()


async def test_an_address_has_so_many_sessions() -> None:
    stand = Stand(XmppLimits(bosh_sessions_per_address=2))
    for _ in range(2):
        assert "sid=" in await Client(stand.http).begin()
    assert "condition='policy-violation'" in await Client(stand.http).begin()
    assert len(stand.bind) == 2


async def test_a_wrong_header_is_refused(stand: Stand) -> None:
    answer = await stand.client.begin(to="example.com")
    assert "<host-unknown " in answer
    assert "type='terminate'" in answer


async def test_who_does_not_log_in_is_sent_away() -> None:
    stand = Stand(XmppLimits(login_time=0.2))
    await stand.client.begin()
    assert "<connection-timeout " in await stand.client.send()


async def test_what_a_slow_client_may_leave_waiting_is_bounded() -> None:
    stand = Stand(XmppLimits(write_buffer=262_144))
    await stand.client.log_in()
    session = stand.session()
    for number in range(20):
        session.send(f"<message id='{number}'><body>{'x' * 20_000}</body></message>".encode())
    assert session.ended


async def test_pages_of_other_origins_may_be_clients(stand: Stand) -> None:
    answer = await stand.http.request("OPTIONS", "/http-bind", headers={"Origin": "https://a.b"})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "XEP-0124" in (await stand.http.get("/http-bind")).text
