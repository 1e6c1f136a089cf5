"""Invitations, resets, profiles, pictures, files and exports over HTTP, with the real services."""

import asyncio
import json
import tempfile
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator
from PIL import Image

from antiphon.core.address import Addresses
from antiphon.core.ports import Caller
from antiphon.protocols.http.config import HttpConfig, HttpLimits
from antiphon.protocols.http.people import People
from antiphon.services.accounts import Accounts
from antiphon.services.config import AccountsConfig, FilesConfig, PeopleConfig
from antiphon.services.exports import Exports
from antiphon.services.files import Files
from antiphon.services.invitations import Invitations
from antiphon.services.normalize import PrecisNormalizer
from antiphon.services.profiles import Profiles
from antiphon.services.push import Push
from antiphon.services.push_delivery import Outcome, Pusher
from antiphon.services.resets import Resets
from antiphon.services.web_push import encode64
from antiphon.stores.blobs import FolderBlobs
from antiphon.stores.database import Database
from antiphon.stores.push import Subscription
from antiphon.stores.records import KeyKind, Role
from tests.support.fakes import account, guest
from tests.unit.protocols.http.stand import Stand, check, stand

QUICK = AccountsConfig(password_hash=(KeyKind.SCRAM_SHA_256,), scram_iterations=4096)
LIMITS = PeopleConfig(storage=1_000_000, avatar_size=200_000)
PASSWORD = "correct horse"
ANN, BOB, ROOT = account("ann"), account("bob"), account("root", admin=True)
BASE = "http://node.example.org/"


class Nowhere(Pusher):
    """Pushes nothing."""

    async def push(
        self, subscription: Subscription, payload: bytes, *, ttl: int, urgency: str, topic: str
    ) -> tuple[Outcome, float | None]:
        raise AssertionError("nothing is pushed here")


