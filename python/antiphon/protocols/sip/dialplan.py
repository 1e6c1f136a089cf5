"""Telephone numbers: what people dial, as E.164, and which trunks lead there.

Plain functions of numbers and configuration; a plug-in may put another plan in their place.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from .config import TrunkConfig

_DRESS = str.maketrans("", "", " -./()\u00a0")
# ITU-T E.164 §6.1: at most 15 digits with the country code.
_E164 = re.compile(r"\+[1-9][0-9]{2,14}")
_DIGITS = re.compile(r"[0-9]+")


class Plan(Protocol):
    """What a dialled text means."""

    def number(self, dialled: str) -> str | None:
        """The E.164 number (`+4930123456`) that was dialled; None: it is no outside number."""


@dataclass(frozen=True, slots=True)
class DialPlan:
    """The usual plan of a country: `+49…`, `0049…` and `030…` are the same kind of number.

    `country`: its code without `+`, empty where national numbers are not to be understood.
    """

    country: str = ""
    international: str = "00"
    national: str = "0"

    def number(self, dialled: str) -> str | None:
        """See `Plan`."""
        text = dialled.translate(_DRESS)
        if not text.startswith("+"):
            if not _DIGITS.fullmatch(text):
                return None
            text = self._spelled_out(text)
        return text if _E164.fullmatch(text) else None

    def _spelled_out(self, digits: str) -> str:
        if self.international and digits.startswith(self.international):
            return "+" + digits.removeprefix(self.international)
        if self.country and self.national and digits.startswith(self.national):
            return f"+{self.country}{digits.removeprefix(self.national)}"
        return digits


def trunks_to(number: str, trunks: Iterable[TrunkConfig]) -> Sequence[TrunkConfig]:
    """The trunks that may carry a call to that number, in the order in which to try them.

    The more of the number a trunk's prefix names, the better it fits; among equals the one of the
    lower `priority` comes first, then the one that was configured first.
    """
    fitting = [(fit, trunk) for trunk in trunks if (fit := _fit(number, trunk)) is not None]
    fitting.sort(key=lambda pair: (-pair[0], pair[1].priority))
    return [trunk for _, trunk in fitting]


def _fit(number: str, trunk: TrunkConfig) -> int | None:
    lengths = [len(prefix) for prefix in trunk.prefixes if number.startswith(prefix)]
    return max(lengths, default=None)
