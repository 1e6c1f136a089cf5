"""Bound sessions: who their stanzas are from, how they end, stream management and resumption."""

import asyncio
from typing import Any

import pytest

from antiphon._native import Stanza
from antiphon.protocols.xmpp.config import XmppLimits
from antiphon.protocols.xmpp.management import Management
from antiphon.protocols.xmpp.session import Session
from tests.support.xmpp_wire import DOMAIN, FakeWire, Site, header, settle, xml

pytestmark = pytest.mark.virtual_time

JID = f"alice@{DOMAIN}/desk"
SM = "xmlns='urn:xmpp:sm:3'"
ENABLE = xml(f"<enable {SM} resume='true'/>")
REQUEST = xml(f"<r {SM}/>")


def message(text: str = "x", id: str = "m1", **more: str) -> str:
    said = "".join(f" {key}='{value}'" for key, value in more.items())
    return f"<message to='{JID}' id='{id}'{said}><body>{text}</body></message>"


def token_of(wire: FakeWire) -> str:
    """The token out of `<enabled/>`."""
    return wire.take().partition("id='")[2].partition("'")[0]


async def managed(site: Site, **options: Any) -> tuple[Session, FakeWire, Management]:
    """A session with stream management, whose wire counts as the engine would."""
    session, wire = await site.session(**options)
    session.received(ENABLE)
    assert session.management is not None
    assert wire.kept is session.management.kept
    return session, wire, session.management


async def resuming(
    site: Site, token: str, h: int = 0, name: str = "alice", connection: int = 7
) -> FakeWire:
    stream, wire = await site.log_in(name, connection=connection)
    stream.received(xml(f"<resume {SM} previd='{token}' h='{h}'/>"))
    return wire


# stanzas


async def test_stanzas_go_to_the_router() -> None:
    site = Site()
    session, wire = await site.session()
    for sender in ("", f" from='{JID}'", f" from='alice@{DOMAIN}'"):
        session.received(xml(f"<message to='bob@{DOMAIN}'{sender}><body>x</body></message>"))
    assert [jid for jid, _ in site.router.received_] == [JID] * 3
    assert wire.take() == ""


@pytest.mark.parametrize("sender", [f"bob@{DOMAIN}", f"alice@{DOMAIN}/other", DOMAIN, "", "@"])
async def test_nobody_speaks_for_another(sender: str) -> None:
    site = Site()
    session, wire = await site.session()
    session.received(xml(f"<message from='{sender}' to='bob@{DOMAIN}'><body>x</body></message>"))
    assert site.router.received_ == []
    assert "<invalid-from " in wire.take()
    assert session.ended
    assert site.router.events[-1] == f"gone {JID}"


async def test_what_cannot_be_handled_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    site = Site()

    def fail(session: Session, stanza: Stanza) -> None:
        raise RuntimeError("a bug")

    site.router.on_stanza = fail
    session, wire = await site.session()
    session.received(xml("<iq type='get' id='7'><query xmlns='urn:x'/></iq>"))
    answer = wire.take()
    assert "<internal-server-error " in answer
    assert "id='7'" in answer
    assert "a bug" in caplog.text
    session.received(xml("<iq type='result' id='7'/>"))
    assert wire.take() == ""
    assert not session.ended


@pytest.mark.parametrize(
    "text", ["<unknown xmlns='urn:x'/>", "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"]
)
async def test_unknown_elements_end_the_stream(text: str) -> None:
    session, wire = await Site().session()
    session.received(xml(text))
    assert "<unsupported-stanza-type " in wire.take()
    assert session.ended


async def test_a_session_ends_once() -> None:
    site = Site()
    session, wire = await site.session()
    session.close("policy-violation", "Enough.")
    session.close()
    session.lost()
    session.received(xml(message()))
    session.send(b"<message/>")
    assert site.router.events == [f"bound {JID}", f"gone {JID}"]
    assert len(site.hub.sessions) == 0
    assert site.hub.sessions.of(session.account) == {}
    assert wire.take().count("<policy-violation ") == 1


async def test_a_second_header_ends_a_session() -> None:
    session, _wire = await Site().session()
    session.opened(header())
    assert session.ended


async def test_client_state_is_told_once_per_change() -> None:
    site = Site()
    session, _ = await site.session()
    for name in ("active", "inactive", "inactive", "active"):
        session.received(xml(f"<{name} xmlns='urn:xmpp:csi:0'/>"))
    assert site.router.events[1:] == [f"inactive {JID}", f"active {JID}"]


# stream management


