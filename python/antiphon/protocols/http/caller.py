"""Who asks: the bearer token of a request (RFC 6750 §2.1) becomes a caller.

It decides nothing about rooms or accounts; `access.py` and the resources do.
"""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused

from .runtime import Live

_bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    scheme_name="token",
    description="A token from `/api/v1/auth/login`, `/api/v1/auth/guest` or `antiphon token`.",
)
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]

TOKEN_LIMIT = 8192


async def _caller_or_none(request: Request, live: Live, credentials: _Credentials) -> Caller | None:
    if credentials is None:
        if "authorization" in request.headers:
            raise Refused(Reason.UNAUTHORIZED, "Send a bearer token.")
        return None
    if len(credentials.credentials) > TOKEN_LIMIT:
        raise Refused(Reason.UNAUTHORIZED, "The token is not valid.")
    caller = await live.context.authenticator.verify(credentials.credentials)
    live.account_requests.pass_through(str(caller.address.bare))
    return caller


MaybeCaller = Annotated[Caller | None, Depends(_caller_or_none)]
"""Whom the token of a request names; None without one. A bad token is refused."""


async def _caller(caller: MaybeCaller) -> Caller:
    if caller is None:
        raise Refused(Reason.UNAUTHORIZED, "Log in first: this needs a token.")
    return caller


CurrentCaller = Annotated[Caller, Depends(_caller)]
"""Whom the token of a request names. Plug-ins use it as well."""


async def _administrator(caller: CurrentCaller) -> Caller:
    if not caller.grants.admin:
        raise Refused(Reason.FORBIDDEN, "Only administrators may do this.")
    return caller


Administrator = Annotated[Caller, Depends(_administrator)]
"""The same, who must be an administrator."""
