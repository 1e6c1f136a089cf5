"""What accounts are to a room, its subject, and invitations into it."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from antiphon.core.standing import Affiliation
from antiphon.protocols.http.access import may_enter
from antiphon.protocols.http.caller import CurrentCaller
from antiphon.protocols.http.models import AddressText, Body, RoomPath, Text
from antiphon.protocols.http.room_views import AffiliationView, SubjectView
from antiphon.protocols.http.runtime import Live

router = APIRouter(prefix="/api/v1/rooms/{room}", tags=["rooms"])

Reason = Annotated[Text, Field(max_length=500, description="Why, for people.")]


class AffiliationList(BaseModel):
    """The accounts with one affiliation."""

    affiliations: list[AffiliationView]


class NewAffiliation(Body):
    """What an account shall be to the room."""

    affiliation: Affiliation = Field(description="`none`: nothing any more.")
    reason: Reason = ""


class NewSubject(Body):
    """What the room shall be about."""

    text: Text = Field(max_length=2000, description='"": nothing.')


class NewInvitation(Body):
    """Who shall come."""

    account: AddressText
    text: Reason = ""


@router.get("/affiliations")
async def list_affiliations(
    room: RoomPath,
    live: Live,
    caller: CurrentCaller,
    affiliation: Annotated[Affiliation, Query(description="Which ones.")] = Affiliation.MEMBER,
) -> AffiliationList:
    """The accounts that are this to the room, by address. For its owners and admins; members of a
    room for members only see each other.
    """
    found = await live.context.switchboard.affiliations(caller, room, affiliation)
    views = [AffiliationView.of(account, found[account]) for account in sorted(found)]
    return AffiliationList(affiliations=views)


@router.put("/affiliations/{account}", status_code=204)
async def affiliate(
    room: RoomPath, account: str, new: NewAffiliation, live: Live, caller: CurrentCaller
) -> None:
    """Make an account that to the room; an outcast who is inside has to go. For its owners, and
    among those below them for admins.
    """
    address = live.context.addresses.parse(account)
    await live.context.switchboard.affiliate(caller, room, address, new.affiliation, new.reason)


@router.get("/subject")
async def read_subject(room: RoomPath, live: Live, caller: CurrentCaller) -> SubjectView:
    """What the room is about now."""
    settings = await live.context.switchboard.settings(room)
    may_enter(live.context, caller, settings)
    return SubjectView.of(settings.subject)


@router.put("/subject")
async def set_subject(
    room: RoomPath, new: NewSubject, live: Live, caller: CurrentCaller
) -> SubjectView:
    """Say what the room is about: as one of its members, if the room lets them, or as its owner."""
    await live.context.switchboard.set_subject(caller, room, new.text)
    return SubjectView.of((await live.context.switchboard.settings(room)).subject)


@router.post("/invitations", status_code=204)
async def invite(room: RoomPath, new: NewInvitation, live: Live, caller: CurrentCaller) -> None:
    """Ask somebody into the room: their devices are told. Into a room for members only they come as
    members.
    """
    account = live.context.addresses.parse(new.account)
    await live.context.switchboard.invite_into(caller, room, account, new.text)
