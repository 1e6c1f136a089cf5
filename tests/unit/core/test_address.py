import pytest

from antiphon.core.address import Address, Addresses
from antiphon.core.reason import Reason, Refused
from tests.support.fakes import DOMAIN, PlainNormalizer

ADDRESSES = Addresses(DOMAIN, PlainNormalizer())


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Ann@Example.org", Address("ann", "example.org")),
        ("ann", Address("ann", DOMAIN)),
        ("ann@example.org/Phone 2", Address("ann", "example.org", "Phone 2")),
        ("ann@example.org/a/b@c", Address("ann", "example.org", "a/b@c")),
    ],
)
def test_reads_every_part(text: str, address: Address) -> None:
    assert ADDRESSES.parse(text) == address


@pytest.mark.parametrize("text", ["", "@", "@example.org", "a b@example.org", "ä" * 200, "/x"])
def test_refuses_what_is_no_address(text: str) -> None:
    with pytest.raises(Refused) as refused:
        ADDRESSES.parse(text)
    assert refused.value.reason is Reason.BAD_REQUEST


def test_rooms_and_guests_have_domains_of_their_own() -> None:
    room = ADDRESSES.room("Standup")
    assert str(room) == "standup@rooms.example.org"
    assert room.is_room
    assert ADDRESSES.room(str(room)) == room
    visitor = ADDRESSES.guest("g1")
    assert visitor.is_guest
    assert not visitor.is_room


@pytest.mark.parametrize("name", ["standup@rooms.elsewhere.org", "standup@rooms.example.org/x"])
def test_a_room_elsewhere_is_not_found(name: str) -> None:
    with pytest.raises(Refused) as refused:
        ADDRESSES.room(name)
    assert refused.value.reason is Reason.NOT_FOUND


def test_text_of_an_address_reads_back() -> None:
    address = Address("ann", DOMAIN, "phone")
    assert ADDRESSES.parse(str(address)) == address
    assert address.bare == Address("ann", DOMAIN)
    assert address.bare.on("phone") == address


def test_equal_addresses_are_one_key_however_they_were_made() -> None:
    bare = Address("ann", DOMAIN)
    made = bare.on("phone")
    assert made.bare is bare
    assert {made: 1}[Address("ann", DOMAIN, "phone")] == 1
    assert {bare: 1}[Address("ann", DOMAIN, "other").bare] == 1
    assert hash(made) != hash(bare)
