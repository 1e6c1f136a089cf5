"""Contacts, blocking and presence over HTTP."""

import pytest

from antiphon.core.presence import PresenceState
from tests.support.fakes import account, guest
from tests.unit.protocols.http.stand import Stand

ANN, BOB, EVE, ADMIN = account("ann"), account("bob"), account("eve"), account("root", admin=True)
MINE = "/api/v1/accounts/me"
LIST = f"{MINE}/contacts"


async def test_a_list_of_contacts(here: Stand) -> None:
    change = {"name": "Bobby", "groups": ["Work", "Chess"]}
    made = await here.call("PUT", f"{LIST}/bob", ANN, json=change)
    assert made.json()["address"] == "bob@example.org"
    renamed = await here.call("PUT", f"{LIST}/bob@example.org", ANN, json={"name": "Bob"})
    assert (renamed.json()["name"], renamed.json()["groups"]) == ("Bob", ["Work", "Chess"])
    (listed,) = (await here.call("GET", LIST, ANN)).json()["contacts"]
    assert listed == (await here.call("GET", f"{LIST}/bob", ANN)).json() == renamed.json()
    assert (await here.call("DELETE", f"{LIST}/bob", ANN)).status_code == 204
    assert (await here.call("GET", f"{LIST}/bob", ANN)).status_code == 404


async def test_who_sees_whom(here: Stand) -> None:
    asked = await here.call("POST", f"{LIST}/bob/ask", ANN, json={"text": "It is me"})
    assert asked.status_code == 204
    asking = (await here.call("GET", f"{LIST}/ann", BOB)).json()
    assert (asking["asking"], asking["listed"], asking["request"]) == (True, False, "It is me")
    granted = await here.call("POST", f"{LIST}/ann/answer", BOB, json={"granted": True})
    assert granted.status_code == 204
    assert (await here.call("GET", f"{LIST}/bob", ANN)).json()["sees"] is True
    assert (await here.call("POST", f"{LIST}/bob/withdraw", ANN)).status_code == 204
    assert (await here.call("GET", f"{LIST}/bob", ANN)).json()["sees"] is False
    assert (await here.call("POST", f"{LIST}/eve/ask", ANN)).status_code == 204


async def test_blocking(here: Stand) -> None:
    path = f"{MINE}/blocked"
    names = ["eve@example.org", "spam.example"]
    assert (await here.call("POST", path, ANN, json={"addresses": names})).status_code == 204
    assert (await here.call("GET", path, ANN)).json() == {"blocked": names}
    assert (await here.call("DELETE", f"{path}?address=spam.example", ANN)).status_code == 204
    assert (await here.call("GET", path, ANN)).json() == {"blocked": names[:1]}
    assert (await here.call("DELETE", path, ANN)).status_code == 204
    assert (await here.call("GET", path, ANN)).json() == {"blocked": []}


async def test_presence_is_for_those_who_may_see_it(here: Stand) -> None:
    path = "/api/v1/accounts/{}/presence"
    here.contacts.befriend(ANN.address, BOB.address)
    there = await here.call("GET", path.format("bob@example.org"), ANN)
    nobody = {"account": "bob@example.org", "show": "offline", "note": "", "since": None}
    assert there.json() == {**nobody, "devices": []}
    presence = here.context.presence
    presence.publish(PresenceState(device=BOB.address.on("tab"), show="away", since=1.0))
    presence.publish(PresenceState(device=BOB.address.on("desk"), note="hello", since=2.0))
    for caller, name in ((ANN, "bob"), (BOB, "me"), (ADMIN, "bob")):
        seen = (await here.call("GET", path.format(name), caller)).json()
        assert (seen["show"], seen["note"], seen["since"]) == ("available", "hello", 2.0)
        assert [device["device"] for device in seen["devices"]] == ["tab", "desk"]
    # Whether there is such an account is not for strangers to find out.
    refused = [await here.call("GET", path.format(name), EVE) for name in ("bob", "nobody")]
    assert [(one.status_code, one.json()["detail"]) for one in refused] == [
        (403, refused[0].json()["detail"])
    ] * 2
    assert (await here.call("GET", path.format("bob"), guest("g"))).status_code == 403
    listed = (await here.call("GET", "/api/v1/presence", ANN)).json()["presence"]
    assert [one["account"] for one in listed] == ["bob@example.org"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "contacts", None),
        ("PUT", "contacts/eve", {}),
        ("GET", "blocked", None),
        ("POST", "blocked", {"addresses": ["eve"]}),
    ],
)
async def test_lists_are_one_s_own_and_administrators(
    here: Stand, method: str, path: str, body: object
) -> None:
    of_bob = f"/api/v1/accounts/bob@example.org/{path}"
    assert (await here.call(method, of_bob, ANN, json=body)).status_code == 403
    assert (await here.call(method, of_bob, ADMIN, json=body)).status_code in {200, 204}
    mine = f"{MINE}/{path}"
    assert (await here.call(method, mine, guest("g"), json=body)).status_code == 403
    assert (await here.call(method, mine, json=body)).status_code == 401


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("contacts/bob", {"name": "x" * 256}),
        ("contacts/bob", {"groups": ["x"] * 51}),
        ("contacts/bob", {"groups": [""]}),
        ("contacts/bob", {"group": "Work"}),
        ("contacts/<>@@", {}),
    ],
)
async def test_what_makes_no_sense_is_refused(here: Stand, path: str, body: object) -> None:
    assert (await here.call("PUT", f"{MINE}/{path}", ANN, json=body)).status_code == 400


async def test_too_much_at_once_is_refused(here: Stand) -> None:
    many = {"addresses": ["x"] * 101}
    assert (await here.call("POST", f"{MINE}/blocked", ANN, json=many)).status_code == 400
    long = {"text": "x" * 1001}
    assert (await here.call("POST", f"{LIST}/bob/ask", ANN, json=long)).status_code == 400
