"""How affiliations of a room change: settings in, settings out, and who inside is concerned.

Pure; who may change them is the policy's, what follows for members the room's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .address import Address
from .policy import Policy
from .ports import RoomSettings
from .reason import Reason, Refused
from .room import Room
from .room_member import Member
from .standing import Affiliation, Role, Standing

# Of one room: they are held in memory while it lives.
MAX_AFFILIATIONS = 5000


def affiliated(settings: RoomSettings, account: Address, standing: Standing) -> RoomSettings:
    """The room once `account` (bare) stands like that with it. Raises `Refused`: CONFLICT where no
    owner would be left, or for a name that is kept for another one; TOO_MANY.
    """
    _must_be_free(settings, account, standing.nick)
    others = {one: what for one, what in settings.affiliations.items() if one != account}
    owner = settings.owner
    if standing.affiliation is Affiliation.OWNER and owner is None:
        owner = account
    elif standing.affiliation is not Affiliation.OWNER and account in settings.owners:
        heir = next((one for one in settings.owners if one != account), None)
        if heir is None:
            raise Refused(Reason.CONFLICT, "A room has an owner: name another one first.")
        owner = heir if owner == account else owner
    if standing.affiliation is not Affiliation.NONE or standing.nick:
        others[account] = standing
    if len(others) > max(MAX_AFFILIATIONS, len(settings.affiliations)):
        raise Refused(Reason.TOO_MANY, "This room has too many affiliations.")
    return replace(settings, owner=owner, affiliations=others)


def _must_be_free(settings: RoomSettings, account: Address, nick: str) -> None:
    if nick and (settings.nick_holder(nick) or account) != account:
        raise Refused(Reason.CONFLICT, "That name is kept for somebody else.")


def without(settings: RoomSettings, account: Address) -> RoomSettings:
    """The room once an account (bare) is no more."""
    others = {one: what for one, what in settings.affiliations.items() if one != account}
    owner = settings.owner
    if owner == account:
        heirs = [one for one in settings.owners if one != account]
        owner = min(heirs, default=None)
    return replace(settings, owner=owner, affiliations=others)


@dataclass(frozen=True, slots=True)
class Consequences:
    """What other affiliations mean for those inside: who must go, and who has another role."""

    leaving: Mapping[str, Reason] = field(default_factory=dict[str, Reason])
    roles: Mapping[str, Role] = field(default_factory=dict[str, Role])


def consequences(room: Room, after: RoomSettings, policy: Policy) -> Consequences:
    """Of new settings for a room that lives."""
    leaving: dict[str, Reason] = {}
    roles: dict[str, Role] = {}
    for member in room.members.values():
        now = after.affiliation(member.caller.address)
        steers = member.caller.grants.admin
        if now is Affiliation.OUTCAST and not steers:
            leaving[member.id] = Reason.BANNED
        elif after.members_only and not steers and not now.covers(Affiliation.MEMBER):
            leaving[member.id] = Reason.MEMBERS_ONLY
        elif (role := _role(member, after, now, policy)) is not member.info.role:
            roles[member.id] = role
    return Consequences(leaving, roles)


def _role(member: Member, after: RoomSettings, now: Affiliation, policy: Policy) -> Role:
    """Admins moderate; who ceases to be one, or becomes a member, begins anew."""
    before, role = member.info.affiliation, member.info.role
    raised = now is not before and now.covers(before) and role is Role.LISTENER
    fell = before.covers(Affiliation.ADMIN) and not now.covers(Affiliation.ADMIN)
    rose = now.covers(Affiliation.ADMIN) and not before.covers(Affiliation.ADMIN)
    if raised or fell or rose:
        return policy.role(member.caller, after, opens=False)
    return role
