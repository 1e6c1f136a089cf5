"""Log-ins that are void: sessions end, those that lost their connection, too, and what was under
way comes to nothing; what came later is good.
"""

import pytest

from antiphon.core.address import Address
from antiphon.core.ports import Caller
from antiphon.protocols.xmpp import voids
from antiphon.protocols.xmpp.sasl import Identity
from antiphon.protocols.xmpp.voids import Voids
from tests.support.xmpp_wire import DOMAIN, Site, bind, header, plain, settle, xml

ALICE = Address("alice", DOMAIN)
ENABLE = "<enable xmlns='urn:xmpp:sm:3' resume='true'/>"


@pytest.fixture
async def site() -> Site:
    return Site()


@pytest.mark.parametrize(
    ("stamp", "condition"), [("second", "<reset "), (None, "<not-authorized ")]
)
async def test_sessions_end_with_their_log_ins(
    site: Site, stamp: str | None, condition: str
) -> None:
    session, wire = await site.session()
    away, lost = await site.session(resource="phone", connection=2)
    away.received(xml(ENABLE))
    away.lost()
    other, _ = await site.session("bob", connection=3)
    assert away.hibernating
    site.hub.void(ALICE, stamp)
    assert session.ended
    assert condition in wire.take()
    assert away.ended
    assert not lost.is_aborted
    assert not other.ended


async def test_a_log_in_under_the_same_stamp_is_good(site: Site) -> None:
    session, _ = await site.session()
    site.hub.void(ALICE, "first")
    assert not session.ended
    site.hub.void(ALICE, "second")
    site.directory.stamp = "second"
    session, _ = await site.session()
    assert not session.ended


@pytest.mark.parametrize("stamp", ["second", None])
async def test_what_logged_in_before_does_not_come_to_a_session(
    site: Site, stamp: str | None
) -> None:
    stream, wire = await site.log_in()
    site.hub.void(ALICE, stamp)
    stream.received(bind())
    assert "<not-authorized " in wire.take()
    assert wire.is_closed
    assert len(site.hub.sessions) == 0


@pytest.mark.parametrize("stamp", ["second", None])
async def test_what_is_being_looked_up_is_refused(site: Site, stamp: str | None) -> None:
    stream, wire = site.stream()
    stream.opened(header())
    stream.received(plain("alice", "secret"))
    wire.take()
    site.hub.void(ALICE, stamp)
    await settle()
    assert "<not-authorized" in wire.take()
    assert stream.identity is None


async def test_who_is_let_in_again_may_log_in_at_once(site: Site) -> None:
    site.hub.void(ALICE, None)
    session, _ = await site.session()
    assert not session.ended


async def test_the_session_that_asked_for_it_goes_on_under_the_new_stamp(site: Site) -> None:
    session, _ = await site.session()
    site.hub.leaving.add(session)
    site.hub.void(ALICE, "second")
    site.hub.leaving.discard(session)
    site.hub.void(ALICE, "second")
    assert not session.ended
    site.hub.void(ALICE, "third")
    assert session.ended


async def test_a_session_lasts_as_long_as_its_token(site: Site) -> None:
    site.directory.expires_at = site.now + 60
    session, wire = await site.session()
    site.hub.look()
    assert not wire.is_closed
    site.now += 61
    site.hub._look_at = 0.0  # it is looked for now and then
    site.hub.look()
    assert session.ended
    assert "<not-authorized " in wire.take()
    assert site.hub.counters["expired"] == 1


async def test_a_token_that_expires_before_the_session_begins_opens_none(site: Site) -> None:
    site.directory.expires_at = site.now + 60
    stream, wire = await site.log_in()
    site.now += 61
    stream.received(bind())
    assert "<not-authorized " in wire.take()


async def test_a_session_that_goes_on_does_so_by_its_new_log_in(site: Site) -> None:
    site.directory.expires_at = site.now + 60
    session, wire = await site.session()
    session.received(xml(ENABLE))
    assert session.management is not None
    token = session.management.token
    session.lost()
    site.directory.expires_at = site.now + 1000
    site.directory.stamp = "second"
    stream, wire = await site.log_in(connection=2)
    stream.received(xml(f"<resume xmlns='urn:xmpp:sm:3' previd='{token}' h='0'/>"))
    assert "<resumed " in wire.take()
    site.hub.void(ALICE, "second")
    site.now += 61
    site.hub.look()
    assert not session.ended


def test_only_so_many_are_remembered_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voids, "LIMIT", 2)
    made = Voids(60)
    people = [Identity(Caller(address=Address(name, DOMAIN), name=name)) for name in "abc"]
    for person in people:
        made.add(person.caller.address, None, now=0.0)
    assert [made.cover(person, 0) for person in people] == [False, True, True]
    made.add(ALICE, None, now=60.0)
    assert not any(made.cover(person, 0) for person in people)
