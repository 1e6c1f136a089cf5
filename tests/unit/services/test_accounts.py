import asyncio
import threading
import time
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection, text

from antiphon.core.address import Address, Addresses
from antiphon.core.ports import Caller, Grants
from antiphon.core.reason import Reason, Refused
from antiphon.services import keys as derivation
from antiphon.services.account_changes import AccountChanges
from antiphon.services.accounts import Accounts
from antiphon.services.config import AccountsConfig
from antiphon.services.tokens import Tokens
from antiphon.stores.account_changes import What, since
from antiphon.stores.database import Database
from antiphon.stores.records import Account, AccountLimits, Key, KeyKind, Role

QUICK = AccountsConfig(argon2_memory=64, argon2_time=1, scram_iterations=4096)
PASSWORD = "correct horse"


@pytest.fixture
async def accounts(database: Database, addresses: Addresses) -> AsyncIterator[Accounts]:
    accounts = Accounts(database, addresses, QUICK)
    yield accounts
    await accounts.close()


@pytest.fixture
def alice(addresses: Addresses) -> Address:
    return addresses.parse("alice")


async def refusal(coroutine: object) -> Refused:
    with pytest.raises(Refused) as refused:
        await coroutine  # type: ignore[misc]
    return refused.value


async def test_create_find_and_authenticate(accounts: Accounts, alice: Address) -> None:
    account = await accounts.create(
        alice.on("phone"), PASSWORD, name="  Alice A. ", role=Role.ADMIN
    )
    assert (account.address, account.name, account.admin) == (alice, "Alice A.", True)
    assert abs(account.created_at - time.time()) < 60
    assert await accounts.find(alice) == account
    assert await accounts.find(alice.on("laptop")) == account
    assert await accounts.authenticate(alice, PASSWORD) == account


async def test_one_account_for_an_address(
    accounts: Accounts, alice: Address, addresses: Addresses
) -> None:
    made = await asyncio.gather(
        *(accounts.create(alice, f"{PASSWORD} {n}") for n in range(4)), return_exceptions=True
    )
    reasons = [result.reason for result in made if isinstance(result, Refused)]
    assert reasons == [Reason.CONFLICT] * 3
    assert len(await accounts.page()) == 1
    assert (await accounts.create(addresses.parse("bob"), PASSWORD)).name == "bob"


async def test_every_wrong_log_in_sounds_the_same(
    accounts: Accounts, alice: Address, addresses: Addresses
) -> None:
    bob = addresses.parse("bob")
    await accounts.create(alice, PASSWORD)
    await accounts.create(bob, PASSWORD)
    await accounts.disable(bob)
    refusals = [
        await refusal(accounts.authenticate(address, password))
        for address, password in (
            (alice, "wrong horse"),
            (alice, ""),
            (alice, "x" * 100_000),
            (alice, "\ud800" * 8),
            (bob, PASSWORD),
            (addresses.parse("nobody"), PASSWORD),
            (Address("alice", "elsewhere.example"), PASSWORD),
        )
    ]
    assert {str(r) for r in refusals} == {"unauthorized: The address or the password is wrong."}


