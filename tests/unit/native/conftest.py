"""A running engine and WebRTC clients of an independent implementation for it."""

from collections.abc import AsyncIterator

import pytest

from antiphon._native import Engine

from .driver import Driver


@pytest.fixture
async def driver() -> AsyncIterator[Driver]:
    """An engine on a free port of the loopback, with its events awaited by kind."""
    native = Engine(workers=1, udp_port=0, addresses=["127.0.0.1"])
    driver = Driver(native)
    try:
        yield driver
    finally:
        await driver.close()