@dataclass
class Here:
    stand: Stand
    accounts: Accounts
    files: Files
    folder: Path

    async def call(
        self, method: str, path: str, caller: Caller | None = None, **options: Any
    ) -> httpx.Response:
        return await self.stand.call(method, path, caller, **options)

    async def slot(self, size: int, name: str = "a.txt", **fields: str) -> dict[str, Any]:
        body = {"name": name, "size": size, **fields}
        answer = await self.call("POST", "/api/v1/uploads", ANN, json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def put(self, slot: dict[str, Any], data: bytes, **headers: str) -> httpx.Response:
        parts = urlsplit(slot["put_url"])
        fields = {**slot["headers"], **{k.replace("_", "-"): v for k, v in headers.items()}}
        return await self.call("PUT", f"{parts.path}?{parts.query}", content=data, headers=fields)

    async def upload(self, data: bytes, name: str = "a.txt", **fields: str) -> str:
        slot = await self.slot(len(data), name, **fields)
        assert (await self.put(slot, data)).status_code == 201
        return str(urlsplit(slot["get_url"]).path)

    def stored(self) -> list[str]:
        return [path.name for path in self.folder.rglob("*") if path.is_file()]


@asynccontextmanager
async def opened(tmp_path: Path, url: str = "", **options: Any) -> AsyncIterator[Here]:
    """The application with real services, in a folder."""
    addresses = Addresses("example.org", PrecisNormalizer())
    async with Database(url or f"sqlite:///{tmp_path / 'antiphon.db'}") as database:
        accounts = Accounts(database, addresses, QUICK)
        folder = tmp_path / "files"
        config = FilesConfig(max_size=500_000, slots=4, types=("image/*", "text/*", "video/mp4"))
        files = Files(database, FolderBlobs(folder), b"s" * 32, config, LIMITS, base=lambda: BASE)
        await files.open()
        profiles = Profiles(database, accounts, LIMITS, tell=lambda *_: None)
        exports = Exports(accounts)
        exports.add(profiles.export)
        exports.add(files.export)
        accounts.on_remove(files.erase)
        push = Push(database, Nowhere())
        people = People(
            invitations=Invitations(database, accounts, LIMITS),
            resets=Resets(database, accounts, LIMITS),
            profiles=profiles,
            files=files,
            exports=exports,
            push=push,
            push_key="BKey",
            avatar_size=LIMITS.avatar_size,
            base=lambda: BASE,
        )
        await accounts.create(ANN.address, PASSWORD, name="Ann")
        await accounts.create(ROOT.address, PASSWORD, role=Role.ADMIN)
        async with stand(
            addresses=addresses,
            accounts=accounts,
            people=people,
            config=HttpConfig(cors_origins=("https://app.example.net",)),
            **options,
        ) as made:
            yield Here(made, accounts, files, folder)
        await files.close()
        await profiles.close()
        await accounts.close()


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


def picture(kind: str = "PNG", size: tuple[int, int] = (64, 48)) -> bytes:
    out = BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(out, kind)
    return out.getvalue()


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


# files


async def test_a_file_goes_up_and_comes_down(here: Here) -> None:
    data = bytes(range(256)) * 1000
    slot = await here.slot(len(data), "Grüße 1.mp4")
    assert slot["headers"] == {"Content-Type": "video/mp4"}
    assert slot["get_url"].startswith(f"{BASE}upload/{slot['id']}/")
    path = urlsplit(slot["get_url"]).path
    assert (await here.call("GET", path)).status_code == 404
    assert (await here.put(slot, data)).status_code == 201
    got = await here.call("GET", path)
    assert got.content == data
    fields = got.headers
    assert fields["etag"] == f'"{sha256(data).hexdigest()}"'
    assert fields["content-disposition"] == f"inline; filename*=UTF-8''{quote('Grüße 1.mp4')}"
    assert fields["content-type"] == "video/mp4"
    assert fields["x-content-type-options"] == "nosniff"
    assert "sandbox" in fields["content-security-policy"]
    assert fields["access-control-allow-origin"] == "*"
    assert here.stored() == [slot["id"]]
    head = await here.call("HEAD", path)
    assert (head.headers["content-length"], head.content) == (str(len(data)), b"")
    tag = {"If-None-Match": fields["etag"]}
    assert (await here.call("GET", path, headers=tag)).status_code == 304
    assert (await here.put(slot, data)).status_code == 409


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=90-", (90, 100)),
        ("bytes=-5", (95, 100)),
        ("bytes=-500", (0, 100)),
        ("bytes=50-5000", (50, 100)),
    ],
)
async def test_parts_of_a_file(here: Here, asked: str, part: tuple[int, int]) -> None:
    data = bytes(range(100))
    path = await here.upload(data, media_type="text/plain")
    got = await here.call("GET", path, headers={"Range": asked})
    assert got.status_code == 206
    assert got.content == data[slice(*part)]
    assert got.headers["content-range"] == f"bytes {part[0]}-{part[1] - 1}/100"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("bytes=100-", 416),
        ("bytes=-0", 416),
        ("bytes=9-1", 200),
        ("bytes=0-1,5-6", 200),
        ("bytes=-", 200),
        ("lines=1-2", 200),
        ("bytes=99999999999999999999-", 200),
    ],
)
async def test_parts_that_there_are_not(here: Here, asked: str, status: int) -> None:
    path = await here.upload(bytes(100))
    got = await here.call("GET", path, headers={"Range": asked})
    assert got.status_code == status
    if status == 416:
        assert got.headers["content-range"] == "bytes */100"


async def test_a_part_of_another_file_is_not_sent(here: Here) -> None:
    path = await here.upload(bytes(100))
    fields = {"Range": "bytes=0-9", "If-Range": '"another"'}
    assert (await here.call("GET", path, headers=fields)).status_code == 200


