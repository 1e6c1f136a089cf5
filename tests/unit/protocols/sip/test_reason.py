import pytest

from antiphon.core.reason import Reason
from antiphon.protocols.sip.reason import (
    ended_by,
    phrase,
    reason_field,
    reason_of,
    status_of,
)


def test_every_reason_has_a_status_with_words() -> None:
    for reason in Reason:
        status = status_of(reason)
        assert 400 <= status < 700
        assert phrase(status)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (486, Reason.BUSY),
        (600, Reason.BUSY),
        (603, Reason.DECLINED),
        (480, Reason.UNAVAILABLE),
        (404, Reason.NOT_FOUND),
        (408, Reason.TIMEOUT),
        (488, Reason.UNSUPPORTED),
        (503, Reason.UNAVAILABLE),
        (499, Reason.UNAVAILABLE),
    ],
)
def test_answers_of_telephones(status: int, reason: Reason) -> None:
    assert reason_of(status) is reason


def test_busy_declined_and_not_found_come_back_as_they_went() -> None:
    for reason in (Reason.BUSY, Reason.DECLINED, Reason.NOT_FOUND, Reason.TIMEOUT):
        assert reason_of(status_of(reason)) is reason


def test_reason_fields() -> None:
    assert ended_by(['SIP;cause=200;text="x"'], Reason.CANCELLED) is Reason.ELSEWHERE
    assert ended_by(["Q.850;cause=17"], Reason.LEFT) is Reason.BUSY
    assert ended_by(["X;cause=1, SIP;cause=603"], Reason.LEFT) is Reason.DECLINED
    assert ended_by(["Q.850;cause=x"], Reason.LEFT) is Reason.LEFT
    assert ended_by([], Reason.LEFT) is Reason.LEFT
    assert str(reason_field(Reason.ELSEWHERE)).startswith("SIP;cause=200;")
    assert str(reason_field(Reason.LEFT)).startswith("Q.850;cause=16;")
    assert str(reason_field(Reason.BUSY)).startswith("SIP;cause=486;")
