"""Pages of long answers (XEP-0059). It does not know what is in them."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from .feature import StanzaError
from .message import element, named, text_of

RSM = "http://jabber.org/protocol/rsm"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part is asked for. `last`: the last page, or what is before `before`."""

    limit: int
    after: str | None = None
    before: str | None = None
    last: bool = False
    count_only: bool = False


def wanted(parent: Element, *, default: int, most: int) -> Wanted:
    """Read `<set/>` in an element. Raises `StanzaError`."""
    found = named(parent, "set", RSM)
    if found is None:
        return Wanted(default)
    if text_of(found, "index") is not None:
        # XEP-0059 §2.6: a page by its number is not offered.
        raise StanzaError("feature-not-implemented", "Pages by index are not offered.")
    text = (text_of(found, "max") or str(default)).strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise StanzaError("bad-request", "max must be a number.")
    before, after = text_of(found, "before"), text_of(found, "after")
    return Wanted(
        limit=max(1, min(int(text), most)),
        after=after or None,
        before=before or None,
        last=before is not None,
        count_only=int(text) == 0,
    )


def page(ids: tuple[str, str] | None, count: int | None = None) -> Element:
    """`<set/>` of an answer: first and last id in it, and how many there are in all, if known."""
    made = element("set", RSM)
    if ids is not None:
        made.append(element("first", RSM, ids[0]))
        made.append(element("last", RSM, ids[1]))
    if count is not None:
        made.append(element("count", RSM, str(count)))
    return made
