"""Ports and keys for tests of descriptions: no engine behind them."""

import itertools

from antiphon.core.reason import Reason, Refused
from antiphon.media.agreement import Agreement, Wishes
from antiphon.media.answer import answer
from antiphon.media.ours import Place
from antiphon.media.sdp import SessionDescription, parse, spell

SUITES = ("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM")
NOTHING, USUAL = Agreement(), Wishes()
FINGERPRINT = "sha-256 " + ":".join(["AB"] * 32)


class PaperGround:
    """Gives out ports, keys and letters by counting."""

    fingerprint = FINGERPRINT

    def __init__(self, address: str = "192.0.2.1") -> None:
        self.address = address
        self.places: dict[str, Place] = {}
        self.counter = itertools.count(1)

    def place(self, section: str, towards: str | None) -> Place:
        if section not in self.places:
            port = 10_000 + 2 * len(self.places)
            self.places[section] = Place(self.address, port, port + 1)
        return self.places[section]

    def new_key(self, tag: int, suite: str) -> str:
        return f"{tag} {suite} inline:ours{next(self.counter)}"

    def suite(self, crypto: str) -> tuple[int, str]:
        match crypto.split():
            case [tag, suite, key, *_] if (
                tag.isdigit() and suite in SUITES and key[:7] == "inline:"
            ):
                return int(tag), suite
            case _:
                raise ValueError(f"not a key: {crypto}")

    def secret(self, length: int) -> str:
        return f"{next(self.counter)}".rjust(length, "x")


class FullGround(PaperGround):
    """No port is free."""

    def place(self, section: str, towards: str | None) -> Place:
        raise Refused(Reason.TOO_MANY, "No port is free.")


def description(*lines: str) -> str:
    """A description of a phone at 198.51.100.7, with its media lines and attributes."""
    head = ("v=0", "o=phone 1 1 IN IP4 198.51.100.7", "s=-", "c=IN IP4 198.51.100.7", "t=0 0")
    return "".join(f"{line}\r\n" for line in (*head, *lines))


def answered(
    text: str, before: Agreement = NOTHING, wishes: Wishes = USUAL
) -> tuple[Agreement, SessionDescription]:
    """What is agreed on an offer, and our answer as the phone reads it."""
    agreed = answer(before, parse(text), wishes, PaperGround(), "77")
    assert agreed.said is not None
    return agreed, parse(spell(agreed.said))
