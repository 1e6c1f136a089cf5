"""Tokens for people: by password, or as a guest with a name only."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from antiphon.core.ports import Caller, Grants
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.http.access import settings_of
from antiphon.protocols.http.caller import CurrentCaller
from antiphon.protocols.http.context import Account, HttpContext, Token
from antiphon.protocols.http.guests import new_guest
from antiphon.protocols.http.models import AddressText, Body, Name, Password
from antiphon.protocols.http.runtime import Live, Network
from antiphon.stores.records import Role

router = APIRouter(prefix="/api/v1/auth", tags=["auth"])


class Login(Body):
    """Who logs in."""

    address: AddressText
    password: Password


class Guest(Body):
    """Who comes as a guest."""

    name: Name = Field(min_length=1)
    room: str | None = Field(
        None, max_length=600, description="The room to enter, where guests need an invitation."
    )


class TokenView(BaseModel):
    """A token: send it as `Authorization: Bearer …`, or in the first message of `/ws`."""

    token: str = Field(description="JWT with the claims `sub`, `name`, `iat`, `exp`, `grants`.")
    expires_at: float = Field(description="Seconds since 1970 (UTC).")
    address: str = Field(description="Whom it names.")


@router.post("/login")
async def log_in(login: Login, live: Live, network: Network) -> TokenView:
    """Turn an address and its password into a token."""
    live.logins.pass_through(network)
    address = live.context.addresses.parse(login.address).bare
    # Only wrong guesses are charged to the account, so that its owner can log in as often as they
    # like.
    live.passwords.check(str(address))
    try:
        account = await live.context.accounts.authenticate(address, login.password)
    except Refused as refused:
        if refused.reason is Reason.UNAUTHORIZED:
            live.passwords.charge(str(address))
        raise
    return _issue(live.context, caller_of(account), account.stamp)


@router.post("/guest")
async def come_as_guest(guest: Guest, live: Live, network: Network) -> TokenView:
    """Turn a name into a token, where guests are allowed."""
    live.guests.pass_through(network)
    context = live.context
    name = context.addresses.nickname(guest.name)
    grants = context.guests
    if grants is None:
        grants = await _invitation(context, guest.room)
    return _issue(context, Caller(address=new_guest(context), name=name, grants=grants))


@router.post("/renew")
async def renew(request: Request, live: Live, caller: CurrentCaller) -> TokenView:
    """Turn a token that was got here, and is still valid, into one that lasts longer: a session
    that goes on by it need not end. A guest stays the same guest.
    """
    context = live.context
    _, _, token = request.headers["authorization"].partition(" ")
    if caller.address.is_guest:
        await _must_be_welcome(context, caller)
        return _view(context.tokens.renew(token, caller), caller)
    account = await context.accounts.find(caller.address)
    # What it said may have been voided just before the account was looked up.
    await context.authenticator.verify(token)
    if account is None:
        raise Refused(Reason.FORBIDDEN, "This token cannot be renewed.")
    known = caller_of(account)
    return _view(context.tokens.renew(token, known, stamp=account.stamp), known)


async def _must_be_welcome(context: HttpContext, guest: Caller) -> None:
    """Guests may not be allowed any more. Raises `Refused`."""
    if context.guests is not None:
        return
    for room in guest.grants.rooms or ("",):
        settings = await settings_of(context, room) if room else None
        if settings is None or not settings.guests:
            raise Refused(Reason.FORBIDDEN, "Guests are not allowed here. Please log in.")


async def _invitation(context: HttpContext, room: str | None) -> Grants:
    """What a guest may where only some rooms welcome guests: that room, if it is one of them."""
    if room is not None:
        name = context.addresses.room(room).local
        settings = await settings_of(context, name)
        if settings is not None and settings.guests:
            return Grants(rooms=frozenset({name}), create=False)
    raise Refused(Reason.FORBIDDEN, "Guests are not allowed here. Please log in.")


def caller_of(account: Account) -> Caller:
    """An account as a caller."""
    admin = account.role is Role.ADMIN
    grants = Grants(admin=admin, moderate=admin or account.role is Role.MODERATOR)
    return Caller(
        address=account.address, name=account.name or account.address.local, grants=grants
    )


def _issue(context: HttpContext, caller: Caller, stamp: str | None = None) -> TokenView:
    return _view(context.tokens.issue(caller, stamp=stamp, renewable=True), caller)


def _view(token: Token, caller: Caller) -> TokenView:
    return TokenView(token=token.text, expires_at=token.expires_at, address=str(caller.address))
