"""Rates, bodies, and how much of anything a stranger may use."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.net.gate import network_of
from antiphon.protocols.http import HttpLimits
from antiphon.protocols.http.limits import Buckets, Rate
from antiphon.protocols.http.middleware import too_deep
from tests.support.fakes import account
from tests.unit.protocols.http.stand import stand

JSON = {"Content-Type": "application/json"}


def test_a_bucket_begins_full_and_refills() -> None:
    buckets = Buckets(Rate(2.0, 3.0), 10)
    assert [buckets.take("a", 0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert buckets.take("b", 0.0) == 0.0
    assert buckets.take("a", 0.5) == 0.0
    assert buckets.wait("a", 0.5) == 0.5
    assert [buckets.take("a", 100.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.floats(0, 10), st.floats(0, 5)), max_size=200)
)
def test_nobody_gets_more_than_burst_and_rate(steps: list[tuple[str, float, float]]) -> None:
    buckets = Buckets(Rate(1.0, 5.0), 3)
    now, taken = 0.0, 0.0
    only = Buckets(Rate(1.0, 5.0), 3)
    for key, pause, amount in steps:
        now += pause
        assert buckets.take(key, now, amount) >= 0.0
        assert len(buckets) <= 3
        if only.take("x", now, amount) == 0.0:
            taken += amount
    assert taken <= 5.0 + now + 1e-6


def test_time_that_runs_backwards_takes_nothing_away() -> None:
    buckets = Buckets(Rate(1.0, 1.0), 3)
    assert buckets.take("a", 10.0) == 0.0
    assert buckets.take("a", 5.0) == 1.0


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, "local"),
        ("testclient", "testclient"),
    ],
)
def test_networks(host: str | None, network: str) -> None:
    assert network_of(host) == network


@pytest.mark.parametrize(
    ("body", "deep"),
    [
        (b"[" * 33, True),
        (b"[" * 32, False),
        (b'{"a":' * 33 + b"1" + b"}" * 33, True),
        (b"[" + b"[]," * 1000 + b"[]]", False),
        (b'"' + b"[" * 100 + b'"', False),
        (b'["' + rb"\"" + b"[" * 100 + b'"]', False),
        (b'"' + b"[" * 100, False),
    ],
)
def test_depth(body: bytes, deep: bool) -> None:
    assert too_deep(body, 32) is deep


@given(st.binary(max_size=2000))
def test_depth_of_anything(body: bytes) -> None:
    assert too_deep(body, 5) in (True, False)


async def test_too_many_requests_from_one_address() -> None:
    async with stand(limits=HttpLimits(request_rate=0.01, request_burst=3)) as here:
        codes = [(await here.call("GET", "/healthz")).status_code for _ in range(5)]
        assert codes == [200, 200, 200, 429, 429]
        response = await here.call("GET", "/healthz")
        assert 1 <= int(response.headers["retry-after"]) <= 101
        labels = {"limit": "requests"}
        assert here.context.registry.get_sample_value("antiphon_http_limited_total", labels) == 3


async def test_too_many_requests_of_one_account() -> None:
    limits = HttpLimits(account_rate=0.001, account_burst=2)
    async with stand(limits=limits) as here:
        codes = [
            (await here.call("GET", "/api/v1/rooms", account("ann"))).status_code for _ in range(3)
        ]
        assert codes == [200, 200, 429]
        assert (await here.call("GET", "/api/v1/rooms", account("bob"))).status_code == 200


async def test_guests_and_logins_have_stricter_limits() -> None:
    limits = HttpLimits(guest_rate=0.001, guest_burst=2, login_rate=0.001, login_burst=2)
    async with stand(limits=limits) as here:
        body = {"name": "Gus"}
        codes = [
            (await here.call("POST", "/api/v1/auth/guest", json=body)).status_code for _ in range(3)
        ]
        assert codes == [200, 200, 429]
        login = {"address": "ann", "password": "wrong"}
        codes = [
            (await here.call("POST", "/api/v1/auth/login", json=login)).status_code
            for _ in range(3)
        ]
        assert codes == [401, 401, 429]


async def test_a_large_body_is_refused_before_it_is_read() -> None:
    async with stand(limits=HttpLimits(body_size=100)) as here:
        response = await here.call("POST", "/api/v1/auth/guest", content=b"x" * 101, headers=JSON)
        assert (response.status_code, response.json()["reason"]) == (413, "too_large")
        assert response.headers["connection"] == "close"


async def test_a_large_chunked_body_is_refused_when_it_becomes_too_large() -> None:
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 1
            yield b"x" * 10

    async with stand(limits=HttpLimits(body_size=100)) as here:
        response = await here.call("POST", "/api/v1/auth/guest", content=chunks(), headers=JSON)
        assert response.status_code == 413
        assert sent <= 12


async def test_a_slow_body_is_refused() -> None:
    from asyncio import sleep

    async def chunks() -> AsyncIterator[bytes]:
        yield b"{"
        await sleep(5)
        yield b"}"

    async with stand(limits=HttpLimits(body_timeout=0.05)) as here:
        response = await here.call("POST", "/api/v1/auth/guest", content=chunks(), headers=JSON)
        assert (response.status_code, response.json()["reason"]) == (408, "timeout")


async def test_deep_json_is_refused() -> None:
    async with stand() as here:
        body = '{"name":' + "[" * 1000 + "]" * 1000 + "}"
        response = await here.call("POST", "/api/v1/auth/guest", content=body, headers=JSON)
        assert response.status_code == 400
        assert "deep" in response.json()["detail"]
