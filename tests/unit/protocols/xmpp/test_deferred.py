"""What waits for clients that nobody looks at is bounded, and the last of a kind only."""

from antiphon.protocols.xmpp.deferred import LIMIT, OCTETS, Deferred


def test_the_last_of_a_kind_waits() -> None:
    deferred = Deferred()
    assert not deferred.keep("a", b"now")
    deferred.inactive = True
    for key, stanza in (("a", b"1"), ("b", b"2"), ("a", b"3")):
        assert deferred.keep(key, stanza)
    assert deferred.take() == [b"2", b"3"]
    assert deferred.take() == []


def test_no_more_than_so_many_wait() -> None:
    deferred = Deferred()
    deferred.inactive = True
    kept = [deferred.keep(str(number), b"x") for number in range(LIMIT + 5)]
    assert sum(kept) == LIMIT
    assert len(deferred.take()) == LIMIT


def test_no_more_than_so_much_waits() -> None:
    deferred = Deferred()
    deferred.inactive = True
    large = bytes(OCTETS // 2)
    assert [deferred.keep(key, large) for key in "abc"] == [True, True, False]
    # What takes the place of an earlier one needs no more room than it.
    assert deferred.keep("a", large)
    assert not deferred.keep("a", bytes(OCTETS))
    deferred.take()
    assert deferred.keep("c", large)
