"""How accounts show themselves: profile and picture, stored and bounded; knows no protocol."""

import json
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable

from sqlalchemy import Connection

from antiphon.core.address import Address
from antiphon.core.event import Event, ProfileChanged
from antiphon.core.profile import Avatar, Profile
from antiphon.core.reason import Reason, Refused
from antiphon.stores import profiles as statements
from antiphon.stores.database import Database
from antiphon.stores.profiles import Picture
from antiphon.stores.records import Account

from . import pictures
from .accounts import Accounts
from .config import PeopleConfig
from .hashing import HashThreads
from .profile_text import check, named, read_profile, write_profile

Tell = Callable[[Address, Event], None]

REMEMBERED = 10_000  # accounts whose picture's id is kept in mind
WAITING = 32  # pictures that wait to be decoded


class Profiles:
    """Profiles and pictures of one domain's accounts (`core.ports.Profiles`).

    `tell` hears `ProfileChanged` for an account whose name or picture is another.
    """

    def __init__(
        self,
        database: Database,
        accounts: Accounts,
        config: PeopleConfig | None = None,
        *,
        tell: Tell,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._config = config or PeopleConfig()
        self._tell = tell
        self._clock = clock
        self._ids: OrderedDict[Address, str | None] = OrderedDict()
        self._unwatch = accounts.watch(self._forget)
        self._threads = HashThreads(
            1, WAITING, name="pictures", busy="Too many pictures at once. Please try again."
        )

    async def close(self) -> None:
        """Stop the thread that decodes pictures."""
        self._unwatch()
        await self._threads.close()

    async def of(self, account: Address) -> Profile:
        """What an account says of itself."""
        _, name, fields = await self._read(account)
        return named(Profile() if fields is None else read_profile(fields), name)

    async def set(self, account: Address, profile: Profile) -> Profile:
        """Replace it; as it is stored. Its nickname becomes the account's name, unless it is empty.

        Raises `Refused`: NOT_FOUND, BAD_REQUEST, TOO_LARGE.
        """
        check(profile)
        id, before, _ = await self._read(account)
        text = write_profile(named(profile, ""))
        await self._database.write(lambda c: statements.write(c, id, text, self._clock()))
        name = before
        if profile.nickname and profile.nickname != before:
            name = (await self._accounts.update(account, name=profile.nickname)).name
        if name != before:
            self._tell(account.bare, await self._news(account, name))
        return named(profile, name)

    async def rename(self, account: Address, name: str) -> Account:
        """Give an account another name to be shown. Raises `Refused`: NOT_FOUND, BAD_REQUEST."""
        before = (await self._read(account))[1]
        changed = await self._accounts.update(account, name=name)
        if changed.name != before:
            self._tell(account.bare, await self._news(account, changed.name))
        return changed

    async def avatar(self, account: Address, *, small: bool = False) -> Avatar | None:
        """Its picture of at most 512 pixels in width and height; `small`: of at most 96."""
        picture = await self._database.read(lambda c: statements.read_avatar(c, account))
        return None if picture is None else _avatar(picture, small)

    async def picture(self, id: str, *, small: bool = False) -> Avatar | None:
        """A picture by its id, whoever shows it."""
        picture = await self._database.read(lambda c: statements.read_avatar_by_id(c, id))
        return None if picture is None else _avatar(picture, small)

    async def avatar_id(self, account: Address) -> str | None:
        """`Avatar.id` of its picture; from memory, after the first time."""
        bare = account.bare
        if bare in self._ids:
            self._ids.move_to_end(bare)
            return self._ids[bare]
        found = await self._database.read(lambda c: statements.avatar_id(c, bare))
        self._remember(bare, found)
        return found

    async def set_avatar(self, account: Address, data: bytes) -> Avatar:
        """Take a PNG, JPEG, WebP or GIF file of at most `[limits] account_avatar_size` bytes."""
        if len(data) > self._config.avatar_size:
            text = f"A picture has at most {self._config.avatar_size} bytes."
            raise Refused(Reason.TOO_LARGE, text)
        id, name, _ = await self._read(account)
        picture = await self._threads.run(pictures.make_avatar, data)

        def store(connection: Connection) -> None:
            statements.write_avatar(connection, id, picture, self._clock())

        await self._database.write(store)
        self._remember(account.bare, picture.id)
        self._tell(account.bare, ProfileChanged("", account.bare, name, picture.id))
        return _avatar(picture, small=False)

    async def remove_avatar(self, account: Address) -> None:
        """Show no picture any more."""
        id, name, _ = await self._read(account)
        if await self._database.write(lambda c: statements.remove_avatar(c, id)):
            self._remember(account.bare, None)
            self._tell(account.bare, ProfileChanged("", account.bare, name, None))

    async def export(self, account: Account) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
        """Files of an account's export: `profile.json` and the picture."""
        _, _, fields = await self._read(account.address)
        shown = {"name": account.name, **json.loads(fields or "{}")}
        yield "profile.json", _once(json.dumps(shown, ensure_ascii=False, indent=1).encode())
        avatar = await self.avatar(account.address)
        if avatar is not None:
            yield f"avatar.{avatar.media_type.partition('/')[2]}", _once(avatar.data)

    async def _read(self, account: Address) -> tuple[str, str, str | None]:
        found = await self._database.read(lambda c: statements.read(c, account.bare))
        if found is None:
            raise Refused(Reason.NOT_FOUND, "There is no such account.")
        return found

    async def _news(self, account: Address, name: str) -> ProfileChanged:
        return ProfileChanged("", account.bare, name, await self.avatar_id(account))

    def _remember(self, account: Address, id: str | None) -> None:
        self._ids[account] = id
        self._ids.move_to_end(account)
        if len(self._ids) > REMEMBERED:
            self._ids.popitem(last=False)

    def _forget(self, account: Address) -> None:
        self._ids.pop(account, None)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _avatar(picture: Picture, small: bool) -> Avatar:
    if not small:
        return Avatar(
            id=picture.id,
            media_type=picture.media_type,
            data=picture.data,
            width=picture.width,
            height=picture.height,
        )
    scale = min(1.0, pictures.SMALL_SIZE / max(picture.width, picture.height))
    return Avatar(
        id=picture.id,
        media_type=picture.media_type,
        data=picture.thumbnail,
        width=max(1, round(picture.width * scale)),
        height=max(1, round(picture.height * scale)),
    )
