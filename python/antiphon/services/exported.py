"""Files of an account's export: what it wrote and was written, whom it knows, and its calls."""

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from functools import partial
from typing import Any

from antiphon.core.call import CallInfo
from antiphon.core.contact import Contact
from antiphon.core.message import Message, Span
from antiphon.core.people import Contacts, Messages
from antiphon.stores import calls as statements
from antiphon.stores.database import Database
from antiphon.stores.records import Account

from .exports import Exporter, File

PAGE = 200


def messages_exporter(messages: Messages) -> Exporter:
    """`messages.jsonl`: all messages of the account's archive, oldest first, one a line."""

    async def export(account: Account) -> AsyncIterator[File]:
        yield "messages.jsonl", _messages(messages, account)

    return export


def contacts_exporter(contacts: Contacts) -> Exporter:
    """`contacts.json`: its list, and whom it blocks."""

    async def export(account: Account) -> AsyncIterator[File]:
        found = [_contact(one) for one in await contacts.of(account.address)]
        blocked = list(await contacts.blocked(account.address))
        shown = {"contacts": found, "blocked": blocked}
        yield "contacts.json", _once(json.dumps(shown, ensure_ascii=False, indent=1).encode())

    return export


def calls_exporter(database: Database) -> Exporter:
    """`calls.jsonl`: the calls that it made and received, the latest first, one a line."""

    async def export(account: Account) -> AsyncIterator[File]:
        yield "calls.jsonl", _calls(database, account)

    return export


async def _calls(database: Database, account: Account) -> AsyncIterator[bytes]:
    before = None
    while True:
        page = await database.read(
            partial(statements.page, account=account.address, before=before, limit=PAGE)
        )
        if page:
            yield b"".join(_call(call) for call in page)
        if len(page) < PAGE:
            return
        before = page[-1].id


def _call(call: CallInfo) -> bytes:
    shown: dict[str, Any] = {
        "id": call.id,
        "caller": str(call.caller),
        "caller_name": call.caller_name,
        "callee": str(call.callee),
        "video": call.video,
        "started_at": call.started_at,
        "answered_at": call.answered_at,
        "ended_at": call.ended_at,
        "answered_by": None if call.by is None else str(call.by),
        "reason": None if call.reason is None else call.reason.value,
    }
    kept = {name: value for name, value in shown.items() if value is not None}
    return json.dumps(kept, ensure_ascii=False).encode() + b"\n"


async def _messages(messages: Messages, account: Account) -> AsyncIterator[bytes]:
    after = None
    while True:
        page = await messages.read(account.address, Span(after=after, latest=False, limit=PAGE))
        if page.messages:
            yield b"".join(_line(message) for message in page.messages)
            after = page.messages[-1].id
        if not page.more:
            return


def _line(message: Message) -> bytes:
    draft = message.draft
    shown: dict[str, Any] = {
        "id": message.id,
        "to": str(message.to),
        "sender": str(message.sender),
        "name": message.name,
        "sent_at": message.sent_at,
        "kind": str(draft.kind),
        "text": draft.text,
        "about": draft.about,
        "reply_to": draft.reply_to,
        "reactions": list(draft.reactions),
        "attachments": [asdict(one) for one in draft.attachments],
    }
    kept = {name: value for name, value in shown.items() if value not in (None, [], "")}
    return json.dumps(kept, ensure_ascii=False).encode() + b"\n"


def _contact(contact: Contact) -> dict[str, Any]:
    return {**asdict(contact), "address": str(contact.address)}


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
