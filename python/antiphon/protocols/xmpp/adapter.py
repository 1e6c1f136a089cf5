"""Messages between XMPP and the core: what a stanza means as a draft, and how a message, a mark or
a note that somebody types is spelled as a stanza. The one file that knows both sides.

What came over XMPP goes to XMPP as it came (`Original`); only what others wrote is built.
"""

from xml.etree.ElementTree import Element

from antiphon._native import Kid, Stanza
from antiphon.core.address import Address
from antiphon.core.event import Marked, Typed
from antiphon.core.message import Attachment, Draft, Mark, Message, MessageKind, Original

from .message import Malformed, element, escape, parse, stanza, text_of
from .stamps import timestamp

FORM = "xmpp"
"""`Original.form` of what came over XMPP."""

RECEIPTS = "urn:xmpp:receipts"  # XEP-0184
MARKERS = "urn:xmpp:chat-markers:0"  # XEP-0333
CHAT_STATES = "http://jabber.org/protocol/chatstates"  # XEP-0085
STANZA_IDS = "urn:xmpp:sid:0"  # XEP-0359
CORRECTION = "urn:xmpp:message-correct:0"  # XEP-0308
RETRACTION = "urn:xmpp:message-retract:1"  # XEP-0424
REACTIONS = "urn:xmpp:reactions:0"  # XEP-0444
REPLY = "urn:xmpp:reply:0"  # XEP-0461
FALLBACK = "urn:xmpp:fallback:0"  # XEP-0428
HINTS = "urn:xmpp:hints"  # XEP-0334
OOB = "jabber:x:oob"  # XEP-0066
DELAY = "urn:xmpp:delay"  # XEP-0203
FORWARD = "urn:xmpp:forward:0"  # XEP-0297

# What makes a message worth keeping although it has no words for people.
CHANGING = Kid.REPLACE | Kid.RETRACT | Kid.REACTIONS
CONTENT = Kid.BODY | Kid.SUBJECT | Kid.ENCRYPTED | Kid.STORE | Kid.OOB | CHANGING
NOT_KEPT = Kid.NO_STORE | Kid.NO_PERMANENT_STORE
NOT_COPIED = Kid.PRIVATE | Kid.NO_COPY
# What is more than a text.
RICH = CHANGING | Kid.REPLY | Kid.OOB | Kid.FALLBACK
HAS_ORIGIN_ID = Kid.ORIGIN_ID
SUBJECT = Kid.SUBJECT
# Ids of fewer characters are taken for counters that begin anew with each session of a client:
# they say nothing of whether a message is the same as an earlier one.
UNIQUE = 8
MAX_REACTIONS = 32
MAX_FALLBACKS = 32
DIGITS = 9

CHANGED_TEXT = "This message was retracted, but your client does not support it."


# from a stanza


def draft_of(sent: Stanza, original: bytes) -> Draft:
    """What a message of a client means. `original`: how other XMPP clients shall see it."""
    kids = sent.kids
    if kids & RICH:
        return _rich_draft(sent, original)
    return Draft(
        text=sent.body or sent.text(SUBJECT) or "",
        origin_id=origin_id(sent),
        original=Original(FORM, original),
        kept=is_kept(kids),
        copied=not kids & NOT_COPIED,
    )


def is_kept(kids: int) -> bool:
    """Whether archives shall keep a message with these children (XEP-0313 §5.1.1, XEP-0334)."""
    return bool(kids & CONTENT) and not kids & NOT_KEPT


def origin_id(sent: Stanza) -> str | None:
    """Its sender's own id: XEP-0359, or the stanza's, by which XEP-0308 and others name it."""
    found = sent.attribute(Kid.ORIGIN_ID, "id") if sent.kids & HAS_ORIGIN_ID else sent.id
    return found if found is not None and len(found) >= UNIQUE else None


def _rich_draft(sent: Stanza, original: bytes) -> Draft:
    kids = sent.kids
    kind, about = MessageKind.TEXT, None
    reactions: tuple[str, ...] = ()
    if kids & Kid.RETRACT and sent.name_of(Kid.RETRACT) == "retract":
        kind, about = MessageKind.RETRACTION, sent.attribute(Kid.RETRACT, "id")
    elif kids & Kid.REACTIONS:
        kind, about = MessageKind.REACTION, sent.attribute(Kid.REACTIONS, "id")
        reactions = _reactions(sent)
    elif kids & Kid.REPLACE:
        kind, about = MessageKind.CORRECTION, sent.attribute(Kid.REPLACE, "id")
    if kind is not MessageKind.TEXT and not about:
        kind, about, reactions = MessageKind.TEXT, None, ()
    text = sent.body or ""
    if kind in (MessageKind.RETRACTION, MessageKind.REACTION):
        text = ""  # words for those who do not know the extension (XEP-0428)
    attachments = _attachments(sent) if kids & Kid.OOB else ()
    if kids & Kid.FALLBACK:
        text = _without_fallback(sent, text)
    if any(one.url == text for one in attachments):
        text = ""
    return Draft(
        kind=kind,
        text=text,
        origin_id=origin_id(sent),
        about=about,
        reply_to=sent.attribute(Kid.REPLY, "id") if kids & Kid.REPLY else None,
        reactions=reactions,
        attachments=attachments,
        original=Original(FORM, original),
        kept=is_kept(kids),
        copied=not kids & NOT_COPIED,
    )


