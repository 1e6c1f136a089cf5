"""What is dialled, as E.164, and the trunks that lead there."""

import pytest

from antiphon.protocols.sip.config import TrunkConfig
from antiphon.protocols.sip.dialplan import DialPlan, trunks_to

GERMANY = DialPlan("49")


@pytest.mark.parametrize(
    ("dialled", "number"),
    [
        ("+49 30 123456", "+4930123456"),
        ("0049 (30) 123-456", "+4930123456"),
        ("030/123456", "+4930123456"),
        ("100", None),
        ("alice", None),
        ("+", None),
        ("+0123", None),
        ("+1234567890123456", None),
        ("", None),
        ("*21#", None),
    ],
)
def test_what_people_dial(dialled: str, number: str | None) -> None:
    assert GERMANY.number(dialled) == number


def test_without_a_country_national_numbers_are_not_guessed() -> None:
    assert DialPlan().number("030123456") is None
    assert DialPlan().number("004930123456") == "+4930123456"


def test_the_better_fit_first_then_priority() -> None:
    def trunk(name: str, *prefixes: str, priority: int = 0) -> TrunkConfig:
        return TrunkConfig(name=name, host="a.example", prefixes=prefixes, priority=priority)

    world, spare = trunk("world", "+"), trunk("spare", "+", priority=5)
    germany, mobile = trunk("germany", "+49"), trunk("mobile", "+4915", "+4917")
    every = [spare, world, mobile, germany]
    assert trunks_to("+491701234567", every) == [mobile, germany, world, spare]
    assert trunks_to("+331234567", every) == [world, spare]
    assert trunks_to("+331234567", [germany]) == []
