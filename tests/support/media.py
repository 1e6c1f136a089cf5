"""A switchboard over the real media engine, with nothing else of a node."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from antiphon.core.address import Addresses
from antiphon.core.policy import Policy
from antiphon.core.switchboard import Switchboard
from antiphon.media.config import MediaConfig
from antiphon.media.engine import Engine
from antiphon.media.session import EngineSessions
from tests.support.archive import MemoryMessages
from tests.support.fakes import DOMAIN, MemoryRooms, PlainNormalizer


@dataclass(frozen=True)
class Real:
    """A switchboard over the real media engine."""

    switchboard: Switchboard
    engine: Engine
    sessions: EngineSessions


@contextlib.asynccontextmanager
async def real_media(workers: int = 2) -> AsyncIterator[Real]:
    """Rooms of this process alone, on loopback."""
    engine = Engine(MediaConfig(workers=workers, udp_port=0))
    engine.start()
    switchboard = Switchboard(
        rooms=MemoryRooms(),
        messages=MemoryMessages(),
        media=engine,
        addresses=Addresses(DOMAIN, PlainNormalizer()),
        policy=Policy(guests=True),
    )
    yield Real(switchboard, engine, EngineSessions(engine))
    await switchboard.close()
    engine.close()
