"""The application as a whole: its description, discovery, health, other origins, further routes."""

import re
from typing import Any

import pytest
from fastapi import APIRouter
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from antiphon.protocols.http import CurrentCaller, HttpConfig, HttpLimits, Live, Readiness
from antiphon.protocols.http.errors import Problem
from tests.support.fakes import account
from tests.unit.protocols.http.stand import OFFER, SDP, Stand, stand

ANN = account("ann")
INTERFACE = {
    "/api/v1/auth/login": {"post"},
    "/api/v1/auth/guest": {"post"},
    "/api/v1/auth/renew": {"post"},
    "/api/v1/rooms": {"get", "post"},
    "/api/v1/rooms/{room}": {"get", "put", "patch", "delete"},
    "/api/v1/rooms/{room}/members": {"get"},
    "/api/v1/rooms/{room}/members/{member}": {"delete"},
    "/api/v1/rooms/{room}/members/{member}/mute": {"post"},
    "/api/v1/rooms/{room}/affiliations": {"get"},
    "/api/v1/rooms/{room}/affiliations/{account}": {"put"},
    "/api/v1/rooms/{room}/invitations": {"post"},
    "/api/v1/rooms/{room}/subject": {"get", "put"},
    "/api/v1/rooms/{room}/messages": {"get", "post"},
    "/api/v1/rooms/{room}/messages/{message}": {"put", "delete"},
    "/api/v1/rooms/{room}/messages/{message}/reactions": {"put"},
    "/api/v1/rooms/{room}/tracks": {"get"},
    "/api/v1/accounts": {"get", "post"},
    "/api/v1/accounts/{account}": {"get", "patch", "delete"},
    "/api/v1/accounts/{account}/password": {"put"},
    "/api/v1/accounts/{account}/messages": {"get", "post"},
    "/api/v1/accounts/{account}/messages/{message}": {"get", "put", "delete"},
    "/api/v1/accounts/{account}/messages/{message}/reactions": {"put"},
    "/api/v1/accounts/{account}/conversations": {"get"},
    "/api/v1/accounts/{account}/conversations/{peer}": {"delete"},
    "/api/v1/accounts/{account}/conversations/{peer}/mark": {"put"},
    "/api/v1/accounts/{account}/archive": {"get", "put"},
    "/api/v1/accounts/{account}/contacts": {"get"},
    "/api/v1/accounts/{account}/contacts/{address}": {"get", "put", "delete"},
    "/api/v1/accounts/{account}/contacts/{address}/ask": {"post"},
    "/api/v1/accounts/{account}/contacts/{address}/answer": {"post"},
    "/api/v1/accounts/{account}/contacts/{address}/withdraw": {"post"},
    "/api/v1/accounts/{account}/blocked": {"get", "post", "delete"},
    "/api/v1/accounts/{account}/presence": {"get"},
    "/api/v1/presence": {"get"},
    "/api/v1/calls": {"get"},
    "/api/v1/calls/{call}": {"get"},
    "/api/v1/calls/{call}/ladder": {"get"},
    "/api/v1/events": {"get"},
    "/api/v1/ice-servers": {"get"},
    "/rooms/{room}/whip": {"post"},
    "/rooms/{room}/whip/{id}": {"patch", "delete"},
    "/rooms/{room}/whep": {"post"},
    "/rooms/{room}/whep/{id}": {"patch", "delete"},
    "/.well-known/antiphon.json": {"get"},
    "/metrics": {"get"},
    "/healthz": {"get"},
    "/readyz": {"get"},
}


async def test_the_description_is_openapi_and_complete(here: Stand) -> None:
    response = await here.call("GET", "/api/v1/openapi.json")
    document = response.json()
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()
    assert {path: set(methods) for path, methods in document["paths"].items()} == INTERFACE
    tags = {tag["name"] for tag in document["tags"]}
    ids = []
    for path, method, operation in _operations(document):
        assert operation["summary"], (path, method)
        assert operation["description"], (path, method)
        assert set(operation["tags"]) <= tags
        problem = operation["responses"]["default"]["content"]["application/problem+json"]
        assert problem["schema"]["$ref"] == "#/components/schemas/Problem"
        assert "422" not in operation["responses"]
        ids.append(operation["operationId"])
    assert len(set(ids)) == len(ids)


