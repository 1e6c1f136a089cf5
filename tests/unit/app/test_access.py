"""Who has an account, remembered."""

from antiphon.app.access import ACCOUNT_KEPT, NOBODY_KEPT, AccountDirectory
from antiphon.core.address import Addresses
from antiphon.services.accounts import Accounts
from antiphon.stores.database import Database
from antiphon.stores.records import AccountLimits


async def test_what_was_found_is_remembered_until_it_changes(
    database: Database, addresses: Addresses
) -> None:
    now = 0.0
    accounts = Accounts(database, addresses)
    directory = AccountDirectory(accounts, clock=lambda: now)
    ann = addresses.parse("ann")
    assert directory.known(ann) is None
    assert not await directory.knows(ann.on("tab"))
    assert directory.known(ann) is False
    await accounts.create(ann, "correct horse")
    assert directory.known(ann) is None, "made by this node: what was known is wrong"
    assert await directory.knows(ann)
    assert (directory.known(ann), directory.message_rate(ann)) == (True, None)
    await accounts.update(ann, limits=AccountLimits(message_rate=2.5))
    assert await directory.knows(ann)
    assert directory.message_rate(ann) == 2.5

    # What the shell or another node changes is seen a little later.
    other = Accounts(database, addresses)
    ben = addresses.parse("ben")
    assert not await directory.knows(ben)
    await other.create(ben, "correct horse")
    assert directory.known(ben) is False
    now += NOBODY_KEPT + 0.1
    assert directory.known(ben) is None
    assert await directory.knows(ben)
    await other.remove(ann)
    assert directory.known(ann) is True
    now += ACCOUNT_KEPT
    assert directory.known(ann) is None
    assert not await directory.knows(ann)
    await accounts.close()
    await other.close()
