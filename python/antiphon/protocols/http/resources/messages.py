"""Messages of a room: older ones page by page, and new ones from those inside."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from antiphon.core.message import Draft, Span
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.http.access import may_look, settings_of
from antiphon.protocols.http.caller import CurrentCaller
from antiphon.protocols.http.models import Body, Limit, MessageView, RoomPath, Text
from antiphon.protocols.http.runtime import Live

router = APIRouter(prefix="/api/v1/rooms/{room}/messages", tags=["messages"])


class NewMessage(Body):
    """A message to be said."""

    text: Text = Field(min_length=1, max_length=10_000)
    origin_id: Text | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="An id of the sender's own: the same one twice is one message.",
    )


class MessagePage(BaseModel):
    """Some messages, oldest first."""

    messages: list[MessageView]
    more: bool = Field(description="There are older ones.")


@router.get("")
async def read_messages(
    room: RoomPath,
    live: Live,
    caller: CurrentCaller,
    before: Annotated[str | None, Query(max_length=64, description="A message's id.")] = None,
    limit: Limit = 50,
) -> MessagePage:
    """The newest messages, or those before one of them."""
    context = live.context
    address = context.addresses.room(room)
    settings = await settings_of(context, address.local)
    if settings is None:
        raise Refused(Reason.NOT_FOUND, "There is no such room.")
    may_look(context, caller, settings)
    page = await context.messages.read(address, Span(before=before, limit=limit))
    views = [MessageView.of(message) for message in page.messages]
    return MessagePage(messages=views, more=page.more)


@router.post("", status_code=201)
async def say(
    room: RoomPath, message: NewMessage, live: Live, caller: CurrentCaller
) -> MessageView:
    """Say something to the room, as one of its members. It is stored when this returns."""
    said = await live.context.switchboard.say(
        caller, room, Draft(text=message.text, origin_id=message.origin_id)
    )
    return MessageView.of(said)