def _operations(document: Any) -> list[tuple[str, str, Any]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


@pytest.mark.parametrize(("path", "body"), [("/api/v1/absent", None), ("/api/v1/auth/guest", {})])
async def test_a_problem_is_as_described(here: Stand, path: str, body: object) -> None:
    response = await here.call("POST", path, json=body)
    problem = Problem.model_validate(response.json(), extra="forbid")
    assert problem.status == response.status_code


async def test_the_page_of_the_description_needs_nothing_from_elsewhere(here: Stand) -> None:
    page = await here.call("GET", "/api/docs")
    assert page.status_code == 200
    assert "script-src 'self'" in page.headers["content-security-policy"]
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert set(loaded) == {"/api/docs/docs.css", "/api/docs/docs.js", "/api/v1/openapi.json"}
    for path in loaded:
        response = await here.call("GET", path)
        assert response.status_code == 200
        assert not re.search(r"https?://", re.sub(r'"(identifier|name)".*', "", response.text)) or (
            path.endswith(".json")
        )
    assert (await here.call("GET", "/api/docs/absent.js")).status_code == 404


async def test_discovery(here: Stand) -> None:
    response = await here.call("GET", "/.well-known/antiphon.json")
    found = response.json()
    assert response.headers["access-control-allow-origin"] == "*"
    assert (found["domain"], found["rooms"]) == ("example.org", "rooms.example.org")
    assert found["version"] == "1.2.3"
    assert found["guests"] is True
    assert found["registration"] is here.context.registration
    assert "ws" not in found["http"]
    assert "home" not in found["http"]
    for name in ("openapi", "docs", "metrics"):
        assert (await here.call("GET", found["http"][name])).status_code == 200


async def test_discovery_lists_what_is_there(tmp_path: Any) -> None:
    async def socket(websocket: WebSocket) -> None:
        await websocket.close()

    async with stand(
        routes=[WebSocketRoute("/ws", socket)],
        endpoints=lambda: {"webrtc": ["udp:7882"]},
        assets=tmp_path,
        guests=None,
        node="n1",
    ) as here:
        found = (await here.call("GET", "/.well-known/antiphon.json")).json()
    assert found["http"]["ws"] == "/ws"
    assert found["http"]["home"] == "/"
    assert found["endpoints"] == {"webrtc": ["udp:7882"]}
    assert found["guests"] is False
    assert found["nodes"] == [{"name": "n1", "version": "1.2.3"}]


async def test_health(here: Stand) -> None:
    assert (await here.call("GET", "/healthz")).json()["status"] == "ok"
    assert (await here.call("GET", "/readyz")).status_code == 200
    await here.house.switchboard.drain()
    response = await here.client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (503, "draining")
    assert (await here.call("GET", "/healthz")).status_code == 200


async def test_not_ready() -> None:
    async with stand(ready=lambda: Readiness(ready=False, detail="starting")) as here:
        response = await here.client.get("/readyz")
        assert (response.status_code, response.json()["detail"]) == (503, "starting")


async def test_figures(here: Stand) -> None:
    await here.call("GET", "/api/v1/rooms/absent", ANN)
    await here.call("HEAD", "/healthz")
    await here.call("GET", "/absent")
    response = await here.call("GET", "/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=1.0.0")
    for line in (
        'antiphon_http_requests_total{method="GET",route="/api/v1/rooms/{room}",status="404"} 1.0',
        'antiphon_http_requests_total{method="HEAD",route="/healthz",status="200"} 1.0',
        'antiphon_http_requests_total{method="GET",route="other",status="404"} 1.0',
    ):
        assert line in response.text


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [
        ((), "https://a.example", None),
        (("https://a.example",), "https://a.example", "https://a.example"),
        (("https://a.example",), "https://b.example", None),
        (("*",), "https://b.example", "*"),
    ],
)
async def test_other_origins(origins: tuple[str, ...], origin: str, allowed: str | None) -> None:
    async with stand(config=HttpConfig(cors_origins=origins)) as here:
        response = await here.call("GET", "/healthz", headers={"Origin": origin})
        assert response.headers.get("access-control-allow-origin") == allowed
        preflight = await here.client.options(
            "/rooms/hall/whip",
            headers={
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization,content-type",
            },
        )
        assert preflight.headers.get("access-control-allow-origin") == allowed
        made = await here.call(
            "POST", "/rooms/hall/whip", ANN, content=OFFER, headers={**SDP, "Origin": origin}
        )
        if allowed:
            exposed = made.headers["access-control-expose-headers"]
            assert {"Location", "ETag", "Link"} <= set(exposed.split(", "))
            assert "PATCH" in preflight.headers["access-control-allow-methods"]


async def test_refusals_can_be_read_by_other_origins() -> None:
    config = HttpConfig(cors_origins=("https://a.example",))
    limits = HttpLimits(request_rate=0.001, request_burst=1)
    async with stand(config=config, limits=limits) as here:
        headers = {"Origin": "https://a.example"}
        await here.call("GET", "/healthz", headers=headers)
        refused = await here.call("GET", "/healthz", headers=headers)
        assert refused.status_code == 429
        assert refused.headers["access-control-allow-origin"] == "https://a.example"


async def test_a_plug_in_adds_a_resource() -> None:
    router = APIRouter(prefix="/greetings", tags=["greetings"])

    @router.get("/{name}")
    async def greet(name: str, caller: CurrentCaller, live: Live) -> dict[str, str]:
        """Greet somebody."""
        return {"text": f"{caller.name} greets {name} of {live.context.addresses.domain}"}

    async with stand(routers=[router]) as here:
        path = "/api/v1/greetings/Bob"
        assert (await here.call("GET", path)).status_code == 401
        response = await here.call("GET", path, ANN)
        assert response.json() == {"text": "Ann greets Bob of example.org"}
        document = (await here.call("GET", "/api/v1/openapi.json")).json()
        assert "/api/v1/greetings/{name}" in document["paths"]
        wrong = await here.call("POST", path, ANN)
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")