async def test_pages_of_other_origins_may_upload(here: Here) -> None:
    slot = await here.slot(3)
    fields = {
        "Origin": "https://elsewhere.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "content-type",
    }
    asked = await here.call("OPTIONS", urlsplit(slot["put_url"]).path, headers=fields)
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == "*"
    assert "PUT" in asked.headers["access-control-allow-methods"]
    put = await here.put(slot, b"abc", Origin="https://elsewhere.example")
    assert put.headers["access-control-allow-origin"] == "*"
    api = await here.stand.client.options("/api/v1/uploads", headers=fields)
    assert "access-control-allow-origin" not in api.headers


async def test_what_could_run_is_saved_not_shown(here: Here) -> None:
    page = await here.upload(b"<script>alert(1)</script>", "page.html", media_type="text/html")
    drawing = await here.upload(b"<svg/>", "a.svg", media_type="image/svg+xml")
    for path in (page, drawing):
        got = await here.call("GET", path)
        assert got.headers["content-disposition"].startswith("attachment;")
        assert "sandbox" in got.headers["content-security-policy"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a/b", "a\\b", "..", ".", "", " ", "a\0b", "a\nb", "exe\u202egpj"]
)
async def test_path_tricks_in_names(here: Here, name: str) -> None:
    body = {"name": name, "size": 3}
    answer = await here.call("POST", "/api/v1/uploads", ANN, json=body)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/upload/../../etc/passwd",
        "/upload/%2e%2e/%2e%2e/etc/passwd",
        "/upload/" + "0" * 32 + "/..%2f..%2fsecret",
        "/upload/" + "g" * 32 + "/x",
        "/upload/" + "0" * 31 + "/x",
        "/upload/.incoming/x",
        "/upload/" + "0" * 32 + "/x%00",
    ],
)
async def test_path_tricks_in_addresses(here: Here, path: str) -> None:
    for method in ("GET", "PUT"):
        answer = await here.call(method, path, content=b"x" if method == "PUT" else None)
        assert answer.status_code in (400, 404, 405)
    assert not here.stored()


async def test_a_file_is_exactly_what_was_declared(here: Here) -> None:
    slot = await here.slot(10, "a.txt", media_type="text/plain")
    assert (await here.put(slot, b"x" * 11)).status_code == 413
    assert (await here.put(slot, b"x" * 9)).status_code == 400
    assert (await here.put(slot, b"x" * 10, Content_Type="image/png")).status_code == 415
    stranger = {**slot, "put_url": slot["put_url"][:-1] + "!"}
    assert (await here.put(stranger, b"x" * 10)).status_code == 404
    renamed = {**slot, "put_url": slot["put_url"].replace("a.txt", "b.txt")}
    assert (await here.put(renamed, b"x" * 10)).status_code == 404

    async def chunks() -> AsyncIterator[bytes]:
        yield b"x" * 10

    parts = urlsplit(slot["put_url"])
    chunked = await here.call("PUT", f"{parts.path}?{parts.query}", content=chunks())
    assert chunked.status_code == 411
    assert not here.stored()
    assert (await here.put(slot, b"x" * 10)).status_code == 201


async def test_who_goes_away_leaves_nothing(here: Here) -> None:
    slot = await here.slot(100_000)

    parts = urlsplit(slot["put_url"])
    scope = {
        "type": "http",
        "method": "PUT",
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "headers": [(b"content-type", b"text/plain"), (b"content-length", b"100000")],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("node.example.org", 80),
        "client": ("192.0.2.1", 1234),
    }
    coming: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"x" * 50_000, "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return coming.pop(0)

    async def send(_: Any) -> None:
        pass

    await here.stand.app(scope, receive, send)
    assert not coming
    assert not here.stored()
    assert (await here.put(slot, b"x" * 100_000)).status_code == 201


