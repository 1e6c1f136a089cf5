"""Tokens of accounts for certain rooms only: nothing else of the account is theirs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from antiphon.core.ports import RoomSettings
from tests.support.fakes import Recorder, account
from tests.unit.protocols.http.people_stand import ANN, Here, opened

GUIDED = account("ann", rooms=frozenset({"tour"}))
MINE = "/api/v1/accounts/me"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    async with opened(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", MINE, None),
        ("PATCH", MINE, {"name": "Nan"}),
        ("DELETE", MINE, None),
        ("GET", "/api/v1/accounts/ann@example.org/export", None),
        ("PATCH", f"{MINE}/profile", {"note": "x"}),
        ("DELETE", f"{MINE}/avatar", None),
        ("GET", f"{MINE}/push", None),
        ("GET", f"{MINE}/contacts", None),
        ("GET", f"{MINE}/blocked", None),
        ("GET", f"{MINE}/messages", None),
        ("GET", f"{MINE}/conversations", None),
        ("POST", f"{MINE}/messages", {"to": "bob", "text": "hi"}),
        ("GET", f"{MINE}/archive", None),
        ("GET", f"{MINE}/presence", None),
        ("GET", "/api/v1/presence", None),
        ("GET", "/api/v1/uploads", None),
        ("DELETE", f"/api/v1/uploads/{'0' * 32}", None),
        ("GET", "/api/v1/calls", None),
        ("GET", "/api/v1/events?own=true", None),
    ],
)
async def test_the_account_is_closed(
    here: Here, method: str, path: str, body: dict[str, str] | None
) -> None:
    response = await here.call(method, path, GUIDED, json=body)
    assert response.status_code == 403, response.text
    assert (await here.call("GET", MINE, ANN)).status_code == 200


async def test_other_rooms_of_the_account_are_closed(here: Here) -> None:
    switchboard = here.stand.house.switchboard
    for room in ("tour", "board"):
        await switchboard.set(ANN, RoomSettings(name=room, owner=ANN.address))
        await switchboard.join(ANN, room, Recorder())
    change = {"description": "mine"}
    assert (await here.call("PATCH", "/api/v1/rooms/tour", GUIDED, json=change)).status_code == 200
    for method in ("PATCH", "DELETE"):
        refused = await here.call(method, "/api/v1/rooms/board", GUIDED, json=change)
        assert refused.status_code == 403, refused.text
    other = await switchboard.join(account("ben"), "board", Recorder())
    for method, path, body in (
        ("GET", "affiliations", None),
        ("GET", "messages", None),
        ("POST", "messages", {"text": "in the name of Ann"}),
        ("DELETE", f"members/{other.member.id}", None),
        ("POST", f"members/{other.member.id}/mute", None),
    ):
        refused = await here.call(method, f"/api/v1/rooms/board/{path}", GUIDED, json=body)
        assert refused.status_code == 403, (path, refused.text)
