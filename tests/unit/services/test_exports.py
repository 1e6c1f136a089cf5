"""Archives of accounts: made while they are sent, dropped when nobody reads on."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from antiphon.core.address import Address, Addresses
from antiphon.core.reason import Reason, Refused
from antiphon.services.accounts import Accounts
from antiphon.services.config import AccountsConfig
from antiphon.services.exports import AT_ONCE, Exports
from antiphon.stores.database import Database
from antiphon.stores.records import Account, KeyKind

QUICK = AccountsConfig(password_hash=(KeyKind.SCRAM_SHA_256,), scram_iterations=4096)
NOISE = bytes(range(256)) * 1000


@pytest.fixture
async def accounts(sqlite_url: str, addresses: Addresses) -> AsyncIterator[Accounts]:
    async with Database(sqlite_url) as database:
        accounts = Accounts(database, addresses, QUICK)
        yield accounts
        await accounts.close()


class Many:
    """Exports files, and knows which of them were left."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.open = 0

    async def export(self, account: Account) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
        for number in range(self.count):
            yield f"{account.address.local}-{number}.png", self._content()

    async def _content(self) -> AsyncIterator[bytes]:
        self.open += 1
        try:
            for _ in range(4):
                yield NOISE
        finally:
            self.open -= 1


async def account(accounts: Accounts, name: str) -> Address:
    address = Address(name, "example.org")
    await accounts.create(address, "correct horse")
    return address


async def refusal(coroutine: object) -> Reason:
    with pytest.raises(Refused) as refused:
        await coroutine  # type: ignore[misc]
    return refused.value.reason


async def test_an_archive_is_whole(accounts: Accounts, tmp_path: Path) -> None:
    ann = await account(accounts, "ann")
    exports = Exports(accounts)
    exports.add(Many(5).export)
    pieces = [piece async for piece in await exports.begin(ann)]
    assert max(map(len, pieces)) < 1_500_000  # nothing waits until the end
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["account.json", *(f"ann-{n}.png" for n in range(5))]
        assert archive.read("ann-4.png") == NOISE * 4


async def test_one_at_a_time_for_an_account_and_some_for_all(accounts: Accounts) -> None:
    exports = Exports(accounts)
    exports.add(Many(3).export)
    names = [await account(accounts, f"user{number}") for number in range(AT_ONCE + 1)]
    running = await asyncio.gather(
        *(exports.begin(names[0]) for _ in range(3)), return_exceptions=True
    )
    begun = [one for one in running if not isinstance(one, BaseException)]
    assert len(begun) == 1
    begun += [await exports.begin(name) for name in names[1:-1]]
    assert await refusal(exports.begin(names[-1])) is Reason.BUSY
    assert await refusal(exports.begin(Address("nobody", "example.org"))) is Reason.NOT_FOUND
    for one in begun:
        assert [piece async for piece in one]
    assert [piece async for piece in await exports.begin(names[-1])]


async def test_who_reads_no_further_leaves_nothing_behind(accounts: Accounts) -> None:
    ann, many = await account(accounts, "ann"), Many(5)
    exports = Exports(accounts)
    exports.add(many.export)
    for wanted in (0, 1, 3):
        archive = await exports.begin(ann)
        for _ in range(wanted):
            await anext(archive)
        await archive.aclose()  # type: ignore[attr-defined]
        assert many.open == 0
    assert [piece async for piece in await exports.begin(ann)]
