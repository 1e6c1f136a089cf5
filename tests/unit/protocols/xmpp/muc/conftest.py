from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from antiphon.protocols.xmpp.muc.foyer import MucConfig
from tests.support.xmpp_muc import Hall, opened


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    """Rooms for XMPP clients, and a switchboard behind them."""
    async with opened(tmp_path, MucConfig(lock=True)) as made:
        yield made