async def test_quotas_types_and_slots(here: Here) -> None:
    async def ask(size: int, caller: Caller = ANN, **fields: str) -> int:
        body = {"name": "a.txt", "size": size, **fields}
        return (await here.call("POST", "/api/v1/uploads", caller, json=body)).status_code

    assert await ask(500_001) == 413
    assert await ask(0) == 400
    assert await ask(10, media_type="application/x-msdownload") == 415
    assert await ask(10, media_type="text/plain/../x") == 400
    assert await ask(10, guest("gus")) == 403
    assert await ask(10, BOB) == 403  # a token of an API key, without an account
    for _ in range(2):
        await here.upload(bytes(400_000))
    assert await ask(200_001) == 429
    page = (await here.call("GET", "/api/v1/uploads?limit=1", ANN)).json()
    assert (page["used"], page["quota"], len(page["files"])) == (800_000, 1_000_000, 1)
    rest = await here.call("GET", f"/api/v1/uploads?before={page['next']}", ANN)
    assert len(rest.json()["files"]) == 1
    assert rest.json()["next"] is None
    path = f"/api/v1/uploads/{page['files'][0]['id']}"
    assert (await here.call("DELETE", path, BOB)).status_code == 404
    assert (await here.call("DELETE", path, ANN)).status_code == 204
    assert (await here.call("DELETE", path, ANN)).status_code == 404
    assert [await ask(10) for _ in range(5)] == [201] * 4 + [429]


async def test_a_picture_has_a_thumbnail(here: Here) -> None:
    data = picture("JPEG", (1600, 800))
    path = await here.upload(data, "a.jpg")
    shown = (await here.call("GET", "/api/v1/uploads", ANN)).json()["files"][0]
    assert (shown["width"], shown["height"]) == (1600, 800)
    assert shown["thumbnail_url"] == f"{BASE}{path[1:]}?small=true"
    small = await here.call("GET", f"{path}?small=true")
    assert Image.open(BytesIO(small.content)).size == (640, 320)
    assert small.headers["etag"] != (await here.call("GET", path)).headers["etag"]
    lie = await here.upload(b"no picture", "b.jpg")
    assert (await here.call("GET", f"{lie}?small=true")).status_code == 404
    assert (await here.call("GET", lie)).content == b"no picture"


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


# whatever is sent


async def test_the_description_is_openapi(here: Here) -> None:
    document = (await here.call("GET", "/api/v1/openapi.json")).json()
    OpenAPIV31SpecValidator(document).validate()
    for path in ("/api/v1/uploads", "/upload/{id}/{name}", "/api/v1/accounts/{account}/profile"):
        assert path in document["paths"]
    for methods in document["paths"].values():
        for operation in methods.values():
            assert operation.get("description"), operation


PATHS = (
    ("GET", "/api/v1/invitations"),
    ("POST", "/api/v1/invitations"),
    ("POST", "/api/v1/invitations/check"),
    ("DELETE", "/api/v1/invitations/{}"),
    ("POST", "/api/v1/accounts"),
    ("PATCH", "/api/v1/accounts/{}"),
    ("POST", "/api/v1/accounts/{}/reset"),
    ("POST", "/api/v1/auth/reset"),
    ("GET", "/api/v1/accounts/{}/profile"),
    ("PATCH", "/api/v1/accounts/{}/profile"),
    ("GET", "/api/v1/accounts/{}/avatar"),
    ("PUT", "/api/v1/accounts/{}/avatar"),
    ("DELETE", "/api/v1/accounts/{}/avatar"),
    ("GET", "/avatars/{}"),
    ("GET", "/api/v1/accounts/{}/export"),
    ("GET", "/api/v1/accounts/{}/push"),
    ("POST", "/api/v1/accounts/{}/push"),
    ("DELETE", "/api/v1/accounts/{}/push/{}"),
    ("GET", "/api/v1/uploads"),
    ("POST", "/api/v1/uploads"),
    ("DELETE", "/api/v1/uploads/{}"),
    ("GET", "/upload/{}/{}"),
    ("PUT", "/upload/{}/{}"),
    ("OPTIONS", "/upload/{}/{}"),
)
NAMES = (
    *("token", "role", "room", "ttl", "name", "size", "media_type", "endpoint", "keys", "device"),
    *("full_name", "emails", "address", "birthday", "note", "nickname", "limits", "locked"),
    *("invitation", "password"),
)
_parts = st.sampled_from(["me", "ann", "nobody@example.org", "0" * 32, "a" * 40]) | st.text(
    min_size=1, max_size=8
)
_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["p256dh", "auth", "storage", "street", "x"]), inner)
    ),
    max_leaves=8,
)
_bodies = (
    st.dictionaries(st.sampled_from(NAMES), _values, max_size=5).map(json.dumps)
    | st.sampled_from(['{"name": "a.txt", "size": 3}', "{}", '{"nickname": "\\u0000"}'])
    | st.binary(max_size=60)
)


