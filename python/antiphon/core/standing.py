"""What somebody may do in a room, as values: a role while they are there, an affiliation whether
they are there or not.
"""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a member may do: each role may do what those before it may."""

    LISTENER = "listener"
    SPEAKER = "speaker"
    MODERATOR = "moderator"

    def covers(self, needed: "Role | None") -> bool:
        """Whether this role suffices where at least `needed` is asked for; None: nobody's does."""
        return needed is not None and _ROLES[self] >= _ROLES[needed]


class Affiliation(StrEnum):
    """What an account is to a room: each may do what those before it may. An outcast may not even
    enter.
    """

    OUTCAST = "outcast"
    NONE = "none"
    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        """Grows with what it allows."""
        return _AFFILIATIONS[self]

    def covers(self, needed: "Affiliation") -> bool:
        """Whether this affiliation suffices where at least `needed` is asked for."""
        return _AFFILIATIONS[self] >= _AFFILIATIONS[needed]


_ROLES = {role: rank for rank, role in enumerate(Role)}
_AFFILIATIONS = {affiliation: rank for rank, affiliation in enumerate(Affiliation)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An account's affiliation with a room. `reason`: why, in words. `nick`: the name that is kept
    for it there.
    """

    affiliation: Affiliation
    reason: str = ""
    nick: str = ""