async def test_unknown_accounts_cost_the_same_work(
    accounts: Accounts, alice: Address, addresses: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    await accounts.create(alice, PASSWORD)
    proved: list[Key] = []
    proves = derivation.proves

    def note(key: Key, address: Address, password: str) -> bool:
        proved.append(key)
        return proves(key, address, password)

    monkeypatch.setattr(derivation, "proves", note)
    await refusal(accounts.authenticate(alice, "wrong horse"))
    await refusal(accounts.authenticate(addresses.parse("nobody"), "wrong horse"))
    known, unknown = proved
    assert (known.kind, known.iterations) == (unknown.kind, unknown.iterations)
    cost = [key.data.decode().split("$")[:4] for key in proved]
    assert cost[0] == cost[1]


@pytest.mark.parametrize(
    "password", ["", "1234567", "ä" * 513, "x" * 1025, "tab\tinside", "\ud800" * 8]
)
async def test_passwords_that_are_refused(
    accounts: Accounts, alice: Address, password: str
) -> None:
    assert (await refusal(accounts.create(alice, password))).reason is Reason.BAD_REQUEST
    assert await accounts.find(alice) is None


@pytest.mark.parametrize("password", ["12345678", "ä" * 4, "ä" * 512, "x" * 1024])
async def test_passwords_of_allowed_lengths(
    accounts: Accounts, alice: Address, password: str
) -> None:
    await accounts.create(alice, password)
    await accounts.authenticate(alice, password)


async def test_passwords_are_compared_in_their_canonical_form(
    accounts: Accounts, alice: Address
) -> None:
    await accounts.create(alice, "Ju\u0308rgens\u00a0Haus")
    await accounts.authenticate(alice, "J\u00fcrgens Haus")
    await refusal(accounts.authenticate(alice, "j\u00fcrgens haus"))


@pytest.mark.parametrize(
    "text", ["alice@elsewhere.example", "x@guest.example.org", "x@rooms.example.org"]
)
async def test_accounts_are_of_the_domain(
    accounts: Accounts, addresses: Addresses, text: str
) -> None:
    refused = await refusal(accounts.create(addresses.parse(text), PASSWORD))
    assert refused.reason is Reason.BAD_REQUEST
    assert "example.org" in refused.text


async def test_keys_for_every_protocol(
    accounts: Accounts, alice: Address, addresses: Addresses
) -> None:
    await accounts.create(alice, PASSWORD)
    keys = await accounts.keys(alice)
    assert set(keys) == set(KeyKind)
    for key in keys.values():
        assert derivation.proves(key, alice, PASSWORD)
    assert await accounts.keys(addresses.parse("nobody")) == {}
    await accounts.disable(alice)
    assert await accounts.keys(alice) == {}


async def test_no_column_has_the_password(
    accounts: Accounts, alice: Address, database: Database
) -> None:
    await accounts.create(alice, PASSWORD)

    def everything(connection: Connection) -> str:
        tables = ("accounts", "account_keys")
        rows = [connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables]
        return repr(rows)

    stored = await database.read(everything)
    assert "alice" in stored
    assert PASSWORD not in stored


async def test_another_password(accounts: Accounts, alice: Address, addresses: Addresses) -> None:
    before = await accounts.create(alice, PASSWORD)
    old = await accounts.keys(alice)
    after = await accounts.set_password(alice, "battery staple")
    assert (after.id, after.stamp != before.stamp) == (before.id, True)
    await accounts.authenticate(alice, "battery staple")
    await refusal(accounts.authenticate(alice, PASSWORD))
    assert all(key.data != old[kind].data for kind, key in (await accounts.keys(alice)).items())
    refused = await refusal(accounts.set_password(addresses.parse("nobody"), PASSWORD))
    assert refused.reason is Reason.NOT_FOUND


async def test_update_and_remove(
    accounts: Accounts, alice: Address, addresses: Addresses, database: Database
) -> None:
    made = await accounts.create(alice, PASSWORD)
    renamed = await accounts.update(alice, name="Ally")
    assert (renamed.name, renamed.stamp) == ("Ally", made.stamp)
    assert (await accounts.update(alice)) == renamed
    assert (await accounts.update(alice, role=Role.ADMIN)).admin
    assert (await accounts.disable(alice)).disabled
    assert not (await accounts.update(alice, disabled=False)).disabled
    await accounts.authenticate(alice, PASSWORD)
    assert await accounts.remove(alice)
    assert not await accounts.remove(alice)
    assert await accounts.find(alice) is None
    assert (await refusal(accounts.update(alice, name="x"))).reason is Reason.NOT_FOUND
    count = text("SELECT count(*) FROM account_keys")
    assert await database.read(lambda c: c.execute(count).scalar()) == 0


async def test_pages(accounts: Accounts, addresses: Addresses) -> None:
    names = ["ann", "bob", "cid", "dora", "eve"]
    for name in reversed(names):
        await accounts.create(addresses.parse(name), PASSWORD)
    first = await accounts.page(limit=3)
    rest = await accounts.page(after=first[-1].address, limit=3)
    assert [account.address.local for account in [*first, *rest]] == names
    assert await accounts.page(after=rest[-1].address) == []


async def test_kinds_that_are_switched_off(
    database: Database, addresses: Addresses, alice: Address
) -> None:
    everything = Accounts(database, addresses, QUICK)
    await everything.create(alice, PASSWORD)
    for kind in KeyKind:
        only = AccountsConfig(
            argon2_memory=64, argon2_time=1, scram_iterations=4096, password_hash=(kind,)
        )
        accounts = Accounts(database, addresses, only)
        assert set(await accounts.keys(alice)) == {kind}
        await accounts.authenticate(alice, PASSWORD)
        await refusal(accounts.authenticate(alice, "wrong horse"))
        await refusal(accounts.authenticate(addresses.parse("nobody"), PASSWORD))
        await accounts.close()
    await everything.close()


async def test_log_in_brings_keys_up_to_date(
    database: Database, addresses: Addresses, alice: Address
) -> None:
    few = AccountsConfig(
        argon2_memory=64, argon2_time=1, password_hash=(KeyKind.SCRAM_SHA_1,), scram_iterations=4096
    )
    many = AccountsConfig(argon2_memory=128, argon2_time=2, scram_iterations=5000)
    before, after = Accounts(database, addresses, few), Accounts(database, addresses, many)
    made = await before.create(alice, PASSWORD)
    assert set(await after.keys(alice)) == {KeyKind.SCRAM_SHA_1}
    assert await after.authenticate(alice, PASSWORD) == made
    keys = await after.keys(alice)
    assert set(keys) == set(KeyKind)
    assert keys[KeyKind.SCRAM_SHA_1].iterations == 5000
    assert all(derivation.proves(key, alice, PASSWORD) for key in keys.values())
    unchanged = await after.authenticate(alice, PASSWORD)
    assert (unchanged, await after.keys(alice)) == (made, keys)
    await before.close()
    await after.close()


async def test_the_loop_runs_while_keys_are_derived(
    database: Database, addresses: Addresses, alice: Address
) -> None:
    slow = AccountsConfig(argon2_memory=65_536, argon2_time=4)
    accounts = Accounts(database, addresses, slow)
    creating = asyncio.create_task(accounts.create(alice, PASSWORD))
    turns = 0
    while not creating.done():
        await asyncio.sleep(0.002)
        turns += 1
    await creating
    assert turns > 5
    await accounts.close()


async def test_a_flood_of_log_ins_is_refused_as_busy(
    database: Database, addresses: Addresses, alice: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = AccountsConfig(argon2_memory=64, argon2_time=1, max_waiting=3)
    accounts = Accounts(database, addresses, narrow)
    await accounts.create(alice, PASSWORD)
    await accounts.authenticate(alice, PASSWORD)
    gate = threading.Event()
    monkeypatch.setattr(derivation, "proves", lambda *_: gate.wait(10))
    flood = [asyncio.create_task(accounts.authenticate(alice, PASSWORD)) for _ in range(10)]
    for refused_first in asyncio.as_completed(flood):
        with pytest.raises(Refused):
            await refused_first
        if sum(task.done() for task in flood) == 6:
            break
    gate.set()
    results = await asyncio.gather(*flood, return_exceptions=True)
    refused = [result.reason for result in results if isinstance(result, Refused)]
    assert refused == [Reason.BUSY] * 6
    await accounts.authenticate(alice, PASSWORD)
    await accounts.close()


async def test_tokens_of_an_account_that_changed_are_void(
    accounts: Accounts, alice: Address, addresses: Addresses
) -> None:
    tokens = Tokens(addresses, b"s" * 32)

    def sign(stamp: str | None, address: Address = alice) -> str:
        caller = Caller(address=address, name="Alice", grants=Grants())
        return tokens.issue(caller, stamp=stamp).text

    async def valid(text: str) -> bool:
        try:
            await accounts.check(tokens.read(text))
        except Refused as refused:
            assert refused.reason is Reason.UNAUTHORIZED  # noqa: PT017
            return False
        return True

    assert await valid(sign(None)), "a name without an account"
    assert await valid(sign(None, addresses.guest("x")))
    made = await accounts.create(alice, PASSWORD)
    text = sign(made.stamp)
    assert await valid(text)
    await accounts.update(alice, name="Ally")
    assert await valid(text)

    text = sign((await accounts.set_password(alice, "battery staple")).stamp)
    assert await valid(text)
    assert not await valid(sign(made.stamp))
    await accounts.disable(alice)
    assert not await valid(text)
    assert not await valid(sign(None))
    text = sign((await accounts.update(alice, disabled=False)).stamp)
    assert await valid(text)
    await accounts.remove(alice)
    assert not await valid(text)
    await accounts.create(alice, PASSWORD)
    assert not await valid(text)


async def test_who_watches_is_told_of_every_change(
    accounts: Accounts, alice: Address, addresses: Addresses
) -> None:
    told: list[Address] = []
    end = accounts.watch(told.append)
    await accounts.create(alice, PASSWORD)
    await accounts.set_password(alice, f"{PASSWORD} 2")
    await accounts.update(alice, name="A.")
    await accounts.disable(alice)
    assert told == [alice] * 4
    assert not await accounts.remove(addresses.parse("nobody"))
    assert await accounts.remove(alice)
    assert told == [alice] * 5
    end()
    await accounts.create(alice, PASSWORD)
    assert told == [alice] * 5


async def test_stamps_and_keys_of_those_who_may_log_in(
    accounts: Accounts, alice: Address, addresses: Addresses
) -> None:
    bob, carol, nobody = map(addresses.parse, ("bob", "carol", "nobody"))
    for who in (alice, bob, carol):
        await accounts.create(who, PASSWORD)
    await accounts.disable(carol)
    first = await accounts.stamps([alice.on("phone"), bob, carol, nobody])
    assert set(first) == {alice, bob}
    await accounts.set_password(alice, f"{PASSWORD} 2")
    second = await accounts.stamps([alice, bob])
    assert first[alice] != second[alice]
    assert first[bob] == second[bob]
    found = await accounts.find_with_keys([alice.on("phone"), bob, carol, nobody])
    assert set(found) == {alice, bob}
    for who, (account, keys) in found.items():
        assert (account.address, account.stamp) == (who, second[who])
        assert keys == await accounts.keys(who)
        assert keys
    assert not await accounts.find_with_keys([])


async def test_who_ends_sessions_is_told_when_log_ins_are_void(
    accounts: Accounts, alice: Address
) -> None:
    told: list[tuple[Address, str | None]] = []
    end = accounts.watch_voided(lambda account, stamp: told.append((account, stamp)))
    await accounts.create(alice, PASSWORD)
    await accounts.update(alice, name="A.", limits=AccountLimits(sessions=1))
    assert told == []
    changed = await accounts.update(alice, role=Role.MODERATOR)
    assert told == [(alice, changed.stamp)]
    changed = await accounts.set_password(alice, f"{PASSWORD} 2")
    assert told[1:] == [(alice, changed.stamp)]
    await accounts.disable(alice)
    assert told[2:] == [(alice, None)]
    await accounts.remove(alice)
    assert told[3:] == [(alice, None)]
    end()
    await accounts.create(alice, PASSWORD)
    await accounts.disable(alice)
    assert len(told) == 4


async def test_what_another_process_does_to_accounts_is_heard(
    accounts: Accounts, alice: Address, addresses: Addresses, database: Database
) -> None:
    bob, carol = map(addresses.parse, ("bob", "carol"))
    for who in (alice, bob, carol):
        await accounts.create(who, PASSWORD)
    changed: list[Address] = []
    void: list[tuple[Address, str | None]] = []
    accounts.watch(changed.append)
    accounts.watch_voided(lambda account, stamp: void.append((account, stamp)))
    shell = Accounts(database, addresses, QUICK)
    try:
        await shell.update(alice, name="A.")
        await shell.disable(bob)
        now = await shell.set_password(carol, f"{PASSWORD} 2")
    finally:
        await shell.close()
    assert (changed, void) == ([], [])
    await accounts.hear()
    assert changed == [alice, bob, carol]
    assert void == [(bob, None), (carol, now.stamp)]
    await accounts.hear()  # once only
    assert len(changed) == 3
    await accounts.disable(alice)  # its own doings are told at once, not again
    assert (changed[3:], void[2:]) == ([alice], [(alice, None)])
    await accounts.hear()
    assert len(changed) == 4


async def test_notes_of_other_processes_are_read_whatever_their_order(
    database: Database, alice: Address
) -> None:
    """A transaction may be committed after another one that began later."""
    times = iter([1000.0, 1000.5, 995.0, 1002.0, 1300.0, 1290.0, 1302.0])
    one, other = (AccountChanges(database, clock=lambda: next(times)) for _ in range(2))
    account = Account(id="a", address=alice, name="", created_at=0.0, stamp="")

    async def note() -> None:
        await database.write(lambda c: other.note(c, account, What.VOIDED))

    assert not await one.hear()
    await note()
    await note()
    assert [change.at for change in await one.hear()] == [995.0, 1000.5]
    assert not await one.hear()  # after a long pause
    await note()
    assert [change.at for change in await one.hear()] == [1290.0]


async def test_old_notes_are_deleted(database: Database, alice: Address) -> None:
    now = 1000.0
    changes = AccountChanges(database, clock=lambda: now)
    account = Account(id="a", address=alice, name="", created_at=0.0, stamp="")
    await database.write(lambda c: changes.note(c, account, What.REMOVED))
    await changes.prune()
    assert await database.read(lambda c: since(c, 0.0))
    now += 100_000
    await changes.prune()
    assert not await database.read(lambda c: since(c, 0.0))


async def test_what_comes_while_an_account_is_removed_is_erased_as_well(
    accounts: Accounts, alice: Address, addresses: Addresses, database: Database
) -> None:
    kept: list[str] = ["before"]

    async def erase(account: Account) -> None:
        kept.clear()
        if await accounts.find(alice) is not None:
            kept.append("meanwhile")

    accounts.on_remove(erase)
    await accounts.create(alice, PASSWORD)
    assert await accounts.remove(alice)
    assert kept == []
    # Another process removes it: this one may have written to it until it hears of that.
    await accounts.create(alice, PASSWORD)
    shell = Accounts(database, addresses, QUICK)
    try:
        assert await shell.remove(alice)
    finally:
        await shell.close()
    kept.append("meanwhile")
    await accounts.hear()
    assert kept == []
    # Nothing of whoever has the address now.
    await accounts.create(alice, PASSWORD)
    kept.append("new")
    await accounts.hear()
    assert kept == ["new"]


async def test_nobody_gets_what_is_left_of_whoever_had_the_address(
    accounts: Accounts, alice: Address
) -> None:
    kept: list[str] = []
    failing = False

    async def erase(account: Account) -> None:
        if failing and await accounts.find(alice) is None:
            raise Refused(Reason.BUSY, "not now")
        kept.clear()

    accounts.on_remove(erase)
    await accounts.create(alice, PASSWORD)
    failing = True
    assert await accounts.remove(alice)
    kept.append("left")
    assert (await refusal(accounts.create(alice, PASSWORD))).reason is Reason.BUSY
    failing = False
    await accounts.create(alice, PASSWORD)
    assert kept == []


async def test_what_is_kept_elsewhere_is_erased_before_the_account(
    accounts: Accounts, alice: Address
) -> None:
    erased: list[tuple[str, bool]] = []

    async def erase(account: Account) -> None:
        there = await accounts.find(alice)
        erased.append((account.id, there is not None and there.disabled))
        if len(erased) == 1:
            raise Refused(Reason.BUSY, "not now")

    accounts.on_remove(erase)
    made = await accounts.create(alice, PASSWORD)
    assert (await refusal(accounts.remove(alice))).reason is Reason.BUSY
    assert (await refusal(accounts.authenticate(alice, PASSWORD))).reason is Reason.UNAUTHORIZED
    assert await accounts.remove(alice)
    # Once more after it is gone: something may have come meanwhile.
    assert erased == [(made.id, True)] * 2 + [(made.id, False)]
    assert await accounts.find(alice) is None


async def test_limits_of_an_account(accounts: Accounts, alice: Address) -> None:
    await accounts.create(alice, PASSWORD)
    limits = AccountLimits(storage=5, message_rate=0.5, sessions=3)
    changed = await accounts.update(alice, limits=limits)
    assert changed.limits == limits
    assert await accounts.find(alice) == changed
    bad = AccountLimits(message_rate=-1)
    assert (await refusal(accounts.update(alice, limits=bad))).reason is Reason.BAD_REQUEST
    assert (await accounts.update(alice, limits=AccountLimits())).limits == AccountLimits()
