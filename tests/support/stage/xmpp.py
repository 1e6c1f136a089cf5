"""An actor in XMPP: slixmpp, with extensions as it spells them or, where it has none, as their XEPs
do.
"""

import secrets
import ssl
import xml.etree.ElementTree as ET
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from slixmpp import JID, ClientXMPP
from slixmpp.exceptions import IqError
from slixmpp.xmlstream import ET as XML
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher.base import MatcherBase

from tests.support.node import Node
from tests.support.stage.actor import PATIENCE, Actor, address_of, room_of
from tests.support.telephony import PASSWORD

CLIENT = "{jabber:client}"
PLUGINS = tuple(f"xep_{number:04}" for number in (30, 45, 59, 85, 191, 198, 199, 313))
MUC_USER = "{http://jabber.org/protocol/muc#user}"


class Stanzas(MatcherBase):
    """Every message and presence."""

    def match(self, xml: Any) -> bool:
        return getattr(xml, "name", "") in ("message", "presence")


class XmppActor(Actor):
    """Speaks XMPP over TCP with TLS."""

    def __init__(self, node: Node, name: str) -> None:
        super().__init__(node, name)
        self._client: ClientXMPP | None = None
        # Ids of what was last written to, and read from, each.
        self._written: dict[str, str] = {}
        self._read: dict[str, str] = {}

    # coming and going

    async def comes(self) -> None:
        client = self._client = ClientXMPP(f"{self.address}/desk", PASSWORD)
        for plugin in PLUGINS:
            client.register_plugin(plugin)
        client.ssl_context.check_hostname = False
        client.ssl_context.verify_mode = ssl.CERT_NONE
        client.register_handler(Callback("everything", Stanzas(""), self._heard))
        client.connect(host="127.0.0.1", port=self.node.port("xmpp"))
        await client.wait_until("session_start", timeout=PATIENCE)
        await client.get_roster()
        client.send_presence()

    async def goes(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.disconnect()
        self.noticed.clear()

    async def is_away(self, text: str) -> None:
        self._xmpp.send_presence(pshow="away", pstatus=text)

    async def is_back(self) -> None:
        self._xmpp.send_presence()

    # contacts

    async def asks(self, other: str) -> None:
        self._xmpp.auto_authorize = None
        self._xmpp.send_presence_subscription(pto=address_of(other), ptype="subscribe")

    async def is_asked(self, other: str) -> None:
        await self._presence(address_of(other), "subscribe")

    async def lets(self, other: str) -> None:
        self._xmpp.send_presence_subscription(pto=address_of(other), ptype="subscribed")

    async def refuses(self, other: str) -> None:
        self._xmpp.send_presence_subscription(pto=address_of(other), ptype="unsubscribed")

    async def sees_there(self, other: str) -> None:
        await self._presence(address_of(other), None, show=None)

    async def sees_away(self, other: str, text: str) -> None:
        await self._presence(address_of(other), None, show="away", status=text)

    async def sees_gone(self, other: str) -> None:
        await self._presence(address_of(other), "unavailable")

    async def blocks(self, other: str) -> None:
        await self._xmpp.plugin["xep_0191"].block([JID(address_of(other))])

    async def unblocks(self, other: str) -> None:
        await self._xmpp.plugin["xep_0191"].unblock([JID(address_of(other))])

    # between two

    async def writes(self, other: str, text: str, extra: str = "") -> None:
        self._written[other] = self._send(other, f"<body>{escape(text)}</body>{extra}")

    async def cannot_write(self, other: str, text: str) -> None:
        await self.writes(other, text)

        def fits(stanza: ET.Element) -> bool | None:
            return (_kind(stanza, "message") and stanza.get("type") == "error") or None

        await self.until(fits, "that it could not write")

    async def reads(self, other: str, text: str) -> None:
        stanza = await self._message(other, text)
        self._read[other] = stanza.get("id", "")

    async def replies(self, other: str, text: str) -> None:
        to = quoteattr(address_of(other))
        extra = f"<reply xmlns='urn:xmpp:reply:0' to={to} id={quoteattr(self._read[other])}/>"
        await self.writes(other, text, extra)

    async def reads_reply(self, other: str, text: str) -> None:
        stanza = await self._message(other, text)
        reply = stanza.find("{urn:xmpp:reply:0}reply")
        assert reply is not None, ET.tostring(stanza)
        assert reply.get("id") == self._written[other]

    async def types(self, other: str) -> None:
        self._send(other, "<composing xmlns='http://jabber.org/protocol/chatstates'/>")

    async def sees_typing(self, other: str) -> None:
        await self._child(other, "{http://jabber.org/protocol/chatstates}composing")

    async def has_read(self, other: str) -> None:
        read = quoteattr(self._read[other])
        self._send(other, f"<displayed xmlns='urn:xmpp:chat-markers:0' id={read}/>")

    async def sees_read(self, other: str) -> None:
        displayed = await self._child(other, "{urn:xmpp:chat-markers:0}displayed")
        assert displayed.get("id") == self._written[other]

    async def corrects(self, other: str, text: str) -> None:
        about = quoteattr(self._written[other])
        replace = f"<replace xmlns='urn:xmpp:message-correct:0' id={about}/>"
        self._send(other, f"<body>{escape(text)}</body>{replace}")

    async def reads_correction(self, other: str, text: str) -> None:
        stanza = await self._message(other, text)
        replace = stanza.find("{urn:xmpp:message-correct:0}replace")
        assert replace is not None, ET.tostring(stanza)
        assert replace.get("id") == self._read[other]

    async def reacts(self, other: str, text: str) -> None:
        about = quoteattr(self._read[other])
        reaction = f"<reaction>{escape(text)}</reaction>"
        self._send(
            other, f"<reactions xmlns='urn:xmpp:reactions:0' id={about}>{reaction}</reactions>"
        )

    async def sees_reaction(self, other: str, text: str) -> None:
        reactions = await self._child(other, "{urn:xmpp:reactions:0}reactions")
        assert reactions.get("id") == self._written[other]
        assert [one.text for one in reactions] == [text]

    async def takes_back(self, other: str) -> None:
        about = quoteattr(self._written[other])
        retract = f"<retract xmlns='urn:xmpp:message-retract:1' id={about}/>"
        self._send(other, f"{retract}<body>It was taken back.</body>")

    async def sees_taken_back(self, other: str) -> None:
        retract = await self._child(other, "{urn:xmpp:message-retract:1}retract")
        assert retract.get("id") == self._read[other]

    async def finds(self, other: str, text: str) -> None:
        assert text in await self._archive(None, address_of(other))

    # in rooms

    async def enters(self, room: str) -> None:
        muc = self._xmpp.plugin["xep_0045"]
        await muc.join_muc_wait(JID(room_of(room)), self.name, maxstanzas=0, timeout=PATIENCE)

    async def leaves(self, room: str) -> None:
        self._xmpp.plugin["xep_0045"].leave_muc(JID(room_of(room)), self.name)

    async def sees_in(self, other: str, room: str) -> None:
        await self._presence(f"{room_of(room)}/{other}", None)

    async def sees_leave(self, other: str, room: str) -> None:
        await self._presence(f"{room_of(room)}/{other}", "unavailable")

    async def says(self, room: str, text: str) -> None:
        self._xmpp.send_message(JID(room_of(room)), text, mtype="groupchat")

    async def hears(self, other: str, room: str, text: str) -> None:
        await self._said(f"{room_of(room)}/{other}", "groupchat", "body", text)

    async def whispers(self, other: str, room: str, text: str) -> None:
        self._xmpp.send_message(JID(f"{room_of(room)}/{other}"), text, mtype="chat")

    async def hears_whisper(self, other: str, room: str, text: str) -> None:
        await self._said(f"{room_of(room)}/{other}", "chat", "body", text)

    async def names(self, room: str, text: str) -> None:
        self._xmpp.send_message(JID(room_of(room)), None, msubject=text, mtype="groupchat")

    async def sees_subject(self, room: str, text: str) -> None:
        await self._said(room_of(room), "groupchat", "subject", text)

    async def sends_out(self, other: str, room: str) -> None:
        await self._xmpp.plugin["xep_0045"].set_role(room_of(room), other, "none")

    async def is_sent_out(self, room: str) -> None:
        def fits(stanza: ET.Element) -> bool | None:
            if not _kind(stanza, "presence") or stanza.get("type") != "unavailable":
                return None
            codes = [one.get("code") for one in stanza.iter(f"{MUC_USER}status")]
            return (stanza.get("from", "").startswith(room_of(room)) and "307" in codes) or None

        await self.until(fits, f"being sent out of {room}")

    async def finds_said(self, room: str, text: str) -> None:
        assert text in await self._archive(room_of(room), None)

    # within

    @property
    def _xmpp(self) -> ClientXMPP:
        assert self._client is not None, f"{self.name} is offline"
        return self._client

    def _heard(self, stanza: Any) -> None:
        self.notice(ET.fromstring(XML.tostring(stanza.xml)))

    def _send(self, other: str, content: str) -> str:
        """A chat message; its id."""
        id = secrets.token_hex(8)
        origin = f"<origin-id xmlns='urn:xmpp:sid:0' id='{id}'/>"
        to = quoteattr(address_of(other))
        self._xmpp.send_raw(f"<message type='chat' id='{id}' to={to}>{content}{origin}</message>")
        return id

    async def _message(self, other: str, text: str) -> ET.Element:
        return await self._said(address_of(other), "chat", "body", text)

    async def _said(self, sender: str, kind: str, part: str, text: str) -> ET.Element:
        def fits(stanza: ET.Element) -> ET.Element | None:
            if not _kind(stanza, "message") or stanza.get("type", "normal") != kind:
                return None
            same = stanza.get("from", "").split("/")[0] == sender or stanza.get("from") == sender
            return stanza if same and stanza.findtext(f"{CLIENT}{part}") == text else None

        return await self.until(fits, f"{text!r} from {sender}")

    async def _child(self, other: str, name: str) -> ET.Element:
        def fits(stanza: ET.Element) -> ET.Element | None:
            same = stanza.get("from", "").split("/")[0] == address_of(other)
            return stanza.find(name) if same else None

        return await self.until(fits, f"{name} from {other}")

    async def _presence(self, sender: str, kind: str | None, **parts: str | None) -> None:
        def fits(stanza: ET.Element) -> bool | None:
            if not _kind(stanza, "presence") or stanza.get("type") != kind:
                return None
            origin = stanza.get("from", "")
            same = origin == sender or origin.split("/")[0] == sender
            found = {part: stanza.findtext(CLIENT + part) for part in parts}
            return (same and found == parts) or None

        await self.until(fits, f"presence of {sender}: {kind} {parts}")

    async def _archive(self, archive: str | None, peer: str | None) -> list[str]:
        jid, with_jid = (JID(one) if one is not None else None for one in (archive, peer))
        try:
            found = self._xmpp.plugin["xep_0313"].iterate(jid=jid, with_jid=with_jid)
            return [_body(one.xml) async for one in found]
        except IqError as error:
            raise AssertionError(f"no archive: {error}") from None


def _kind(stanza: ET.Element, name: str) -> bool:
    return stanza.tag == CLIENT + name


def _body(result: Any) -> str:
    return next((one.text or "" for one in result.iter(f"{CLIENT}body")), "")
