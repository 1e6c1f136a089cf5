"""Accounts over HTTP: one's own, and all for administrators."""

from antiphon.core.address import Address
from tests.support.fakes import account, guest
from tests.unit.protocols.http.stand import Stand, stand

ADMIN = account("root", admin=True)
ANN = account("ann")
ADDRESS = Address("ann", "example.org")


async def test_an_administrator_makes_and_removes_accounts(here: Stand) -> None:
    body = {"address": "ann", "password": "correct horse", "name": "Ann", "role": "admin"}
    response = await here.call("POST", "/api/v1/accounts", ADMIN, json=body)
    assert response.status_code == 201
    assert response.headers["location"] == "/api/v1/accounts/ann@example.org"
    assert response.json()["role"] == "admin"
    assert set(response.json()) == {"address", "name", "role", "locked", "created_at"}
    assert (await here.call("POST", "/api/v1/accounts", ADMIN, json=body)).status_code == 409
    path = response.headers["location"]
    assert (await here.call("GET", path, ADMIN)).json()["name"] == "Ann"
    assert (await here.call("DELETE", path, ADMIN)).status_code == 204
    assert (await here.call("GET", path, ADMIN)).status_code == 404


async def test_pages_of_accounts(here: Stand) -> None:
    for name in "edcba":
        await here.accounts.create(Address(name, "example.org"), "correct horse")
    first = (await here.call("GET", "/api/v1/accounts?limit=3", ADMIN)).json()
    assert [row["address"][0] for row in first["accounts"]] == ["a", "b", "c"]
    path = f"/api/v1/accounts?limit=3&after={first['next']}"
    second = (await here.call("GET", path, ADMIN)).json()
    assert [row["address"][0] for row in second["accounts"]] == ["d", "e"]
    assert second["next"] is None


async def test_registration(here: Stand) -> None:
    body = {"address": "ann", "password": "correct horse"}
    assert (await here.call("POST", "/api/v1/accounts", json=body)).status_code == 403
    assert (await here.call("POST", "/api/v1/accounts", ANN, json=body)).status_code == 403
    async with stand(registration=True) as open_house:
        grabby = {**body, "role": "admin"}
        assert (await open_house.call("POST", "/api/v1/accounts", json=grabby)).status_code == 403
        assert (await open_house.call("POST", "/api/v1/accounts", json=body)).status_code == 201
        codes = [
            (
                await open_house.call(
                    "POST", "/api/v1/accounts", json={**body, "address": f"ann{number}"}
                )
            ).status_code
            for number in range(6)
        ]
        assert codes == [201, 201, 201, 201, 429, 429]


async def test_one_reads_and_changes_oneself(here: Stand) -> None:
    await here.accounts.create(ADDRESS, "correct horse", name="Ann")
    for path in ("/api/v1/accounts/me", "/api/v1/accounts/ann@example.org"):
        assert (await here.call("GET", path, ANN)).json()["address"] == "ann@example.org"
    changed = await here.call("PATCH", "/api/v1/accounts/me", ANN, json={"name": " Annie  A"})
    assert changed.json()["name"] == "Annie A"
    up = await here.call("PATCH", "/api/v1/accounts/me", ANN, json={"role": "admin"})
    assert up.status_code == 403
    path = "/api/v1/accounts/ann@example.org"
    assert (await here.call("PATCH", path, ADMIN, json={"role": "admin"})).json()["role"] == "admin"
    assert (await here.call("PATCH", path, account("bob"), json={})).status_code == 403
    assert (await here.call("DELETE", path, account("bob"))).status_code == 403
    assert (await here.call("DELETE", "/api/v1/accounts/me", ANN)).status_code == 204


async def test_a_guest_has_no_account(here: Stand) -> None:
    assert (await here.call("GET", "/api/v1/accounts/me", guest("gus"))).status_code == 404


async def test_passwords(here: Stand) -> None:
    await here.accounts.create(ADDRESS, "correct horse")
    path = "/api/v1/accounts/me/password"
    new = {"password": "battery staple"}
    for body, status in (
        (new, 400),
        ({**new, "current": "wrong horse"}, 403),
        ({**new, "current": "correct horse"}, 204),
    ):
        assert (await here.call("PUT", path, ANN, json=body)).status_code == status
    assert here.accounts.stored[ADDRESS].password == "battery staple"
    path = "/api/v1/accounts/ann@example.org/password"
    assert (await here.call("PUT", path, account("bob"), json=new)).status_code == 403
    third = {"password": "third password"}
    assert (await here.call("PUT", path, ADMIN, json=third)).status_code == 204
    assert here.accounts.stored[ADDRESS].password == "third password"
