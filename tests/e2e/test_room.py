"""People in real browsers meet on the room's page; knows what they see, hear and press there."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.meeting import all_leave, shares_screen, third_comes_late, two_meet
from tests.support.node import Node
from tests.support.participant import participate
from tests.support.person import ANN, BEN, CLEO

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


async def test_people_meet_chat_share_and_leave(
    node: Node, sound: None, tmp_path: Path, artifacts: Path
) -> None:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        ann = await enter(participate("chrome", ANN, tmp_path, artifacts))
        ben = await enter(participate("firefox", BEN, tmp_path, artifacts))
        cleo = await enter(participate("chrome", CLEO, tmp_path, artifacts))
        await two_meet(ann, ben, node.url, "standup")
        await third_comes_late(cleo, [ann, ben], node.url, "standup", artifacts)
        await shares_screen(ann, [ben, cleo], artifacts)
        await all_leave([ann, ben, cleo], "standup", artifacts)
