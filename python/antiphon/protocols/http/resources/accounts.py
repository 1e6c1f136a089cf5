"""Accounts: who has a password here. `me` stands for the caller's own."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from antiphon.core.address import Address
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.http.caller import Administrator, CurrentCaller, MaybeCaller
from antiphon.protocols.http.context import Account
from antiphon.protocols.http.models import (
    AccountView,
    AddressText,
    Body,
    Limit,
    Name,
    Password,
)
from antiphon.protocols.http.runtime import Live, Network, Runtime, people_of
from antiphon.stores.records import AccountLimits, Role

router = APIRouter(prefix="/api/v1/accounts", tags=["accounts"])

AccountPath = Annotated[
    str, Path(max_length=600, description="`name@domain`, or `me`.", examples=["me"])
]


class NewAccount(Body):
    """An account to be made."""

    address: AddressText
    password: Password
    name: Name = ""
    role: Role = Role.USER
    invitation: str | None = Field(
        None, min_length=1, max_length=64, description="A token that allows it, and says the role."
    )


class LimitsView(Body):
    """What one account may use; null: as configured."""

    storage: int | None = Field(None, ge=0, le=1 << 60, description="Bytes of uploaded files.")
    message_rate: float | None = Field(None, ge=0, le=1e9, description="Messages a second.")
    sessions: int | None = Field(
        None, ge=0, le=1 << 30, description="Devices that are connected at once."
    )


class AccountChange(Body):
    """What is given is changed."""

    name: Name | None = None
    role: Role | None = Field(None, description="For administrators.")
    locked: bool | None = Field(
        None, description="Nobody can log in, and sessions end. For administrators."
    )
    limits: LimitsView | None = Field(None, description="For administrators.")


class PasswordChange(Body):
    """Another password."""

    password: Password
    current: Password | None = Field(
        None, description="The one now: needed for one's own, not by administrators for others."
    )


class AccountPage(BaseModel):
    """Some accounts, by address."""

    accounts: list[AccountView]
    next: str | None = Field(description="`after` of the next page; null: this is the last.")


@router.get("")
async def list_accounts(
    live: Live,
    _: Administrator,
    after: Annotated[str | None, Query(max_length=600)] = None,
    limit: Limit = 100,
) -> AccountPage:
    """All accounts, page by page. For administrators."""
    start = None if after is None else live.context.addresses.parse(after).bare
    found = await live.context.accounts.page(start, limit + 1)
    shown = [AccountView.of(account) for account in found[:limit]]
    return AccountPage(accounts=shown, next=shown[-1].address if len(found) > limit else None)


@router.post("", status_code=201)
async def create_account(
    account: NewAccount, live: Live, network: Network, caller: MaybeCaller, response: Response
) -> AccountView:
    """Make an account: administrators any, others with an invitation or, as simple users, where
    registration is open.
    """
    address = live.context.addresses.parse(account.address)
    if account.invitation is not None:
        live.logins.pass_through(network)
    elif caller is None or not caller.grants.admin:
        _may_register(live, network, account.role)
    if address.device or address.domain != live.context.addresses.domain:
        raise Refused(Reason.BAD_REQUEST, "An account is name@domain, of this server's domain.")
    made: Account
    name = _shown(live, account.name)
    if account.invitation is not None:
        invitations = people_of(live).invitations
        made, _ = await invitations.redeem(account.invitation, address, account.password, name=name)
    else:
        made = await live.context.accounts.create(
            address, account.password, name=name, role=account.role
        )
    response.headers["Location"] = f"/api/v1/accounts/{quote(str(made.address), safe='@')}"
    return AccountView.of(made)


def _may_register(live: Runtime, network: str, role: Role) -> None:
    if not live.context.registration or role is not Role.USER:
        raise Refused(Reason.FORBIDDEN, "Only administrators may do this.")
    live.registrations.pass_through(network)


@router.get("/{account}")
async def read_account(account: AccountPath, live: Live, caller: CurrentCaller) -> AccountView:
    """One's own account; any for administrators."""
    found = await live.context.accounts.find(own_address(live, caller, account))
    if found is None:
        raise Refused(Reason.NOT_FOUND, "There is no such account.")
    return AccountView.of(found)


@router.patch("/{account}")
async def change_account(
    account: AccountPath, change: AccountChange, live: Live, caller: CurrentCaller
) -> AccountView:
    """Change one's name; anything of anybody for administrators."""
    address = own_address(live, caller, account)
    if change.model_fields_set - {"name"} and not caller.grants.admin:
        raise Refused(Reason.FORBIDDEN, "Only administrators may do this.")
    limits = change.limits
    name = None if change.name is None else _shown(live, change.name)
    if name is not None and live.context.people is not None:
        await live.context.people.profiles.rename(address, name)  # which tells those who see it
    changed = await live.context.accounts.update(
        address,
        name=name,
        role=change.role,
        disabled=change.locked,
        limits=None if limits is None else AccountLimits(**limits.model_dump()),
    )
    return AccountView.of(changed)


@router.delete("/{account}", status_code=204)
async def remove_account(account: AccountPath, live: Live, caller: CurrentCaller) -> None:
    """Delete one's own account; any for administrators."""
    if not await live.context.accounts.remove(own_address(live, caller, account)):
        raise Refused(Reason.NOT_FOUND, "There is no such account.")


@router.put("/{account}/password", status_code=204)
async def change_password(
    account: AccountPath, change: PasswordChange, live: Live, caller: CurrentCaller
) -> None:
    """Give an account another password."""
    address = own_address(live, caller, account)
    if address == caller.address.bare or not caller.grants.admin:
        await _confirm(live, address, change.current)
    await live.context.accounts.set_password(address, change.password)


async def _confirm(live: Runtime, address: Address, password: str | None) -> None:
    if password is None:
        raise Refused(Reason.BAD_REQUEST, "Give the password of now as `current`.")
    live.passwords.check(str(address))
    try:
        await live.context.accounts.authenticate(address, password)
    except Refused as refused:
        if refused.reason is not Reason.UNAUTHORIZED:
            raise
        live.passwords.charge(str(address))
        # 401 would say that the token is bad.
        raise Refused(Reason.FORBIDDEN, "This is not the password of now.") from None


def own_address(live: Runtime, caller: Caller, account: str) -> Address:
    """The account that a path means, if the caller may touch it. Raises `Refused(FORBIDDEN)`."""
    caller.must_be_whole()
    if account == "me":
        address = caller.address.bare
    else:
        address = live.context.addresses.parse(account).bare
    if address != caller.address.bare and not caller.grants.admin:
        raise Refused(Reason.FORBIDDEN, "Only administrators may do this.")
    return address


def _shown(live: Runtime, name: str) -> str:
    return live.context.addresses.nickname(name) if name else ""
