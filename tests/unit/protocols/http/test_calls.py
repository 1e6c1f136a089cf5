"""Calls over HTTP: one's own, and everything for administrators."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.support.fakes import Recorder, account, guest
from tests.unit.protocols.http.stand import Stand, stand

ADMIN = account("root", admin=True)
ANN, BOB, EVE = account("ann"), account("bob"), account("eve")
CALLS = "/api/v1/calls"


async def listed(here: Stand, caller: object, query: str = "") -> list[str]:
    response = await here.call("GET", f"{CALLS}{query}", caller)  # type: ignore[arg-type]
    assert response.status_code == 200, response.text
    return [call["id"] for call in response.json()["calls"]]


async def test_a_call_while_it_runs_and_when_it_has_ended(here: Stand) -> None:
    desk = here.house.reach.add("bob", "desk")
    switchboard = here.house.switchboard
    await switchboard.call(ANN, "bob", Recorder(), id="one", video=True)
    ringing = (await here.call("GET", f"{CALLS}/one", ANN)).json()
    assert (ringing["state"], ringing["duration"], ringing["ended_at"]) == ("calling", None, None)
    assert (ringing["caller"], ringing["callee"]) == ("ann@example.org", "bob@example.org")
    switchboard.answer("one", desk.address)
    assert (await here.call("GET", f"{CALLS}/one", BOB)).json()["by"] == "bob@example.org/desk"
    switchboard.hang_up("one")
    ended = (await here.call("GET", f"{CALLS}/one", BOB)).json()
    assert (ended["state"], ended["reason"], ended["video"]) == ("ended", "left", True)
    assert ended["duration"] == ended["ended_at"] - ended["answered_at"] >= 0


async def test_calls_are_for_those_who_were_in_them(here: Stand) -> None:
    here.house.reach.add("bob", "desk")
    here.house.reach.add("ann", "tab")
    switchboard = here.house.switchboard
    await switchboard.call(ANN, "bob", Recorder(), id="one")
    await switchboard.call(EVE, "bob", Recorder(), id="two")
    await switchboard.call(BOB, "ann", Recorder(), id="three")
    assert await listed(here, ANN) == ["three", "one"]
    assert await listed(here, EVE, "?account=me") == ["two"]
    assert await listed(here, BOB, "?limit=2") == ["three", "two"]
    assert await listed(here, BOB, "?limit=2&before=two") == ["one"]
    assert await listed(here, ADMIN) == ["three", "two", "one"]
    assert await listed(here, ADMIN, "?account=eve") == ["two"]
    assert await listed(here, ADMIN, "?account=me") == []
    assert (await here.call("GET", f"{CALLS}?account=bob", ANN)).status_code == 403
    assert (await here.call("GET", f"{CALLS}/two", ANN)).status_code == 404
    assert (await here.call("GET", f"{CALLS}/two", ADMIN)).status_code == 200
    assert (await here.call("GET", f"{CALLS}/none", ADMIN)).status_code == 404
    assert (await here.call("GET", CALLS)).status_code == 401


async def test_the_room_of_a_call_is_nobody_elses_business(here: Stand) -> None:
    here.house.reach.add("bob", "desk")
    call = await here.house.switchboard.call(ANN, "bob", Recorder())
    await here.house.switchboard.join(ANN, call.room, Recorder())
    for caller, status in ((ANN, 200), (BOB, 200), (EVE, 403), (guest("g"), 403), (ADMIN, 200)):
        read = await here.call("GET", f"/api/v1/rooms/{call.room}/members", caller)
        assert read.status_code == status, caller
        shown = (await here.call("GET", "/api/v1/rooms", caller)).json()["rooms"]
        assert [room["name"] for room in shown] == ([call.room] if status == 200 else [])
    stored = await here.call("PUT", f"/api/v1/rooms/{call.room}", ANN, json={})
    assert stored.status_code == 403


@dataclass(frozen=True)
class Kept:
    at: float
    sender: str
    receiver: str
    line: str
    text: str


async def test_the_ladder_is_for_administrators() -> None:
    kept = [Kept(1.0, "192.0.2.1:5060", "node", "HELLO you", "HELLO you\r\n\r\n")]

    def ladder(call: str) -> Sequence[Kept]:
        return kept if call == "one" else []

    async with stand(ladder=ladder) as here:
        read = await here.call("GET", f"{CALLS}/one/ladder", ADMIN)
        assert read.json()["steps"] == [
            {
                "at": 1.0,
                "sender": "192.0.2.1:5060",
                "receiver": "node",
                "line": "HELLO you",
                "text": "HELLO you\r\n\r\n",
            }
        ]
        assert (await here.call("GET", f"{CALLS}/two/ladder", ADMIN)).json() == {"steps": []}
        assert (await here.call("GET", f"{CALLS}/one/ladder", ANN)).status_code == 403
    async with stand() as here:
        assert (await here.call("GET", f"{CALLS}/one/ladder", ADMIN)).json() == {"steps": []}
