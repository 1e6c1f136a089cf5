"""The application over the real accounts, tokens, rooms and messages, on every database."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest_asyncio

from antiphon.core.address import Address, Addresses
from antiphon.core.policy import Policy
from antiphon.core.ports import Caller
from antiphon.core.switchboard import Switchboard
from antiphon.services.accounts import Accounts
from antiphon.services.config import AccountsConfig
from antiphon.services.mailbox import Mailbox
from antiphon.services.rooms import StoredRooms
from antiphon.services.tokens import Tokens
from antiphon.stores.database import Database
from antiphon.stores.records import KeyKind
from tests.support.fakes import FakeMedia, Recorder
from tests.unit.protocols.http.stand import OFFER, SDP, Stand, stand

# One cheap kind of key: what keys are worth is tested elsewhere.
QUICK = AccountsConfig(password_hash=(KeyKind.SCRAM_SHA_256,), scram_iterations=4096)


class Door:
    """Reads tokens and asks whether their accounts still stand."""

    def __init__(self, tokens: Tokens, accounts: Accounts) -> None:
        self._tokens = tokens
        self._accounts = accounts

    async def verify(self, token: str) -> Caller:
        claims = self._tokens.read(token)
        await self._accounts.check(claims)
        return claims.caller


@pytest_asyncio.fixture
async def real(database: Database, addresses: Addresses) -> AsyncIterator[Stand]:
    accounts = Accounts(database, addresses, QUICK)
    tokens = Tokens(addresses, b"x" * 32)
    rooms, mailbox = StoredRooms(database), Mailbox(database)
    switchboard = Switchboard(
        rooms=rooms,
        messages=mailbox,
        media=FakeMedia(),
        addresses=addresses,
        policy=Policy(guests=True),
    )
    async with stand(
        addresses=addresses,
        accounts=accounts,
        tokens=tokens,
        authenticator=Door(tokens, accounts),
        rooms=rooms,
        messages=mailbox,
        switchboard=switchboard,
        registration=True,
    ) as made:
        yield replace(made, house=replace(made.house, switchboard=switchboard))
    await switchboard.close()
    await mailbox.close()
    await accounts.close()


async def log_in(real: Stand, name: str, password: str) -> dict[str, str]:
    login = {"address": name, "password": password}
    response = await real.call("POST", "/api/v1/auth/login", json=login)
    assert response.status_code == 200, response.text
    return {"Authorization": f"Bearer {response.json()['token']}"}


async def register(real: Stand, name: str) -> dict[str, str]:
    body = {"address": name, "password": "correct horse", "name": name.title()}
    response = await real.call("POST", "/api/v1/accounts", json=body)
    assert response.status_code == 201, response.text
    return await log_in(real, name, "correct horse")


async def test_an_account_from_its_first_day_to_its_last(real: Stand) -> None:
    ann = await register(real, "Änn")
    me = "/api/v1/accounts/me"
    assert (await real.call("GET", me, headers=ann)).json()["address"] == "änn@example.org"
    changed = await real.call("PATCH", me, headers=ann, json={"name": "Annie"})
    assert changed.json()["name"] == "Annie"
    body = {"password": "battery staple", "current": "correct horse"}
    assert (await real.call("PUT", f"{me}/password", headers=ann, json=body)).status_code == 204
    # Whoever had a token had the old password.
    assert (await real.call("GET", me, headers=ann)).status_code == 401
    ann = await log_in(real, "änn", "battery staple")
    assert (await real.call("DELETE", me, headers=ann)).status_code == 204
    assert (await real.call("GET", me, headers=ann)).status_code == 401


async def test_rooms_and_messages(real: Stand) -> None:
    ann, bob = await register(real, "ann"), await register(real, "bob")
    path = "/api/v1/rooms/café"
    body = {"title": "Café \N{HOT BEVERAGE}", "max_members": 3}
    assert (await real.call("PUT", path, headers=ann, json=body)).status_code == 201
    read = (await real.call("GET", "/api/v1/rooms/CAFÉ", headers=bob)).json()
    assert (read["title"], read["owner"]) == (body["title"], "ann@example.org")
    assert (await real.call("PATCH", path, headers=bob, json={})).status_code == 403
    caller = Caller(address=Address("ann", "example.org"), name="Ann")
    await real.house.switchboard.join(caller, "café", Recorder())
    for number in range(3):
        said = {"text": f"{number} \N{HOT BEVERAGE}", "origin_id": str(number)}
        for _ in range(2):
            response = await real.call("POST", f"{path}/messages", headers=ann, json=said)
            assert response.status_code == 201
    page = (await real.call("GET", f"{path}/messages?limit=2", headers=bob)).json()
    assert [row["text"][0] for row in page["messages"]] == ["1", "2"]
    assert page["more"] is True
    assert (await real.call("DELETE", path, headers=ann)).status_code == 204
    assert (await real.call("GET", f"{path}/messages", headers=bob)).status_code == 404


async def test_a_guest_publishes(real: Stand) -> None:
    guest = await real.call("POST", "/api/v1/auth/guest", json={"name": "Gus"})
    headers: dict[str, Any] = {"Authorization": f"Bearer {guest.json()['token']}"}
    made = await real.call("POST", "/rooms/hall/whip", content=OFFER, headers={**SDP, **headers})
    assert made.status_code == 201
    other = await real.call("POST", "/api/v1/auth/guest", json={"name": "Gus"})
    stranger = {"Authorization": f"Bearer {other.json()['token']}"}
    location = made.headers["location"]
    assert (await real.call("DELETE", location, headers=stranger)).status_code == 403
    assert (await real.call("DELETE", location, headers=headers)).status_code == 200
