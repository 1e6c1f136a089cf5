"""Uploaded files over HTTP, with the real service."""

from collections.abc import AsyncIterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import pytest_asyncio
from PIL import Image

from antiphon.core.ports import Caller
from tests.support.fakes import guest
from tests.unit.protocols.http.people_stand import (
    ANN,
    BASE,
    BOB,
    Here,
    opened,
    picture,
)


@pytest_asyncio.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    async with opened(tmp_path) as made:
        yield made


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
