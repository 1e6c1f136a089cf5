"""Affiliations, subject and invitations over HTTP."""

from antiphon.core.event import Ended
from antiphon.core.reason import Reason
from tests.support.fakes import Recorder, account
from tests.unit.protocols.http.stand import Stand

ANN, BOB, EVE = account("ann"), account("bob"), account("eve")
HALL = "/api/v1/rooms/hall"


async def hall(here: Stand, **settings: object) -> None:
    made = await here.call("POST", "/api/v1/rooms", ANN, json={"name": "hall", **settings})
    assert made.status_code == 201


async def test_they_are_set_listed_and_obeyed(here: Stand) -> None:
    await hall(here, members_only=True)
    bob = f"{HALL}/affiliations/bob@example.org"
    entered = await here.call("GET", HALL, BOB)
    assert (entered.status_code, entered.json()["reason"]) == (403, "members_only")
    assert (await here.call("PUT", bob, BOB, json={"affiliation": "owner"})).status_code == 403
    body = {"affiliation": "member", "reason": "a friend"}
    assert (await here.call("PUT", bob, ANN, json=body)).status_code == 204
    listed = await here.call("GET", f"{HALL}/affiliations", ANN)
    assert listed.json() == {
        "affiliations": [
            {
                "account": "bob@example.org",
                "affiliation": "member",
                "reason": "a friend",
                "nick": "",
            }
        ]
    }
    owners = await here.call("GET", f"{HALL}/affiliations?affiliation=owner", ANN)
    assert [one["account"] for one in owners.json()["affiliations"]] == ["ann@example.org"]
    assert (await here.call("GET", f"{HALL}/affiliations", BOB)).status_code == 403
    assert (await here.call("GET", HALL, BOB)).json()["affiliation"] == "member"
    outlet = Recorder()
    await here.house.switchboard.join(BOB, "hall", outlet)
    assert (await here.call("PUT", bob, ANN, json={"affiliation": "outcast"})).status_code == 204
    ended = outlet.take()[-1]
    assert isinstance(ended, Ended)
    assert ended.reason is Reason.BANNED
    assert (await here.call("GET", HALL, BOB)).json()["reason"] == "banned"


async def test_what_makes_no_sense(here: Stand) -> None:
    await hall(here)
    bad = {"affiliation": "king"}
    there = f"{HALL}/affiliations/bob@example.org"
    assert (await here.call("PUT", there, ANN, json=bad)).status_code == 400
    good = {"affiliation": "member"}
    assert (await here.call("PUT", f"{HALL}/affiliations/@@", ANN, json=good)).status_code == 400
    own = f"{HALL}/affiliations/ann@example.org"
    assert (await here.call("PUT", own, ANN, json=good)).status_code == 409
    nowhere = "/api/v1/rooms/nowhere/affiliations"
    assert (await here.call("GET", nowhere, ANN)).status_code == 404


async def test_the_subject(here: Stand) -> None:
    await hall(here)
    assert (await here.call("PUT", f"{HALL}/subject", BOB, json={"text": "x"})).status_code == 403
    made = await here.call("PUT", f"{HALL}/subject", ANN, json={"text": "Cake"})
    assert (made.status_code, made.json()["text"], made.json()["name"]) == (200, "Cake", "Ann")
    read = await here.call("GET", f"{HALL}/subject", BOB)
    assert read.json() == made.json()
    assert (await here.call("GET", HALL, BOB)).json()["subject"] == made.json()


async def test_an_invitation_makes_a_member(here: Stand) -> None:
    await hall(here, members_only=True)
    invite = {"account": "bob@example.org", "text": "come"}
    assert (await here.call("POST", f"{HALL}/invitations", EVE, json=invite)).status_code == 403
    assert (await here.call("POST", f"{HALL}/invitations", ANN, json=invite)).status_code == 204
    assert (await here.call("GET", HALL, BOB)).json()["affiliation"] == "member"


async def test_rooms_that_are_not_listed(here: Stand) -> None:
    await hall(here, listed=False, password="sesame")
    rooms = "/api/v1/rooms"
    assert (await here.call("GET", rooms, BOB)).json()["rooms"] == []
    own = (await here.call("GET", rooms, ANN)).json()["rooms"]
    assert [(one["name"], one["password"]) for one in own] == [("hall", "sesame")]
    read = await here.call("GET", HALL, BOB)
    assert (read.status_code, read.json()["reason"]) == (403, "password")
