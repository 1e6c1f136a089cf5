"""Reliable provisional responses: who wants them, and which of those that come are new (RFC 3262).

No I/O. Those that we send are numbered and repeated by the machine.
"""

from dataclasses import dataclass

from .header import Acknowledged, Headers, number, tokens


def wanted(request: Headers) -> bool:
    """Whether the INVITE requires provisional answers to be reliable."""
    return "100rel" in tokens(request, "require")


def possible(request: Headers) -> bool:
    """Whether they may be reliable."""
    return wanted(request) or "100rel" in tokens(request, "supported")


@dataclass(slots=True)
class Received:
    """The reliable responses of one early dialog to our INVITE."""

    cseq: int
    last: int | None = None

    def accept(self, response: Headers) -> Acknowledged | None:
        """What to acknowledge by PRACK; None for a repetition or one out of order (§4).

        Raises `MalformedError`.
        """
        if "100rel" not in tokens(response, "require"):
            return None
        if (text := response.get("rseq")) is None:
            return None
        rseq = number(text)
        if self.last is not None and rseq != self.last + 1:
            return None
        self.last = rseq
        return Acknowledged(rseq, self.cseq, "INVITE")
