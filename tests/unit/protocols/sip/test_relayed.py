"""Calls that only pass by are recorded: answered, refused, given up, and those without an end."""

import asyncio

import pytest

from antiphon.core.address import Address
from antiphon.core.call import CallInfo, CallState
from antiphon.core.reason import Reason
from antiphon.protocols.sip import relayed
from antiphon.protocols.sip.relayed import RelayedCalls
from tests.support.sip_site import DOMAIN, PHONE, Site, header, invite, reply, request, status
from tests.support.virtual_time import virtual


def watched(site: Site) -> tuple[RelayedCalls, list[CallInfo]]:
    recorded: list[CallInfo] = []
    calls = RelayedCalls(recorded.append)
    site.server.verbs.calling = calls.began
    site.server.stack.relayed.append(calls.reported)
    return calls, recorded


async def called(site: Site) -> str:
    await site.register("bob", f"<sip:bob@{PHONE}:6000>")
    sent = await site.ask(invite("bob"), "alice")
    return next(one for one in sent if one.startswith("INVITE"))


@virtual
async def test_from_the_invite_to_the_bye() -> None:
    site = Site()
    calls, recorded = watched(site)
    leg = await called(site)
    ok = reply(leg, 200, f"Contact: <sip:bob@{PHONE}:6000>")
    answers = await site.hear(ok, site.flow(port=6000))
    assert [status(one) for one in answers] == [200]
    assert (len(calls), recorded) == (1, [])
    bye = request(
        "BYE",
        f"sip:bob@{PHONE}:6000",
        f"Route: {header(answers[0], 'record-route')}",
        to=f"<sip:bob@{DOMAIN}>;tag=callee",
        call_id=header(leg, "call-id"),
        cseq=9,
    )
    assert any(one.startswith("BYE") for one in await site.hear(bye))
    await asyncio.sleep(1.1)
    (info,) = recorded
    assert (info.caller, info.callee) == (Address("alice", DOMAIN), Address("bob", DOMAIN))
    assert (info.state, info.reason, info.by) == (CallState.ENDED, Reason.LEFT, info.callee)
    assert info.answered_at is not None
    assert len(calls) == 0


@virtual
async def test_refused_and_unanswered_calls() -> None:
    site = Site()
    calls, recorded = watched(site)
    leg = await called(site)
    await site.hear(reply(leg, 486), site.flow(port=6000))
    await site.ask(invite("bob"), "alice")
    await asyncio.sleep(40)
    assert [(info.reason, info.answered_at) for info in recorded] == [
        (Reason.BUSY, None),
        (Reason.TIMEOUT, None),
    ]
    assert len(calls) == 0


@virtual
async def test_when_the_node_stops() -> None:
    site = Site()
    calls, recorded = watched(site)
    leg = await called(site)
    await site.hear(reply(leg, 200, f"Contact: <sip:bob@{PHONE}:6000>"), site.flow(port=6000))
    await calls.close()
    assert [info.reason for info in recorded] == [Reason.DRAINING]


@virtual
async def test_when_the_node_stops_not_all_are_handed_on_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relayed, "PORTION", 2)
    site = Site()
    calls, recorded = watched(site)
    for _ in range(5):
        await called(site)
    closing = asyncio.create_task(calls.close())
    counts = []
    while not closing.done():
        await asyncio.sleep(relayed.PAUSE / 2)
        counts.append(len(recorded))
    assert counts[0] == 2
    assert counts[-1] == 5
    assert len(calls) == 0


@virtual
async def test_those_who_never_say_goodbye_give_way() -> None:
    site = Site()
    calls, recorded = watched(site)
    former, relayed.MAX_CALLS = relayed.MAX_CALLS, 2
    try:
        await site.register("bob", f"<sip:bob@{PHONE}:6000>")
        for _ in range(4):
            await site.ask(invite("bob"), "alice")
        await asyncio.sleep(1.1)
    finally:
        relayed.MAX_CALLS = former
    assert [info.reason for info in recorded] == [Reason.LOST, Reason.LOST]
    assert len(calls) == 2
