"""What moderators and admins ask for (XEP-0045 §8, §9): roles and affiliations, their lists."""

from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any
from xml.etree.ElementTree import Element

from antiphon.core.address import Address
from antiphon.core.change import Act, Moderate
from antiphon.core.reason import Reason, Refused
from antiphon.core.standing import Affiliation, Role
from antiphon.protocols.xmpp.feature import Request, Serve, StanzaError
from antiphon.protocols.xmpp.message import each, element, text_of

from .disco import room_asked
from .foyer import Foyer, caller_of, forbidden
from .names import ADMIN, ROLE_OF, ROLES
from .nicks import Seat
from .occupant import Occupant

Step = Callable[[], Coroutine[Any, Any, None]]
MOST_ITEMS = 100
# Bytes of the reasons in one list: some thousand accounts, each with one, would be too much.
OCTETS = 256 * 1024
AFFILIATIONS = {one.value: one for one in Affiliation}


class Admin:
    """Lists and changes."""

    def __init__(self, foyer: Foyer) -> None:
        self._foyer = foyer

    def requests(self) -> Iterable[Serve]:
        """muc#admin. A guest may be a moderator, too."""
        yield Serve("get", "query", ADMIN, self._list)
        yield Serve("set", "query", ADMIN, self._change, guests=True)

    # lists

    async def _list(self, request: Request) -> Element:
        item = next(each(request.payload(), "item"), None)
        if item is None:
            raise StanzaError("bad-request", "Say of which role or affiliation.")
        role, affiliation = item.get("role"), item.get("affiliation")
        made = element("query", ADMIN)
        if affiliation is not None:
            made.extend(await self._affiliated(request, _affiliation(affiliation)))
        elif role is not None and role in ROLE_OF:
            made.extend(self._in_role(request, ROLE_OF[role]))
        else:
            raise StanzaError("bad-request", "That is no role.")
        return made

    async def _affiliated(self, request: Request, affiliation: Affiliation) -> list[Element]:
        caller, room = caller_of(request.session), room_asked(request).local
        found = await self._foyer.switchboard.affiliations(caller, room, affiliation)
        items, left = [], OCTETS
        for account in sorted(found):
            standing = found[account]
            left -= len(standing.reason.encode())
            attributes = {
                "affiliation": affiliation.value,
                "jid": str(account),
                "nick": standing.nick or None,
            }
            made = element("item", ADMIN, attributes=attributes)
            if standing.reason and left >= 0:
                made.append(element("reason", ADMIN, standing.reason))
            items.append(made)
        return items

    def _in_role(self, request: Request, role: Role) -> list[Element]:
        occupant = self._moderator(request)
        fan = occupant.fan
        items = []
        for seat in () if fan is None else fan.nicks.seats:
            member = seat.speaks_for
            if member.info.role is role:
                attributes = {
                    "affiliation": member.info.affiliation.value,
                    "role": ROLES[role],
                    "nick": seat.nick,
                    "jid": str(member.caller.address) if occupant.sees_addresses else None,
                }
                items.append(element("item", ADMIN, attributes=attributes))
        return items

    def _moderator(self, request: Request) -> Occupant:
        occupant = self._foyer.must_be_in(request.session, room_asked(request).local)
        if occupant.member.info.role is not Role.MODERATOR:
            raise StanzaError("forbidden", "Only moderators may do this.")
        return occupant

    # changes

    async def _change(self, request: Request) -> None:
        """All that is asked for, or, where one thing is not allowed, nothing of it."""
        items = list(each(request.payload(), "item"))
        if not 0 < len(items) <= MOST_ITEMS:
            raise StanzaError("bad-request", f"From 1 to {MOST_ITEMS} items.")
        steps = [await self._step(request, one) for one in items]
        for step in steps:
            await step()

    async def _step(self, request: Request, item: Element) -> Step:
        reason = text_of(item, "reason") or ""
        role, affiliation = item.get("role"), item.get("affiliation")
        if affiliation is not None:
            account = self._account(request, item)
            return await self._affiliate(request, account, _affiliation(affiliation), reason)
        if role is not None and item.get("nick"):
            return self._set_role(request, item.get("nick", ""), role, reason)
        raise StanzaError("bad-request", "An item has a nick and a role, or an affiliation.")

    def _account(self, request: Request, item: Element) -> Address:
        if jid := item.get("jid"):
            try:
                account = self._foyer.jids.parse(jid).bare
            except Refused:
                raise StanzaError("jid-malformed") from None
            if not account.local:
                raise StanzaError("jid-malformed", "Affiliations are those of accounts.")
            return account
        return self._seat(request, item.get("nick", "")).account

    def _seat(self, request: Request, nick: str) -> Seat:
        fan = self._foyer.find_fan(room_asked(request).local)
        if fan is None or (seat := fan.nicks.find(nick)) is None:
            raise StanzaError("item-not-found", "Nobody has that name here.")
        return seat

    async def _affiliate(
        self, request: Request, account: Address, affiliation: Affiliation, reason: str
    ) -> Step:
        caller, room = caller_of(request.session), room_asked(request).local
        settings = await self._foyer.switchboard.settings(room)
        own = settings.affiliation(request.own)
        try:
            policy = self._foyer.switchboard.policy
            policy.may_affiliate(caller, settings, account, affiliation)
        except Refused as refused:
            instead = "not-allowed" if own.covers(Affiliation.ADMIN) else "forbidden"
            raise forbidden(refused, instead) from None
        if account == request.own and affiliation is Affiliation.OUTCAST:
            raise StanzaError("conflict", "You cannot ban yourself.")  # XEP-0045 §9.1
        return partial(
            self._foyer.switchboard.affiliate, caller, room, account, affiliation, reason
        )

    def _set_role(self, request: Request, nick: str, role: str, reason: str) -> Step:
        actor = self._moderator(request)
        seat = self._seat(request, nick)
        policy = self._foyer.switchboard.policy
        for member in seat.members:
            try:
                policy.may_moderate(actor.member, member)
            except Refused as refused:
                raise forbidden(refused, "not-allowed") from None
        if role == "none":
            acts = [Moderate(one.id, Act.REMOVE, reason=reason) for one in seat.members]
        elif role in ROLE_OF:
            acts = [
                Moderate(one.id, Act.SET_ROLE, role=ROLE_OF[role], reason=reason)
                for one in seat.members
            ]
        else:
            raise StanzaError("bad-request", "That is no role.")
        return partial(self._moderate, actor, acts)

    async def _moderate(self, actor: Occupant, acts: list[Moderate]) -> None:
        for act in acts:
            try:
                await self._foyer.switchboard.update(actor.room, actor.member_id, act)
            except Refused as refused:
                if refused.reason is not Reason.NOT_FOUND:  # else they have gone by themselves
                    raise


def _affiliation(word: str) -> Affiliation:
    if word not in AFFILIATIONS:
        raise StanzaError("bad-request", "That is no affiliation.")
    return AFFILIATIONS[word]
