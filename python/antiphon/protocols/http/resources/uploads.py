"""Places for files, and one's own files."""

import re
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from antiphon.core.reason import Reason, Refused
from antiphon.protocols.http.caller import CurrentCaller
from antiphon.protocols.http.models import Body, Limit, Text
from antiphon.protocols.http.runtime import Live, people_of
from antiphon.stores.files import FileRecord

from .files import FileId

router = APIRouter(prefix="/api/v1/uploads", tags=["files"])

_PLACE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?_[0-9a-f]{32}")


class NewUpload(Body):
    """A file that is to be uploaded."""

    name: Annotated[Text, Field(min_length=1, max_length=255)]
    size: int = Field(ge=1, description="Exactly so many bytes.")
    media_type: str = Field("", max_length=127, description="Guessed from the name if absent.")


class SlotView(BaseModel):
    """A place for one file."""

    id: str
    put_url: str = Field(description="Send the file there by HTTP PUT.")
    get_url: str = Field(description="Whoever has this address can read the file then.")
    headers: dict[str, str] = Field(description="Header fields of the PUT.")
    expires_at: float = Field(description="Begin before: seconds since 1970 (UTC).")


class FileView(BaseModel):
    """A stored file. Pictures that could be read have `width`, `height` and a smaller picture at
    `thumbnail_url`.
    """

    id: str
    name: str
    media_type: str
    size: int
    stored_at: float
    expires_at: float | None = Field(description="Deleted then; null: never.")
    url: str
    thumbnail_url: str | None
    width: int | None
    height: int | None


class FilePage(BaseModel):
    """Some of one's files, the latest first."""

    files: list[FileView]
    next: str | None = Field(description="`before` of the next page; null: this is the last.")
    used: int = Field(description="Bytes that all files and open uploads take.")
    quota: int = Field(description="Bytes that they may take.")


@router.post("", status_code=201)
async def make_slot(upload: NewUpload, live: Live, caller: CurrentCaller) -> SlotView:
    """A place for a file. For everybody with an account."""
    slot = await people_of(live).files.slot(caller, upload.name, upload.size, upload.media_type)
    return SlotView(
        id=slot.id,
        put_url=slot.put_url,
        get_url=slot.get_url,
        headers=dict(slot.headers),
        expires_at=slot.expires_at,
    )


@router.get("")
async def list_files(
    live: Live,
    caller: CurrentCaller,
    before: Annotated[str | None, Query(max_length=80)] = None,
    limit: Limit = 50,
) -> FilePage:
    """One's own files, page by page."""
    caller.must_be_whole()
    files = people_of(live).files
    used, quota = await files.usage(caller.address)
    found = await files.page(caller.address, _place(before), limit + 1)
    shown = [_view(record, files.url(record)) for record in found[:limit]]
    last = found[limit - 1] if len(found) > limit else None
    following = None if last is None else f"{last.created_at!r}_{last.id}"
    return FilePage(files=shown, next=following, used=used.bytes, quota=quota)


@router.delete("/{id}", status_code=204)
async def remove_file(id: FileId, live: Live, caller: CurrentCaller) -> None:
    """Delete one's own file; any for administrators."""
    caller.must_be_whole()
    await people_of(live).files.discard(caller, id)


def _place(text: str | None) -> tuple[float, str] | None:
    if text is None:
        return None
    if _PLACE.fullmatch(text) is None:
        raise Refused(Reason.BAD_REQUEST, "Give `before` as a page gave it.")
    at, _, id = text.partition("_")
    return float(at), id


def _view(record: FileRecord, url: str) -> FileView:
    return FileView(
        id=record.id,
        name=record.name,
        media_type=record.media_type,
        size=record.size,
        stored_at=record.stored_at or 0.0,
        expires_at=record.expires_at,
        url=url,
        thumbnail_url=f"{url}?small=true" if record.thumbnail else None,
        width=record.width,
        height=record.height,
    )
