"""Rooms, members, messages and tracks over HTTP."""

from antiphon.core.change import Attach, Publish
from antiphon.core.member import Source
from antiphon.core.ports import Caller, RoomSettings
from antiphon.core.switchboard import Membership
from tests.support.fakes import FakeEndpoint, Recorder, account, guest
from tests.unit.protocols.http.stand import Stand, stand

ADMIN = account("root", admin=True)
ANN, BOB = account("ann"), account("bob")
ROOMS = "/api/v1/rooms"


async def enter(here: Stand, caller: Caller, room: str = "hall") -> Membership:
    """Be in a room, sending audio and video."""
    switchboard = here.house.switchboard
    membership = await switchboard.join(caller, room, Recorder())
    id = membership.member.id
    await switchboard.update(room, id, Attach(FakeEndpoint()))
    await switchboard.update(room, id, Publish("0", Source.MICROPHONE))
    await switchboard.update(room, id, Publish("1", Source.CAMERA))
    return membership


async def test_a_room_is_stored_read_changed_and_removed(here: Stand) -> None:
    body = {"name": "Hall", "title": "The hall", "max_members": 5}
    made = await here.call("POST", ROOMS, ANN, json=body)
    assert (made.status_code, made.headers["location"]) == (201, f"{ROOMS}/hall")
    assert made.json() == {
        "name": "hall",
        "address": "hall@rooms.example.org",
        "title": "The hall",
        "description": "",
        "subject": {"text": "", "by": None, "name": "", "at": 0.0},
        "owner": "ann@example.org",
        "guests": None,
        "max_members": 5,
        "stage": 25,
        "audience": False,
        "moderated": False,
        "members_only": False,
        "listed": True,
        "archived": True,
        "history": 50,
        "addresses_for": "listener",
        "may_whisper": "listener",
        "may_invite": "listener",
        "may_set_subject": "moderator",
        "affiliation": "owner",
        "stored": True,
        "created_at": made.json()["created_at"],
        "live": None,
        "pin": "",
        "password": "",
    }
    assert (await here.call("POST", ROOMS, ANN, json=body)).status_code == 409
    read = await here.call("GET", f"{ROOMS}/hall", BOB)
    hidden = {"pin": None, "password": None, "affiliation": "none"}
    assert read.json() == made.json() | hidden, "only owners see the PIN"
    changed = await here.call("PATCH", f"{ROOMS}/hall", ANN, json={"audience": True})
    assert (changed.json()["audience"], changed.json()["title"]) == (True, "The hall")
    replaced = await here.call("PUT", f"{ROOMS}/hall", ANN, json={"stage": 3})
    assert (replaced.status_code, replaced.json()["title"]) == (200, "")
    for method in ("PATCH", "PUT"):
        assert (await here.call(method, f"{ROOMS}/hall", BOB, json={})).status_code == 403
    assert (await here.call("DELETE", f"{ROOMS}/hall", BOB)).status_code == 403
    assert (await here.call("DELETE", f"{ROOMS}/hall", ANN)).status_code == 204
    assert (await here.call("GET", f"{ROOMS}/hall", ANN)).status_code == 404


async def test_a_pin_is_for_the_owner_and_for_those_who_dial_in(here: Stand) -> None:
    made = await here.call("POST", ROOMS, ANN, json={"name": "hall", "pin": "0815"})
    assert made.json()["pin"] == "0815"
    for pin in ("123", "12345678901234567", "12a4", "١٢٣٤", " 1234", "1234\n"):
        refused = await here.call("PATCH", f"{ROOMS}/hall", ANN, json={"pin": pin})
        assert refused.status_code == 400, pin
    for caller, seen in ((ANN, "0815"), (ADMIN, "0815"), (BOB, None), (guest("g"), None)):
        await here.house.switchboard.join(caller, "hall", Recorder())
        assert (await here.call("GET", f"{ROOMS}/hall", caller)).json()["pin"] == seen
        rooms = (await here.call("GET", ROOMS, caller)).json()["rooms"]
        assert [room["pin"] for room in rooms] == [seen]
    kept = await here.call("PATCH", f"{ROOMS}/hall", ANN, json={"title": "Hall"})
    assert kept.json()["pin"] == "0815"
    assert (await here.call("PUT", f"{ROOMS}/hall", ANN, json={})).json()["pin"] == ""


async def test_put_makes_a_room(here: Stand) -> None:
    made = await here.call("PUT", f"{ROOMS}/studio", ANN, json={"guests": False})
    assert (made.status_code, made.headers["location"]) == (201, f"{ROOMS}/studio")
    assert (await here.call("GET", f"{ROOMS}/studio", guest("gus"))).status_code == 403


async def test_live_figures(here: Stand) -> None:
    membership = await enter(here, ANN)
    room = (await here.call("GET", f"{ROOMS}/hall", BOB)).json()
    assert room["stored"] is False
    assert room["live"] | {"opened_at": 0} == {
        "opened_at": 0,
        "members": 1,
        "tracks": 2,
        "receivers": {"all": 1},
        "speaker": None,
    }
    members = (await here.call("GET", f"{ROOMS}/hall/members", BOB)).json()["members"]
    assert [(row["id"], row["name"], row["role"]) for row in members] == [
        (membership.member.id, "Ann", "moderator")
    ]
    tracks = (await here.call("GET", f"{ROOMS}/hall/tracks", BOB)).json()["tracks"]
    assert [(row["kind"], row["source"], row["muted"]) for row in tracks] == [
        ("audio", "microphone", False),
        ("video", "camera", False),
    ]


