"""Who is told what happens in a room by XMPP, as far as those who tell need to know."""

from collections.abc import Iterable
from typing import Protocol

from antiphon._native import Stanza
from antiphon.core.room_member import Member
from antiphon.protocols.xmpp.session import Session

from .nicks import Seat


class Told(Protocol):
    """An occupant, as far as it is told what happens (`Occupant`)."""

    @property
    def member_id(self) -> str:
        """Its member in the room."""

    @property
    def member(self) -> Member:
        """That member. Raises `Refused(NOT_FOUND)`."""

    @property
    def session(self) -> Session:
        """Where it is told."""

    @property
    def ready(self) -> bool:
        """Whether it has been told who is here, and hears what happens from now on."""

    @property
    def presence(self) -> Stanza:
        """What its client said last of how it is there."""

    @property
    def sees_addresses(self) -> bool:
        """Whether it is shown who is behind a name."""

    def show_own(self, seat: Seat, statuses: Iterable[int] = ()) -> None:
        """Its own presence, as the room reflects it."""

    def send(
        self,
        name: str,
        *children: bytes,
        from_: str,
        kind: str | None = None,
        id: str | None = None,
    ) -> None:
        """A stanza to this client alone."""
