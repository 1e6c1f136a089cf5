"""How accounts show themselves: profile and picture."""

from dataclasses import replace
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from antiphon.core.address import Address
from antiphon.core.ports import Caller
from antiphon.core.profile import Avatar, PostalAddress, Profile
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.http.assets import matches
from antiphon.protocols.http.bodies import read_body
from antiphon.protocols.http.caller import CurrentCaller
from antiphon.protocols.http.models import Body, Text
from antiphon.protocols.http.runtime import Live, Runtime, people_of

from .accounts import AccountPath, own_address
from .files import SAFE

router = APIRouter(tags=["profiles"])

SMALL = 96
Words = Annotated[Text, Field(max_length=256)]
Item = Annotated[Text, Field(min_length=1, max_length=1024)]
Items = Annotated[list[Item], Field(max_length=16)]
Size = Annotated[int | None, Query(ge=1, description="Wanted size in pixels: 96 is kept ready.")]


class PostalAddressView(Body):
    """Where somebody lives or works."""

    street: Words = ""
    locality: Words = ""
    region: Words = ""
    code: Words = ""
    country: Words = ""


class ProfileFields(BaseModel):
    """The words of vCard 4 (RFC 6350 §6)."""

    full_name: Words = ""
    nickname: Words = Field("", description="The name that is shown: that of the account.")
    given_name: Words = ""
    family_name: Words = ""
    organization: Words = ""
    unit: Words = ""
    title: Words = ""
    role: Words = ""
    emails: Items = []
    phones: Items = []
    urls: Items = []
    note: Annotated[Text, Field(max_length=4096)] = ""
    birthday: Words = Field("", description="1985-04-12, or --04-12.")
    address: PostalAddressView = PostalAddressView()


class ProfileChange(ProfileFields, Body):
    """What is given is changed."""


class ProfileView(ProfileFields):
    """What an account says of itself."""

    avatar: str | None = Field(description="Names the picture: `/avatars/{avatar}`. Null: none.")

    @classmethod
    def of(cls, profile: Profile, avatar: str | None) -> Self:
        """As it is stored."""
        names = ProfileFields.model_fields.keys() - {"address"}
        place = PostalAddressView(
            **{name: getattr(profile.address, name) for name in PostalAddressView.model_fields}
        )
        values: dict[str, Any] = {name: getattr(profile, name) for name in names}
        values |= {name: list(values[name]) for name in ("emails", "phones", "urls")}
        return cls(**values, address=place, avatar=avatar)


class AvatarView(BaseModel):
    """A picture."""

    id: str = Field(description="SHA-1 of its bytes; it is at `/avatars/{id}`.")
    media_type: str
    width: int
    height: int


@router.get("/api/v1/accounts/{account}/profile")
async def read_profile(account: AccountPath, live: Live, caller: CurrentCaller) -> ProfileView:
    """What somebody says of themselves. For everybody with an account."""
    address = _address(live, caller, account)
    profiles = people_of(live).profiles
    return ProfileView.of(await profiles.of(address), await profiles.avatar_id(address))


@router.patch("/api/v1/accounts/{account}/profile")
async def change_profile(
    account: AccountPath, change: ProfileChange, live: Live, caller: CurrentCaller
) -> ProfileView:
    """Change one's own; any for administrators."""
    address = own_address(live, caller, account)
    profiles = people_of(live).profiles
    values = {name: getattr(change, name) for name in change.model_fields_set}
    values |= {k: tuple(v) for k, v in values.items() if isinstance(v, list)}
    if "address" in values:
        values["address"] = PostalAddress(**change.address.model_dump())
    changed = await profiles.set(address, replace(await profiles.of(address), **values))
    return ProfileView.of(changed, await profiles.avatar_id(address))


@router.get("/api/v1/accounts/{account}/avatar", response_class=Response)
async def read_avatar(
    account: AccountPath, live: Live, caller: CurrentCaller, request: Request, size: Size = None
) -> Response:
    """Somebody's picture. For everybody with an account; guests see those whose addresses they are
    given.
    """
    address = _address(live, caller, account)
    found = await people_of(live).profiles.avatar(address, small=_is_small(size))
    return _picture(found, size, request, "private, no-cache")


@router.put("/api/v1/accounts/{account}/avatar")
async def set_avatar(
    account: AccountPath, live: Live, caller: CurrentCaller, request: Request
) -> AvatarView:
    """Show another picture: the body is a PNG, JPEG, WebP or GIF file. One's own; any for
    administrators.
    """
    address, people = own_address(live, caller, account), people_of(live)
    data = await read_body(request, people.avatar_size, live.context.limits.body_timeout)
    made = await people.profiles.set_avatar(address, data)
    return AvatarView(id=made.id, media_type=made.media_type, width=made.width, height=made.height)


@router.delete("/api/v1/accounts/{account}/avatar", status_code=204)
async def remove_avatar(account: AccountPath, live: Live, caller: CurrentCaller) -> None:
    """Show no picture: one's own; any for administrators."""
    await people_of(live).profiles.remove_avatar(own_address(live, caller, account))


@router.get("/avatars/{id}", response_class=Response)
async def read_picture(
    id: Annotated[str, Path(pattern="^[0-9a-f]{40}$")],
    live: Live,
    request: Request,
    size: Size = None,
) -> Response:
    """A picture by its id, which whoever sees an account knows: for `<img>`, without a token."""
    found = await people_of(live).profiles.picture(id, small=_is_small(size))
    return _picture(found, size, request, "public, max-age=86400, immutable")


def _is_small(size: int | None) -> bool:
    return size is not None and size <= SMALL


def _picture(found: Avatar | None, size: int | None, request: Request, cached: str) -> Response:
    if found is None:
        raise Refused(Reason.NOT_FOUND, "There is no picture.")
    tag = f"{found.id}-small" if _is_small(size) else found.id
    fields = {**SAFE, "ETag": f'"{tag}"', "Cache-Control": cached}
    if matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=fields)
    return Response(found.data, headers=fields, media_type=found.media_type)


def _address(live: Runtime, caller: Caller, account: str) -> Address:
    """The account that a path means, for those who may look. Raises `Refused`: guests should not
    find out who has an account here.
    """
    if caller.address.is_guest:
        raise Refused(Reason.FORBIDDEN, "Please log in to see profiles.")
    own = caller.address.bare
    return own if account == "me" else live.context.addresses.parse(account).bare
