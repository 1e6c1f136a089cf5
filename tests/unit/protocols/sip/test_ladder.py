"""The messages of a call, for people: who, when, what, and no secrets."""

from antiphon.core.address import Address
from antiphon.core.call import CallInfo
from antiphon.core.event import CallRinging
from antiphon.protocols.sip.ladder import MAX_CALLS, Ladder
from tests.support.sip_site import PHONE, US, Site, invite
from tests.support.virtual_time import virtual

ALICE, BOB = Address("alice", "example.org"), Address("bob", "example.org")


def info(number: int) -> CallInfo:
    return CallInfo(
        id=f"call-{number}", room="r", caller=ALICE, caller_name="A", callee=BOB, started_at=0.0
    )


@virtual
async def test_a_call_is_shown_by_its_id_and_by_its_call_id() -> None:
    site = Site()
    await site.register("bob", f"<sip:bob@{PHONE}:6000>")
    running = {"call-1": ["dialog-1"]}
    ladder = Ladder(site.server.stack, lambda call: running.get(call, ()))
    await site.ask(invite("bob", call_id="dialog-1"), "alice")
    ladder.deliver(CallRinging("r", info(1), BOB))
    running.clear()
    steps = ladder.steps("call-1")
    assert [step.line.split()[0:2] for step in steps] == [
        ["INVITE", "sip:bob@example.org"],
        ["SIP/2.0", "407"],
        ["INVITE", "sip:bob@example.org"],
        ["SIP/2.0", "100"],
        ["INVITE", f"sip:bob@{PHONE}:6000"],
    ]
    assert (steps[0].sender, steps[0].receiver) == (f"udp:{PHONE}:5060", f"udp:{US}")
    assert (steps[-1].sender, steps[-1].receiver) == (f"udp:{US}", f"udp:{PHONE}:6000")
    assert "response=" not in "".join(step.text for step in steps) or "***" in steps[2].text
    assert [step.line for step in ladder.steps("dialog-1")] == [step.line for step in steps]
    assert ladder.steps("nobody's") == []


@virtual
async def test_old_calls_are_forgotten() -> None:
    site = Site()
    ladder = Ladder(site.server.stack, lambda call: (call,))
    for number in range(MAX_CALLS + 10):
        ladder.deliver(CallRinging("r", info(number), BOB))
    assert len(ladder._calls) == MAX_CALLS