def _parsed(sent: Stanza, bit: int) -> list[Element]:
    found = []
    for one in sent.children(bit):
        try:
            found.append(parse(one))
        except Malformed:
            continue
    return found


def _reactions(sent: Stanza) -> tuple[str, ...]:
    found = _parsed(sent, Kid.REACTIONS)
    texts = (one.text or "" for one in found[0]) if found else ()
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))[:MAX_REACTIONS]


def _attachments(sent: Stanza) -> tuple[Attachment, ...]:
    """XEP-0066 §3: what XEP-0363 clients send beside or as the body."""
    urls = ((one, (text_of(one, "url", OOB) or "").strip()) for one in _parsed(sent, Kid.OOB))
    return tuple(
        Attachment(url=url, name=text_of(one, "desc", OOB) or url.rsplit("/", 1)[-1])
        for one, url in urls
        if url
    )


def _without_fallback(sent: Stanza, text: str) -> str:
    """The body without what stands there for those who do not know replies or files (XEP-0428)."""
    spans = []
    for one in _parsed(sent, Kid.FALLBACK):
        if one.get("for") not in (REPLY, OOB):
            continue
        body = one.find(f"{{{FALLBACK}}}body")
        if body is None:
            continue
        start, end = body.get("start", "0"), body.get("end", str(len(text)))
        if start.isdecimal() and end.isdecimal() and max(len(start), len(end)) <= DIGITS:
            spans.append((int(start), int(end)))
    for first, last in sorted(spans[:MAX_FALLBACKS], reverse=True):
        text = text[:first] + text[max(first, last) :]
    return text


def marks_of(sent: Stanza) -> list[tuple[Mark, str]]:
    """How far the sender is with messages of the addressee (XEP-0184, XEP-0333)."""
    marks = []
    kids = sent.kids
    if kids & Kid.RECEIPT and (reference := sent.attribute(Kid.RECEIPT, "id")):
        marks.append((Mark.RECEIVED, reference))
    if kids & Kid.MARKER and (reference := sent.attribute(Kid.MARKER, "id")):
        name = sent.name_of(Kid.MARKER)
        mark = Mark.RECEIVED if name == "received" else Mark.DISPLAYED
        marks.append((mark, reference))
    return marks


# to a stanza


def stanza_id(by: Address, id: str) -> bytes:
    """XEP-0359: the archive's id."""
    return f"<stanza-id xmlns='{STANZA_IDS}' by='{by}' id='{escape(id)}'/>".encode()


def with_child(data: bytes, extra: bytes) -> bytes:
    """A complete stanza with one more child."""
    end = data.rindex(b"<")
    if data.startswith(b"</", end):
        return data[:end] + extra + data[end:]
    name = data[1:].split(None, 1)[0].rstrip(b"/>")
    return data.rstrip(b"/> \n") + b">" + extra + b"</" + name + b">"


def delay(seconds: float, by: str) -> bytes:
    """XEP-0203: when it was sent, and who kept it."""
    return f"<delay xmlns='{DELAY}' from='{escape(by)}' stamp='{timestamp(seconds)}'/>".encode()


def forwarded(data: bytes, sent_at: float | None = None) -> bytes:
    """XEP-0297: a stanza within another one."""
    stamp = b""
    if sent_at is not None:
        stamp = f"<delay xmlns='{DELAY}' stamp='{timestamp(sent_at)}'/>".encode()
    if not _names_itself(data):
        head = data.index(b" ") if b" " in data[:12] else data.index(b">")
        data = data[:head] + b" xmlns='jabber:client'" + data[head:]
    return f"<forwarded xmlns='{FORWARD}'>".encode() + stamp + data + b"</forwarded>"


def _names_itself(data: bytes) -> bool:
    head = data[: data.index(b">")]
    # As an attribute of its own: a value, such as an id, may be made of the same words.
    return b" xmlns='jabber:client'" in head or b' xmlns="jabber:client"' in head


