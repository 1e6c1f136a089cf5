"""The examples of `schema/threads.json`, with which clients are tested as well: what is done to
messages, and how they are shown then.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from antiphon.core.address import Address
from antiphon.core.message import Attachment, Draft, Message, MessageKind
from antiphon.core.thread import fold
from antiphon.protocols.web import spelling_people

ROOT = Path(__file__).resolve().parents[4]
VECTORS = json.loads((ROOT / "schema/threads.json").read_text("utf-8"))["vectors"]


def address(text: str) -> Address:
    local, _, domain = text.partition("@")
    return Address(local, domain, "phone")


def read(record: dict[str, Any]) -> Message:
    """A message or change as the core has it."""
    draft = Draft(
        kind=MessageKind(record.get("kind", "text")),
        text=record.get("text", ""),
        origin_id=record["origin_id"],
        about=record.get("about"),
        reply_to=record.get("reply_to"),
        reactions=tuple(record.get("reactions", ())),
        attachments=tuple(Attachment(**one) for one in record.get("attachments", ())),
    )
    return Message(
        id=record["id"],
        to=Address(record.get("room", "standup"), "rooms.example.org"),
        sender=address(record["sender"]),
        name=record["name"],
        sent_at=record["sent_at"],
        draft=draft,
    )


@pytest.mark.parametrize("vector", VECTORS, ids=[one["name"] for one in VECTORS])
def test_everybody_comes_to_the_same(vector: dict[str, Any]) -> None:
    messages = [read(one) for one in vector["messages"]]
    changes = [read(one) for one in vector["changes"]]
    shown = [spelling_people.shown(one, direct=False) for one in fold(messages, changes)]
    assert msgspec.to_builtins(shown) == vector["shown"]


@pytest.mark.parametrize("vector", VECTORS, ids=[one["name"] for one in VECTORS])
def test_changes_are_spelled_as_they_are_read(vector: dict[str, Any]) -> None:
    for record in vector["changes"]:
        assert msgspec.to_builtins(spelling_people.change(read(record))) == record
