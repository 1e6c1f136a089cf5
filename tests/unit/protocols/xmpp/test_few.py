"""Sets that are small most of the time."""

from antiphon.protocols.xmpp.few import SMALL, Few, with_one, without


def test_members_come_and_go_whatever_their_number() -> None:
    few: Few[int] = ()
    for number in range(3 * SMALL):
        few = with_one(with_one(few, number), number)
        assert list(few) == list(range(number + 1))
    for number in range(3 * SMALL):
        few = without(without(few, number), number)
        assert list(few) == list(range(number + 1, 3 * SMALL))
    assert few == ()


def test_few_members_are_a_tuple_again_when_others_have_gone() -> None:
    few: Few[int] = ()
    for number in range(SMALL + 1):
        few = with_one(few, number)
    assert isinstance(few, dict)
    assert isinstance(without(few, 0), tuple)
