"""Rooms as the API shows them: settings, figures, subject and affiliations."""

from typing import Self

from pydantic import BaseModel, Field

from antiphon.core.address import Address
from antiphon.core.member import Receive
from antiphon.core.policy import affiliation_of
from antiphon.core.ports import Caller, RoomSettings, Subject
from antiphon.core.room import Room
from antiphon.core.standing import Affiliation, Role, Standing


class SubjectView(BaseModel):
    """What the room is about now."""

    text: str
    by: str | None = Field(description="Address of who set it; null: nobody did.")
    name: str = Field(description="Their name then.")
    at: float = Field(description="Seconds since 1970 (UTC); 0: never.")

    @classmethod
    def of(cls, subject: Subject) -> Self:
        """As it is kept."""
        by = None if subject.by is None else str(subject.by)
        return cls(text=subject.text, by=by, name=subject.name, at=subject.at)


class AffiliationView(BaseModel):
    """What an account is to a room."""

    account: str
    affiliation: Affiliation
    reason: str
    nick: str = Field(description='The name that is kept for it; "": none.')

    @classmethod
    def of(cls, account: Address, standing: Standing) -> Self:
        """As it is kept."""
        return cls(
            account=str(account),
            affiliation=standing.affiliation,
            reason=standing.reason,
            nick=standing.nick,
        )


class LiveView(BaseModel):
    """Figures of a room in which somebody is now."""

    opened_at: float
    members: int
    tracks: int
    receivers: dict[Receive, int] = Field(description="How many want to receive what.")
    speaker: str | None = Field(description="Member id of the current speaker.")

    @classmethod
    def of(cls, room: Room) -> Self:
        """As the room is now."""
        receivers: dict[Receive, int] = {}
        for member in room.members.values():
            receivers[member.receive] = receivers.get(member.receive, 0) + 1
        return cls(
            opened_at=room.opened_at,
            members=len(room.members),
            tracks=len(room.tracks),
            receivers=receivers,
            speaker=room.speaker,
        )


class RoomView(BaseModel):
    """A room: its settings, and its figures while somebody is in it."""

    name: str
    address: str
    title: str
    description: str
    subject: SubjectView
    owner: str | None
    guests: bool | None = Field(description="null: as the server's configuration says.")
    max_members: int | None
    stage: int = Field(description="How many members' cameras are forwarded at once.")
    audience: bool = Field(description="Who joins without a grant to publish only listens.")
    moderated: bool = Field(description="Newcomers listen, and listeners do not write.")
    members_only: bool = Field(description="Only accounts with an affiliation come in.")
    listed: bool = Field(description="Shown to those who do not know its name.")
    archived: bool = Field(description="Messages are kept.")
    history: int = Field(description="How many of the last messages newcomers are shown.")
    addresses_for: Role = Field(description="The lowest role that sees who is behind a name.")
    may_whisper: Role | None = Field(description="The lowest role that writes to one alone.")
    may_invite: Role | None = Field(description="The lowest role that invites.")
    may_set_subject: Role | None = Field(description="The lowest role that sets the subject.")
    affiliation: Affiliation = Field(description="What the caller is to the room.")
    stored: bool = Field(description="False: the room ends with its last member.")
    created_at: float
    live: LiveView | None = Field(description="null: nobody is in it.")
    pin: str | None = Field(
        description='What those who dial in must press, "": nothing. For owners and'
        " administrators; null for all others."
    )
    password: str | None = Field(
        description='What those without an affiliation need to come in, "": nothing. For owners'
        " and administrators; null for all others."
    )

    @classmethod
    def of(
        cls, address: str, settings: RoomSettings, stored: bool, live: Room | None, caller: Caller
    ) -> Self:
        """From what is stored and what lives, as `caller` may see it."""
        owns = affiliation_of(caller, settings) is Affiliation.OWNER
        return cls(
            name=settings.name,
            address=address,
            title=settings.title,
            description=settings.description,
            subject=SubjectView.of(settings.subject),
            owner=None if settings.owner is None else str(settings.owner),
            guests=settings.guests,
            max_members=settings.max_members,
            stage=settings.stage,
            audience=settings.audience,
            moderated=settings.moderated,
            members_only=settings.members_only,
            listed=settings.listed,
            archived=settings.archived,
            history=settings.history,
            addresses_for=settings.addresses_for,
            may_whisper=settings.may_whisper,
            may_invite=settings.may_invite,
            may_set_subject=settings.may_set_subject,
            affiliation=settings.affiliation(caller.address),
            stored=stored,
            created_at=settings.created_at,
            live=None if live is None else LiveView.of(live),
            pin=settings.pin if owns else None,
            password=settings.password if owns else None,
        )
