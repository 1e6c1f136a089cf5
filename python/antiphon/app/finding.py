"""What a check of `antiphon doctor` found, as a line."""

from dataclasses import dataclass

from .log import escape

OK, WARN, FAIL = "ok", "warn", "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check. `remedy`: what to do, unless it is ok."""

    state: str
    name: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        words = f"{self.text}; {self.remedy}" if self.remedy else self.text
        return f"{self.state:<5}{self.name:<13}{escape(words)}"


def target_of(address: str) -> tuple[str, int]:
    """Where to dial to reach a listener: the unspecified address stands for this machine."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), int(port)
