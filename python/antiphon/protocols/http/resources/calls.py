"""Calls: those that run, and what is recorded of past ones."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from antiphon.core.address import Address
from antiphon.core.call import CallInfo
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.http.caller import Administrator, CurrentCaller
from antiphon.protocols.http.models import CallView, Limit, StepView
from antiphon.protocols.http.runtime import Live, Runtime

router = APIRouter(prefix="/api/v1/calls", tags=["calls"])

CallPath = Annotated[str, Path(max_length=256, description="Id of the call.")]


class CallPage(BaseModel):
    """Some calls, the latest first."""

    calls: list[CallView]
    more: bool = Field(description="There are older ones: ask for those `before` the last.")


class Ladder(BaseModel):
    """The signalling of a call, in order."""

    steps: list[StepView]


@router.get("")
async def list_calls(
    live: Live,
    caller: CurrentCaller,
    account: Annotated[
        str | None,
        Query(max_length=600, description="Whose: `me`, or for administrators anybody's."),
    ] = None,
    before: Annotated[str | None, Query(max_length=256, description="A call's id.")] = None,
    limit: Limit = 50,
) -> CallPage:
    """One's own calls, made and received; for administrators, unless they say whose, all."""
    found, more = await live.context.calls.page(_whose(live, caller, account), before, limit)
    return CallPage(calls=[CallView.of(call) for call in found], more=more)


@router.get("/{call}")
async def read_call(call: CallPath, live: Live, caller: CurrentCaller) -> CallView:
    """A call: for those who made or received it, and administrators."""
    found = live.context.switchboard.call_info(call) or await live.context.calls.find(call)
    if found is None or not _concerns(caller, found):
        raise Refused(Reason.NOT_FOUND, "There is no such call.")
    return CallView.of(found)


@router.get("/{call}/ladder")
async def read_ladder(call: CallPath, live: Live, _: Administrator) -> Ladder:
    """Who sent what to whom, as far as it is still remembered. For administrators."""
    ladder = live.context.ladder
    steps = [] if ladder is None else [StepView.of(step) for step in ladder(call)]
    return Ladder(steps=steps)


def _whose(live: Runtime, caller: Caller, account: str | None) -> Address | None:
    caller.must_be_whole()
    own = caller.address.bare
    if account is None:
        return None if caller.grants.admin else own
    wanted = own if account == "me" else live.context.addresses.callee(account).bare
    if wanted != own and not caller.grants.admin:
        raise Refused(Reason.FORBIDDEN, "Only administrators may see the calls of others.")
    return wanted


def _concerns(caller: Caller, call: CallInfo) -> bool:
    parties = {one.bare for one in (call.caller, call.callee, call.by) if one is not None}
    return caller.grants.admin or (caller.address.bare in parties and not caller.is_confined)
