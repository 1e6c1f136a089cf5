"""Fixtures of these tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.support.node import Node, run_node

# A whole cast makes its accounts at once, from one address.
LIMITS = {"ANTIPHON_LIMITS_REGISTRATION_BURST": "20"}


@pytest_asyncio.fixture
async def node(tmp_path: Path, artifacts: Path) -> AsyncIterator[Node]:
    """A node in development mode with an empty data folder; its log is kept."""
    data = tmp_path / "data"
    data.mkdir()
    async with run_node(data, artifacts / "node.log", environment=LIMITS) as running:
        yield running
