"""What the API shows: rooms, members, tracks and accounts as JSON, in the words of
`schema/signalling.json`.
"""

from typing import Annotated, Self

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from antiphon.core import member as core
from antiphon.core.call import CallInfo, CallState
from antiphon.core.description import Kind
from antiphon.core.member import Info, Role, Source
from antiphon.core.reason import Reason
from antiphon.stores.records import Role as AccountRole

from .context import Account, Step


def _printable(text: str) -> str:
    """Line breaks and tabs are text; other control characters are not (PostgreSQL stores no NUL at
    all).
    """
    if any(ord(letter) < 32 and letter not in "\n\r\t" for letter in text) or "\x7f" in text:
        raise ValueError("must not contain control characters")
    return text


Text = Annotated[str, AfterValidator(_printable)]
Name = Annotated[Text, Field(max_length=64, description="A name to be shown.")]
Password = Annotated[str, Field(min_length=1, max_length=1024)]
AddressText = Annotated[Text, Field(min_length=1, max_length=600, examples=["ann@example.org"])]
RoomPath = Annotated[str, Path(max_length=600, description="Name of the room.")]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]


class Body(BaseModel):
    """A request's body: unknown fields are errors, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid")


class MemberView(BaseModel):
    """Somebody present in a room."""

    id: str
    address: str
    name: str
    role: Role
    hand: bool
    present: bool
    joined_at: float
    endpoint: int | None
    stream: bool
    phone: bool = Field(description="A telephone: it takes one stream of each kind.")
    held: bool = Field(description="Has put the others on hold.")

    @classmethod
    def of(cls, info: Info) -> Self:
        """As the room shows it."""
        return cls(
            id=info.id,
            address=str(info.address),
            name=info.name,
            role=info.role,
            hand=info.hand,
            present=info.present,
            joined_at=info.joined_at,
            endpoint=info.endpoint,
            stream=info.stream,
            phone=info.phone,
            held=info.held,
        )


class TrackView(BaseModel):
    """One media source of a member."""

    id: str
    member: str
    kind: Kind
    source: Source
    muted: bool
    codec: str | None

    @classmethod
    def of(cls, track: core.Track) -> Self:
        """As the room shows it."""
        return cls(
            id=track.id,
            member=track.member,
            kind=track.kind,
            source=track.source,
            muted=track.muted,
            codec=track.codec,
        )


class AccountView(BaseModel):
    """An account."""

    address: str
    name: str
    role: AccountRole
    locked: bool = Field(description="Nobody can log in with it.")
    created_at: float

    @classmethod
    def of(cls, account: Account) -> Self:
        """As it is stored."""
        return cls(
            address=str(account.address),
            name=account.name,
            role=account.role,
            locked=account.disabled,
            created_at=account.created_at,
        )


class CallView(BaseModel):
    """A call, running or past."""

    id: str
    room: str
    caller: str
    caller_name: str
    callee: str = Field(description="As it was called: an account or a number.")
    video: bool
    state: CallState
    started_at: float
    answered_at: float | None
    ended_at: float | None = Field(description="null: it runs, or nobody knows (`lost`).")
    duration: float | None = Field(description="Seconds from answer to end.")
    by: str | None = Field(description="The device that answered.")
    reason: Reason | None = Field(description="Why it ended.")
    text: str

    @classmethod
    def of(cls, call: CallInfo) -> Self:
        """As it is recorded."""
        talked = call.answered_at is not None and call.ended_at is not None
        return cls(
            id=call.id,
            room=call.room,
            caller=str(call.caller),
            caller_name=call.caller_name,
            callee=str(call.callee),
            video=call.video,
            state=call.state,
            started_at=call.started_at,
            answered_at=call.answered_at,
            ended_at=call.ended_at,
            duration=(call.ended_at or 0) - (call.answered_at or 0) if talked else None,
            by=None if call.by is None else str(call.by),
            reason=call.reason,
            text=call.text,
        )


class StepView(BaseModel):
    """One message of the signalling of a call."""

    at: float
    sender: str
    receiver: str
    line: str
    text: str

    @classmethod
    def of(cls, step: Step) -> Self:
        """As it was kept."""
        return cls(
            at=step.at, sender=step.sender, receiver=step.receiver, line=step.line, text=step.text
        )
