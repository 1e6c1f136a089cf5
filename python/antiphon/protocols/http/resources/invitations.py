"""Invitations: administrators make them, whoever has one makes an account."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from antiphon.core.reason import Reason, Refused
from antiphon.protocols.http.caller import Administrator
from antiphon.protocols.http.models import Body
from antiphon.protocols.http.runtime import Live, Network, people_of
from antiphon.stores.records import Invitation, Role

router = APIRouter(prefix="/api/v1/invitations", tags=["invitations"])


class NewInvitation(Body):
    """An invitation to be made."""

    role: Role = Role.USER
    room: str | None = Field(None, max_length=600, description="Where to go then.")
    ttl: float | None = Field(None, ge=60, le=366 * 86_400, description="Validity in seconds.")


class InvitationView(BaseModel):
    """An invitation, without its token."""

    id: str
    role: Role
    room: str | None
    made_by: str
    created_at: float
    expires_at: float


class GivenInvitation(InvitationView):
    """An invitation that was just made."""

    token: str = Field(description="Shown only now: `invitation` of `POST /api/v1/accounts`.")
    link: str = Field(description="A page of this node that asks for name and password.")


class InvitationToken(Body):
    """What was handed out."""

    token: str = Field(min_length=1, max_length=64)


class InvitationMeaning(BaseModel):
    """What a token invites to."""

    role: Role
    room: str | None
    expires_at: float


class InvitationList(BaseModel):
    """The latest first."""

    invitations: list[InvitationView]


@router.get("")
async def list_invitations(live: Live, _: Administrator) -> InvitationList:
    """Those that can be used. For administrators."""
    found = await people_of(live).invitations.all()
    return InvitationList(invitations=[InvitationView(**_fields(one)) for one in found])


@router.post("", status_code=201)
async def make_invitation(new: NewInvitation, live: Live, caller: Administrator) -> GivenInvitation:
    """Make one; its token is shown only in this answer. For administrators."""
    people = people_of(live)
    room = None if new.room is None else live.context.addresses.room(new.room).local
    made, given = await people.invitations.invite(
        str(caller.address.bare), role=new.role, room=room, ttl=new.ttl
    )
    link = f"{people.base()}#invitation={given.token}"
    return GivenInvitation(**_fields(made), token=given.token, link=link)


@router.post("/check")
async def check_invitation(
    invitation: InvitationToken, live: Live, network: Network
) -> InvitationMeaning:
    """What a token invites to, for pages that ask for name and password."""
    live.logins.pass_through(network)
    found = await people_of(live).invitations.find(invitation.token)
    return InvitationMeaning(role=found.role, room=found.room, expires_at=found.expires_at)


@router.delete("/{id}", status_code=204)
async def withdraw_invitation(
    id: Annotated[str, Path(pattern="^[0-9a-f]{16}$")], live: Live, _: Administrator
) -> None:
    """Let nobody use it any more. For administrators."""
    if not await people_of(live).invitations.withdraw(id):
        raise Refused(Reason.NOT_FOUND, "There is no such invitation.")


def _fields(invitation: Invitation) -> dict[str, Any]:
    return {name: getattr(invitation, name) for name in InvitationView.model_fields}
