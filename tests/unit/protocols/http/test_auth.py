"""Tokens by password and for guests."""

import httpx
import pytest

from antiphon.core.address import Address
from antiphon.core.ports import Grants, RoomSettings
from antiphon.protocols.http import HttpLimits
from antiphon.stores.records import Role
from tests.support.fakes import account
from tests.unit.protocols.http.stand import Stand, stand

ANN = Address("ann", "example.org")


async def test_log_in(here: Stand) -> None:
    await here.accounts.create(ANN, "correct horse", name="Ann")
    for address in ("ann@example.org", "ann", "Ann@Example.Org/phone"):
        login = {"address": address, "password": "correct horse"}
        response = await here.call("POST", "/api/v1/auth/login", json=login)
        assert response.status_code == 200
        answer = response.json()
        assert set(answer) == {"token", "expires_at", "address"}
        assert answer["address"] == "ann@example.org"
        caller = here.tokens.issued[answer["token"]]
        assert (caller.address, caller.name, caller.grants) == (ANN, "Ann", Grants())
        assert response.headers["cache-control"] == "no-store"


async def test_an_administrator_logs_in_as_one(here: Stand) -> None:
    await here.accounts.create(ANN, "correct horse", role=Role.ADMIN)
    login = {"address": "ann", "password": "correct horse"}
    response = await here.call("POST", "/api/v1/auth/login", json=login)
    assert here.tokens.issued[response.json()["token"]].grants.admin


@pytest.mark.parametrize(
    ("login", "status"),
    [
        ({"address": "ann", "password": "wrong horse"}, 401),
        ({"address": "bob", "password": "correct horse"}, 401),
        ({"address": "a b", "password": "correct horse"}, 400),
        ({"address": "ann", "password": ""}, 400),
        ({"address": "ann", "password": "x" * 2000}, 400),
        ({"address": "", "password": "x"}, 400),
        ({"address": "ann", "password": 5}, 400),
        ({"address": "ann"}, 400),
    ],
)
async def test_no_log_in(here: Stand, login: dict[str, object], status: int) -> None:
    await here.accounts.create(ANN, "correct horse")
    response = await here.call("POST", "/api/v1/auth/login", json=login)
    assert response.status_code == status


async def test_guessing_passwords_of_one_account_is_slowed_down() -> None:
    async with stand(limits=HttpLimits(login_rate=0.001, login_burst=4)) as here:
        await here.accounts.create(ANN, "correct horse")
        right = {"address": "ann", "password": "correct horse"}
        wrong = {"address": "ann", "password": "wrong horse"}
        codes = [
            (await here.call("POST", "/api/v1/auth/login", json=body)).status_code
            for body in (right, wrong, right, wrong, right)
        ]
        # Right ones are only charged to the network address, which has four as well.
        assert codes == [200, 401, 200, 401, 429]
        assert here.app.state.runtime.passwords._buckets.wait(str(ANN), 0.0) == 0.0


async def test_guests(here: Stand) -> None:
    tokens = [
        (await here.call("POST", "/api/v1/auth/guest", json={"name": "  Gus   G "})).json()
        for _ in range(2)
    ]
    assert tokens[0]["address"] != tokens[1]["address"]
    caller = here.tokens.issued[tokens[0]["token"]]
    assert caller.address.domain == "guest.example.org"
    assert caller.name == "Gus G"
    assert str(caller.address) == tokens[0]["address"]


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "x" * 65}, {"name": "a\x00"}])
async def test_no_guest_without_a_name(here: Stand, body: dict[str, str]) -> None:
    assert (await here.call("POST", "/api/v1/auth/guest", json=body)).status_code == 400


async def test_guests_by_invitation_only() -> None:
    async with stand(guests=None) as here:
        await here.house.rooms.save(RoomSettings(name="open", guests=True))
        await here.house.rooms.save(RoomSettings(name="closed"))
        for room in (None, "closed", "absent"):
            body = {"name": "Gus", "room": room}
            assert (await here.call("POST", "/api/v1/auth/guest", json=body)).status_code == 403
        body = {"name": "Gus", "room": "Open"}
        response = await here.call("POST", "/api/v1/auth/guest", json=body)
        caller = here.tokens.issued[response.json()["token"]]
        assert caller.grants == Grants(rooms=frozenset({"open"}), create=False)


async def renew(here: Stand, token: str = "") -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return await here.call("POST", "/api/v1/auth/renew", headers=headers)


async def test_a_token_is_renewed_for_the_same_one(here: Stand) -> None:
    await here.accounts.create(ANN, "correct horse", name="Ann")
    login = {"address": "ann", "password": "correct horse"}
    first = (await here.call("POST", "/api/v1/auth/login", json=login)).json()["token"]
    await here.accounts.update(ANN, name="Ann B.")
    answer = await renew(here, first)
    assert answer.status_code == 200
    renewed = here.tokens.issued[answer.json()["token"]]
    assert (renewed.address, renewed.name, renewed.grants) == (ANN, "Ann B.", Grants())
    came = (await here.call("POST", "/api/v1/auth/guest", json={"name": "G"})).json()
    again = (await renew(here, came["token"])).json()
    assert (again["address"], again["token"] != came["token"]) == (came["address"], True)


async def test_what_is_not_renewed(here: Stand) -> None:
    assert (await renew(here)).status_code == 401
    assert (await renew(here, "nothing")).status_code == 401
    # As a command of the shell signs it, for a while or for certain rooms.
    for name in ("ann", "bob"):
        token = here.tokens.issue(account(name)).text
        assert (await renew(here, token)).status_code == 403
    await here.accounts.create(ANN, "correct horse")
    assert (await renew(here, here.tokens.issue(account("ann")).text)).status_code == 403
    await here.accounts.remove(ANN)
    gone = here.tokens.issue(account("ann"), renewable=True).text
    assert (await renew(here, gone)).status_code == 403


async def test_guests_are_renewed_as_long_as_they_are_welcome() -> None:
    async with stand(guests=None) as here:
        await here.house.rooms.save(RoomSettings(name="open", guests=True))
        came = await here.call("POST", "/api/v1/auth/guest", json={"name": "G", "room": "open"})
        token = came.json()["token"]
        assert (await renew(here, token)).status_code == 200
        await here.house.rooms.save(RoomSettings(name="open", guests=False))
        assert (await renew(here, token)).status_code == 403
