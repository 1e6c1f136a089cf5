"""Profiles and pictures of accounts."""

import zlib
from collections.abc import AsyncIterator
from dataclasses import replace
from hashlib import sha1
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from antiphon.core.address import Address, Addresses
from antiphon.core.event import Event, ProfileChanged
from antiphon.core.profile import PostalAddress, Profile
from antiphon.core.reason import Reason, Refused
from antiphon.services.accounts import Accounts
from antiphon.services.config import AccountsConfig, PeopleConfig
from antiphon.services.profiles import Profiles
from antiphon.stores.database import Database
from antiphon.stores.records import KeyKind

QUICK = AccountsConfig(password_hash=(KeyKind.SCRAM_SHA_256,), scram_iterations=4096)
PASSWORD = "correct horse"
FULL = Profile(
    full_name="Ann Lee",
    nickname="Annie",
    given_name="Ann",
    family_name="Lee",
    organization="Bells Ltd",
    unit="Ringing",
    title="Dr",
    role="ringer",
    emails=("ann@example.org", "ann@example.net"),
    phones=("+44 20 7946 0000",),
    urls=("https://example.org/ann",),
    note="Rings\nbells. ☎",
    birthday="1985-04-12",
    address=PostalAddress(street="1 Bell Lane", locality="London", code="E1", country="UK"),
    extras={"X-RING": "<b>&"},
)


# Upright by turning, with a width that is no whole number to Pillow.
ODD_EXIF = b"Exif\0\0" + (
    b"II*\0\x08\0\0\0\x02\0"
    b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"
    b"\x00\x01\x01\0\x01\0\0\0\x05\0\0\0"
    b"\0\0\0\0"
)


