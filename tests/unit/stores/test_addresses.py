import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.core.address import Address, Addresses
from antiphon.core.reason import Reason, Refused
from antiphon.services.normalize import PrecisNormalizer
from antiphon.stores.addresses import check_text, read_address

ADDRESSES = Addresses("example.org", PrecisNormalizer())
LOCALS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@given(LOCALS, st.sampled_from(["example.org", "[::1]", "bücher.example"]), LOCALS)
def test_what_is_written_is_read_back(local: str, domain: str, device: str) -> None:
    try:
        address = ADDRESSES.parse(f"{local}@{domain}/{device}")
    except Refused:
        return
    assert read_address(str(address)) == address
    assert read_address(str(address.bare)) == address.bare


def test_devices_may_look_like_addresses() -> None:
    address = Address("ann", "example.org", "a@b/c@d")
    assert read_address(str(address)) == address


def test_limits_are_in_bytes() -> None:
    check_text("It", "ää", 4)
    with pytest.raises(Refused, match="It has 5 bytes; the limit is 4") as refused:
        check_text("It", "ääx", 4)
    assert refused.value.reason is Reason.TOO_LARGE
