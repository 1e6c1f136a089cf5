"""By which ids XMPP clients know messages that others changed or answered: archives have their own
(XEP-0359), clients name messages of two by what the sender called them (XEP-0308 §3, XEP-0424 §4,
XEP-0444 §4.1, XEP-0461 §3.1).
"""

from dataclasses import replace
from typing import Protocol

from antiphon._native import Stanza
from antiphon.core.address import Address
from antiphon.core.message import Message

from .adapter import FORM, message_id


class Finding(Protocol):
    """What is asked of archives."""

    async def find(self, archive: Address, reference: str) -> Message | None:
        """A message by its id."""


def needs_names(message: Message) -> bool:
    """Whether a message names others in the words of archives."""
    draft = message.draft
    if draft.original is not None and draft.original.form == FORM:
        return False
    return draft.about is not None or draft.reply_to is not None


async def named(messages: Finding, archive: Address, message: Message) -> Message:
    """The message, naming others as XMPP clients do."""
    draft = message.draft
    about = draft.about and await _name(messages, archive, draft.about)
    reply_to = draft.reply_to and await _name(messages, archive, draft.reply_to)
    return replace(message, draft=replace(draft, about=about, reply_to=reply_to))


async def _name(messages: Finding, archive: Address, id: str) -> str:
    found = await messages.find(archive, id)
    if found is None:
        return id
    original = found.draft.original
    if found.origin_id is None and original is not None and original.form == FORM:
        return Stanza(original.data).id or id
    return message_id(found)
