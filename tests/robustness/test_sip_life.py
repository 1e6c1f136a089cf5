"""Calls of telephones and the ends of things: of the node, in peace or not, of a connection, of a
telephone.
"""

import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from functools import partial
from operator import lt
from pathlib import Path

import pytest

from tests.support.baresip import Phone, missing
from tests.support.cuttable import Cuttable, cuttable
from tests.support.figures import sip_figure
from tests.support.fixtures import unavailable
from tests.support.node import Node, run_node
from tests.support.ports import free_ports
from tests.support.telephony import DOMAIN, registered, stored_contacts
from tests.support.wait import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ANN, BEN = 440, 700
DRAIN = 25.0  # the node waits a second for people to go; the rest is for this machine
# Every call ends at the node: it knows who is in it, and says BYE.
THROUGH = {"ANTIPHON_SIP_MEDIA": "relay"}
MEDIA_TIMEOUT = 11.0
# Registrations last a few seconds, so that a telephone soon notices that it was cut off.
BRIEF = {
    "ANTIPHON_SIP_MIN_EXPIRES": "4",
    "ANTIPHON_SIP_DEFAULT_EXPIRES": "4",
    "ANTIPHON_SIP_MAX_EXPIRES": "4",
}


@pytest.fixture(autouse=True)
def telephones() -> None:
    """baresip is here."""
    if reason := missing():
        unavailable(reason)


@contextlib.asynccontextmanager
async def node_in(folder: Path, log: Path, **more: str) -> AsyncIterator[Node]:
    """A node whose data lies in `folder`."""
    data = folder / "data"
    data.mkdir(exist_ok=True)
    environment: Mapping[str, str] = THROUGH | more
    async with run_node(data, log / "node.log", environment=environment) as running:
        yield running


async def call(one: Phone, other: Phone, count: int = 1) -> None:
    """One calls the other, who answers: for the `count`-th time."""
    await one.dial(f"sip:{other.name}@{DOMAIN}")
    await other.event("CALL_INCOMING", count)
    await other.accept()
    await one.event("CALL_ESTABLISHED", count)
    await other.event("CALL_ESTABLISHED", count)


async def unplug(*phones: Phone) -> None:
    """End telephones whose node is gone, which they would wait for."""
    for phone in phones:
        phone.process.kill()
        await phone.process.wait()


def closed(phone: Phone) -> int:
    """How many calls of a telephone are over."""
    return sum(event["type"] == "CALL_CLOSED" for event in phone.events)


async def test_the_node_hangs_up_before_it_stops(tmp_path: Path, artifacts: Path) -> None:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        node = await enter(node_in(tmp_path, artifacts))
        ann = await enter(registered(node, "ann", tmp_path, tone=ANN))
        ben = await enter(registered(node, "ben", tmp_path, tone=BEN, transport="tcp"))
        cat = await enter(registered(node, "cat", tmp_path, tone=ANN))
        dan = await enter(registered(node, "dan", tmp_path, tone=BEN))
        await call(ann, ben)
        # This one still rings.
        await cat.dial(f"sip:dan@{DOMAIN}")
        await dan.event("CALL_INCOMING")
        began = time.monotonic()
        assert await node.terminate() == 0
        assert time.monotonic() - began < DRAIN
        for phone in (ann, ben, cat, dan):
            await phone.event("CALL_CLOSED")
        await unplug(ann, ben, cat, dan)


async def test_telephones_are_reached_after_a_kill(tmp_path: Path, artifacts: Path) -> None:
    (port,) = free_ports(1)
    there = {"ANTIPHON_SIP_LISTEN": f"127.0.0.1:{port}"}
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        async with node_in(tmp_path, artifacts, **there) as node:
            ann = await enter(registered(node, "ann", tmp_path, tone=ANN))
            ben = await enter(registered(node, "ben", tmp_path, tone=BEN))
            await stored_contacts(node, 2)
            await node.kill()
        node = await enter(node_in(tmp_path, artifacts, **there))
        assert await sip_figure(node, "bindings") == 2
        await call(ann, ben)
        assert await sip_figure(node, "registrar_registrations_total") == 0
        assert await sip_figure(node, "registrar_refreshes_total") == 0
        await ann.hang_up()
        await ben.event("CALL_CLOSED")
        await unplug(ann, ben)


@contextlib.asynccontextmanager
async def behind(
    node: Node, relay: Cuttable, user: str, folder: Path, tone: int
) -> AsyncIterator[Phone]:
    """A telephone by TCP, all of whose connections to the node go through the relay."""
    through = Node(node.process, node.data, node.log, {"sip": [f"127.0.0.1:{relay.port}"]})
    through.url = node.url
    async with registered(through, user, folder, tone=tone, transport="tcp") as phone:
        yield phone


@pytest.mark.parametrize("media", ["relay", "direct"])
async def test_a_call_outlives_its_connection(tmp_path: Path, artifacts: Path, media: str) -> None:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        brief = BRIEF | {"ANTIPHON_SIP_MEDIA": media}
        node = await enter(node_in(tmp_path, artifacts, **brief))
        relay = await enter(cuttable(("127.0.0.1", node.port("sip"))))
        ann = await enter(behind(node, relay, "ann", tmp_path, ANN))
        ben = await enter(registered(node, "ben", tmp_path, tone=BEN))

        async def connections() -> int:
            return relay.opened

        for count, (one, other) in enumerate([(ben, ann), (ann, ben)], 1):
            await call(ann, ben, count)
            before = relay.opened
            relay.cut()
            await until("it is connected again", connections, partial(lt, before))
            await ben.hears(ann.tone)
            assert (closed(ann), closed(ben)) == (count - 1, count - 1)
            await one.hang_up()
            await other.event("CALL_CLOSED", count)
        await until("no call is left", lambda: sip_figure(node, "calls"), lambda calls: calls == 0)


async def test_a_telephone_that_died_is_missed(tmp_path: Path, artifacts: Path) -> None:
    shorter = {"ANTIPHON_LIMITS_SIP_MEDIA_TIMEOUT": str(MEDIA_TIMEOUT)}
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        node = await enter(node_in(tmp_path, artifacts, **shorter))
        ann = await enter(registered(node, "ann", tmp_path, tone=ANN))
        ben = await enter(registered(node, "ben", tmp_path, tone=BEN))
        await call(ann, ben)
        await ben.hears(ann.tone)
        began = time.monotonic()
        await unplug(ann)
        await ben.event("CALL_CLOSED", within=MEDIA_TIMEOUT + 60)
        assert time.monotonic() - began > MEDIA_TIMEOUT - 2, "it had to be missed for a while"
        await until("no call is left", lambda: sip_figure(node, "calls"), lambda calls: calls == 0)
