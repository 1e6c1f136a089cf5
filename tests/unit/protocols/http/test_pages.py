"""Pages and files: what is sent, how it is cached, and what never leaves the folder."""

import gzip
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from antiphon.protocols.http import HttpConfig
from antiphon.protocols.http.assets import Assets, accepts_gzip, matches
from antiphon.protocols.http.resources.pages import page_policy
from tests.unit.protocols.http.stand import Stand, stand

SCRIPT = "export const answer = 42;\n" * 50


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Built pages, beside a file that is none of them."""
    (tmp_path / "secret.txt").write_text("secret")
    web = tmp_path / "web"
    (web / "components").mkdir(parents=True)
    (web / "index.html").write_text("<title>home</title>")
    (web / "room.html").write_text("<title>room</title>")
    (web / "components" / "antiphon.js").write_text(SCRIPT)
    (web / "components" / "chunk-5F3KX2QA.js").write_text("1")
    (web / ".hidden").write_text("hidden")
    (web / "link.txt").symlink_to(tmp_path / "secret.txt")
    (web / "picture.png").write_bytes(b"\x89PNG")
    return web


@pytest_asyncio.fixture
async def here(folder: Path) -> AsyncIterator[Stand]:
    async with stand(assets=folder) as made:
        yield made


@pytest.mark.parametrize(
    ("path", "title"),
    [("/", "home"), ("/r/hall", "room"), ("/r/hall?name=Ann&join", "room"), ("/room.html", "room")],
)
async def test_pages(here: Stand, path: str, title: str) -> None:
    response = await here.call("GET", path)
    assert (response.status_code, response.text) == (200, f"<title>{title}</title>")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    policy = response.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "connect-src 'self' ws://node.example wss://node.example;" in policy
    assert "frame-ancestors 'self'" in policy
    permissions = response.headers["permissions-policy"]
    for feature in ("camera", "microphone", "display-capture"):
        assert f"{feature}=(self)" in permissions
    assert response.headers["referrer-policy"] == "strict-origin-when-cross-origin"


async def test_a_room_that_cannot_be(here: Stand) -> None:
    assert (await here.call("GET", "/r/%20")).status_code == 400


async def test_components_are_for_pages_of_any_origin(here: Stand) -> None:
    response = await here.call("GET", "/components/antiphon.js")
    assert response.text == SCRIPT
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["cross-origin-resource-policy"] == "cross-origin"
    assert response.headers["cache-control"] == "no-cache"
    hashed = await here.call("GET", "/components/chunk-5F3KX2QA.js")
    assert "immutable" in hashed.headers["cache-control"]


async def test_compression_and_tags(here: Stand) -> None:
    path = "/components/antiphon.js"
    plain = await here.call("GET", path, headers={"Accept-Encoding": "identity"})
    zipped = await here.call("GET", path, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.text == plain.text
    assert int(zipped.headers["content-length"]) < int(plain.headers["content-length"])
    assert plain.headers["etag"] != zipped.headers["etag"]
    assert plain.headers["vary"] == zipped.headers["vary"] == "Accept-Encoding"
    for tag in (
        plain.headers["etag"],
        zipped.headers["etag"],
        "*",
        f'"x", W/{plain.headers["etag"]}',
    ):
        again = await here.call("GET", path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert "content-type" not in again.headers
    other = await here.call("GET", path, headers={"If-None-Match": '"other"'})
    assert other.status_code == 200
    head = await here.call("HEAD", path, headers={"Accept-Encoding": "identity"})
    assert head.headers["content-length"] == str(len(SCRIPT))


@pytest.mark.parametrize(
    "path",
    [
        "/absent.js",
        "/.hidden",
        "/link.txt",
        "/components",
        "/components/",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/components/%2e%2e/%2e%2e/secret.txt",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/a%00b",
        "/" + "x" * 5000,
    ],
)
async def test_what_is_not_there(here: Stand, path: str) -> None:
    response = await here.call("GET", path)
    assert response.status_code == 404
    assert "secret" not in response.json()["detail"]


async def test_files_are_only_read(here: Stand) -> None:
    response = await here.call("POST", "/components/antiphon.js")
    assert response.status_code == 405


async def test_a_file_that_changes_is_read_anew(here: Stand, folder: Path) -> None:
    first = await here.call("GET", "/")
    page = folder / "index.html"
    page.write_text("<title>else</title>")
    os.utime(page, ns=(1, 1))
    second = await here.call("GET", "/")
    assert second.text == "<title>else</title>"
    assert second.headers["etag"] != first.headers["etag"]


def test_the_policy_of_pages() -> None:
    config = HttpConfig(frame_ancestors=("'self'", "https://a.example"))
    assert "frame-ancestors 'self' https://a.example" in page_policy(config, "h")
    assert "frame-ancestors 'none'" in page_policy(HttpConfig(frame_ancestors=()), "h")
    for host in ("evil; script-src *", "a b", "", "x" * 300, "a\nb"):
        assert "connect-src 'self';" in page_policy(config, host)
    assert "wss://[::1]:8443" in page_policy(config, "[::1]:8443")


@pytest.mark.parametrize(
    ("field", "accepted"),
    [
        ("", False),
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("*", True),
        ("*;q=0", False),
        ("*, gzip;q=0", False),
        ("identity", False),
    ],
)
def test_encodings(field: str, accepted: bool) -> None:
    assert accepts_gzip(field) is accepted


@given(st.text(), st.text())
def test_any_field_can_be_read(field: str, etag: str) -> None:
    assert accepts_gzip(field) in (True, False)
    assert matches(field, etag) in (True, False)


@given(st.text(max_size=50))
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    assets = Assets(Path(__file__).parent)
    found = assets.find(name)
    assert found is None or (Path(__file__).parent / name).is_file()


def test_zipped_content_is_the_content(folder: Path) -> None:
    asset = Assets(folder).find("components/antiphon.js")
    assert asset is not None
    assert asset.zipped is not None
    assert gzip.decompress(asset.zipped) == asset.content
    picture = Assets(folder).find("picture.png")
    assert picture is not None
    assert picture.zipped is None