class Counted:
    """A stanza with the number that the engine would have given it."""

    def __init__(self, stanza: Stanza, ordinal: int) -> None:
        self._stanza = stanza
        self.ordinal = ordinal

    def __getattr__(self, name: str) -> object:
        return getattr(self._stanza, name)


def counted(session: Session, text: str, ordinal: int) -> None:
    session.received(Counted(xml(text), ordinal))  # type: ignore[arg-type]


async def test_what_was_received_is_acknowledged() -> None:
    session, wire, _ = await managed(Site())
    assert f"<enabled {SM} id='" in wire.take()
    counted(session, message(), 1)
    counted(session, message(), 2)
    counted(session, f"<r {SM}/>", 2)
    assert wire.take() == f"<a {SM} h='2'/>"


async def test_an_acknowledgement_waits_for_what_is_being_stored() -> None:
    site = Site()
    tokens: list[int] = []
    site.router.on_stanza = lambda session, _: tokens.append(session.begin())
    session, wire, _ = await managed(site)
    wire.take()
    for number in (1, 2, 3):
        counted(session, message(), number)
    counted(session, f"<r {SM}/>", 3)
    assert wire.take() == ""
    session.finish(tokens[1])
    session.finish(tokens[2])
    assert wire.take() == ""
    session.finish(tokens[0])
    session.finish(tokens[0])
    assert wire.take() == f"<a {SM} h='3'/>"


async def test_a_steady_flow_does_not_hold_acknowledgements_up() -> None:
    site = Site()
    tokens: list[int] = []
    site.router.on_stanza = lambda session, _: tokens.append(session.begin())
    session, wire, _ = await managed(site)
    wire.take()
    counted(session, message(), 1)
    counted(session, f"<r {SM}/>", 1)
    counted(session, message(), 2)
    counted(session, f"<r {SM}/>", 2)
    session.finish(tokens[0])
    assert wire.take() == f"<a {SM} h='1'/>"
    session.finish(tokens[1])
    assert wire.take() == f"<a {SM} h='2'/>"


async def test_counts_wrap() -> None:
    site = Site()
    session, wire, management = await managed(site)
    wire.take()
    counted(session, message(), 0)  # the 2^32nd
    counted(session, f"<r {SM}/>", 0)
    assert wire.take() == f"<a {SM} h='0'/>"
    management.current = 0
    token = session.begin()
    assert management.handled == 2**32 - 1
    session.finish(token)
    assert management.handled == 0


async def test_management_is_enabled_once() -> None:
    session, wire, _ = await managed(Site())
    wire.take()
    session.received(ENABLE)
    assert "<failed " in (text := wire.take())
    assert "<unexpected-request " in text
    session.received(xml(f"<resume {SM} previd='x' h='0'/>"))
    assert "<unexpected-request " in wire.take()
    assert not session.ended


async def test_a_wire_that_keeps_nothing_has_no_management() -> None:
    site = Site()
    stream, wire = await site.log_in(keeps=False)
    stream.opened(header())
    assert "<sm " not in wire.take()


async def test_management_comes_behind_a_resource() -> None:
    stream, wire = await Site().log_in()
    stream.received(ENABLE)
    assert "<failed " in (text := wire.take())
    assert "<unexpected-request " in text
    assert wire.said[-1] == "resume"


async def test_more_acknowledged_than_sent_ends_the_stream() -> None:
    session, wire, _ = await managed(Site())
    wire.take()
    session.received(xml(f"<a {SM} h='5'/>"))
    text = wire.take()
    assert "<undefined-condition " in text
    assert f"<handled-count-too-high {SM} h='5' send-count='0'/>" in text
    assert session.ended


@pytest.mark.parametrize("h", ["", "-1", "x", "4294967296", "99999999999999999999"])
async def test_a_count_that_is_none_ends_the_stream(h: str) -> None:
    session, wire, _ = await managed(Site())
    session.received(xml(f"<a {SM} h='{h}'/>"))
    assert "<stream:error>" in wire.take()
    assert session.ended


async def test_acknowledgements_are_asked_for() -> None:
    site = Site()
    session, wire, management = await managed(site)
    wire.take()
    site.hub.look()
    assert wire.take() == ""
    management.kept.add(message().encode())
    site.hub.look()
    site.hub.look()
    assert wire.take() == f"<r {SM}/>"
    session.received(xml(f"<a {SM} h='1'/>"))
    management.kept.add(message().encode())
    site.hub.look()
    assert wire.take() == f"<r {SM}/>"
    assert not session.ended


# resumption


