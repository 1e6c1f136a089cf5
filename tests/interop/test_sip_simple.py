"""Messages and presence of telephones, played by SIPp over UDP and TCP."""

from pathlib import Path

import httpx
import pytest

from tests.support.fixtures import unavailable
from tests.support.node import Node
from tests.support.signalling import signalling
from tests.support.sipp import missing, play, run_scenario
from tests.support.telephony import PASSWORD, make_account
from tests.support.wait import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

TRANSPORTS = pytest.mark.parametrize("transport", ["udp", "tcp"])


@pytest.fixture(autouse=True)
def sipp() -> None:
    """SIPp is here."""
    if reason := missing():
        unavailable(reason)


def server(node: Node) -> str:
    return f"127.0.0.1:{node.port('sip')}"


async def let_see(node: Node, user: str, other: str, *, asks: bool = False) -> None:
    """`user` lets `other` see whether they are there, or asks to be let."""
    async with httpx.AsyncClient(base_url=node.url) as http:
        login = {"address": f"{user}@localhost", "password": PASSWORD}
        token = (await http.post("/api/v1/auth/login", json=login)).json()["token"]
        path = f"/api/v1/accounts/me/contacts/{other}@localhost/{'ask' if asks else 'answer'}"
        body = {} if asks else {"granted": True}
        answer = await http.post(path, json=body, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 204, answer.text


@TRANSPORTS
async def test_a_message_to_a_page(node: Node, tmp_path: Path, transport: str) -> None:
    address = await make_account(node, "ben")
    await make_account(node, "ann")
    options = {"transport": transport, "user": "ann", "password": PASSWORD}
    await play("message_nobody", tmp_path / "1", server(node), keys={"callee": "nobody"}, **options)
    await play("message", tmp_path / "waits", server(node), keys={"callee": "ben"}, **options)
    async with httpx.AsyncClient(base_url=node.url) as http:
        login = {"address": address, "password": PASSWORD}
        token = (await http.post("/api/v1/auth/login", json=login)).json()["token"]
    async with signalling(node.url) as ben:
        await ben.hello(token, reachable=True)
        waited = (await ben.event("direct_message"))["message"]
        assert waited["text"].strip() == "Lunch at one?"
        await play("message", tmp_path / "2", server(node), keys={"callee": "ben"}, **options)
        message = (await ben.event("direct_message"))["message"]
        assert message["text"].strip() == "Lunch at one?"
        assert message["sender"] == "ann@localhost"


@TRANSPORTS
async def test_what_one_publishes_the_other_is_told(
    node: Node, tmp_path: Path, transport: str
) -> None:
    for user in ("ann", "ben"):
        await make_account(node, user)
    options = {"transport": transport, "password": PASSWORD}
    await let_see(node, "ben", "ann")
    await let_see(node, "ann", "ben", asks=True)
    async with run_scenario(
        "subscribe",
        tmp_path / "ann",
        server=server(node),
        keys={"callee": "ben"},
        user="ann",
        transport=transport,
        password=PASSWORD,
    ) as watching:

        async def traffic() -> str:
            return watching.traffic()

        await until("a notification", traffic, lambda text: "Subscription-State: active" in text)
        await play("publish", tmp_path / "ben", server(node), user="ben", **options)
        await watching.succeed()