@st.composite
def odd_requests(draw: st.DrawFn) -> dict[str, Any]:
    method, template = draw(st.sampled_from(PATHS))
    path = template
    while "{}" in path:
        path = path.replace("{}", quote(draw(_parts), safe=""), 1)
    query = {
        draw(st.sampled_from(["size", "token", "small", "before", "limit"])): draw(
            st.text(max_size=10)
        )
        for _ in range(draw(st.integers(0, 2)))
    }
    headers = {"Content-Type": draw(st.sampled_from(["application/json", "image/png", "text/x"]))}
    if draw(st.booleans()):
        headers["Range"] = draw(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
    content = draw(_bodies) if method in ("POST", "PUT", "PATCH") else b""
    return {
        "method": method,
        "url": httpx.URL("http://node.example" + path, params=query),
        "headers": headers,
        "content": content,
    }


async def test_what_a_database_cannot_take_is_refused_before(
    tmp_path: Path, postgres_url: str
) -> None:
    """PostgreSQL knows neither NUL nor half a character."""
    async with opened(tmp_path, postgres_url) as here:
        for method, path, body in (
            ("DELETE", "/api/v1/invitations/%00", None),
            ("DELETE", "/api/v1/uploads/%00", None),
            ("GET", "/api/v1/uploads?before=1_%00", None),
            ("GET", "/avatars/%00", None),
            ("GET", "/upload/%00/x", None),
            ("DELETE", "/api/v1/accounts/me/push/%00", None),
            ("POST", "/api/v1/invitations/check", {"token": "\0"}),
            ("POST", "/api/v1/invitations", {"room": "\0"}),
            ("POST", "/api/v1/auth/reset", {"token": "\0\ud800", "password": PASSWORD}),
            ("POST", "/api/v1/uploads", {"name": "a\ud800", "size": 1}),
            ("POST", "/api/v1/uploads", {"name": "a", "size": 1, "media_type": "a/\0"}),
            ("PATCH", "/api/v1/accounts/me/profile", {"note": "\0"}),
            ("PATCH", "/api/v1/accounts/me/profile", {"urls": ["\ud800"]}),
            ("POST", "/api/v1/uploads", {"name": "a", "size": 1 << 70}),
            ("PATCH", f"/api/v1/accounts/{ANN.address}", {"limits": {"storage": 1 << 70}}),
            ("PATCH", f"/api/v1/accounts/{ANN.address}", {"limits": {"sessions": 1 << 40}}),
        ):
            content = None if body is None else json.dumps(body)
            answer = await here.call(
                method, path, ROOT, content=content, headers={"Content-Type": "application/json"}
            )
            assert 400 <= answer.status_code < 500, (path, body, answer.text)


CALLERS: list[Caller | None] = [None, ANN, ROOT, guest("gus")]
ENDLESS = HttpLimits(request_burst=1e9, account_burst=1e9, login_burst=1e9)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(CALLERS), odd_requests()), min_size=10, max_size=25))
def test_nothing_breaks_the_server(sent: list[tuple[Caller | None, dict[str, Any]]]) -> None:
    async def send() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with opened(Path(folder), limits=ENDLESS) as here:
                for caller, request in sent:
                    if caller is not None:
                        request["headers"].update(here.stand.headers(caller))
                    response = await here.stand.client.request(**request)
                    assert response.status_code < 500, (request, response.text)
                    check(response)

    asyncio.run(send())
