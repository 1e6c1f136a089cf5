"""Failed log-ins by account and network."""

from antiphon.protocols.xmpp.attempts import Attempts


def test_an_account_is_closed_to_one_network_for_a_while() -> None:
    attempts = Attempts(3, 60.0)
    for _ in range(3):
        assert attempts.allows("192.0.2.1", "alice", 0.0)
        attempts.failed("192.0.2.1", "alice", 0.0)
    assert not attempts.allows("192.0.2.1", "alice", 1.0)
    assert attempts.allows("192.0.2.1", "bob", 1.0)
    assert attempts.allows("192.0.2.2", "alice", 1.0)
    assert attempts.allows("192.0.2.1", "alice", 61.0)
    assert (attempts.failures, attempts.refused) == (3, 1)


def test_a_network_may_fail_ten_times_as_often() -> None:
    attempts = Attempts(2, 60.0)
    for number in range(20):
        assert attempts.allows("2001:db8::1", f"name{number}", 0.0)
        attempts.failed("2001:db8::1", f"name{number}", 0.0)
    assert not attempts.allows("2001:db8::ffff", "somebody", 0.0)
    assert attempts.allows("2001:db8:1::1", "somebody", 0.0)


def test_success_forgets_the_failures_of_that_account() -> None:
    attempts = Attempts(2, 60.0)
    for _ in range(2):
        attempts.failed("192.0.2.1", "alice", 0.0)
    attempts.succeeded("192.0.2.1", "alice")
    assert attempts.allows("192.0.2.1", "alice", 0.0)


def test_what_is_remembered_is_bounded() -> None:
    attempts = Attempts(2, 60.0)
    for number in range(30_000):
        attempts.failed(f"198.51.{number >> 8 & 255}.{number & 255}", "x" * 100_000, 0.0)
    assert len(attempts._failed) <= 20_000
    assert all(len(name) <= 64 for _, name in attempts._failed)


def test_a_success_without_a_name_does_not_forget_the_network() -> None:
    attempts = Attempts(1, 60.0)
    for number in range(10):
        attempts.failed("192.0.2.1", f"name{number}", 0.0)
    attempts.succeeded("192.0.2.1", "")
    assert not attempts.allows("192.0.2.1", "somebody", 0.0)


def test_letters_case_makes_no_other_account() -> None:
    attempts = Attempts(1, 60.0)
    attempts.failed("192.0.2.1", "Alice", 0.0)
    assert not attempts.allows("192.0.2.1", "aLICE", 0.0)
