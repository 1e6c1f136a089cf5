"""Session timers: how two user agents notice that the other one is gone (RFC 4028).

Values and rules; the clock is an argument.
"""

from dataclasses import dataclass

from .header import Headers, SessionExpires, parse_session_expires, tokens

# RFC 4028 §5: no session may be asked to refresh more often.
SHORTEST = 90
# RFC 4028 §10: a call without a refresh ends this much before the interval does, or a third of it.
MARGIN = 32.0


@dataclass(frozen=True, slots=True)
class Terms:
    """What we ask for, in seconds. `interval` 0: no timers unless the other side wants them."""

    interval: int = 1800
    minimum: int = SHORTEST


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a 2xx says: the interval, and whether we refresh. `mutual`: the other side counts, too;
    where it does not, any answer of its own to a refresh shows that it is there.
    """

    interval: int
    ours: bool
    mutual: bool = True

    def next(self, now: float) -> float:
        """When something must be done, if nothing refreshes before: our refresh, or the end."""
        return now + self.interval / 2 if self.ours else self.end(now)

    def end(self, now: float) -> float:
        """When the call ends, if nothing refreshes before."""
        return now + self.interval - min(MARGIN, self.interval / 3)


class TooSmallError(Exception):
    """Their interval is below our minimum: refuse with 422 and Min-SE."""

    def __init__(self, minimum: int) -> None:
        super().__init__(f"the session interval must be at least {minimum} s")
        self.minimum = minimum


def answer(request: Headers, terms: Terms) -> tuple[Agreed | None, list[tuple[str, str]]]:
    """What we agree to, asked by INVITE or UPDATE, and the fields our 2xx says it by (§9).

    Raises `TooSmallError` and `MalformedError`.
    """
    supported = "timer" in tokens(request, "supported")
    asked = _asked(request, "session-expires", "x")
    floor = _asked(request, "min-se", "")
    if asked is not None and asked.seconds < terms.minimum and supported:
        raise TooSmallError(terms.minimum)
    least = max(terms.minimum, floor.seconds if floor else 0)
    if asked is None:
        if not supported or not terms.interval:
            return None, []
        interval = max(terms.interval, least)
    else:
        interval = max(asked.seconds, least)
        if terms.interval:
            interval = max(min(interval, terms.interval), least)
    # Table 2 of §9: whoever does not know timers cannot refresh; who said so refreshes.
    refresher = (asked.refresher if asked else "") or ("uac" if supported else "uas")
    if not supported:
        refresher = "uas"
    fields = [("Session-Expires", str(SessionExpires(interval, refresher)))]
    if refresher == "uac":
        fields.append(("Require", "timer"))
    return Agreed(interval, ours=refresher == "uas"), fields


def ask(terms: Terms, current: Agreed | None = None) -> list[tuple[str, str]]:
    """The fields of our INVITE or UPDATE (§7.1, §7.4): who refreshed goes on to do so."""
    if current is None and not terms.interval:
        return []
    refresher = "" if current is None else "uac" if current.ours else "uas"
    interval = max(terms.interval if current is None else current.interval, terms.minimum)
    fields = [("Session-Expires", str(SessionExpires(interval, refresher)))]
    if terms.minimum != SHORTEST:
        fields.append(("Min-SE", str(terms.minimum)))
    return fields


def answered(response: Headers, terms: Terms) -> Agreed | None:
    """What the 2xx to our INVITE or UPDATE agreed to (§7.2). Raises `MalformedError`."""
    said = _asked(response, "session-expires", "x")
    if said is None:
        # A side that knows no timers: we may still refresh, so that we notice its absence.
        interval = max(terms.interval, SHORTEST)
        return Agreed(interval, ours=True, mutual=False) if terms.interval else None
    return Agreed(max(said.seconds, SHORTEST), ours=said.refresher != "uas")


def raised(response: Headers, terms: Terms) -> Terms | None:
    """The terms to ask with again after a 422; None if it names no larger minimum (§7.3).

    Raises `MalformedError`.
    """
    floor = _asked(response, "min-se", "")
    if floor is None or floor.seconds <= terms.minimum:
        return None
    return Terms(max(terms.interval, floor.seconds), floor.seconds)


def _asked(message: Headers, name: str, compact: str) -> SessionExpires | None:
    text = message.get(name)
    if text is None and compact:
        text = message.get(compact)
    return parse_session_expires(text) if text is not None else None
