"""One-time tokens: invitations and password resets."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from antiphon.core.address import Addresses
from antiphon.core.reason import Reason, Refused
from antiphon.services.accounts import Accounts
from antiphon.services.config import AccountsConfig, PeopleConfig
from antiphon.services.invitations import Invitations
from antiphon.services.resets import Resets
from antiphon.stores.database import Database
from antiphon.stores.records import KeyKind, Role

QUICK = AccountsConfig(password_hash=(KeyKind.SCRAM_SHA_256,), scram_iterations=4096)
PASSWORD = "correct horse"


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def accounts(database: Database, addresses: Addresses) -> AsyncIterator[Accounts]:
    accounts = Accounts(database, addresses, QUICK)
    yield accounts
    await accounts.close()


@pytest.fixture
def invitations(database: Database, accounts: Accounts, clock: Clock) -> Invitations:
    return Invitations(database, accounts, PeopleConfig(invitations=3), clock=clock)


@pytest.fixture
def resets(database: Database, accounts: Accounts, clock: Clock) -> Resets:
    return Resets(database, accounts, PeopleConfig(reset_ttl=600), clock=clock)


async def reason(coroutine: object) -> Reason:
    with pytest.raises(Refused) as refused:
        await coroutine  # type: ignore[misc]
    return refused.value.reason


async def test_an_invitation_makes_one_account(
    invitations: Invitations, accounts: Accounts, addresses: Addresses
) -> None:
    made, given = await invitations.invite("root@example.org", role=Role.MODERATOR, room="den")
    assert given.token not in repr(given)
    assert [one.id for one in await invitations.all()] == [made.id]
    ann, bob = addresses.parse("ann"), addresses.parse("bob")
    account, invitation = await invitations.redeem(given.token, ann, PASSWORD, name="Ann")
    assert (account.role, account.name, invitation.room) == (Role.MODERATOR, "Ann", "den")
    assert await accounts.authenticate(ann, PASSWORD) == account
    assert await reason(invitations.redeem(given.token, bob, PASSWORD)) is Reason.FORBIDDEN
    assert await accounts.find(bob) is None
    assert not await invitations.all()


async def test_of_many_who_use_one_invitation_at_once_one_succeeds(
    invitations: Invitations, accounts: Accounts, addresses: Addresses
) -> None:
    _, given = await invitations.invite("root")
    names = [addresses.parse(f"user{number}") for number in range(6)]
    results = await asyncio.gather(
        *(invitations.redeem(given.token, name, PASSWORD) for name in names),
        return_exceptions=True,
    )
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert len(await accounts.page()) == 1


async def test_an_invitation_outlives_a_failed_attempt_but_not_its_time(
    invitations: Invitations, accounts: Accounts, addresses: Addresses, clock: Clock
) -> None:
    ann = addresses.parse("ann")
    await accounts.create(ann, PASSWORD)
    _, given = await invitations.invite("root", ttl=600)
    assert await reason(invitations.redeem(given.token, ann, PASSWORD)) is Reason.CONFLICT
    bob = addresses.parse("bob")
    assert await reason(invitations.redeem(given.token, bob, "short")) is Reason.BAD_REQUEST
    assert (await invitations.find(given.token)).role is Role.USER
    clock.now += 600
    assert await reason(invitations.redeem(given.token, bob, PASSWORD)) is Reason.FORBIDDEN


async def test_bounds_of_invitations(invitations: Invitations, clock: Clock) -> None:
    assert await reason(invitations.invite("root", ttl=1)) is Reason.BAD_REQUEST
    assert await reason(invitations.invite("root", ttl=1e9)) is Reason.BAD_REQUEST
    made = [(await invitations.invite("root", ttl=600))[0] for _ in range(3)]
    assert await reason(invitations.invite("root")) is Reason.TOO_MANY
    assert await invitations.withdraw(made[0].id)
    assert not await invitations.withdraw(made[0].id)
    await invitations.invite("root", ttl=600)
    clock.now += 601  # those that ended make room for others
    await invitations.invite("root")
    assert len(await invitations.all()) == 1


@pytest.mark.parametrize("token", ["", "x", "x" * 10_000, "\x00", "\ud800"])
async def test_no_token_is_taken_for_one(
    token: str, invitations: Invitations, resets: Resets
) -> None:
    assert await reason(invitations.find(token)) is Reason.FORBIDDEN
    assert await reason(resets.finish(token, PASSWORD)) is Reason.FORBIDDEN


async def test_a_reset_changes_the_password_once(
    resets: Resets, accounts: Accounts, addresses: Addresses, clock: Clock
) -> None:
    ann = addresses.parse("ann")
    assert await reason(resets.begin(ann)) is Reason.NOT_FOUND
    before = await accounts.create(ann, PASSWORD)
    first = await resets.begin(ann)
    second = await resets.begin(ann)
    other = "another horse"
    assert await reason(resets.finish(first.token, other)) is Reason.FORBIDDEN
    assert await reason(resets.finish(second.token, "short")) is Reason.BAD_REQUEST
    after = await resets.finish(second.token, other)
    assert after.stamp != before.stamp
    assert await accounts.authenticate(ann, other) == after
    assert await reason(resets.finish(second.token, PASSWORD)) is Reason.FORBIDDEN
    late = await resets.begin(ann)
    clock.now += 600
    assert await reason(resets.finish(late.token, PASSWORD)) is Reason.FORBIDDEN


async def test_a_reset_ends_with_its_account(
    resets: Resets, accounts: Accounts, addresses: Addresses
) -> None:
    ann = addresses.parse("ann")
    await accounts.create(ann, PASSWORD)
    given = await resets.begin(ann)
    await accounts.remove(ann)
    await accounts.create(ann, PASSWORD)
    assert await reason(resets.finish(given.token, "another horse")) is Reason.FORBIDDEN
