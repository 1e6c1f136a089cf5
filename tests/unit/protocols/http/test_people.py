"""Invitations, resets, profiles, pictures, push and exports over HTTP, with the real services."""

import json
import zipfile
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from antiphon.services.web_push import encode64
from tests.support.fakes import guest
from tests.unit.protocols.http.people_stand import (
    ANN,
    BASE,
    BOB,
    PASSWORD,
    ROOT,
    Here,
    opened,
    picture,
)


@pytest_asyncio.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    async with opened(tmp_path) as made:
        yield made


# invitations and resets


async def test_an_invitation_is_made_and_redeemed(here: Here) -> None:
    path = "/api/v1/invitations"
    assert (await here.call("POST", path, ANN, json={})).status_code == 403
    body = {"role": "moderator", "room": "Den", "ttl": 3600}
    made = (await here.call("POST", path, ROOT, json=body)).json()
    assert made["link"] == f"{BASE}#invitation={made['token']}"
    assert (made["role"], made["room"], made["made_by"]) == ("moderator", "den", str(ROOT.address))
    listed = (await here.call("GET", path, ROOT)).json()["invitations"]
    assert [one["id"] for one in listed] == [made["id"]]
    assert "token" not in listed[0]
    meaning = await here.call("POST", f"{path}/check", json={"token": made["token"]})
    assert meaning.json()["role"] == "moderator"
    new = {"address": "bob", "password": PASSWORD, "invitation": made["token"]}
    redeemed = await here.call("POST", "/api/v1/accounts", json=new)
    assert (redeemed.status_code, redeemed.json()["role"]) == (201, "moderator")
    again = await here.call("POST", "/api/v1/accounts", json={**new, "address": "eve"})
    assert again.status_code == 403
    assert (await here.call("DELETE", f"{path}/{made['id']}", ROOT)).status_code == 404


async def test_an_invitation_gives_no_more_than_its_role(here: Here) -> None:
    made = (await here.call("POST", "/api/v1/invitations", ROOT, json={})).json()
    new = {"address": "bob", "password": PASSWORD, "invitation": made["token"], "role": "admin"}
    answer = await here.call("POST", "/api/v1/accounts", json=new)
    assert answer.json()["role"] == "user"


async def test_a_password_is_reset(here: Here) -> None:
    path = f"/api/v1/accounts/{ANN.address}/reset"
    assert (await here.call("POST", path, ANN)).status_code == 403
    made = (await here.call("POST", path, ROOT)).json()
    assert made["link"] == f"{BASE}#reset={made['token']}"
    body = {"token": made["token"], "password": "another horse"}
    assert (await here.call("POST", "/api/v1/auth/reset", json=body)).status_code == 204
    assert (await here.call("POST", "/api/v1/auth/reset", json=body)).status_code == 403
    assert (await here.accounts.authenticate(ANN.address, "another horse")).name == "Ann"


async def test_an_administrator_locks_and_limits_an_account(here: Here) -> None:
    path = f"/api/v1/accounts/{ANN.address}"
    for change in ({"locked": True}, {"limits": {"storage": 1}}, {"role": "admin"}):
        assert (await here.call("PATCH", path, ANN, json=change)).status_code == 403
    limits = {"storage": 10, "message_rate": 0.5, "sessions": 2}
    changed = await here.call("PATCH", path, ROOT, json={"locked": True, "limits": limits})
    assert changed.json()["locked"] is True
    found = await here.accounts.find(ANN.address)
    assert found is not None
    assert (found.limits.storage, found.limits.message_rate, found.limits.sessions) == (10, 0.5, 2)
    bad = {"limits": {"storage": -1}}
    assert (await here.call("PATCH", path, ROOT, json=bad)).status_code == 400


# profiles and pictures


async def test_a_profile_is_changed_and_read(here: Here) -> None:
    path = "/api/v1/accounts/me/profile"
    change = {"full_name": "Ann Lee", "emails": ["a@b.c"], "address": {"country": "UK"}}
    assert (await here.call("PATCH", path, ANN, json=change)).status_code == 200
    await here.call("PATCH", path, ANN, json={"note": "bells"})
    other = await here.call("GET", f"/api/v1/accounts/{ANN.address}/profile", ROOT)
    shown = other.json()
    assert (shown["full_name"], shown["note"], shown["nickname"]) == ("Ann Lee", "bells", "Ann")
    assert (shown["address"]["country"], shown["emails"], shown["avatar"]) == (
        "UK",
        ["a@b.c"],
        None,
    )
    foreign = f"/api/v1/accounts/{ROOT.address}/profile"
    assert (await here.call("PATCH", foreign, ANN, json={"note": "x"})).status_code == 403
    assert (await here.call("PATCH", path, ANN, json={"birthday": "no"})).status_code == 400
    assert (await here.call("PATCH", path, ANN, json={"unknown": "no"})).status_code == 400
    assert (await here.call("GET", foreign, guest("gus"))).status_code == 403


