import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.protocols.web import message
from antiphon.protocols.web.config import WebConfig
from antiphon.protocols.web.machine import (
    PATIENCE,
    Acknowledged,
    Failed,
    HelloReceived,
    Machine,
    Pinged,
    RequestReceived,
    RequestRefused,
)

CONFIG = WebConfig(hello_timeout=10, ping_interval=20, request_rate=10, request_burst=5)


def greeted(now: float = 0.0) -> Machine:
    machine = Machine(CONFIG, now)
    assert isinstance(machine.receive(now, '{"type":"hello"}'), HelloReceived)
    return machine


def test_a_conversation() -> None:
    machine = Machine(CONFIG, 0.0)
    hello = machine.receive(0.0, '{"type":"hello","token":"t","resume":"s","after":3}')
    assert hello == HelloReceived(message.Hello(token="t", resume="s", after=3))
    join = machine.receive(0.0, '{"type":"join","id":1,"room":"r"}')
    assert join == RequestReceived(message.Join(id=1, room="r"))
    assert machine.receive(0.0, '{"type":"ack","seq":4}') == Acknowledged(4)
    assert machine.receive(0.0, '{"type":"ping"}') == Pinged()


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ('{"type":"join","id":1,"room":"r"}', "unauthorized"),
        ("{", "bad_request"),
        ("[]", "bad_request"),
        ('{"type":"nothing"}', "bad_request"),
        ('{"type":"hello","token":7}', "bad_request"),
        (b"\x00\x01", "unsupported"),
        ("x" * (CONFIG.message_limit + 1), "too_large"),
        ("[" * 100_000, "bad_request"),
        ('"\ud800"', "bad_request"),
    ],
)
def test_garbage_instead_of_hello_ends_the_connection(frame: str | bytes, reason: str) -> None:
    machine = Machine(CONFIG, 0.0)
    failed = machine.receive(0.0, frame)
    assert isinstance(failed, Failed)
    assert failed.reason == reason
    assert machine.receive(0.0, '{"type":"hello"}') is None, "it does not come back"


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"join","id":3}',
        '{"type":"join","id":3,"room":""}',
        '{"type":"say","id":3,"text":"hi","origin_id":"x","surprise":1}',
        '{"type":"dance","id":3}',
        '{"type":"subscribe","id":3,"receive":"everything"}',
    ],
)
def test_a_bad_request_with_a_number_is_refused_and_the_connection_lives(frame: str) -> None:
    machine = greeted()
    refused = machine.receive(0.0, frame)
    assert isinstance(refused, RequestRefused)
    assert (refused.id, refused.reason) == (3, "bad_request")
    assert machine.receive(0.0, '{"type":"ping"}') == Pinged()


def test_silence_ends_the_connection() -> None:
    machine = Machine(CONFIG, 0.0)
    assert machine.wake(9.9) is None
    failed = machine.wake(machine.deadline)
    assert isinstance(failed, Failed)
    assert failed.reason == "timeout"


def test_every_message_puts_the_deadline_off() -> None:
    machine = greeted(5.0)
    assert machine.deadline == 45.0
    machine.receive(40.0, '{"type":"ping"}')
    assert machine.wake(45.0) is None
    assert isinstance(machine.wake(80.0), Failed)


def test_a_second_hello_is_an_error() -> None:
    assert isinstance(greeted().receive(0.0, '{"type":"hello"}'), Failed)


def test_who_asks_too_fast_is_refused_then_dropped() -> None:
    machine = greeted()
    frames = [json.dumps({"type": "leave", "id": i}) for i in range(1, PATIENCE + 10)]
    events = [machine.receive(0.0, frame) for frame in frames]
    assert [type(event) for event in events[:5]] == [RequestReceived] * 5
    assert all(isinstance(event, RequestRefused) for event in events[5 : 5 + PATIENCE])
    assert isinstance(events[5 + PATIENCE], Failed)


def test_patience_is_rewarded() -> None:
    machine = greeted()
    for i in range(1, 6):
        machine.receive(0.0, json.dumps({"type": "leave", "id": i}))
    assert isinstance(machine.receive(0.0, '{"type":"leave","id":6}'), RequestRefused)
    assert isinstance(machine.receive(1.0, '{"type":"leave","id":9}'), RequestReceived)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.lists(st.text() | st.binary() | JSON.map(json.dumps), max_size=5))
def test_nothing_a_peer_sends_raises(frames: list[str | bytes]) -> None:
    machine = greeted()
    for frame in frames:
        machine.receive(0.0, frame)
