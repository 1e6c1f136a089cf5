"""Presence of accounts: a first look at who is there."""

from fastapi import APIRouter

from antiphon.core.reason import Reason, Refused
from antiphon.protocols.http.caller import CurrentCaller
from antiphon.protocols.http.models import PresenceView
from antiphon.protocols.http.runtime import Live

from .accounts import AccountPath

router = APIRouter(prefix="/api/v1/accounts", tags=["presence"])


@router.get("/{account}/presence")
async def read_presence(account: AccountPath, live: Live, caller: CurrentCaller) -> PresenceView:
    """Whether somebody is there. For everybody with an account."""
    if caller.address.is_guest:
        raise Refused(Reason.FORBIDDEN, "Please log in to see who is there.")
    own = caller.address.bare
    address = own if account == "me" else live.context.addresses.parse(account).bare
    states = live.context.presence.of(address)
    if not states and address != own and await live.context.accounts.find(address) is None:
        raise Refused(Reason.NOT_FOUND, "There is no such account.")
    return PresenceView.of(address, states, caller)
