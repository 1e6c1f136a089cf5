"""Whatever is sent, the answer is never an error of the server."""

import asyncio
import json
import re
from typing import Any
from urllib.parse import quote

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from antiphon.core.ports import Caller
from antiphon.protocols.http import HttpLimits
from tests.support.fakes import account, guest
from tests.unit.protocols.http.stand import OFFER, RESTART, check, stand
from tests.unit.protocols.http.test_application import INTERFACE

ENDLESS = HttpLimits(request_burst=1e9, account_burst=1e9, guest_burst=1e9, login_burst=1e9)
CALLERS: list[Caller | None] = [None, account("ann"), account("root", admin=True), guest("gus")]

VALID: tuple[dict[str, str], ...] = (
    {},
    {"name": "hall", "title": "Hall"},
    {"address": "ann", "password": "correct horse"},
    {"text": "hi"},
    {"password": "correct horse", "current": "correct horse"},
)

_names: st.SearchStrategy[str] = st.one_of(
    st.sampled_from(
        [
            "name",
            "title",
            "guests",
            "max_members",
            "stage",
            "audience",
            "address",
            "password",
            "current",
            "admin",
            "text",
            "origin_id",
            "track",
            "room",
        ]
    ),
    st.text(max_size=8),
)
_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=12,
)
_segments = st.one_of(
    st.sampled_from(["hall", "me", "ann@example.org", "m_1"]), st.text(min_size=1, max_size=12)
)
_known = st.sampled_from(
    [(method.upper(), path) for path, methods in INTERFACE.items() for method in methods]
)
_any = st.tuples(
    st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"]),
    st.sampled_from(["/", "/{a}", "/r/{a}", "/components/{a}", "/api/docs/{a}", "/api/v1/{a}/{b}"])
    | _known.map(lambda known: known[1]),
)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """A request that has something to do with the interface, or not."""
    method, template = draw(_known | _known | _any)
    path = re.sub(r"\{.*?\}", lambda _: quote(draw(_segments), safe=""), template)
    body = draw(
        st.dictionaries(_names, _json, max_size=5).map(json.dumps)
        | _json.map(json.dumps)
        | st.sampled_from([OFFER, RESTART, *map(json.dumps, VALID)])
        | st.binary(max_size=40)
    )
    types = [
        "application/json",
        "application/sdp",
        "application/trickle-ice-sdpfrag",
        "text/x",
        "/",
    ]
    headers = {"Content-Type": draw(st.sampled_from(types))}
    for name in ("If-Match", "Accept", "Origin", "If-None-Match", "Accept-Encoding"):
        if draw(st.booleans()):
            headers[name] = draw(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
    query = {draw(_names): draw(st.text(max_size=10)) for _ in range(draw(st.integers(0, 2)))}
    return {
        "method": method,
        "url": httpx.URL("http://node.example" + path, params=query),
        "headers": headers,
        "content": body,
    }


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(CALLERS), requests()), min_size=5, max_size=15))
def test_nothing_breaks_the_server(sent: list[tuple[Caller | None, dict[str, Any]]]) -> None:
    asyncio.run(_send(sent))


async def _send(sent: list[tuple[Caller | None, dict[str, Any]]]) -> None:
    async with stand(limits=ENDLESS, registration=True, open_doors=True) as here:
        for caller, request in sent:
            if request["method"] == "GET" and request["url"].path == "/api/v1/events":
                continue  # endless; see test_events
            if caller is not None:
                request["headers"].update(here.headers(caller))
            response = await here.client.request(**request)
            assert response.status_code < 500, (request, response.text)
            check(response)
