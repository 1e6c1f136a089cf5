"""Which of our addresses a telephone is told."""

import pytest

from antiphon.media.ground import MediaAddresses, farthest, unmapped

PUBLIC = "203.0.113.5"


@pytest.mark.parametrize(
    ("near", "media", "expected"),
    [
        (None, None, None),
        ("192.168.1.5", None, "192.168.1.5"),
        (None, "192.168.1.5", "192.168.1.5"),
        # A phone behind NAT; a proxy on this machine; a carrier's proxy in our network.
        ("8.8.8.8", "192.168.1.5", "8.8.8.8"),
        ("127.0.0.1", "192.168.1.5", "192.168.1.5"),
        ("10.0.0.1", "8.8.8.8", "8.8.8.8"),
        ("10.0.0.1", "10.9.0.1", "10.0.0.1"),
        ("192.168.1.5", "2001:db8::1", "2001:db8::1"),
    ],
)
def test_our_address_is_for_whom_is_farther_away(
    near: str | None, media: str | None, expected: str | None
) -> None:
    assert farthest(near, media) == expected


def test_neighbours_are_told_the_address_they_see() -> None:
    addresses = MediaAddresses(("192.168.9.9",), (PUBLIC,))
    assert addresses.towards("127.0.0.1") == "127.0.0.1"


def test_others_are_told_the_public_address_of_their_family() -> None:
    addresses = MediaAddresses(("192.168.9.9",), ("2001:db8::5", PUBLIC))
    assert addresses.towards("8.8.8.8") == PUBLIC
    assert addresses.towards(None) == "2001:db8::5"


def test_the_others_are_of_the_same_family() -> None:
    addresses = MediaAddresses(("192.168.9.9", "fd00::9", "127.0.0.1"), (PUBLIC,))
    assert addresses.others("127.0.0.1") == ("192.168.9.9", PUBLIC)
    assert addresses.others("fd00::9") == ()


def test_without_a_public_address_it_is_one_of_our_own() -> None:
    assert MediaAddresses(("192.168.9.9",)).towards(None) == "192.168.9.9"
    assert MediaAddresses(("192.168.9.9",)).towards("255.255.255.255") == "192.168.9.9"


def test_a_socket_of_both_families_does_not_hide_the_family() -> None:
    assert unmapped("::ffff:192.0.2.7") == "192.0.2.7"
    assert unmapped("2001:db8::7") == "2001:db8::7"
    assert unmapped(None) is None
