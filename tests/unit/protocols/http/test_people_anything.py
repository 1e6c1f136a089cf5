"""Whatever is sent to the resources of accounts, the answer is never an error of the server."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator

from antiphon.core.ports import Caller
from antiphon.protocols.http.config import HttpLimits
from tests.support.fakes import guest
from tests.unit.protocols.http.people_stand import (
    ANN,
    PASSWORD,
    ROOT,
    Here,
    opened,
)
from tests.unit.protocols.http.stand import check


@pytest_asyncio.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    async with opened(tmp_path) as made:
        yield made


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
