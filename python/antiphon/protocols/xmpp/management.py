"""Stream management (XEP-0198) of one session: what was received and is safe, what was sent and is
not acknowledged. It outlives connections.

An acknowledgement says that a stanza will not be lost: it covers what is finished only, and waits
for what is being stored.
"""

from collections.abc import Callable

from antiphon._native import Kept, Stanza

from .message import escape, stream_error
from .namespaces import MANAGEMENT, STANZA_ERRORS

# RFC 6120 §4.7 has no upper bound for numbers, XEP-0198 §4 has: they wrap at 2^32.
WRAP = 2**32
DIGITS = 10


class Management:
    """`token` names the session for `<resume/>`, "" if it must not be resumed; `time`: seconds that
    its lost connection is waited for. `current`: ordinal of what is being received.
    """

    __slots__ = ("_asked", "_pending", "_waiting", "asked_at", "current", "kept", "time", "token")

    def __init__(self, kept: Kept, token: str, time: float) -> None:
        self.kept = kept
        self.token = token
        self.time = time
        self.current = 0
        self.asked_at: float | None = None
        # None in place of an empty one: a dictionary that was in use keeps its memory.
        self._pending: dict[int, None] | None = None
        self._asked: tuple[int, int, Callable[[bytes], None]] | None = None
        self._waiting: Callable[[bool], None] | None = None

    @property
    def resumable(self) -> bool:
        """Whether it may go on over another connection."""
        return bool(self.token)

    @property
    def handled(self) -> int:
        """How many stanzas have been received and finished, without a gap."""
        for first in self._pending or ():
            return (first - 1) % WRAP
        return self.current

    def enabled(self) -> bytes:
        """The answer to `<enable/>`."""
        if not self.token:
            return f"<enabled xmlns='{MANAGEMENT}'/>".encode()
        return (
            f"<enabled xmlns='{MANAGEMENT}' id='{self.token}' resume='true' max='{self.time:.0f}'/>"
        ).encode()

    # what was received

    def begin(self) -> int:
        """What is being received will be finished later."""
        if self._pending is None:
            self._pending = {}
        self._pending[self.current] = None
        return self.current

    def finish(self, token: int) -> None:
        """It is."""
        if self._pending is not None:
            self._pending.pop(token, None)
            self._pending = self._pending or None
        if self._asked is not None:
            self._answer()
        if not self._pending and (waiting := self._waiting) is not None:
            self._waiting = None
            waiting(True)

    def when_finished(self, then: Callable[[bool], None]) -> None:
        """Call it with True once nothing that was received is unfinished, perhaps at once; with
        False if another one takes its place before.
        """
        former, self._waiting = self._waiting, None
        if former is not None:
            former(False)
        if self._pending:
            self._waiting = then
        else:
            then(True)

    def requested(self, ordinal: int, send: Callable[[bytes], None]) -> None:
        """`<r/>` came, behind so many stanzas."""
        self.current = ordinal
        first = self._asked[0] if self._asked is not None else ordinal
        self._asked = (first, ordinal, send)
        self._answer()

    def _answer(self) -> None:
        """Answer if all is finished that came before the first request; what came before the last
        one is waited for then.
        """
        assert self._asked is not None
        first, last, send = self._asked
        handled = self.handled
        if _behind(handled, first):
            return
        self._asked = (last, last, send) if _behind(handled, last) else None
        send(f"<a xmlns='{MANAGEMENT}' h='{handled}'/>".encode())

    # what was sent

    def acknowledged(self, h: str | None) -> bytes | None:
        """`<a/>` came; the stream error that it deserves, if any."""
        self.asked_at = None
        count = number(h)
        if count is None:
            return stream_error("invalid-xml", "h must be a number below 2^32.")
        if not self.kept.acked(count):
            return too_high(count, self.kept.sent)
        return None

    def ask(self, now: float, send: Callable[[bytes], None]) -> None:
        """Ask for an acknowledgement if something is to be acknowledged and was not asked for."""
        if self.asked_at is None and len(self.kept):
            self.asked_at = now
            send(f"<r xmlns='{MANAGEMENT}'/>".encode())

    # connections

    def resumed(self) -> bytes:
        """The answer to `<resume/>`."""
        self.asked_at = None
        self._asked = None
        return (
            f"<resumed xmlns='{MANAGEMENT}' previd='{escape(self.token)}' h='{self.handled}'/>"
        ).encode()

    def close(self) -> list[Stanza]:
        """The session is over: what was never acknowledged, oldest first."""
        self.token = ""
        self._asked = None
        self._pending = None
        if (waiting := self._waiting) is not None:
            self._waiting = None
            waiting(True)
        return [Stanza(data) for data in self.kept.unacked()]

    @staticmethod
    def refusal(condition: str, handled: int | None = None) -> bytes:
        """The answer to an `<enable/>` or `<resume/>` that is not done."""
        head = f"<failed xmlns='{MANAGEMENT}'"
        if handled is not None:
            head += f" h='{handled}'"
        return f"{head}><{condition} xmlns='{STANZA_ERRORS}'/></failed>".encode()


def number(text: str | None) -> int | None:
    """A count of XEP-0198, None if it is none."""
    if text is None or not (text.isascii() and text.isdecimal()) or len(text) > DIGITS:
        return None
    count = int(text)
    return count if count < WRAP else None


def too_high(handled: int, sent: int) -> bytes:
    """The stream error for more acknowledged than was sent (XEP-0198 §4)."""
    detail = (
        f"<handled-count-too-high xmlns='{MANAGEMENT}' h='{handled}' send-count='{sent}'/>"
    ).encode()
    return stream_error("undefined-condition", extra=detail)


def _behind(count: int, other: int) -> bool:
    """Whether one count is before another, both modulo 2^32."""
    return 0 < (other - count) % WRAP < WRAP // 2
