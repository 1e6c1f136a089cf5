"""Messages of a room: older ones page by page, new ones from those inside, and what is done to them
later.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from antiphon.core import thread as threads
from antiphon.core.message import Span
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.http import message_views as views
from antiphon.protocols.http.access import may_look, settings_of, veil_of
from antiphon.protocols.http.caller import CurrentCaller
from antiphon.protocols.http.models import Limit, RoomPath
from antiphon.protocols.http.runtime import Live

router = APIRouter(prefix="/api/v1/rooms/{room}/messages", tags=["messages"])

Before = Annotated[str | None, Query(max_length=64, description="A message's id.")]
After = Annotated[
    str | None, Query(max_length=64, description="A message's id: those after it, oldest first.")
]
Search = Annotated[str, Query(max_length=200, description="Words that the text contains.")]
MessagePath = Annotated[
    str, Path(max_length=255, description="A message's id, or its sender's own id of it.")
]


def span_of(before: str | None, after: str | None, search: str, limit: int) -> Span:
    """What a query asks for. Raises `Refused(BAD_REQUEST)`."""
    if before is not None and after is not None:
        raise Refused(Reason.BAD_REQUEST, "Ask for what is before or after, not for both.")
    return Span(before=before, after=after, search=search, latest=after is None, limit=limit)


@router.get("")
async def read_messages(
    room: RoomPath,
    live: Live,
    caller: CurrentCaller,
    before: Before = None,
    after: After = None,
    search: Search = "",
    limit: Limit = 50,
) -> views.MessagePage:
    """The newest messages, or those before or after one of them."""
    context = live.context
    address = context.addresses.room(room)
    settings = await settings_of(context, address.local)
    if settings is None:
        raise Refused(Reason.NOT_FOUND, "There is no such room.")
    may_look(context, caller, settings)
    span = span_of(before, after, search, limit)
    found = await threads.read(context.messages, address, span)
    veil = veil_of(context, caller, settings)
    return views.MessagePage.of(found if veil is None else veil.thread(found))


@router.post("", status_code=201)
async def say(
    room: RoomPath, message: views.NewMessage, live: Live, caller: CurrentCaller
) -> views.MessageView:
    """Say something to the room, as one of its members. It is stored when this returns."""
    said = await live.context.switchboard.say(caller, room, message.draft())
    return views.MessageView.of(said)


@router.put("/{message}")
async def correct(
    room: RoomPath, message: MessagePath, text: views.NewText, live: Live, caller: CurrentCaller
) -> views.ChangeView:
    """Give a message of one's own another text."""
    draft = views.correction(message, text)
    return views.ChangeView.of(await live.context.switchboard.say(caller, room, draft))


@router.delete("/{message}", status_code=204)
async def retract(room: RoomPath, message: MessagePath, live: Live, caller: CurrentCaller) -> None:
    """Take a message back: one's own, or any for those who moderate the room."""
    await live.context.switchboard.say(caller, room, views.retraction(message))


@router.put("/{message}/reactions")
async def react(
    room: RoomPath,
    message: MessagePath,
    reactions: views.NewReactions,
    live: Live,
    caller: CurrentCaller,
) -> views.ChangeView:
    """React to a message, in place of what one reacted with before."""
    draft = views.reaction(message, reactions)
    return views.ChangeView.of(await live.context.switchboard.say(caller, room, draft))
