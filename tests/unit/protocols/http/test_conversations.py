"""Direct messages over HTTP, and what is done to messages in rooms."""

from collections.abc import AsyncIterator

import pytest

from antiphon.core.ports import RoomSettings
from antiphon.core.standing import Role
from tests.support.fakes import Recorder, account, guest
from tests.unit.protocols.http.stand import Stand, stand
from tests.unit.protocols.http.test_events import reading

ANN, BOB, EVE, ADMIN = account("ann"), account("bob"), account("eve"), account("root", admin=True)
MINE = "/api/v1/accounts/me"
FILE = {"url": "https://example.org/a.png", "name": "a.png", "media_type": "image/png", "size": 3}


@pytest.fixture
async def here() -> AsyncIterator[Stand]:
    async with stand() as made:
        made.house.directory.names |= {"ann", "bob", "eve"}
        yield made


async def send(here: Stand, text: str, **more: object) -> str:
    """Ann writes to Bob; the message's id."""
    body = {"to": "bob", "text": text, **more}
    response = await here.call("POST", f"{MINE}/messages", ANN, json=body)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def test_messages_are_written_and_read(here: Stand) -> None:
    first = await send(here, "helo", origin_id="1", attachments=[FILE])
    assert await send(here, "helo", origin_id="1", attachments=[FILE]) == first
    second = await send(here, "and", reply_to=first)
    page = (await here.call("GET", f"{MINE}/messages?with=ann", BOB)).json()
    assert [(one["id"], one["sender"], one["room"]) for one in page["messages"]] == [
        (id, "ann@example.org", "bob@example.org") for id in (first, second)
    ]
    assert page["messages"][0]["attachments"][0]["name"] == "a.png"
    assert page["messages"][1]["reply_to"] == first
    assert (page["more"], page["next"], page["changes"]) == (False, None, [])
    one = await here.call("GET", f"{MINE}/messages/1", BOB)
    assert one.json() == page["messages"][0]
    assert (await here.call("GET", f"{MINE}/messages", EVE)).json()["messages"] == []


async def test_what_is_done_to_them(here: Stand) -> None:
    id = await send(here, "helo")
    path = f"{MINE}/messages/{id}"
    corrected = await here.call("PUT", path, ANN, json={"text": "hello", "origin_id": "2"})
    assert (corrected.json()["kind"], corrected.json()["about"]) == ("correction", id)
    assert (await here.call("PUT", path, BOB, json={"text": "no"})).status_code == 403
    body = {"reactions": ["👍", "👍", "🎉"]}
    reacted = await here.call("PUT", f"{path}/reactions", BOB, json=body)
    assert reacted.json()["reactions"] == ["👍", "🎉"]
    shown = (await here.call("GET", path, BOB)).json()
    assert (shown["text"], len(shown["reactions"])) == ("hello", 1)
    assert (await here.call("DELETE", path, BOB)).status_code == 403
    assert (await here.call("DELETE", path, ANN)).status_code == 204
    gone = (await here.call("GET", path, BOB)).json()
    assert (gone["text"], gone["retracted"]["by"]) == ("", "ann@example.org")
    assert (
        await here.call("PUT", f"{MINE}/messages/none", ANN, json={"text": "x"})
    ).status_code == 404
    # A change is no message.
    assert (await here.call("GET", f"{MINE}/messages/2", ANN)).status_code == 404


async def test_pages_and_search(here: Stand) -> None:
    for number in range(5):
        await send(here, f"lunch {number}" if number % 2 else f"text {number}")
    path = f"{MINE}/messages?with=bob"
    last = (await here.call("GET", f"{path}&limit=2", ANN)).json()
    assert [one["text"] for one in last["messages"]] == ["lunch 3", "text 4"]
    before = (await here.call("GET", f"{path}&limit=2&before={last['next']}", ANN)).json()
    assert [one["text"] for one in before["messages"]] == ["lunch 1", "text 2"]
    after = (await here.call("GET", f"{path}&limit=1&after={before['next']}", ANN)).json()
    assert ([one["text"] for one in after["messages"]], after["more"]) == (["text 2"], True)
    found = (await here.call("GET", f"{MINE}/messages?search=lunch", BOB)).json()
    assert [one["text"] for one in found["messages"]] == ["lunch 1", "lunch 3"]
    both = f"{path}&before={last['next']}&after={last['next']}"
    assert (await here.call("GET", both, ANN)).status_code == 400


async def test_conversations(here: Stand) -> None:
    first = await send(here, "one")
    await send(here, "two", origin_id="2")
    body = {"to": "bob", "text": "three"}
    await here.call("POST", f"{MINE}/messages", EVE, json=body)
    await here.call("PUT", f"{MINE}/messages/2/reactions", BOB, json={"reactions": ["👍"]})
    path = f"{MINE}/conversations"
    mark = {"mark": "displayed", "message": first}
    marked = await here.call("PUT", f"{path}/ann/mark", BOB, json=mark)
    assert marked.status_code == 204
    listed = (await here.call("GET", path, BOB)).json()["conversations"]
    assert [(one["peer"], one["last"]["text"], one["unread"]) for one in listed] == [
        ("ann@example.org", "two", 1),
        ("eve@example.org", "three", 1),
    ]
    (theirs,) = (await here.call("GET", path, ANN)).json()["conversations"]
    assert theirs["peer_displayed"] == first
    some = (await here.call("GET", f"{path}?limit=1", BOB)).json()
    rest = (await here.call("GET", f"{path}?limit=1&before={some['next']}", BOB)).json()
    assert (rest["conversations"][0]["peer"], rest["next"]) == ("eve@example.org", None)
    assert (await here.call("DELETE", f"{path}/ann", BOB)).status_code == 204
    assert len((await here.call("GET", path, BOB)).json()["conversations"]) == 1
    assert len((await here.call("GET", path, ANN)).json()["conversations"]) == 1


