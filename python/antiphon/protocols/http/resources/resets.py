"""Another password for whoever forgot theirs: an administrator hands out a one-time token."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from antiphon.protocols.http.caller import Administrator
from antiphon.protocols.http.models import Body, Password
from antiphon.protocols.http.runtime import Live, Network, people_of

from .accounts import AccountPath

router = APIRouter(prefix="/api/v1", tags=["accounts"])


class GivenReset(BaseModel):
    """A token for another password."""

    token: str = Field(description="Shown only now; works once.")
    link: str = Field(description="A page of this node that asks for the password.")
    expires_at: float


class Reset(Body):
    """Another password."""

    token: str = Field(min_length=1, max_length=64)
    password: Password


@router.post("/accounts/{account}/reset", status_code=201)
async def begin_reset(account: AccountPath, live: Live, caller: Administrator) -> GivenReset:
    """Make a token with which the account gets another password. For administrators."""
    people = people_of(live)
    own = caller.address.bare
    address = own if account == "me" else live.context.addresses.parse(account).bare
    given = await people.resets.begin(address)
    link = f"{people.base()}#reset={given.token}"
    return GivenReset(token=given.token, link=link, expires_at=given.expires_at)


@router.post("/auth/reset", status_code=204, tags=["auth"])
async def finish_reset(reset: Reset, live: Live, network: Network) -> None:
    """Give the account of the token another password."""
    live.logins.pass_through(network)
    await people_of(live).resets.finish(reset.token, reset.password)
