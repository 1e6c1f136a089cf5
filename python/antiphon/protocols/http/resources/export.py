"""All that is kept of an account, as one archive."""

from datetime import UTC, datetime
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from antiphon.protocols.http.caller import CurrentCaller
from antiphon.protocols.http.runtime import Live, people_of

from .accounts import AccountPath, own_address

router = APIRouter(prefix="/api/v1/accounts", tags=["accounts"])


@router.get("/{account}/export", response_class=StreamingResponse)
async def export_account(
    account: AccountPath, live: Live, caller: CurrentCaller
) -> StreamingResponse:
    """A ZIP archive of JSON files and uploaded files: one's own; any for administrators."""
    address = own_address(live, caller, account)
    archive = await people_of(live).exports.begin(address)
    name = quote(f"{address.local}-{datetime.now(UTC):%Y-%m-%d}.zip", safe="")
    fields = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return StreamingResponse(archive, headers=fields, media_type="application/zip")
