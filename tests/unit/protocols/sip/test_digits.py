import pytest

from antiphon.protocols.sip.digits import pressed

RELAY, PLAIN = "application/dtmf-relay", "application/dtmf"


@pytest.mark.parametrize(
    ("kind", "body", "found"),
    [
        (RELAY, b"Signal=5\r\nDuration=160\r\n", ("5", 0.16)),
        (RELAY, b"Signal= #\nDuration= 1000", ("#", 1.0)),
        (RELAY, b"signal=a\r\n", ("A", 0.16)),
        (RELAY, b"Signal=11\r\nDuration=99999", ("#", 8.0)),
        (RELAY, b"Signal=16\r\n", None),
        (RELAY, b"Duration=160\r\n", None),
        (RELAY, b"\xff\xfe", None),
        (PLAIN, b"7", ("7", 0.16)),
        (PLAIN, b" d\r\n", ("D", 0.16)),
        (PLAIN, b"77", None),
        (PLAIN, b"", None),
    ],
)
def test_keys(kind: str, body: bytes, found: tuple[str, float] | None) -> None:
    assert pressed(kind, body) == found