def spelled(message: Message, archive: Address | None) -> bytes:
    """A direct message as a stanza; `archive`: whose archive keeps it (bare), for its stanza-id."""
    original = message.draft.original
    if original is not None and original.form == FORM:
        data = original.data
    else:
        data = built(message)
    if archive is None or not message.draft.stored:
        return data
    return with_child(data, stanza_id(archive, message.id))


def tombstone(message: Message, retraction: Message) -> bytes:
    """What is left of a message that was taken back (XEP-0424 §5)."""
    id, stamp = escape(message_id(retraction)), timestamp(retraction.sent_at)
    child = f"<retracted xmlns='{RETRACTION}' id='{id}' stamp='{stamp}'/>".encode()
    sender = str(message.sender)
    to, own = str(message.to), message_id(message)
    return stanza("message", child, to=to, from_=sender, id=own, kind="chat")


def built(
    message: Message, *, about: str | None = None, kind: str = "chat", from_: str | None = None
) -> bytes:
    """A message that another protocol brought. Messages that it names it names by the ids that
    XMPP clients know them by; `about`: that of the one it changes, if the draft has another.
    """
    draft = message.draft
    id = message_id(message)
    children = [_body(draft)] if _body(draft) else []
    children.append(f"<origin-id xmlns='{STANZA_IDS}' id='{escape(id)}'/>".encode())
    children += _change(draft, about or draft.about)
    if draft.reply_to:
        answered = escape(draft.reply_to)
        peer = message.to.bare
        children.append(f"<reply xmlns='{REPLY}' to='{peer}' id='{answered}'/>".encode())
    children += [
        f"<x xmlns='{OOB}'><url>{escape(one.url)}</url></x>".encode() for one in draft.attachments
    ]
    if draft.kind in (MessageKind.TEXT, MessageKind.CORRECTION) and kind == "chat":
        children.append(f"<request xmlns='{RECEIPTS}'/>".encode())
        children.append(f"<markable xmlns='{MARKERS}'/>".encode())
    return stanza(
        "message",
        *children,
        to=str(message.to),
        from_=from_ or str(message.sender),
        id=id,
        kind=kind,
    )


def message_id(message: Message) -> str:
    """By which id XMPP clients know a message."""
    return message.origin_id or message.id


def _body(draft: Draft) -> bytes:
    text = draft.text
    if draft.kind is MessageKind.RETRACTION:
        text = CHANGED_TEXT
    elif not text and draft.attachments:
        text = draft.attachments[0].url  # XEP-0066 §3.3: shown where it equals the body
    return f"<body>{escape(text)}</body>".encode() if text else b""


def is_empty(draft: Draft) -> bool:
    """Whether nothing is left of a message that is kept."""
    nothing = not (draft.text or draft.attachments or draft.original)
    return draft.kind is MessageKind.TEXT and nothing


def _change(draft: Draft, about: str | None) -> list[bytes]:
    if about is None:
        return []
    named = escape(about)
    match draft.kind:
        case MessageKind.CORRECTION:
            return [f"<replace xmlns='{CORRECTION}' id='{named}'/>".encode()]
        case MessageKind.RETRACTION:
            # The words are for those who do not know the extension (XEP-0424 §4.1).
            return [
                f"<retract xmlns='{RETRACTION}' id='{named}'/>".encode(),
                f"<fallback xmlns='{FALLBACK}' for='{RETRACTION}'/>".encode(),
                f"<store xmlns='{HINTS}'/>".encode(),
            ]
        case MessageKind.REACTION:
            each = "".join(f"<reaction>{escape(one)}</reaction>" for one in draft.reactions)
            return [
                f"<reactions xmlns='{REACTIONS}' id='{named}'>{each}</reactions>".encode(),
                f"<store xmlns='{HINTS}'/>".encode(),
            ]
        case _:
            return []


def mark_stanza(marked: Marked) -> bytes:
    """A receipt (XEP-0184) or marker (XEP-0333) of somebody who speaks another protocol."""
    reference = escape(marked.origin_id or marked.id)
    if marked.mark is Mark.RECEIVED:
        child = f"<received xmlns='{RECEIPTS}' id='{reference}'/>"
    else:
        child = f"<displayed xmlns='{MARKERS}' id='{reference}'/>"
    return stanza(
        "message",
        child.encode(),
        to=str(marked.to),
        from_=str(marked.sender),
        id=f"{marked.mark.value}-{marked.id}",
        kind="chat",
    )


def typing_stanza(typed: Typed) -> bytes:
    """XEP-0085: somebody who speaks another protocol began or ceased to write."""
    state = "composing" if typed.active else "paused"
    child = element(state, CHAT_STATES)
    kind = "groupchat" if typed.to.is_room else "chat"
    return stanza("message", child, to=str(typed.to), from_=str(typed.sender), kind=kind)
