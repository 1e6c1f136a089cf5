"""Every error is a problem, whatever went wrong and wherever."""

from typing import Any

import pytest

from antiphon.core.ports import Caller
from antiphon.core.reason import Reason
from antiphon.protocols.http.errors import STATUS
from tests.support.fakes import account, guest
from tests.unit.protocols.http.stand import Stand, stand

ANN = account("ann")
ADMIN = account("root", admin=True)


def test_every_reason_has_a_status() -> None:
    assert set(STATUS) == set(Reason)


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("DELETE", "/nothing", 404, "not_found"),
        ("GET", "/api/v1/auth/login", 405, "unsupported"),
        ("PUT", "/api/v1/rooms", 405, "unsupported"),
        ("POST", "/healthz", 405, "unsupported"),
        ("GET", "/api/v1/rooms", 401, "unauthorized"),
        ("GET", "/api/v1/accounts/me", 401, "unauthorized"),
        ("GET", "/api/v1/events", 401, "unauthorized"),
        ("GET", "/api/v1/ice-servers", 401, "unauthorized"),
        ("GET", "/api/v1/rooms/%20", 401, "unauthorized"),
        ("GET", "/", 404, "not_found"),
        ("GET", "/r/room", 404, "not_found"),
        ("GET", "/../../etc/passwd", 404, "not_found"),
    ],
)
async def test_refusals_without_a_token(
    here: Stand, method: str, path: str, status: int, reason: str
) -> None:
    response = await here.call(method, path)
    assert (response.status_code, response.json()["reason"]) == (status, reason)


@pytest.mark.parametrize(
    ("caller", "method", "path", "body", "status"),
    [
        (ANN, "GET", "/api/v1/rooms/nobody-there", None, 404),
        (ANN, "GET", "/api/v1/rooms/%20", None, 400),
        (ANN, "GET", "/api/v1/rooms/a@elsewhere.org", None, 404),
        (ANN, "GET", "/api/v1/rooms?limit=0", None, 400),
        (ANN, "GET", "/api/v1/rooms?limit=x", None, 400),
        (ANN, "PATCH", "/api/v1/rooms/absent", {"title": "T"}, 404),
        (ANN, "DELETE", "/api/v1/rooms/absent", None, 404),
        (ANN, "GET", "/api/v1/rooms/absent/members", None, 404),
        (ANN, "GET", "/api/v1/rooms/absent/tracks", None, 404),
        (ANN, "GET", "/api/v1/rooms/absent/messages", None, 404),
        (ANN, "POST", "/api/v1/rooms/absent/messages", {"text": "hi"}, 404),
        (ANN, "GET", "/api/v1/accounts", None, 403),
        (ANN, "GET", "/api/v1/accounts/bob@example.org", None, 403),
        (ADMIN, "GET", "/api/v1/accounts/bob@example.org", None, 404),
        (ADMIN, "DELETE", "/api/v1/accounts/bob@example.org", None, 404),
        (ADMIN, "POST", "/api/v1/accounts", {"address": "a b", "password": "longenough"}, 400),
        (ADMIN, "POST", "/api/v1/accounts", {"address": "a@b.org", "password": "longenough"}, 400),
        (ADMIN, "POST", "/api/v1/accounts", {"address": "carl", "password": "short"}, 400),
        (account("joe", create=False), "PUT", "/api/v1/rooms/mine", {}, 403),
        (account("joe", rooms=frozenset({"x"})), "GET", "/api/v1/rooms/y", None, 403),
        (guest("gus"), "POST", "/api/v1/rooms", {"name": "n", "stage": -1}, 400),
        (ANN, "POST", "/api/v1/rooms", {"name": "n", "colour": "red"}, 400),
        (ANN, "POST", "/api/v1/rooms", {"name": "n", "title": "a\x00b"}, 400),
        (ANN, "POST", "/api/v1/rooms", [], 400),
    ],
)
async def test_refusals_with_a_token(
    here: Stand, caller: Caller, method: str, path: str, body: object, status: int
) -> None:
    response = await here.call(method, path, caller, json=body)
    assert response.status_code == status, response.text


async def test_a_validation_error_lists_fields(here: Stand) -> None:
    response = await here.call("POST", "/api/v1/auth/login", json={"adress": "a"})
    fields = {row["field"]: row["detail"] for row in response.json()["errors"]}
    assert response.status_code == 400
    assert set(fields) == {"body.address", "body.password", "body.adress"}


@pytest.mark.parametrize("body", ["{", '{"name": }', "\ud800".encode("utf-8", "surrogatepass")])
async def test_broken_json(here: Stand, body: str | bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = await here.call("POST", "/api/v1/auth/guest", content=body, headers=headers)
    assert response.status_code == 400


async def test_a_lone_surrogate_is_refused(here: Stand) -> None:
    headers = {"Content-Type": "application/json"}
    body = rb'{"name": "\ud800"}'
    response = await here.call("POST", "/api/v1/auth/guest", content=body, headers=headers)
    assert response.status_code == 400


async def test_a_wrong_method_names_all_the_right_ones(here: Stand) -> None:
    response = await here.call("DELETE", "/api/v1/rooms")
    assert response.headers["allow"] == "GET, HEAD, POST, OPTIONS"
    response = await here.call("POST", "/api/v1/rooms/x")
    assert response.headers["allow"] == "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"


async def test_options_tells_methods(here: Stand) -> None:
    response = await here.call("OPTIONS", "/api/v1/rooms/x/members/y")
    assert (response.status_code, response.headers["allow"]) == (204, "DELETE, OPTIONS")
    assert (await here.call("OPTIONS", "/absent")).status_code == 404


async def test_401_asks_for_a_bearer_token(here: Stand) -> None:
    response = await here.call("GET", "/api/v1/rooms", headers={"Authorization": "Basic eDp5"})
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    response = await here.call("GET", "/api/v1/rooms", headers={"Authorization": "Bearer no"})
    assert response.status_code == 401
    long = {"Authorization": "Bearer " + "x" * 9000}
    assert (await here.call("GET", "/api/v1/rooms", headers=long)).status_code == 401


async def test_an_error_of_the_server_is_a_problem_too(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> bytes:
        raise RuntimeError("secret details")

    async with stand(metrics=broken) as here:
        response = await here.call("GET", "/metrics")
        assert response.status_code == 500
        assert "secret details" not in response.text
        [record] = [record for record in caplog.records if record.exc_info]
        assert response.json()["request_id"] in record.getMessage()
        assert here.context.registry.get_sample_value("antiphon_http_failures_total") == 1


async def test_head_is_get_without_a_body(here: Stand) -> None:
    response = await here.call("HEAD", "/healthz")
    assert (response.status_code, response.content) == (200, b"")
    assert (await here.call("HEAD", "/api/v1/events", ANN)).status_code == 200
    assert (await here.call("HEAD", "/api/v1/rooms")).status_code == 401


async def test_head_leaves_the_server_its_method(here: Stand) -> None:
    sent: list[dict[str, Any]] = []
    scope: dict[str, Any] = {
        "type": "http",
        "method": "HEAD",
        "path": "/healthz",
        "query_string": b"",
        "headers": [],
        "client": ("192.0.2.1", 1),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await here.app(scope, receive, send)
    # The server tells from its own scope that a body may be shorter than announced.
    assert scope["method"] == "HEAD"
    assert [message.get("body") for message in sent] == [None, b""]
    assert dict(sent[0]["headers"])[b"content-length"] != b"0"
