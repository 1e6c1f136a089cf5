"""Calls to and from the telephone network: a second node is the carrier, telephones are baresip."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.baresip import Phone, missing, run_phone
from tests.support.fixtures import unavailable
from tests.support.node import Node, run_node
from tests.support.telephony import PASSWORD, make_account, registered, sip_port
from tests.support.wait import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NUMBER = "+493012345"
ALICE, FAR = 440, 700


@pytest.fixture(autouse=True)
def telephones() -> None:
    """baresip is here."""
    if reason := missing():
        unavailable(reason)


def trunk(name: str, carrier: int, folder: Path, **more: str) -> str:
    """A configuration with a trunk to a port of this machine; its file."""
    lines = {
        "name": f'"{name}"',
        "host": '"127.0.0.1"',
        "port": str(carrier),
        "user": '"antiphon"',
        "password": f'"{PASSWORD}"',
        "register": "true",
        "numbers": '{ "*" = "alice" }',
        **more,
    }
    return "[[sip.trunks]]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items())


async def carrier_node(stack: AsyncExitStack, folder: Path, log: Path) -> Node:
    """A node on which our node has an account, and somebody has a number."""
    (folder / "carrier").mkdir()
    carrier = await stack.enter_async_context(run_node(folder / "carrier", log))
    await make_account(carrier, "antiphon")
    return carrier


async def our_node(stack: AsyncExitStack, folder: Path, log: Path, trunks: str) -> Node:
    (folder / "ours").mkdir()
    file = folder / "antiphon.toml"
    file.write_text('[sip]\ncountry = "49"\n' + trunks)
    return await stack.enter_async_context(run_node(folder / "ours", log, "--config", str(file)))


async def far_phone(stack: AsyncExitStack, carrier: Node, folder: Path) -> Phone:
    """A telephone of the carrier's that has a number."""
    await make_account(carrier, NUMBER)
    server = f"sip:127.0.0.1:{sip_port(carrier, 'udp')};transport=udp"
    line = (
        f"<sip:{NUMBER}@localhost;transport=udp>;auth_user={NUMBER};auth_pass={PASSWORD}"
        f';outbound="{server}";regint=600'
    )
    phone = await stack.enter_async_context(
        run_phone(folder / "far", "far", tone=FAR, account=line)
    )
    await phone.registered()
    return phone


async def test_calls_to_and_from_a_number(tmp_path: Path, artifacts: Path) -> None:
    async with AsyncExitStack() as stack:
        carrier = await carrier_node(stack, tmp_path, artifacts / "carrier.log")
        far = await far_phone(stack, carrier, tmp_path)
        trunks = trunk("carrier", sip_port(carrier, "udp"), tmp_path)
        ours = await our_node(stack, tmp_path, artifacts / "ours.log", trunks)
        alice = await stack.enter_async_context(registered(ours, "alice", tmp_path, tone=ALICE))
        # Out, dialled as people in the country do.
        await alice.dial("sip:03012345@localhost")
        await far.event("CALL_INCOMING")
        await far.accept()
        await alice.event("CALL_ESTABLISHED")
        await alice.hears(FAR)
        await far.hears(ALICE)
        await alice.hang_up()
        await far.event("CALL_CLOSED")
        # In: the carrier calls the contact that our node registered.
        await far.dial("sip:antiphon@localhost")
        await alice.event("CALL_INCOMING")
        await alice.accept()
        await far.event("CALL_ESTABLISHED", 2)
        await alice.hears(FAR)
        await far.hears(ALICE)
        await far.hang_up()
        await alice.event("CALL_CLOSED", 2)


async def test_the_next_trunk_when_the_first_is_dead(tmp_path: Path, artifacts: Path) -> None:
    async with AsyncExitStack() as stack:
        carrier = await carrier_node(stack, tmp_path, artifacts / "carrier.log")
        far = await far_phone(stack, carrier, tmp_path)
        # Nobody listens at the discard port; TCP says so at once.
        dead = trunk("dead", 9, tmp_path, transport='"tcp"', register="false")
        alive = trunk("alive", sip_port(carrier, "udp"), tmp_path, priority="1")
        ours = await our_node(stack, tmp_path, artifacts / "ours.log", dead + alive)
        alice = await stack.enter_async_context(registered(ours, "alice", tmp_path, tone=ALICE))
        await alice.dial(f"sip:{NUMBER}@localhost")
        await far.event("CALL_INCOMING")
        await far.accept()
        await alice.event("CALL_ESTABLISHED")
        await alice.hears(FAR)


async def test_a_trunk_that_refuses_us_is_reported(tmp_path: Path, artifacts: Path) -> None:
    async with AsyncExitStack() as stack:
        carrier = await carrier_node(stack, tmp_path, artifacts / "carrier.log")
        wrong = trunk("wrong", sip_port(carrier, "udp"), tmp_path, password='"no"')
        log = artifacts / "ours.log"
        log.write_text("")
        await our_node(stack, tmp_path, log, wrong)

        async def said() -> str:
            return log.read_text()

        await until("the log says it", said, lambda text: "cannot register with" in text)
