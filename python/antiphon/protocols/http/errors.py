"""Errors as problem details (RFC 9457): one table from our reasons to status codes, one shape for
all of them.

It knows no resource. Whatever goes wrong anywhere below the application ends here, never in a
traceback for the peer.
"""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from antiphon.core.reason import Reason, Refused

from .methods import allowed_methods

log = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"

STATUS: Mapping[Reason, int] = {
    Reason.BAD_REQUEST: 400,
    Reason.UNAUTHORIZED: 401,
    Reason.FORBIDDEN: 403,
    Reason.BANNED: 403,
    Reason.MEMBERS_ONLY: 403,
    Reason.PASSWORD: 403,
    Reason.NOT_FOUND: 404,
    Reason.CONFLICT: 409,
    Reason.GONE: 410,
    Reason.TOO_LARGE: 413,
    Reason.UNSUPPORTED: 415,
    Reason.TOO_MANY: 429,
    Reason.INTERNAL: 500,
    Reason.BUSY: 503,
    Reason.DRAINING: 503,
    Reason.UNAVAILABLE: 503,
    Reason.TIMEOUT: 504,
    # Why a membership ended: what was asked for is no more.
    Reason.LEFT: 410,
    Reason.REMOVED: 410,
    Reason.CLOSED: 410,
    Reason.REPLACED: 410,
    Reason.LOST: 410,
    # Why a call ended: the same.
    Reason.DECLINED: 410,
    Reason.CANCELLED: 410,
    Reason.ELSEWHERE: 410,
    Reason.TRANSFERRED: 410,
}

# The other way, for what the framework itself refuses.
_REASONS: Mapping[int, Reason] = {
    **{status: reason for reason, status in reversed(list(STATUS.items()))},
    405: Reason.UNSUPPORTED,
    406: Reason.UNSUPPORTED,
    408: Reason.TIMEOUT,
}


class FieldError(BaseModel):
    """One thing that is wrong with the request."""

    field: str = Field(description="Where: `body.name`, `query.limit`, `path.room`.")
    detail: str = Field(description="What is wrong with it, for people.")


class Problem(BaseModel):
    """Problem details (RFC 9457 §3)."""

    type: str = Field("about:blank", description="Kind of problem: said by status and reason.")
    title: str = Field(description="The status code's own words.")
    status: int = Field(description="HTTP status code.")
    detail: str = Field(description="What went wrong, for people.")
    reason: str = Field(description="What went wrong, for programs: the reasons of `/ws`.")
    request_id: str | None = Field(None, description="Names the request in the server's log.")
    errors: list[FieldError] | None = Field(None, description="What is wrong, field by field.")


class HttpRefused(Refused):
    """A refusal whose status or header fields say more than its reason does."""

    def __init__(
        self,
        reason: Reason,
        text: str,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(reason, text)
        self.status = STATUS[reason] if status is None else status
        self.headers = dict(headers or {})


def problem_response(
    request_id: str | None,
    reason: Reason,
    detail: str,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[FieldError] | None = None,
) -> Response:
    """The response that says so. 401 asks for a bearer token (RFC 6750 §3)."""
    code = STATUS[reason] if status is None else status
    problem = Problem(
        type="about:blank",
        title=HTTPStatus(code).phrase,
        status=code,
        detail=detail,
        reason=reason.value,
        request_id=request_id,
        errors=None if errors is None else list(errors),
    )
    fields = {"Cache-Control": "no-store", **(headers or {})}
    if code == 401:
        fields.setdefault("WWW-Authenticate", 'Bearer realm="antiphon"')
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=code,
        headers=fields,
        media_type=PROBLEM_TYPE,
    )


def install(app: FastAPI) -> None:
    """Turn every expected exception of `app` into problem details."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def request_id_of(request: Request) -> str | None:
    """The id that the outermost middleware gave the request."""
    state: Mapping[str, Any] = request.scope.get("state", {})
    found = state.get("request_id")
    return found if isinstance(found, str) else None


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    status = error.status if isinstance(error, HttpRefused) else None
    headers = error.headers if isinstance(error, HttpRefused) else {}
    if error.reason in (Reason.BUSY, Reason.DRAINING, Reason.TOO_MANY):
        headers = {"Retry-After": "5", **headers}
    if error.reason is Reason.INTERNAL:
        log.error("request %s failed: %s", request_id_of(request), error.text)
    return problem_response(
        request_id_of(request), error.reason, error.text, status=status, headers=headers
    )


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [
        FieldError(field=".".join(str(part) for part in row["loc"]), detail=str(row["msg"]))
        for row in error.errors()[:20]
    ]
    return problem_response(
        request_id_of(request),
        Reason.BAD_REQUEST,
        "The request is not valid: see `errors`.",
        errors=errors,
    )


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(
            allowed_methods(request.app.routes, request.url.path) or [headers.get("Allow", "")]
        )
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers)
    detail = _WORDS.get(error.status_code, str(error.detail))
    reason = _REASONS.get(error.status_code, Reason.BAD_REQUEST)
    return problem_response(
        request_id_of(request),
        reason,
        detail,
        status=error.status_code,
        headers=headers,
    )


_WORDS: Mapping[int, str] = {
    404: "There is nothing at this address.",
    405: "This method is not for this address: see `Allow`.",
}
