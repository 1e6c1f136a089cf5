"""What clients support, by the fingerprint in their presence (XEP-0115): asked once for each.

Of it the server needs to know what clients want to be told of (XEP-0163 §4.3, `+notify`).
"""

import base64
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from xml.etree.ElementTree import Element

from antiphon._native import Kid, Stanza
from antiphon.protocols.xmpp import forms
from antiphon.protocols.xmpp.feature import Feature
from antiphon.protocols.xmpp.message import Malformed, each, escape, parse
from antiphon.protocols.xmpp.namespaces import DATA_FORM, DISCO_INFO
from antiphon.protocols.xmpp.questions import Questions
from antiphon.protocols.xmpp.session import Session

CAPS = "http://jabber.org/protocol/caps"
NOTIFY = "+notify"
HASHES = {"sha-1": "sha1", "sha-256": "sha256"}
REMEMBERED = 5000
MAX_INTERESTS = 200
MAX_NODE = 1023  # characters
# Characters of the interests that are remembered for other sessions.
MAX_SHARED = 8192


class Interests:
    """Kept of a session: the nodes of which its client wants to be told, as it said last."""

    __slots__ = ("nodes", "ver")

    def __init__(self, ver: str) -> None:
        self.ver = ver
        self.nodes: frozenset[str] = frozenset()


def interests(session: Session) -> frozenset[str]:
    """Of what a client wants to be told."""
    found = session.features.get(Interests)
    return frozenset() if found is None else found.nodes


class Caps(Feature):
    """`known`: called when a session's interests are others than before."""

    xep = "XEP-0115"

    def __init__(self, questions: Questions) -> None:
        self._questions = questions
        self._known: OrderedDict[tuple[str, str], frozenset[str]] = OrderedDict()
        self.changed: list[Callable[[Session], None]] = []

    def present(self, session: Session, sent: Stanza) -> None:
        """A client told that it is there, perhaps with its fingerprint."""
        if not sent.kids & Kid.CAPS:
            return
        ver = sent.attribute(Kid.CAPS, "ver") or ""
        node = sent.attribute(Kid.CAPS, "node") or ""
        hash_ = sent.attribute(Kid.CAPS, "hash") or ""
        before = session.features.get(Interests)
        if not ver or (before is not None and before.ver == ver):
            return
        session.features[Interests] = Interests(ver)
        known = self._known.get((hash_, ver))
        if known is not None:
            self._known.move_to_end((hash_, ver))
            self._learned(session, ver, known)
            return
        name = escape(f"{node}#{ver}")
        query = f"<query xmlns='{DISCO_INFO}' node='{name}'/>".encode()
        self._questions.ask(session, query, lambda it: self._heard(session, hash_, ver, it))

    def _heard(self, session: Session, hash_: str, ver: str, answer: Stanza) -> None:
        if answer.type != "result" or not answer.kids & Kid.DISCO_INFO:
            return
        try:
            info = parse(answer.child(Kid.DISCO_INFO) or b"")
        except Malformed:
            return
        names = (one.get("var", "") for one in each(info, "feature"))
        wanted = [name.removesuffix(NOTIFY) for name in names if name.endswith(NOTIFY)]
        found = frozenset([name for name in wanted if len(name) <= MAX_NODE][:MAX_INTERESTS])
        # Only what proves to be what it says holds for others as well (XEP-0115 §5.4).
        small = sum(map(len, found)) <= MAX_SHARED
        if small and hash_ in HASHES and verification(info, HASHES[hash_]) == ver:
            self._known[hash_, ver] = found
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        self._learned(session, ver, found)

    def _learned(self, session: Session, ver: str, found: frozenset[str]) -> None:
        mine = session.features.get(Interests)
        if mine is None or mine.ver != ver or session.ended:
            return  # it says something else by now
        mine.nodes = found
        for tell in self.changed:
            tell(session)


def verification(info: Element, algorithm: str) -> str:
    """The fingerprint of an answer to disco#info (XEP-0115 §5.1); "" where a part has the mark
    between parts in it: such an answer could be made to look like that of another client.
    """
    identities = (
        "/".join(
            (
                one.get("category", ""),
                one.get("type", ""),
                one.get("{http://www.w3.org/XML/1998/namespace}lang", ""),
                one.get("name", ""),
            )
        )
        for one in each(info, "identity")
    )
    parts = sorted(identities) + sorted(one.get("var", "") for one in each(info, "feature"))
    read = (forms.values(one) for one in each(info, "x", DATA_FORM))
    for form in sorted((one for one in read if "FORM_TYPE" in one), key=forms.kind_of):
        parts.append(forms.kind_of(form))
        for name in sorted(form.keys() - {"FORM_TYPE"}):
            parts += [name, *sorted(form[name])]
    if any("<" in part for part in parts):
        return ""
    text = "".join(f"{part}<" for part in parts)
    digest = hashlib.new(algorithm, text.encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()
