"""Rooms: those stored, and those in which somebody is now."""

import heapq
from dataclasses import replace
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from antiphon.core.policy import affiliation_of
from antiphon.core.ports import Caller, RoomSettings
from antiphon.core.reason import Reason, Refused
from antiphon.core.standing import Affiliation, Role
from antiphon.protocols.http.access import may_enter, sees
from antiphon.protocols.http.caller import CurrentCaller
from antiphon.protocols.http.models import Body, Limit, RoomPath, Text
from antiphon.protocols.http.room_views import RoomView
from antiphon.protocols.http.runtime import Live, Runtime

router = APIRouter(prefix="/api/v1/rooms", tags=["rooms"])


class Settings(Body):
    """What can be said of a stored room. What is absent has its default, or stays."""

    title: Text = Field("", max_length=200)
    description: Text = Field("", max_length=1000)
    guests: bool | None = Field(None, description="null: as the server's configuration says.")
    max_members: int | None = Field(None, ge=1, le=100_000)
    stage: int = Field(25, ge=0, le=1000, description="How many members' cameras are forwarded.")
    audience: bool = Field(False, description="Who joins without a grant to publish only listens.")
    moderated: bool = Field(False, description="Newcomers listen, and listeners do not write.")
    members_only: bool = Field(False, description="Only accounts with an affiliation come in.")
    password: Text = Field(
        "", max_length=60, description='Those without an affiliation need it; "": none.'
    )
    listed: bool = Field(True, description="Shown to those who do not know its name.")
    archived: bool = Field(True, description="Messages are kept.")
    history: int = Field(50, ge=0, le=1000, description="Last messages shown to newcomers.")
    addresses_for: Role = Field(
        Role.LISTENER, description="The lowest role that sees who is behind a name."
    )
    may_whisper: Role | None = Field(
        Role.LISTENER, description="The lowest role that writes to one member alone; null: nobody."
    )
    may_invite: Role | None = Field(Role.LISTENER, description="The lowest role that invites.")
    may_set_subject: Role | None = Field(
        Role.MODERATOR, description="The lowest role that sets the subject."
    )
    pin: str = Field(
        "",
        pattern=r"^([0-9]{4,16})?$",
        description='What those who dial in must press; "": nothing.',
    )


class NewRoom(Settings):
    """A room to be stored."""

    name: Text = Field(min_length=1, max_length=600)


class RoomPage(BaseModel):
    """Some rooms, by name."""

    rooms: list[RoomView]
    next: str | None = Field(description="`after` of the next page; null: this is the last.")


@router.get("")
async def list_rooms(
    live: Live,
    caller: CurrentCaller,
    after: Annotated[str | None, Query(max_length=600)] = None,
    limit: Limit = 100,
) -> RoomPage:
    """The rooms that the caller may see, page by page: a page may be short, and there may be a next
    one.
    """
    context = live.context
    stored = await context.rooms.page(after, limit, caller.address)
    living = (room.name for room in context.switchboard.rooms if after is None or room.name > after)
    names = {settings.name for settings in stored} | set(heapq.nsmallest(limit, living))
    page = sorted(names)[:limit]
    by_name = {settings.name: settings for settings in stored}
    # Whatever is stored under one of these names is in `stored`: names come in order in both.
    found = [_found(live, caller, name, by_name.get(name)) for name in page]
    shown = [
        view
        for settings, view in filter(None, found)
        if sees(context, caller, settings) and _is_listed(caller, settings)
    ]
    return RoomPage(rooms=shown, next=page[-1] if len(page) == limit else None)


@router.post("", status_code=201)
async def create_room(
    room: NewRoom, live: Live, caller: CurrentCaller, response: Response
) -> RoomView:
    """Store a new room."""
    name = live.context.addresses.room(room.name).local
    if await live.context.rooms.find(name) is not None:
        raise Refused(Reason.CONFLICT, "There is such a room already.")
    stored = await live.context.switchboard.set(caller, _settings(name, room))
    response.headers["Location"] = f"/api/v1/rooms/{quote(name)}"
    return _shown(live, caller, stored)


@router.get("/{room}")
async def read_room(room: RoomPath, live: Live, caller: CurrentCaller) -> RoomView:
    """A room's settings, and its figures while somebody is in it."""
    name = live.context.addresses.room(room).local
    may_enter(live.context, caller, RoomSettings(name=name, guests=True))
    found = _found(live, caller, name, await live.context.rooms.find(name))
    if found is None:
        raise Refused(Reason.NOT_FOUND, "There is no such room.")
    may_enter(live.context, caller, found[0])
    return found[1]


@router.put("/{room}")
async def store_room(
    room: RoomPath, settings: Settings, live: Live, caller: CurrentCaller, response: Response
) -> RoomView:
    """Store a room, or replace its settings."""
    name = live.context.addresses.room(room).local
    if await live.context.rooms.find(name) is None:
        response.status_code = 201
        response.headers["Location"] = f"/api/v1/rooms/{quote(name)}"
    stored = await live.context.switchboard.set(caller, _settings(name, settings))
    return _shown(live, caller, stored)


@router.patch("/{room}")
async def change_room(
    room: RoomPath, change: Settings, live: Live, caller: CurrentCaller
) -> RoomView:
    """Change some settings of a room, which lasts or not as before."""
    given = change.model_dump(exclude_unset=True)
    stored = await live.context.switchboard.change(
        caller, room, lambda before: replace(before, locked=False, **given)
    )
    return _shown(live, caller, stored)


@router.delete("/{room}", status_code=204)
async def remove_room(room: RoomPath, live: Live, caller: CurrentCaller) -> None:
    """End a room for good: those inside are told, its messages are deleted."""
    await live.context.switchboard.remove(caller, room)


def _settings(name: str, settings: Settings) -> RoomSettings:
    return RoomSettings(name=name, **settings.model_dump(exclude={"name"}))


def _shown(live: Runtime, caller: Caller, stored: RoomSettings) -> RoomView:
    address = str(live.context.addresses.room(stored.name))
    living = live.context.switchboard.find(stored.name)
    return RoomView.of(address, stored, stored.lasting, living, caller)


def _is_listed(caller: Caller, settings: RoomSettings) -> bool:
    """Rooms that are not listed are found by those who have to do with them."""
    own = affiliation_of(caller, settings)
    return settings.listed or own.covers(Affiliation.MEMBER)


def _found(
    live: Runtime, caller: Caller, name: str, stored: RoomSettings | None
) -> tuple[RoomSettings, RoomView] | None:
    room = live.context.switchboard.find(name)
    settings = stored or (room.settings if room is not None else None)
    if settings is None:
        return None
    address = str(live.context.addresses.room(name))
    return settings, RoomView.of(address, settings, stored is not None, room, caller)
