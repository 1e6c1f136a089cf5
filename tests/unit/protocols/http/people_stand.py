"""The application over the real services of accounts, in a folder of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from PIL import Image

from antiphon.core.address import Addresses
from antiphon.core.ports import Caller
from antiphon.protocols.http.config import HttpConfig
from antiphon.protocols.http.people import People
from antiphon.services.accounts import Accounts
from antiphon.services.config import AccountsConfig, FilesConfig, PeopleConfig
from antiphon.services.exports import Exports
from antiphon.services.files import Files
from antiphon.services.invitations import Invitations
from antiphon.services.normalize import PrecisNormalizer
from antiphon.services.profiles import Profiles
from antiphon.services.push import Push
from antiphon.services.push_delivery import Outcome, Pusher
from antiphon.services.resets import Resets
from antiphon.stores.blobs import FolderBlobs
from antiphon.stores.database import Database
from antiphon.stores.push import Subscription
from antiphon.stores.records import KeyKind, Role
from tests.support.fakes import account
from tests.unit.protocols.http.stand import Stand, stand

QUICK = AccountsConfig(password_hash=(KeyKind.SCRAM_SHA_256,), scram_iterations=4096)
LIMITS = PeopleConfig(storage=1_000_000, avatar_size=200_000)
PASSWORD = "correct horse"
ANN, BOB, ROOT = account("ann"), account("bob"), account("root", admin=True)
BASE = "http://node.example.org/"


class Nowhere(Pusher):
    """Pushes nothing."""

    async def push(
        self, subscription: Subscription, payload: bytes, *, ttl: int, urgency: str, topic: str
    ) -> tuple[Outcome, float | None]:
        raise AssertionError("nothing is pushed here")


@dataclass
class Here:
    stand: Stand
    accounts: Accounts
    files: Files
    folder: Path

    async def call(
        self, method: str, path: str, caller: Caller | None = None, **options: Any
    ) -> httpx.Response:
        return await self.stand.call(method, path, caller, **options)

    async def slot(self, size: int, name: str = "a.txt", **fields: str) -> dict[str, Any]:
        body = {"name": name, "size": size, **fields}
        answer = await self.call("POST", "/api/v1/uploads", ANN, json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def put(self, slot: dict[str, Any], data: bytes, **headers: str) -> httpx.Response:
        parts = urlsplit(slot["put_url"])
        fields = {**slot["headers"], **{k.replace("_", "-"): v for k, v in headers.items()}}
        return await self.call("PUT", f"{parts.path}?{parts.query}", content=data, headers=fields)

    async def upload(self, data: bytes, name: str = "a.txt", **fields: str) -> str:
        slot = await self.slot(len(data), name, **fields)
        assert (await self.put(slot, data)).status_code == 201
        return str(urlsplit(slot["get_url"]).path)

    def stored(self) -> list[str]:
        return [path.name for path in self.folder.rglob("*") if path.is_file()]


@asynccontextmanager
async def opened(tmp_path: Path, url: str = "", **options: Any) -> AsyncIterator[Here]:
    """The application with real services, in a folder."""
    addresses = Addresses("example.org", PrecisNormalizer())
    async with Database(url or f"sqlite:///{tmp_path / 'antiphon.db'}") as database:
        accounts = Accounts(database, addresses, QUICK)
        folder = tmp_path / "files"
        config = FilesConfig(max_size=500_000, slots=4, types=("image/*", "text/*", "video/mp4"))
        files = Files(database, FolderBlobs(folder), b"s" * 32, config, LIMITS, base=lambda: BASE)
        await files.open()
        profiles = Profiles(database, accounts, LIMITS, tell=lambda *_: None)
        exports = Exports(accounts)
        exports.add(profiles.export)
        exports.add(files.export)
        accounts.on_remove(files.erase)
        push = Push(database, Nowhere())
        people = People(
            invitations=Invitations(database, accounts, LIMITS),
            resets=Resets(database, accounts, LIMITS),
            profiles=profiles,
            files=files,
            exports=exports,
            push=push,
            push_key="BKey",
            avatar_size=LIMITS.avatar_size,
            base=lambda: BASE,
        )
        await accounts.create(ANN.address, PASSWORD, name="Ann")
        await accounts.create(ROOT.address, PASSWORD, role=Role.ADMIN)
        async with stand(
            addresses=addresses,
            accounts=accounts,
            people=people,
            config=HttpConfig(cors_origins=("https://app.example.net",)),
            **options,
        ) as made:
            yield Here(made, accounts, files, folder)
        await files.close()
        await profiles.close()
        await accounts.close()


def picture(kind: str = "PNG", size: tuple[int, int] = (64, 48)) -> bytes:
    out = BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(out, kind)
    return out.getvalue()
