"""Direct messages of one's own account: conversations, what is in them, how far one is with them,
and what the archive keeps. `me` stands for the caller's own; nobody reads those of others.
"""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from antiphon.core import thread as threads
from antiphon.core.address import Address
from antiphon.core.message import Draft, Message, MessageKind
from antiphon.core.people import Keep, Keeping
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.http import message_views as views
from antiphon.protocols.http.caller import CurrentCaller
from antiphon.protocols.http.models import AddressText, Body, Limit
from antiphon.protocols.http.runtime import Live, Runtime

from .accounts import AccountPath
from .messages import After, Before, MessagePath, Search, span_of

router = APIRouter(prefix="/api/v1/accounts/{account}", tags=["messages"])

PeerPath = Annotated[str, Path(max_length=600, description="With whom: `name@domain`.")]
Peers = Annotated[list[AddressText], Field(max_length=1000)]


class NewDirectMessage(views.NewMessage):
    """A direct message to be written."""

    to: AddressText


class ConversationPage(BaseModel):
    """Some conversations, the latest first."""

    conversations: list[views.ConversationView]
    next: str | None = Field(description="`before` of the next page; null: this is the last.")


class ArchiveSettings(Body):
    """What the archive keeps, from now on."""

    default: Keep = Field(Keep.ALWAYS, description="Of those who are not named below.")
    always: Peers = Field(default_factory=list[str])
    never: Peers = Field(default_factory=list[str])


@router.get("/messages")
async def read_messages(
    account: AccountPath,
    live: Live,
    caller: CurrentCaller,
    peer: Annotated[
        str | None, Query(alias="with", max_length=600, description="One conversation only.")
    ] = None,
    before: Before = None,
    after: After = None,
    search: Search = "",
    limit: Limit = 50,
) -> views.MessagePage:
    """The newest direct messages, or those before or after one of them."""
    archive = _own(live, caller, account)
    whom = None if peer is None else live.context.addresses.parse(peer).bare
    span = replace(span_of(before, after, search, limit), peer=whom)
    return views.MessagePage.of(await threads.read(live.context.messages, archive, span))


@router.post("/messages", status_code=201)
async def send(
    account: AccountPath, message: NewDirectMessage, live: Live, caller: CurrentCaller
) -> views.MessageView:
    """Write to somebody. It is stored when this returns."""
    _own(live, caller, account)
    sent = await live.context.switchboard.send(caller, message.to, message.draft())
    return views.MessageView.of(sent)


@router.get("/messages/{message}")
async def read_message(
    account: AccountPath, message: MessagePath, live: Live, caller: CurrentCaller
) -> views.MessageView:
    """One message."""
    archive = _own(live, caller, account)
    found = await _find(live, archive, message)
    shown = await threads.show(live.context.messages, archive, [found])
    if not shown:
        raise _unknown()
    return views.MessageView.shown(shown[0])


@router.put("/messages/{message}")
async def correct(
    account: AccountPath,
    message: MessagePath,
    text: views.NewText,
    live: Live,
    caller: CurrentCaller,
) -> views.ChangeView:
    """Give a message of one's own another text."""
    return await _change(live, caller, account, message, views.correction(message, text))


@router.delete("/messages/{message}", status_code=204)
async def retract(
    account: AccountPath, message: MessagePath, live: Live, caller: CurrentCaller
) -> None:
    """Take back a message of one's own, for everybody."""
    await _change(live, caller, account, message, views.retraction(message))


@router.put("/messages/{message}/reactions")
async def react(
    account: AccountPath,
    message: MessagePath,
    reactions: views.NewReactions,
    live: Live,
    caller: CurrentCaller,
) -> views.ChangeView:
    """React to a message, in place of what one reacted with before."""
    return await _change(live, caller, account, message, views.reaction(message, reactions))


@router.get("/conversations")
async def list_conversations(
    account: AccountPath,
    live: Live,
    caller: CurrentCaller,
    before: Before = None,
    limit: Limit = 50,
) -> ConversationPage:
    """With whom one exchanged messages, the latest first."""
    archive, messages = _own(live, caller, account), live.context.messages
    found = await messages.conversations(archive, limit + 1, before)
    listed = found[:limit]
    shown = await threads.show(messages, archive, [one.last for one in listed])
    lasts = {one.message.id: one for one in shown}
    return ConversationPage(
        conversations=[
            views.ConversationView.of(
                one, lasts.get(threads.subject(one.last)) or threads.plain(one.last)
            )
            for one in listed
        ],
        next=listed[-1].last.id if len(found) > limit else None,
    )


@router.delete("/conversations/{peer}", status_code=204)
async def forget_conversation(
    account: AccountPath, peer: PeerPath, live: Live, caller: CurrentCaller
) -> None:
    """Delete a conversation from one's own archive; the other keeps theirs."""
    archive = _own(live, caller, account)
    await live.context.messages.forget(archive, live.context.addresses.parse(peer).bare)


@router.put("/conversations/{peer}/mark", status_code=204)
async def mark(
    account: AccountPath, peer: PeerPath, mark: views.NewMark, live: Live, caller: CurrentCaller
) -> None:
    """Say how far one is with somebody's messages."""
    _own(live, caller, account)
    whom = live.context.addresses.parse(peer)
    await live.context.switchboard.mark(caller, whom, mark.mark, mark.message)


@router.get("/archive")
async def read_archive_settings(
    account: AccountPath, live: Live, caller: CurrentCaller
) -> ArchiveSettings:
    """What the archive keeps."""
    return _settings(await live.context.messages.keeping(_own(live, caller, account)))


@router.put("/archive")
async def change_archive_settings(
    account: AccountPath, settings: ArchiveSettings, live: Live, caller: CurrentCaller
) -> ArchiveSettings:
    """Keep other messages from now on; what is kept already stays."""
    archive, parse = _own(live, caller, account), live.context.addresses.parse
    keeping = Keeping(
        default=settings.default,
        always=frozenset(parse(one).bare for one in settings.always),
        never=frozenset(parse(one).bare for one in settings.never),
    )
    await live.context.messages.keep(archive, keeping)
    return _settings(keeping)


def _settings(keeping: Keeping) -> ArchiveSettings:
    return ArchiveSettings(
        default=keeping.default,
        always=sorted(map(str, keeping.always)),
        never=sorted(map(str, keeping.never)),
    )


async def _change(
    live: Runtime, caller: Caller, account: str, message: str, draft: Draft
) -> views.ChangeView:
    """Send what changes a message to those who have it."""
    archive = _own(live, caller, account)
    peer = (await _find(live, archive, message)).peer_of(archive)
    return views.ChangeView.of(await live.context.switchboard.send(caller, peer, draft))


async def _find(live: Runtime, archive: Address, message: str) -> Message:
    found = await live.context.messages.find(archive, message)
    if found is None or found.kind is not MessageKind.TEXT:
        raise _unknown()
    return found


def _unknown() -> Refused:
    return Refused(Reason.NOT_FOUND, "There is no such message.")


def _own(live: Runtime, caller: Caller, account: str) -> Address:
    """The archive of the caller. Raises `Refused(FORBIDDEN)` for that of others and for guests."""
    own = caller.address.bare
    if account != "me" and live.context.addresses.parse(account).bare != own:
        raise Refused(Reason.FORBIDDEN, "These are the messages of somebody else.")
    caller.must_be_whole()
    if own.is_guest:
        raise Refused(Reason.FORBIDDEN, "Please log in: nothing is kept of guests.")
    return own