async def test_what_the_archive_keeps(here: Stand) -> None:
    path = f"{MINE}/archive"
    always = {"default": "always", "always": [], "never": []}
    assert (await here.call("GET", path, ANN)).json() == always
    settings = {"default": "contacts", "always": ["eve"], "never": ["bob@example.org"]}
    changed = (await here.call("PUT", path, ANN, json=settings)).json()
    assert changed == {**settings, "always": ["eve@example.org"]}
    assert (await here.call("GET", path, ANN)).json() == changed
    await send(here, "not for my archive")
    assert (await here.call("GET", f"{MINE}/messages", ANN)).json()["messages"] == []
    assert len((await here.call("GET", f"{MINE}/messages", BOB)).json()["messages"]) == 1
    assert (await here.call("PUT", path, ANN, json={"default": "maybe"})).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "messages", None),
        ("POST", "messages", {"to": "bob", "text": "x"}),
        ("GET", "messages/1", None),
        ("DELETE", "messages/1", None),
        ("GET", "conversations", None),
        ("DELETE", "conversations/eve", None),
        ("GET", "archive", None),
    ],
)
async def test_nobody_reads_those_of_others(
    here: Stand, method: str, path: str, body: object
) -> None:
    for caller in (ANN, ADMIN):
        refused = await here.call(method, f"/api/v1/accounts/bob/{path}", caller, json=body)
        assert refused.status_code == 403
    assert (await here.call(method, f"{MINE}/{path}", guest("g"), json=body)).status_code == 403
    assert (await here.call(method, f"{MINE}/{path}", json=body)).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {"to": "bob"},
        {"to": "bob", "text": "x" * 10_001},
        {"to": "bob", "text": "a\x00"},
        {"to": "", "text": "x"},
        {"to": "<>@@", "text": "x"},
        {"to": "bob", "text": "x", "attachments": [FILE] * 11},
        {"to": "bob", "text": "x", "attachments": [{**FILE, "size": -1}]},
        {"to": "bob", "text": "x", "attachments": [{"name": "no url"}]},
        {"to": "bob", "text": "x", "kind": "reaction"},
    ],
)
async def test_what_makes_no_sense_is_refused(here: Stand, body: object) -> None:
    assert (await here.call("POST", f"{MINE}/messages", ANN, json=body)).status_code == 400


async def test_a_room_may_hide_who_is_in_it(here: Stand) -> None:
    switchboard = here.house.switchboard
    await switchboard.set(ANN, RoomSettings(name="hall", addresses_for=Role.MODERATOR))
    for caller in (ANN, BOB):
        await switchboard.join(caller, "hall", Recorder())
    path = "/api/v1/rooms/hall"
    async with reading(here, EVE) as reader, reading(here, ANN) as owner:
        await here.call("POST", f"{path}/messages", BOB, json={"text": "guess who"})
        (_, theirs), (_, own) = (await reader.events())[-1], (await owner.events())[-1]
    alias = theirs["message"]["sender"]
    assert own["message"]["sender"] == "bob@example.org"
    (message,) = (await here.call("GET", f"{path}/messages", EVE)).json()["messages"]
    members = (await here.call("GET", f"{path}/members", EVE)).json()["members"]
    assert message["sender"] == alias == members[1]["address"]
    assert "bob@" not in alias
    for caller in (ADMIN, ANN, BOB):
        (message,) = (await here.call("GET", f"{path}/messages", caller)).json()["messages"]
        assert message["sender"] == "bob@example.org"


async def test_what_is_done_to_messages_of_a_room(here: Stand) -> None:
    switchboard = here.house.switchboard
    for caller in (ANN, BOB):
        await switchboard.join(caller, "hall", Recorder())
    path = "/api/v1/rooms/hall/messages"
    said = (await here.call("POST", path, BOB, json={"text": "helo", "attachments": [FILE]})).json()
    one = f"{path}/{said['id']}"
    assert (await here.call("PUT", one, BOB, json={"text": "hello"})).status_code == 200
    assert (await here.call("PUT", one, ANN, json={"text": "no"})).status_code == 403
    body = {"reactions": ["👍"]}
    assert (await here.call("PUT", f"{one}/reactions", ANN, json=body)).status_code == 200
    (shown,) = (await here.call("GET", f"{path}?search=hello", ANN)).json()["messages"]
    assert (shown["text"], len(shown["reactions"])) == ("hello", 1)
    assert shown["room"] == "hall"
    for reactions in (["x"] * 11, ["x" * 41], [""]):
        body = {"reactions": reactions}
        assert (await here.call("PUT", f"{one}/reactions", ANN, json=body)).status_code == 400
    # Ann opened the room, and moderates it.
    assert (await here.call("DELETE", one, ANN)).status_code == 204
    (gone,) = (await here.call("GET", path, ANN)).json()["messages"]
    assert (gone["text"], gone["retracted"]["by"]) == ("", "ann@example.org")
    assert (await here.call("PUT", one, EVE, json={"text": "x"})).status_code == 403
