"""Instant messaging with slixmpp, an independent client, against a real node."""

import pytest

from tests.support.node import Node
from tests.support.telephony import make_account
from tests.support.xmpp_person import slix_person

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]


async def test_two_talk(node: Node) -> None:
    for name in ("ann", "ben"):
        await make_account(node, name)
    async with slix_person(node, "ann") as ann, slix_person(node, "ben") as ben:
        await ben.hears("its own presence", lambda one: one["from"] == ben.boundjid)
        ann.send_message("ben@localhost", "naïve & <b>", mtype="chat")
        message = await ben.hears_text("naïve & <b>")
        assert message["from"] == ann.boundjid
        ben.send_message(message["from"], "hello", mtype="chat")
        assert (await ann.hears_text("hello"))["from"] == ben.boundjid
