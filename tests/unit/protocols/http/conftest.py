"""The application among fakes, for each test anew."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.unit.protocols.http.stand import Stand, stand


@pytest_asyncio.fixture
async def here() -> AsyncIterator[Stand]:
    """An application with the defaults, where guests are allowed."""
    async with stand() as made:
        yield made
