"""A house of instant messaging for tests of its features."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.xmpp_house import TestHouse, opened


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[TestHouse]:
    """Alice, Bob, Carol and Root have accounts; nobody is there yet."""
    async with opened(tmp_path) as house:
        yield house