async def test_a_session_goes_on_over_another_connection() -> None:
    site = Site()
    session, wire, management = await managed(site)
    token = token_of(wire)
    counted(session, message(), 1)
    session.lost()
    assert session.hibernating
    session.send(message("kept", "k1").encode())
    session.forward(xml(message("kept", "k2")), f"bob@{DOMAIN}/x", address=JID)
    session.send(f"<r {SM}/>".encode())
    second = await resuming(site, token)
    text = second.take()
    assert text.startswith(f"<resumed {SM} previd='{token}' h='1'/>")
    assert text.index("k1") < text.index("k2")
    assert second.kept is management.kept
    assert second.said[-2:] == ["limits", "free"]
    assert second.named == JID
    assert second.end is session
    assert session.connection == 7
    assert site.router.events[-2:] == [f"hibernated {JID}", f"resumed {JID}"]
    assert site.hub.counters["resumed"] == 1


async def test_what_arrived_is_not_sent_again() -> None:
    site = Site()
    session, wire, _ = await managed(site)
    token = token_of(wire)
    session.lost()
    for number in range(3):
        session.send(message("kept", f"k{number}").encode())
    text = (await resuming(site, token, h=2)).take()
    assert "k2" in text
    assert "k1" not in text


async def test_the_former_connection_ends_when_its_session_goes_on_elsewhere() -> None:
    site = Site()
    session, wire, _ = await managed(site)
    token = token_of(wire)
    second = await resuming(site, token)
    assert "<conflict " in wire.take()
    assert wire.is_closed
    assert wire.kept is None
    assert "<resumed " in second.take()
    assert not session.ended


async def test_nobody_takes_over_the_session_of_another() -> None:
    site = Site()
    session, wire, _ = await managed(site)
    token = token_of(wire)
    session.lost()
    thief = await resuming(site, token, name="bob")
    assert "<failed " in (text := thief.take())
    assert "<item-not-found " in text
    assert thief.kept is None
    assert session.hibernating
    assert "<resumed " in (await resuming(site, token, connection=8)).take()


@pytest.mark.parametrize("token", ["", "guessed", "'"])
async def test_a_token_that_is_none_resumes_nothing(token: str) -> None:
    site = Site()
    session, _wire, _ = await managed(site)
    session.lost()
    stream, other = await site.log_in(connection=9)
    previd = token.replace("'", "&apos;")
    stream.received(xml(f"<resume {SM} previd='{previd}' h='0'/>"))
    assert "<item-not-found " in other.take()
    assert other.said[-1] == "resume"  # a resource may be bound instead


async def test_a_token_serves_the_whole_session_and_no_longer() -> None:
    site = Site()
    session, wire, _ = await managed(site)
    token = token_of(wire)
    session.lost()
    second = await resuming(site, token)
    session.lost()
    assert "<resumed " in (await resuming(site, token, connection=8)).take()
    session.close()
    assert "<item-not-found " in (await resuming(site, token, connection=9)).take()
    assert second.end is not None


async def test_a_resumption_that_claims_too_much_ends_the_stream() -> None:
    site = Site()
    session, wire, _ = await managed(site)
    token = token_of(wire)
    session.lost()
    other = await resuming(site, token, h=1)
    assert "<handled-count-too-high " in other.take()
    assert other.is_closed
    assert session.hibernating


async def test_a_resumption_waits_for_what_is_being_stored() -> None:
    site = Site()
    tokens: list[int] = []
    site.router.on_stanza = lambda session, _: tokens.append(session.begin())
    session, wire, _ = await managed(site)
    token = token_of(wire)
    counted(session, message(), 1)
    session.lost()
    second = await resuming(site, token)
    assert second.take() == ""
    session.finish(tokens[0])
    assert "h='1'" in second.take()


async def test_of_two_that_resume_one_session_the_later_one_gets_it() -> None:
    site = Site()
    tokens: list[int] = []
    site.router.on_stanza = lambda session, _: tokens.append(session.begin())
    session, wire, _ = await managed(site)
    token = token_of(wire)
    counted(session, message(), 1)
    second = await resuming(site, token)
    assert wire.is_closed, "nothing more is taken over the former connection"
    third = await resuming(site, token, connection=8)
    assert "<conflict " in second.take()
    assert second.is_closed
    session.finish(tokens[0])
    assert "<resumed " in third.take()
    assert second.take() == ""
    assert session.connection == 8


async def test_a_session_that_ends_while_it_is_resumed_is_not_found() -> None:
    site = Site()
    tokens: list[int] = []
    site.router.on_stanza = lambda session, _: tokens.append(session.begin())
    session, wire, _ = await managed(site)
    token = token_of(wire)
    counted(session, message(), 1)
    session.lost()
    second = await resuming(site, token)
    session.close()
    assert "<item-not-found " in second.take()