async def test_a_picture_is_set_read_and_removed(here: Here) -> None:
    path = "/api/v1/accounts/me/avatar"
    assert (await here.call("GET", path, ANN)).status_code == 404
    made = (await here.call("PUT", path, ANN, content=picture())).json()
    assert (made["media_type"], made["width"], made["height"]) == ("image/png", 64, 48)
    got = await here.call("GET", f"/api/v1/accounts/{ANN.address}/avatar", ROOT)
    assert (got.content, got.headers["content-type"]) == (picture(), "image/png")
    tag = {"If-None-Match": got.headers["etag"]}
    assert (await here.call("GET", path, ANN, headers=tag)).status_code == 304
    public = await here.call("GET", f"/avatars/{made['id']}?size=96")
    assert public.status_code == 200
    assert "immutable" in public.headers["cache-control"]
    assert public.headers["x-content-type-options"] == "nosniff"
    assert (await here.call("DELETE", path, ANN)).status_code == 204
    assert (await here.call("GET", f"/avatars/{made['id']}")).status_code == 404
    assert (await here.call("GET", "/avatars/../../etc/passwd")).status_code == 404


async def test_bad_pictures_are_refused(here: Here) -> None:
    path = "/api/v1/accounts/me/avatar"
    assert (await here.call("PUT", path, ANN, content=b"<svg/>")).status_code == 415
    assert (await here.call("PUT", path, ANN, content=b"x" * 200_001)).status_code == 413
    assert (await here.call("PUT", path, content=picture())).status_code == 401
    foreign = f"/api/v1/accounts/{ROOT.address}/avatar"
    assert (await here.call("PUT", foreign, ANN, content=picture())).status_code == 403


# push messages


async def test_a_browser_subscribes(here: Here) -> None:
    assert (await here.call("GET", "/api/v1/push/key")).json() == {"key": "BKey"}
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    p256dh = encode64(point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
    body = {
        "endpoint": "https://push.example/1",
        "expirationTime": None,
        "keys": {"p256dh": p256dh, "auth": encode64(b"0" * 16)},
    }
    path = "/api/v1/accounts/me/push"
    made = await here.call("POST", path, ANN, json=body)
    assert made.status_code == 201, made.text
    assert "endpoint" not in made.json()
    listed = (await here.call("GET", path, ANN)).json()["subscriptions"]
    assert listed == [made.json()]
    assert (await here.call("POST", path, BOB, json=body)).status_code == 403
    bad = {**body, "endpoint": "http://127.0.0.1/"}
    assert (await here.call("POST", path, ANN, json=bad)).status_code == 400
    one = f"{path}/{made.json()['id']}"
    assert (await here.call("DELETE", one, ROOT)).status_code == 404
    assert (await here.call("DELETE", one, ANN)).status_code == 204
    assert (await here.call("DELETE", one, ANN)).status_code == 404
    assert (await here.call("POST", path, ANN, json=body)).json()["id"] == made.json()["id"]
    there = {"endpoint": body["endpoint"]}
    assert (await here.call("DELETE", path, ROOT, params=there)).status_code == 404
    assert (await here.call("DELETE", path, ANN, params=there)).status_code == 204
    assert (await here.call("DELETE", path, ANN, params=there)).status_code == 404


# all data of an account


async def test_an_export_has_everything(here: Here) -> None:
    await here.call("PATCH", "/api/v1/accounts/me/profile", ANN, json={"note": "bells"})
    await here.call("PUT", "/api/v1/accounts/me/avatar", ANN, content=picture())
    await here.upload(b"some text", "a.txt")
    answer = await here.call("GET", "/api/v1/accounts/me/export", ANN)
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert json.loads(archive.read("account.json"))["address"] == str(ANN.address)
        assert json.loads(archive.read("profile.json"))["note"] == "bells"
        assert archive.read("avatar.png") == picture()
        (file,) = [name for name in names if name.startswith("files/")]
        assert archive.read(file) == b"some text"
        assert json.loads(archive.read("files.json"))[0]["file"] == file
    other = f"/api/v1/accounts/{ROOT.address}/export"
    assert (await here.call("GET", other, ANN)).status_code == 403
    assert (
        await here.call("GET", f"/api/v1/accounts/{BOB.address}/export", ROOT)
    ).status_code == 404


async def test_a_removed_account_leaves_no_file(here: Here) -> None:
    path = await here.upload(picture("PNG"), "a.png")
    assert len(here.stored()) == 2
    await here.call("DELETE", f"/api/v1/accounts/{ANN.address}", ROOT)
    assert not here.stored()
    assert (await here.call("GET", path)).status_code == 404