def picture(
    kind: str, size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: Any
) -> bytes:
    out = BytesIO()
    Image.linear_gradient("L").resize(size).convert(mode).save(out, kind, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


class Here:
    def __init__(self, accounts: Accounts, profiles: Profiles, ann: Address) -> None:
        self.accounts, self.profiles, self.ann = accounts, profiles, ann
        self.told: list[tuple[Address, Event]] = []


@pytest.fixture
async def here(database: Database, addresses: Addresses) -> AsyncIterator[Here]:
    accounts = Accounts(database, addresses, QUICK)
    ann = addresses.parse("ann")
    config = PeopleConfig(avatar_size=300_000)
    profiles = Profiles(
        database, accounts, config, tell=lambda account, event: made.told.append((account, event))
    )
    made = Here(accounts, profiles, ann)
    await accounts.create(ann, PASSWORD, name="Ann")
    yield made
    await profiles.close()
    await accounts.close()


async def reason(coroutine: object) -> Reason:
    with pytest.raises(Refused) as refused:
        await coroutine  # type: ignore[misc]
    return refused.value.reason


async def test_a_profile_comes_back_as_it_was_set(here: Here) -> None:
    assert await here.profiles.of(here.ann) == Profile(nickname="Ann")
    assert await here.profiles.set(here.ann.on("phone"), FULL) == FULL
    assert await here.profiles.of(here.ann) == FULL
    account = await here.accounts.find(here.ann)
    assert account is not None
    assert account.name == "Annie"
    assert here.told == [(here.ann, ProfileChanged("", here.ann, "Annie", None))]
    await here.profiles.set(here.ann, Profile(note="no name given"))
    assert await here.profiles.of(here.ann) == Profile(nickname="Annie", note="no name given")
    assert len(here.told) == 1


async def test_another_name_is_told(here: Here) -> None:
    await here.profiles.rename(here.ann, "Ann")
    assert here.told == []
    await here.profiles.rename(here.ann, "Anna")
    assert [event for _, event in here.told] == [ProfileChanged("", here.ann, "Anna", None)]


@pytest.mark.parametrize(
    "change",
    [
        {"full_name": "x" * 257},
        {"note": "x" * 4097},
        {"note": "bell \x07"},
        {"note": "\ud800"},
        {"emails": ("a",) * 17},
        {"emails": ("",)},
        {"urls": ("x" * 1025,)},
        {"address": PostalAddress(street="x" * 257)},
        {"birthday": "yesterday"},
        {"birthday": "1985-13-01"},
        {"extras": {str(number): "" for number in range(65)}},
        {"extras": {"x": "y" * 4097}},
        {"nickname": "\x00"},
    ],
)
async def test_what_no_profile_may_have(here: Here, change: dict[str, Any]) -> None:
    assert await reason(here.profiles.set(here.ann, replace(FULL, **change))) is Reason.BAD_REQUEST
    assert await here.profiles.of(here.ann) == Profile(nickname="Ann")


async def test_a_profile_is_bounded_as_a_whole(here: Here) -> None:
    large = Profile(extras={str(number): "ü" * 4000 for number in range(5)})
    assert await reason(here.profiles.set(here.ann, large)) is Reason.TOO_LARGE


async def test_strangers_have_no_profile(here: Here, addresses: Addresses) -> None:
    nobody = addresses.parse("nobody")
    assert await reason(here.profiles.of(nobody)) is Reason.NOT_FOUND
    assert await reason(here.profiles.set(nobody, FULL)) is Reason.NOT_FOUND
    assert await reason(here.profiles.set_avatar(nobody, picture("PNG"))) is Reason.NOT_FOUND
    assert await here.profiles.avatar(nobody) is None


@pytest.mark.parametrize(("kind", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
async def test_a_small_plain_picture_is_kept_as_it_came(
    here: Here, kind: str, media_type: str
) -> None:
    data = picture(kind)
    avatar = await here.profiles.set_avatar(here.ann, data)
    assert (avatar.data, avatar.media_type) == (data, media_type)
    assert avatar.id == sha1(data).hexdigest() == await here.profiles.avatar_id(here.ann)
    assert (avatar.width, avatar.height) == (64, 48)
    assert await here.profiles.avatar(here.ann) == avatar == await here.profiles.picture(avatar.id)
    small = await here.profiles.avatar(here.ann, small=True)
    assert small is not None
    assert (small.id, small.width, small.height) == (avatar.id, 64, 48)
    assert here.told == [(here.ann, ProfileChanged("", here.ann, "Ann", avatar.id))]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
async def test_a_large_picture_is_scaled(here: Here, kind: str) -> None:
    avatar = await here.profiles.set_avatar(here.ann, picture(kind, (1200, 600)))
    assert opened(avatar.data).size == (avatar.width, avatar.height) == (512, 256)
    small = await here.profiles.avatar(here.ann, small=True)
    assert small is not None
    assert opened(small.data).size == (small.width, small.height) == (96, 48)
    assert Image.MIME[opened(avatar.data).format or ""] == avatar.media_type


async def test_transparency_is_kept(here: Here) -> None:
    image = Image.new("RGBA", (800, 800), (255, 0, 0, 0))
    out = BytesIO()
    image.save(out, "PNG")
    avatar = await here.profiles.set_avatar(here.ann, out.getvalue())
    assert avatar.media_type == "image/png"
    assert opened(avatar.data).getpixel((5, 5)) == (0, 0, 0, 0)


async def test_where_a_picture_was_taken_is_forgotten_and_it_stands_upright(here: Here) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90°
    exif[0x010E] = "secret place"
    data = picture("JPEG", (64, 48), exif=exif)
    assert b"secret place" in data
    avatar = await here.profiles.set_avatar(here.ann, data)
    assert b"secret place" not in avatar.data
    assert (avatar.width, avatar.height) == (48, 64)
    assert not opened(avatar.data).getexif()


@pytest.mark.parametrize("hidden", ["behind", "chunk"])
async def test_nothing_hides_in_a_picture(here: Here, hidden: str) -> None:
    data = picture("PNG")
    if hidden == "behind":
        data += b"<script>alert(1)</script>"
    else:
        body = b"tEXt" + b"Comment\0<script>"
        chunk = (len(body) - 4).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)
        data = data[:33] + chunk + data[33:]
    avatar = await here.profiles.set_avatar(here.ann, data)
    assert b"script" not in avatar.data
    assert opened(avatar.data).size == (64, 48)


async def test_a_jpeg_with_something_behind_it_is_written_anew(here: Here) -> None:
    avatar = await here.profiles.set_avatar(here.ann, picture("JPEG") + b"PK\x03\x04 an archive")
    assert b"archive" not in avatar.data


def bomb() -> bytes:
    """A PNG of 30,000 × 30,000 pixels in some hundred kilobytes: 900 MB once it is decoded."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body)
        return len(body).to_bytes(4) + kind + body + check.to_bytes(4)

    side = 30_000
    head = side.to_bytes(4) * 2 + bytes([8, 0, 0, 0, 0])
    packer = zlib.compressobj(9)
    row = b"\0" * (side // 8 * 8 + 1)
    rows = [packer.compress(row * 100) for _ in range(50)]
    body = b"".join(rows) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


async def test_a_bomb_is_refused_before_it_is_decoded(here: Here) -> None:
    assert await reason(here.profiles.set_avatar(here.ann, bomb())) is Reason.TOO_LARGE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        picture("BMP"),
        picture("TIFF"),
        picture("PNG")[:-40],
        picture("JPEG")[:60],
        picture("JPEG", exif=ODD_EXIF),
        b"\x89PNG\r\n\x1a\n" + b"\xff" * 400,
    ],
)
async def test_what_is_no_picture(here: Here, data: bytes) -> None:
    assert await reason(here.profiles.set_avatar(here.ann, data)) is Reason.UNSUPPORTED
    assert await here.profiles.avatar(here.ann) is None


async def test_a_picture_has_a_size(here: Here) -> None:
    assert await reason(here.profiles.set_avatar(here.ann, b"x" * 300_001)) is Reason.TOO_LARGE


async def test_a_picture_goes_with_its_account(here: Here) -> None:
    avatar = await here.profiles.set_avatar(here.ann, picture("PNG"))
    await here.profiles.remove_avatar(here.ann)
    await here.profiles.remove_avatar(here.ann)
    assert await here.profiles.avatar_id(here.ann) is None
    assert [event for _, event in here.told][1:] == [ProfileChanged("", here.ann, "Ann", None)]
    await here.profiles.set_avatar(here.ann, picture("PNG"))
    await here.accounts.remove(here.ann)
    assert await here.profiles.avatar_id(here.ann) is None
    assert await here.profiles.picture(avatar.id) is None
    await here.accounts.create(here.ann, PASSWORD)
    assert await here.profiles.of(here.ann) == Profile(nickname="ann")
