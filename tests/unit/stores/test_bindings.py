"""Contacts of telephones as they are stored, on each database."""

from dataclasses import replace

from antiphon.core.address import Address, Addresses
from antiphon.stores import bindings as statements
from antiphon.stores.bindings import StoredBinding
from antiphon.stores.database import Database

ONE = StoredBinding(
    uri="sip:alice@192.0.2.1:5060;transport=udp",
    transport="udp",
    host="192.0.2.1",
    port=5060,
    nat=False,
    path="<sip:edge.example.org;lr>\n<sip:inner.example.org;lr>",
    instance="urn:uuid:0",
    reg_id=2**31 - 1,
    call_id="c1@192.0.2.1",
    cseq=2**32 - 1,
    priority=0.5,
    agent="Phone 1.0",
    expires_at=1000.5,
)


async def all_of(database: Database, domain: str) -> list[tuple[Address, StoredBinding]]:
    return list(await database.read(lambda c: statements.load(c, domain)))


async def test_contacts_are_replaced_and_loaded_in_order(
    database: Database, addresses: Addresses
) -> None:
    alice, bob = addresses.parse("alice"), addresses.parse("bob")
    two = replace(ONE, uri="sip:alice@192.0.2.2", expires_at=2000.0)
    await database.write(lambda c: statements.replace(c, {alice: [two, ONE], bob: [ONE]}))
    assert await all_of(database, alice.domain) == [(alice, two), (alice, ONE), (bob, ONE)]
    assert await all_of(database, "other.example") == []
    await database.write(lambda c: statements.replace(c, {alice: [ONE], bob: []}))
    assert await all_of(database, alice.domain) == [(alice, ONE)]


async def test_what_has_expired_is_removed(database: Database, addresses: Addresses) -> None:
    alice = addresses.parse("alice")
    late = replace(ONE, expires_at=3000.0)
    await database.write(lambda c: statements.replace(c, {alice: [ONE, late]}))
    assert await database.write(lambda c: statements.remove_expired(c, 2000.0)) == 1
    assert await all_of(database, alice.domain) == [(alice, late)]