async def test_a_lost_connection_is_waited_for_and_what_was_not_read_returned() -> None:
    site = Site(XmppLimits(resume_time=1.0))
    session, _wire, _ = await managed(site)
    session.lost()
    session.send(message("for later", "k1").encode())
    await asyncio.sleep(1.1)
    assert session.ended
    assert site.router.events[-1] == f"gone {JID}"
    assert len(site.router.returned[JID]) == 1
    assert b"for later" in site.router.returned[JID][0]


async def test_the_client_may_ask_for_less_time() -> None:
    site = Site()
    session, wire = await site.session()
    session.received(xml(f"<enable {SM} resume='1' max='20'/>"))
    assert "max='20'" in wire.take()
    other, other_wire = await site.session(resource="b", connection=2)
    other.received(xml(f"<enable {SM} resume='true' max='99999'/>"))
    assert "max='300'" in other_wire.take()


async def test_without_resumption_a_lost_connection_is_the_end() -> None:
    site = Site()
    session, wire = await site.session()
    session.received(xml(f"<enable {SM}/>"))
    assert "id=" not in wire.take()
    session.lost()
    assert session.ended


async def test_a_stream_that_was_closed_is_not_waited_for() -> None:
    site = Site()
    session, wire, _ = await managed(site)
    session.ended_by_peer()
    assert session.ended
    assert wire.is_closed


async def test_what_is_kept_for_one_who_is_away_is_bounded() -> None:
    site = Site(XmppLimits(unacknowledged=16))
    session, _wire, _ = await managed(site)
    session.lost()
    for number in range(17):
        session.send(message("kept", f"k{number}").encode())
    assert session.ended
    assert len(site.router.returned[JID]) == 16


async def test_those_who_are_away_make_room_for_newcomers() -> None:
    site = Site(XmppLimits(sessions_per_account=1))
    session, _wire, _ = await managed(site)
    session.lost()
    await site.session(resource="other", connection=3)
    assert session.ended


# silence


async def test_a_silent_client_is_asked_and_then_given_up() -> None:
    site = Site(XmppLimits(ping_interval=60.0, ping_timeout=0.1))
    session, wire = await site.session()
    site.hub.look()
    assert wire.take() == ""
    wire.silence = 61.0
    site.hub._look_at = 0.0
    site.hub.look()
    text = wire.take()
    assert "<ping " in text
    assert f"from='{DOMAIN}'" in text
    await asyncio.sleep(0.15)
    site.hub._look_at = 0.0
    site.hub.look()
    assert "<connection-timeout " in wire.take()
    assert session.ended
    assert site.hub.counters["silent"] == 1


async def test_a_silent_client_that_answers_stays() -> None:
    site = Site(XmppLimits(ping_interval=60.0, ping_timeout=0.1))
    session, wire = await site.session()
    wire.silence = 61.0
    site.hub.look()
    assert "<ping " in wire.take()
    await asyncio.sleep(0.15)
    wire.silence = 0.14  # the answer came at once
    site.hub._look_at = 0.0
    site.hub.look()
    assert wire.take() == ""
    wire.silence = 61.0
    site.hub._look_at = 0.0
    site.hub.look()
    assert "<ping " in wire.take()
    assert not session.ended


async def test_who_answered_is_asked_again_where_one_looks_seldom() -> None:
    site = Site(XmppLimits(ping_interval=0.1, ping_timeout=0.1))
    session, wire = await site.session()
    wire.silence = 1.0
    site.hub.look()
    wire.take()
    await asyncio.sleep(0.2)
    wire.silence = 0.15
    site.hub._look_at = 0.0
    site.hub.look()
    assert "<ping " in wire.take()
    assert not session.ended


async def test_a_silent_client_that_may_come_back_is_waited_for() -> None:
    site = Site(XmppLimits(ping_interval=60.0, ping_timeout=0.1))
    session, wire, _ = await managed(site)
    wire.silence = 61.0
    site.hub.look()
    await asyncio.sleep(0.15)
    site.hub._look_at = 0.0
    site.hub.look()
    assert wire.is_aborted
    assert session.hibernating
    site.hub._look_at = 0.0
    site.hub.look()
    assert session.hibernating


async def test_the_end_of_the_node_ends_sessions() -> None:
    site = Site()
    session, wire = await site.session()
    away, _, _ = await managed(site, resource="b", connection=2)
    away.lost()
    await site.hub.close()
    assert "<system-shutdown " in wire.take()
    assert session.ended
    assert away.ended
    await settle()
