"""Keys of SCRAM log-ins: those of accounts, and those that only look so."""

from collections.abc import AsyncIterator

import pytest

from antiphon.core.address import Address, Addresses
from antiphon.services import keys as derivation
from antiphon.services.accounts import Accounts
from antiphon.services.config import AccountsConfig
from antiphon.services.login_keys import LIFETIME, LoginKeys
from antiphon.stores.database import Database
from antiphon.stores.records import KeyKind

CONFIG = AccountsConfig(
    password_hash=(KeyKind.SCRAM_SHA_1, KeyKind.SCRAM_SHA_256, KeyKind.DIGEST_MD5),
    scram_iterations=4096,
)
PASSWORD = "correct horse"
KINDS = {KeyKind.SCRAM_SHA_1, KeyKind.SCRAM_SHA_256}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def accounts(database: Database, addresses: Addresses) -> AsyncIterator[Accounts]:
    accounts = Accounts(database, addresses, CONFIG)
    yield accounts
    await accounts.close()


@pytest.fixture
def ann(addresses: Addresses) -> Address:
    return addresses.parse("ann")


async def test_keys_of_an_account_prove_its_password(accounts: Accounts, ann: Address) -> None:
    keys = LoginKeys(accounts, b"s" * 32)
    account = await accounts.create(ann, PASSWORD)
    login = await keys.of(ann.on("phone"))
    assert login.account == account
    assert set(login.keys) == set(keys.kinds) == KINDS
    assert all(derivation.proves(key, ann, PASSWORD) for key in login.keys.values())


async def test_a_stranger_cannot_tell_who_has_an_account(accounts: Accounts, ann: Address) -> None:
    keys, again = LoginKeys(accounts, b"s" * 32), LoginKeys(accounts, b"s" * 32)
    nobody = await keys.of(ann)
    assert nobody.account is None
    assert nobody == await again.of(ann)  # the same after a restart
    other = await LoginKeys(accounts, b"t" * 32).of(ann)
    bob = await keys.of(Address("bob", ann.domain))
    real = Address("eve", ann.domain)
    await accounts.create(real, PASSWORD)
    for kind, key in (await keys.of(real)).keys.items():
        decoy = nobody.keys[kind]
        assert (decoy.iterations, len(decoy.salt), len(decoy.data)) == (
            key.iterations,
            len(key.salt),
            len(key.data),
        )
        assert len({decoy.salt, other.keys[kind].salt, bob.keys[kind].salt}) == 3
    assert nobody.keys[KeyKind.SCRAM_SHA_1].salt != nobody.keys[KeyKind.SCRAM_SHA_256].salt


async def test_a_locked_account_looks_as_if_there_were_none(
    accounts: Accounts, ann: Address
) -> None:
    keys = LoginKeys(accounts, b"s" * 32)
    await accounts.create(ann, PASSWORD)
    assert (await keys.of(ann)).account is not None
    await accounts.disable(ann)
    assert (await keys.of(ann)).account is None


async def test_what_is_remembered_ends_with_a_change_or_with_time(
    accounts: Accounts, database: Database, addresses: Addresses, ann: Address
) -> None:
    clock = Clock()
    keys = LoginKeys(accounts, b"s" * 32, clock=clock)
    await accounts.create(ann, PASSWORD)
    first = await keys.of(ann)
    assert await keys.of(ann) is first
    await accounts.set_password(ann, "another horse")
    second = await keys.of(ann)
    assert second.keys != first.keys
    elsewhere = Accounts(database, addresses, CONFIG)  # a command of the shell
    await elsewhere.set_password(ann, PASSWORD)
    await elsewhere.close()
    assert await keys.of(ann) is second
    clock.now += LIFETIME
    third = await keys.of(ann)
    assert derivation.proves(third.keys[KeyKind.SCRAM_SHA_1], ann, PASSWORD)
    keys.close()


async def test_what_is_over_is_not_kept(accounts: Accounts, addresses: Addresses) -> None:
    clock = Clock()
    keys = LoginKeys(accounts, b"s" * 32, clock=clock)
    await keys.of(addresses.parse("a"))
    clock.now += LIFETIME / 2
    await keys.of(addresses.parse("b"))
    await keys.of(addresses.parse("a"))  # as it is remembered
    clock.now += LIFETIME / 2
    keys._sweep()
    assert [address.local for address in keys._known] == ["b"]
    clock.now += LIFETIME
    keys._sweep()
    assert not keys._known
    keys.close()
