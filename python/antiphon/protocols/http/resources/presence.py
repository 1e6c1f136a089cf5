"""Presence of accounts: who is there, for those who may see it."""

from fastapi import APIRouter
from pydantic import BaseModel

from antiphon.core.address import Address
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.http.caller import CurrentCaller
from antiphon.protocols.http.people_views import PresenceView
from antiphon.protocols.http.runtime import Live, Runtime, contacts_of

from .accounts import AccountPath

router = APIRouter(prefix="/api/v1", tags=["presence"])


class PresenceList(BaseModel):
    """Those who are there; all others are offline."""

    presence: list[PresenceView]


@router.get("/accounts/{account}/presence")
async def read_presence(account: AccountPath, live: Live, caller: CurrentCaller) -> PresenceView:
    """Whether somebody is there: oneself, or somebody who lets one see it. Any for
    administrators.
    """
    own = _account(caller)
    address = own if account == "me" else live.context.addresses.parse(account).bare
    if address != own and not await _sees(live, caller, address):
        # Who has an account here is not for everybody to find out.
        raise Refused(Reason.FORBIDDEN, "They do not let you see whether they are there.")
    return PresenceView.of(address, live.context.presence.of(address))


@router.get("/presence")
async def list_presence(live: Live, caller: CurrentCaller) -> PresenceList:
    """Who of one's contacts is there, and oneself."""
    own, presence = _account(caller), live.context.presence
    switchboard = live.context.switchboard
    contacts = await contacts_of(live).of(own)
    seen = [own, *(one.address for one in contacts if one.sees)]
    there = {one: presence.of(one) for one in seen if switchboard.may_see(caller, one)}
    return PresenceList(
        presence=[PresenceView.of(address, states) for address, states in there.items() if states]
    )


async def _sees(live: Runtime, caller: Caller, address: Address) -> bool:
    if caller.grants.admin:
        return True
    # Brings the list into memory, where the switchboard looks.
    await contacts_of(live).of(caller.address.bare)
    return live.context.switchboard.may_see(caller, address)


def _account(caller: Caller) -> Address:
    caller.must_be_whole()
    if caller.address.is_guest:
        raise Refused(Reason.FORBIDDEN, "Please log in to see who is there.")
    return caller.address.bare