async def test_pages_of_rooms_join_what_is_stored_and_what_lives(here: Stand) -> None:
    for name in ("a", "c", "e"):
        await here.house.rooms.save(RoomSettings(name=name))
    for name in ("b", "c", "d"):
        await enter(here, ANN, name)
    pages, after = [], ""
    while True:
        query = f"?limit=2{after}"
        page = (await here.call("GET", ROOMS + query, BOB)).json()
        pages.append(
            [(room["name"], room["stored"], room["live"] is None) for room in page["rooms"]]
        )
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert pages == [
        [("a", True, True), ("b", False, False)],
        [("c", True, False), ("d", False, False)],
        [("e", True, True)],
    ]


async def test_guests_see_only_where_they_are(here: Stand) -> None:
    await enter(here, ANN, "hall")
    gus = guest("gus")
    assert (await here.call("GET", ROOMS, gus)).json()["rooms"] == []
    assert (await here.call("GET", f"{ROOMS}/hall", gus)).status_code == 200
    for below in ("members", "tracks", "messages"):
        assert (await here.call("GET", f"{ROOMS}/hall/{below}", gus)).status_code == 403
    await enter(here, gus, "hall")
    assert len((await here.call("GET", ROOMS, gus)).json()["rooms"]) == 1
    for below in ("members", "tracks", "messages"):
        assert (await here.call("GET", f"{ROOMS}/hall/{below}", gus)).status_code == 200
    invited = guest("ida", rooms=frozenset({"hall"}))
    assert (await here.call("GET", f"{ROOMS}/hall/members", invited)).status_code == 200


async def test_open_doors_show_guests_everything() -> None:
    async with stand(open_doors=True) as here:
        await enter(here, ANN, "hall")
        assert len((await here.call("GET", ROOMS, guest("gus"))).json()["rooms"]) == 1


async def test_a_token_for_one_room_shows_no_other(here: Stand) -> None:
    for name in ("hall", "cellar"):
        await enter(here, ANN, name)
    joe = account("joe", rooms=frozenset({"hall"}))
    rooms = (await here.call("GET", ROOMS, joe)).json()["rooms"]
    assert [room["name"] for room in rooms] == ["hall"]
    assert (await here.call("GET", f"{ROOMS}/cellar/members", joe)).status_code == 403


async def test_who_may_remove_members(here: Stand) -> None:
    ann, bob = await enter(here, ANN), await enter(here, BOB)
    path = f"{ROOMS}/hall/members"
    room = ann.room
    assert (await here.call("DELETE", f"{path}/{ann.member.id}", BOB)).status_code == 403
    assert (await here.call("DELETE", f"{path}/{ann.member.id}", account("eve"))).status_code == 403
    assert (await here.call("DELETE", f"{path}/m_absent", ANN)).status_code == 404
    assert (await here.call("DELETE", f"{path}/{bob.member.id}", ANN)).status_code == 204
    assert list(room.members) == [ann.member.id]
    bob = await enter(here, BOB)
    assert (await here.call("DELETE", f"{path}/{bob.member.id}", BOB)).status_code == 204
    bob = await enter(here, BOB)
    assert (await here.call("DELETE", f"{path}/{bob.member.id}", ADMIN)).status_code == 204
    assert list(room.members) == [ann.member.id]


async def test_who_may_mute(here: Stand) -> None:
    await enter(here, ANN)
    bob = await enter(here, BOB)
    audio, video = bob.member.tracks
    path = f"{ROOMS}/hall/members/{bob.member.id}/mute"
    assert (await here.call("POST", path, account("eve"))).status_code == 403
    assert (await here.call("POST", path, ANN)).status_code == 204
    muted = [track.muted for track in bob.member.tracks.values()]
    assert muted == [True, False]
    moderator = account("mod", moderate=True)
    for track, status in ((video, 204), ("t_absent", 404), (audio, 204)):
        response = await here.call("POST", path, moderator, json={"track": track})
        assert response.status_code == status
    assert [track.muted for track in bob.member.tracks.values()] == [True, True]


async def test_messages(here: Stand) -> None:
    await enter(here, ANN)
    path = f"{ROOMS}/hall/messages"
    assert (await here.call("POST", path, BOB, json={"text": "hi"})).status_code == 403
    bodies = [{"text": f"hi {number}", "origin_id": f"o{number}"} for number in range(5)]
    said = [await here.call("POST", path, ANN, json=body) for body in bodies]
    assert [response.status_code for response in said] == [201] * 5
    again = await here.call("POST", path, ANN, json=bodies[-1])
    assert again.json() == said[-1].json()
    page = (await here.call("GET", f"{path}?limit=3", BOB)).json()
    assert [row["text"] for row in page["messages"]] == ["hi 2", "hi 3", "hi 4"]
    assert page["more"] is True
    before = page["messages"][0]["id"]
    page = (await here.call("GET", f"{path}?limit=3&before={before}", BOB)).json()
    assert [row["text"] for row in page["messages"]] == ["hi 0", "hi 1"]
    assert page["more"] is False
    for body in ({"text": ""}, {"text": "x" * 10_001}, {"text": "a\x00"}, {}):
        assert (await here.call("POST", path, ANN, json=body)).status_code == 400
