"""What the API shows of contacts and of who is there, in the words of `schema/signalling.json`."""

from collections.abc import Sequence
from typing import Self

from pydantic import BaseModel, Field

from antiphon.core.address import Address
from antiphon.core.contact import Contact
from antiphon.core.presence import PresenceState, foremost


class DeviceView(BaseModel):
    """What one device says of its user."""

    device: str
    show: str
    note: str
    since: float
    idle_since: float | None = Field(description="When its user was last seen to do something.")


class PresenceView(BaseModel):
    """Whether somebody is there: what counts most of what the devices say."""

    account: str
    show: str = Field(description="busy, chat, available, away, xa (away for long) or offline.")
    note: str
    since: float | None
    devices: list[DeviceView]

    @classmethod
    def of(cls, account: Address, states: Sequence[PresenceState]) -> Self:
        """As those who may see it see it."""
        first = foremost(states)
        return cls(
            account=str(account),
            show="offline" if first is None else first.show,
            note="" if first is None else first.note,
            since=None if first is None else first.since,
            devices=[
                DeviceView(
                    device=state.device.device,
                    show=state.show,
                    note=state.note,
                    since=state.since,
                    idle_since=state.idle_since,
                )
                for state in states
            ],
        )


class ContactView(BaseModel):
    """Somebody in an account's list, or who asked to be."""

    address: str
    name: str
    groups: list[str]
    sees: bool = Field(description="The account sees their presence.")
    seen: bool = Field(description="They see the account's.")
    asked: bool = Field(description="The account asked to see them, and waits.")
    asking: bool = Field(description="They asked to see the account, and wait.")
    approved: bool = Field(description="They may see the account, and have not asked yet.")
    listed: bool = Field(description="In the list. Who only asks is not.")
    request: str = Field(description="What they wrote when they asked.")

    @classmethod
    def of(cls, contact: Contact) -> Self:
        """As it is stored."""
        return cls(
            address=str(contact.address),
            name=contact.name,
            groups=list(contact.groups),
            sees=contact.sees,
            seen=contact.seen,
            asked=contact.asked,
            asking=contact.asking,
            approved=contact.approved,
            listed=contact.listed,
            request=contact.request,
        )
