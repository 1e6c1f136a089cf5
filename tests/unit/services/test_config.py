from typing import Any

import pytest

from antiphon.services.config import AccountsConfig, MailboxConfig, TokensConfig, parse_api_key
from antiphon.stores.records import KeyKind


def test_defaults_are_valid() -> None:
    assert set(AccountsConfig().password_hash) == set(KeyKind)
    assert TokensConfig().api_keys == ()
    assert MailboxConfig().linger > 0


@pytest.mark.parametrize(
    ("config", "values"),
    [
        (AccountsConfig, {"password_hash": ()}),
        (AccountsConfig, {"min_password": 0}),
        (AccountsConfig, {"min_password": 9, "max_password": 8}),
        (AccountsConfig, {"max_password": 5000}),
        (AccountsConfig, {"scram_iterations": 4095}),
        (AccountsConfig, {"argon2_time": 0}),
        (AccountsConfig, {"hash_threads": 0}),
        (TokensConfig, {"token_ttl": 0.0}),
        (TokensConfig, {"token_ttl": 2.0, "max_token_ttl": 1.0}),
        (TokensConfig, {"leeway": -1.0}),
        (TokensConfig, {"api_keys": ("nocolon",)}),
        (TokensConfig, {"api_keys": (f"a:{'x' * 32}", f"a:{'y' * 32}")}),
        (MailboxConfig, {"linger": -1.0}),
        (MailboxConfig, {"max_batch": 0}),
        (MailboxConfig, {"max_waiting": 0}),
    ],
)
def test_values_that_are_refused(config: Any, values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        config(**values)


def test_api_keys() -> None:
    assert parse_api_key(f"backend:{'s:' * 16}") == ("backend", b"s:" * 16)
    for text in ("", ":" + "x" * 32, "naïve:" + "x" * 32, "a\n:" + "x" * 32):
        with pytest.raises(ValueError, match="KEY:SECRET"):
            parse_api_key(text)
