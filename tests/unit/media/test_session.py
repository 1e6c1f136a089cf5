"""Media sessions over the real engine: bad descriptions, closing at every step, limits."""

import asyncio

import pytest

from antiphon.core.media import Quality
from antiphon.core.reason import Reason, Refused
from antiphon.media.config import MediaConfig
from antiphon.media.engine import Engine
from antiphon.media.quality import quality_of
from antiphon.media.session import EngineSession
from tests.support.fakes import Recorder, guest
from tests.support.media import Real


class Signalling:
    """Keeps what a session tells."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def offered(self, request: int, text: str) -> None:
        self.told.append("offered")

    def mapped(self, carried: object) -> None:
        self.told.append("mapped")

    def connected(self, profile: str) -> None:
        self.told.append("connected")

    def interrupted(self) -> None:
        self.told.append("interrupted")

    def closed(self, text: str) -> None:
        self.told.append("closed")

    def quality(self, quality: Quality) -> None:
        self.told.append("quality")


async def opened(real: Real, name: str = "ann") -> EngineSession:
    joined = await real.switchboard.join(guest(name), "r", Recorder())
    return real.sessions.open("r", joined.member.id, Signalling())


@pytest.mark.parametrize(
    "text",
    [
        "garbage",
        "v=0\r\n",
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n",
        "\x00" * 1000,
        "v=0\r\n" + "a=x\r\n" * 50_000,
    ],
)
async def test_a_bad_offer_is_refused_in_words(real: Real, text: str) -> None:
    session = await opened(real)
    with pytest.raises(Refused) as refused:
        await session.accept_offer(text)
    assert refused.value.reason is Reason.BAD_REQUEST
    assert refused.value.text
    session.close()


async def test_who_waits_for_an_answer_is_told_that_the_session_ended(real: Real) -> None:
    session = await opened(real)
    waiting = asyncio.create_task(session.accept_offer("v=0"))
    await asyncio.sleep(0)
    session.close()
    session.close()
    with pytest.raises(Refused):
        await waiting
    with pytest.raises(Refused) as refused:
        await session.accept_offer("v=0")
    assert refused.value.reason is Reason.GONE


async def test_a_session_needs_a_room(real: Real) -> None:
    with pytest.raises(Refused) as refused:
        real.sessions.open("nowhere", "m", Signalling())
    assert refused.value.reason is Reason.NOT_FOUND


async def test_a_full_node_refuses_sessions() -> None:
    engine = Engine(MediaConfig(workers=1, udp_port=0, max_peers=1))
    engine.start()
    room = engine.open_room("r", events=None)  # type: ignore[arg-type]
    room.open_peer("one", Signalling(), may_offer=True)  # type: ignore[arg-type]
    with pytest.raises(Refused) as refused:
        room.open_peer("two", Signalling(), may_offer=True)  # type: ignore[arg-type]
    assert refused.value.reason is Reason.TOO_MANY
    room.close()
    room.close()
    engine.close()
    engine.close()


@pytest.mark.parametrize(
    ("connected", "round_trip", "loss_in", "loss_out", "level"),
    [
        (True, None, 0.0, 0.0, 4),
        (True, 40.0, 0.0, 0.03, 3),
        (True, 600.0, 0.0, 0.0, 2),
        (True, 40.0, 0.5, 0.0, 1),
        (False, 40.0, 0.0, 0.0, 0),
    ],
)
def test_bars(
    connected: bool, round_trip: float | None, loss_in: float, loss_out: float, level: int
) -> None:
    quality = quality_of(
        connected=connected,
        round_trip=round_trip,
        loss_in=loss_in,
        loss_out=loss_out,
        available_bitrate=None,
    )
    assert quality.level == level
