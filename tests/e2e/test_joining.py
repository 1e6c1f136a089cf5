"""Joining at the same moment: offers of both sides cross, and nobody stays without the other."""

import asyncio
from pathlib import Path

import pytest

from tests.support.node import Node
from tests.support.participant import everybody_meets, participate
from tests.support.person import ANN, BEN

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

ROUNDS = 8


async def test_two_who_join_at_once_always_meet(
    node: Node, browser_driver: None, tmp_path: Path, artifacts: Path
) -> None:
    async with (
        participate("chrome", ANN, tmp_path, artifacts) as ann,
        participate("chrome", BEN, tmp_path, artifacts) as ben,
    ):
        for number in range(ROUNDS):
            room = f"crossing-{number}"
            await asyncio.gather(ann.enter(node.url, room), ben.enter(node.url, room))
            await everybody_meets([ann, ben], 15)
