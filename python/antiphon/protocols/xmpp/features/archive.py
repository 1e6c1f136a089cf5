"""The archive of an account's messages, read by its clients (XEP-0313), and what it keeps
(XEP-0441).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from xml.etree.ElementTree import Element

from antiphon.core.address import Address
from antiphon.core.message import Message, MessageKind, Original, Page, Span
from antiphon.core.people import Keep, Keeping, Messages
from antiphon.core.reason import Refused
from antiphon.protocols.xmpp import adapter, forms
from antiphon.protocols.xmpp.feature import Feature, Request, Serve, StanzaError
from antiphon.protocols.xmpp.jid import Jids
from antiphon.protocols.xmpp.message import each, element, escape, named, stanza
from antiphon.protocols.xmpp.names import named as by_their_names
from antiphon.protocols.xmpp.names import needs_names
from antiphon.protocols.xmpp.result_sets import Wanted, page, wanted
from antiphon.protocols.xmpp.stamps import seconds_of, timestamp

MAM = "urn:xmpp:mam:2"
EXTENDED = "urn:xmpp:mam:2#extended"
TOMBSTONES = f"{adapter.RETRACTION}#tombstone"
FULL_TEXT = "{urn:xmpp:fulltext:0}fulltext"
PAGE, LONGEST = 50, 200
# Bytes of messages in one answer, about: a client reads on where it ends.
OCTETS = 512 * 1024
MAX_IDS = 100
MAX_PREFERENCES = 1000
DEFAULTS = {Keep.ALWAYS: "always", Keep.NEVER: "never", Keep.CONTACTS: "roster"}
KEEPS = {name: keep for keep, name in DEFAULTS.items()}


class Archive(Feature):
    """Queries of one's own archive, its metadata, and preferences."""

    xep = "XEP-0313, XEP-0441"
    account_namespaces = (MAM, EXTENDED, TOMBSTONES)

    def __init__(self, messages: Messages, jids: Jids) -> None:
        self._messages = messages
        self._jids = jids

    def requests(self) -> Iterable[Serve]:
        """Query (get: its form), metadata, preferences."""
        yield Serve("get", "query", MAM, _form)
        yield Serve("set", "query", MAM, self._query)
        yield Serve("get", "metadata", MAM, self._metadata)
        yield Serve("get", "prefs", MAM, self._preferences)
        yield Serve("set", "prefs", MAM, self._prefer)

    # XEP-0313

    async def _query(self, request: Request) -> Element:
        query = request.payload()
        filled = forms.filled(query) or {}
        if filled and forms.kind_of(filled) not in (MAM, ""):
            raise StanzaError("bad-request", "The form is of another kind.")
        asked = wanted(query, default=PAGE, most=LONGEST)
        if "ids" in filled:
            found, count = await self._by_ids(request.own, filled["ids"]), None
        else:
            span = self._span(filled, asked)
            for id in (asked.after, asked.before, *_named_ids(filled)):
                await self._must_have(request.own, id)
            found = await self._messages.read(request.own, span)
            count = found.total
        messages = [] if asked.count_only else await self.ready(request, found.messages)
        sent = self._send(request, query, messages, from_end=asked.last)
        complete = not found.more and len(sent) == len(messages)
        attributes = {"complete": "true" if complete else None}
        ends = (sent[0].id, sent[-1].id) if sent else None
        return element("fin", MAM, page(ends, count), attributes=attributes)

    def _span(self, filled: Mapping[str, list[str]], asked: Wanted) -> Span:
        with_ = forms.first(filled, "with")
        try:
            # Ids sort by time: the narrower bound holds.
            after = max(filter(None, (asked.after, forms.first(filled, "after-id"))), default=None)
            before = min(
                filter(None, (asked.before, forms.first(filled, "before-id"))), default=None
            )
            return Span(
                peer=self._jids.parse(with_).bare if with_ else None,
                after=after,
                before=before,
                since=_moment(filled, "start"),
                until=_moment(filled, "end"),
                search=forms.first(filled, FULL_TEXT),
                latest=asked.last,
                limit=asked.limit,
                count=asked.count_only,
            )
        except Refused:
            raise StanzaError("jid-malformed") from None
        except ValueError:
            raise StanzaError("bad-request", "A time is not of XEP-0082.") from None

    async def _by_ids(self, archive: Address, ids: Sequence[str]) -> Page:
        """XEP-0313 §4.1.4: exactly these, or none."""
        if len(ids) > MAX_IDS:
            raise StanzaError("policy-violation", f"No more than {MAX_IDS} ids at once.")
        found = [await self._must_have(archive, id) for id in dict.fromkeys(ids)]
        known = [one for one in found if one is not None]
        return Page(messages=sorted(known, key=lambda one: one.id), more=False)

    async def _must_have(self, archive: Address, id: str | None) -> Message | None:
        """XEP-0313 §4.1.5, XEP-0059 §2.2: an id that is not there is told."""
        if not id:
            return None
        found = await self._messages.find(archive, id)
        if found is None or found.id != id:
            raise StanzaError("item-not-found", "There is no such message.")
        return found

    def _send(
        self, request: Request, query: Element, messages: list[Message], *, from_end: bool
    ) -> list[Message]:
        """Send as many as go into one answer; those, oldest first."""
        results = [(one, self.result(request, query, one)) for one in messages]
        octets, fit = 0, 0
        for _, data in reversed(results) if from_end else results:
            octets += len(data)
            if fit and octets > OCTETS:
                break
            fit += 1
        chosen = results[len(results) - fit :] if from_end else results[:fit]
        flipped = named(query, "flip-page") is not None
        for _, data in reversed(chosen) if flipped else chosen:
            request.session.send(data)
        return [one for one, _ in chosen]

    async def ready(self, request: Request, messages: Sequence[Message]) -> list[Message]:
        """Messages as XMPP clients know them: those that name others name them by the ids that
        clients gave; of those that were taken back the fact is left (XEP-0424 §5).
        """
        taken_back = [one.id for one in messages if adapter.is_empty(one.draft)]
        about = await self._messages.about(request.own, taken_back) if taken_back else ()
        retractions = {one.draft.about: one for one in about if one.kind is MessageKind.RETRACTION}
        ready = []
        for one in messages:
            if needs_names(one) and not request.own.is_room:
                one = await by_their_names(self._messages, request.own, one)
            elif (retraction := retractions.get(one.id)) is not None:
                original = Original(adapter.FORM, adapter.tombstone(one, retraction))
                one = replace(one, draft=replace(one.draft, original=original))
            ready.append(one)
        return ready

    def result(self, request: Request, query: Element, message: Message) -> bytes:
        """One message of the answer."""
        data = adapter.spelled(message, None)
        return result_of(request, query, message, data, request.session.bare)

    async def _metadata(self, request: Request) -> Element:
        made = element("metadata", MAM)
        for name, latest in (("start", False), ("end", True)):
            found = await self._messages.read(request.own, Span(limit=1, latest=latest))
            for one in found.messages:
                attributes = {"id": one.id, "timestamp": timestamp(one.sent_at)}
                made.append(element(name, MAM, attributes=attributes))
        return made

    # XEP-0441

    async def _preferences(self, request: Request) -> Element:
        return _spelled(await self._messages.keeping(request.own))

    async def _prefer(self, request: Request) -> Element:
        asked = request.payload()
        if (default := KEEPS.get(asked.get("default", ""))) is None:
            raise StanzaError("bad-request", "default is always, never or roster.")
        always, never = self._peers(asked, "always"), self._peers(asked, "never")
        keeping = Keeping(default=default, always=always, never=never)
        await self._messages.keep(request.own, keeping)
        return _spelled(await self._messages.keeping(request.own))

    def _peers(self, asked: Element, name: str) -> frozenset[Address]:
        found = named(asked, name)
        jids = [] if found is None else [one.text or "" for one in each(found, "jid")]
        if len(jids) > MAX_PREFERENCES:
            raise StanzaError("policy-violation", f"No more than {MAX_PREFERENCES} each.")
        try:
            return frozenset(self._jids.parse(jid).bare for jid in jids)
        except Refused:
            raise StanzaError("jid-malformed") from None


def _form(_: Request) -> Element:
    """XEP-0313 §4.1.6: by what can be searched."""
    names = ("start", "end", "before-id", "after-id", FULL_TEXT)
    fields = [
        forms.Field("with", "jid-single"),
        *(forms.Field(name) for name in names),
        forms.Field("ids", "list-multi"),
    ]
    return element("query", MAM, forms.form(MAM, fields))


def _named_ids(filled: Mapping[str, list[str]]) -> list[str]:
    return [forms.first(filled, "before-id"), forms.first(filled, "after-id")]


def _moment(filled: Mapping[str, list[str]], name: str) -> float | None:
    text = forms.first(filled, name)
    return seconds_of(text) if text else None


def result_of(request: Request, query: Element, message: Message, data: bytes, from_: str) -> bytes:
    """A message of an archive on its way to who asked; `data`: how it is spelled."""
    queryid = query.get("queryid")
    named_ = f" queryid='{escape(queryid)}'" if queryid else ""
    head = f"<result xmlns='{MAM}'{named_} id='{escape(message.id)}'>".encode()
    within = adapter.forwarded(data, message.sent_at)
    whole = head + within + b"</result>"
    return stanza("message", whole, to=request.session.jid, from_=from_)


def _spelled(keeping: Keeping) -> Element:
    made = element("prefs", MAM, attributes={"default": DEFAULTS[keeping.default]})
    for name, peers in (("always", keeping.always), ("never", keeping.never)):
        each_ = [element("jid", MAM, str(one)) for one in sorted(peers)]
        made.append(element(name, MAM, *each_))
    return made
