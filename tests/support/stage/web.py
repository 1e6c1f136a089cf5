"""An actor on the web: the WebSocket of a page, spelled by hand."""

import secrets
from contextlib import AsyncExitStack
from typing import Any

import httpx

from tests.support.node import Node
from tests.support.signalling import Signalling, signalling
from tests.support.stage.actor import Actor, address_of
from tests.support.telephony import PASSWORD


class WebActor(Actor):
    """Speaks the room WebSocket."""

    def __init__(self, node: Node, name: str) -> None:
        super().__init__(node, name)
        self._stack = AsyncExitStack()
        self._socket: Signalling | None = None
        self._room = ""
        self._members: dict[str, str] = {}
        # Ids of calls by whom they are with, and those that rang here.
        self._calls: dict[str, str] = {}
        self._invited: dict[str, dict[str, Any]] = {}
        # What was last written to each, and the id of what was last read from each.
        self._written: dict[str, dict[str, Any]] = {}
        self._read: dict[str, str] = {}

    # coming and going

    async def comes(self) -> None:
        async with httpx.AsyncClient(base_url=self.node.url) as http:
            given = {"address": self.address, "password": PASSWORD}
            answer = await http.post("/api/v1/auth/login", json=given)
            answer.raise_for_status()
        self._socket = await self._stack.enter_async_context(signalling(self.node.url))
        self._socket.heard = self.notice
        await self._socket.hello(answer.json()["token"], reachable=True)
        seen = await self._do("watch_contacts")
        for presence in seen["presence"]:
            self.notice({"type": "presence_changed", "presence": presence})

    async def goes(self) -> None:
        self._socket = None
        await self._stack.aclose()
        self.noticed.clear()

    async def is_away(self, text: str) -> None:
        await self._do("set_presence", show="away", note=text)

    async def is_back(self) -> None:
        await self._do("set_presence", show="available")

    # contacts

    async def asks(self, other: str) -> None:
        await self._do("set_contact", address=address_of(other))
        await self._do("ask_contact", address=address_of(other))

    async def is_asked(self, other: str) -> None:
        await self._event("contact_asked", address=address_of(other))

    async def lets(self, other: str) -> None:
        await self._do("answer_contact", address=address_of(other), granted=True)

    async def refuses(self, other: str) -> None:
        await self._do("answer_contact", address=address_of(other), granted=False)

    async def sees_there(self, other: str) -> None:
        await self._sees(other, "available", "")

    async def sees_away(self, other: str, text: str) -> None:
        await self._sees(other, "away", text)

    async def sees_gone(self, other: str) -> None:
        await self._sees(other, "offline", "")

    async def blocks(self, other: str) -> None:
        await self._do("block", addresses=[address_of(other)])

    async def unblocks(self, other: str) -> None:
        await self._do("unblock", addresses=[address_of(other)])

    # between two

    async def writes(self, other: str, text: str, **more: Any) -> None:
        reply = await self._do("send", to=address_of(other), text=text, origin_id=_id(), **more)
        self._written[other] = reply["message"]

    async def cannot_write(self, other: str, text: str) -> None:
        assert self._socket is not None
        given = {"to": address_of(other), "text": text, "origin_id": _id()}
        reply = await self._socket.request("send", **given)
        assert reply["type"] == "refused", reply

    async def replies(self, other: str, text: str) -> None:
        await self.writes(other, text, reply_to=self._read[other])

    async def reads(self, other: str, text: str) -> None:
        message = await self._message(other, text)
        self._read[other] = message["id"]

    async def reads_reply(self, other: str, text: str) -> None:
        message, written = await self._message(other, text), self._written[other]
        assert message["reply_to"] in {written["id"], written["origin_id"]}, message

    async def types(self, other: str) -> None:
        await self._do("typing", to=address_of(other), active=True)

    async def sees_typing(self, other: str) -> None:
        await self._event("typed", sender=address_of(other), active=True)

    async def has_read(self, other: str) -> None:
        given = {"to": address_of(other), "mark": "displayed", "message": self._read[other]}
        await self._do("mark", **given)

    async def sees_read(self, other: str) -> None:
        given = {"sender": address_of(other), "mark": "displayed"}
        await self._event("marked", message=self._written[other]["id"], **given)

    async def corrects(self, other: str, text: str) -> None:
        given = {"to": address_of(other), "about": self._written[other]["id"], "text": text}
        await self._do("correct", origin_id=_id(), **given)

    async def reads_correction(self, other: str, text: str) -> None:
        change = await self._changed(other, "correction", self._read[other])
        assert change["text"] == text, change

    async def reacts(self, other: str, text: str) -> None:
        given = {"to": address_of(other), "about": self._read[other], "reactions": [text]}
        await self._do("react", origin_id=_id(), **given)

    async def sees_reaction(self, other: str, text: str) -> None:
        change = await self._changed(other, "reaction", self._written[other]["id"])
        assert change["reactions"] == [text], change

    async def takes_back(self, other: str) -> None:
        given = {"to": address_of(other), "about": self._written[other]["id"]}
        await self._do("retract", origin_id=_id(), **given)

    async def sees_taken_back(self, other: str) -> None:
        await self._changed(other, "retraction", self._read[other])

    async def finds(self, other: str, text: str) -> None:
        page = await self._do("history", to=address_of(other), limit=100)
        assert text in [message["text"] for message in page["messages"]], page

    # in rooms

    async def enters(self, room: str) -> None:
        reply = await self._do("join", room=room, name=self.name)
        self._room = room
        members = reply["room"]["members"]
        self._members = {member["name"]: member["id"] for member in members}
        for member in members:
            self.notice({"type": "member_joined", "member": member})

    async def leaves(self, room: str) -> None:
        await self._do("leave")

    async def sees_in(self, other: str, room: str) -> None:
        event = await self._of_member("member_joined", other)
        self._members[other] = event["member"]["id"]

    async def sees_leave(self, other: str, room: str) -> None:
        given = self._members.pop(other)
        await self._event("member_left", member=given)

    async def says(self, room: str, text: str) -> None:
        await self._do("say", text=text, origin_id=_id())

    async def hears(self, other: str, room: str, text: str) -> None:
        def fits(event: Any) -> dict[str, Any] | None:
            if event["type"] != "said":
                return None
            said: dict[str, Any] = event["message"]
            return said if (said["name"], said["text"]) == (other, text) else None

        await self.until(fits, f"{other} saying {text!r}")

    async def whispers(self, other: str, room: str, text: str) -> None:
        await self._do("whisper", member=self._members[other], text=text, origin_id=_id())

    async def hears_whisper(self, other: str, room: str, text: str) -> None:
        def fits(event: Any) -> bool | None:
            if event["type"] != "whispered":
                return None
            return (event["message"]["name"], event["message"]["text"]) == (other, text) or None

        await self.until(fits, f"{other} whispering {text!r}")

    async def names(self, room: str, text: str) -> None:
        await self._do("set_subject", subject=text)

    async def sees_subject(self, room: str, text: str) -> None:
        await self._event("subject_changed", subject=text)

    async def sends_out(self, other: str, room: str) -> None:
        await self._do("moderate", action="remove", member=self._members[other])

    async def is_sent_out(self, room: str) -> None:
        await self._event("ended", reason="removed")

    async def finds_said(self, room: str, text: str) -> None:
        page = await self._do("history", limit=100)
        assert text in [message["text"] for message in page["messages"]], page

    # calls

    async def calls(self, other: str) -> None:
        call = (await self._do("call", to=address_of(other)))["call"]
        self._calls[other] = call["id"]
        await self._goes_to(call)

    async def is_called(self, other: str) -> None:
        def fits(event: Any) -> dict[str, Any] | None:
            if event["type"] != "invited":
                return None
            call: dict[str, Any] = event["call"]
            return call if call["caller"].partition("/")[0] == address_of(other) else None

        self._invited[other] = call = await self.until(fits, f"a call of {other}")
        self._calls[other] = call["id"]

    async def hears_ringing(self, other: str) -> None:
        await self._of_call("call_ringing", other)

    async def answers(self, other: str) -> None:
        await self._do("accept", call=self._calls[other])
        await self._goes_to(self._invited[other])

    async def declines(self, other: str) -> None:
        await self._do("decline", call=self._calls.pop(other))

    async def is_declined(self, other: str) -> None:
        call = await self._of_call("call_ended", other)
        assert call["reason"] == "declined", call

    async def talks(self, other: str) -> None:
        await self._of_member("member_joined", other)

    async def hangs_up(self, other: str) -> None:
        await self._do("hang_up", call=self._calls.pop(other))

    async def is_left(self, other: str) -> None:
        call = await self._of_call("call_ended", other)
        assert call["reason"] == "left", call

    # within

    async def _goes_to(self, call: dict[str, Any]) -> None:
        """Into the room of a call."""
        members = (await self._do("join", room=call["room"], name=self.name))["room"]["members"]
        for member in members:
            self.notice({"type": "member_joined", "member": member})

    async def _of_call(self, kind: str, other: str) -> dict[str, Any]:
        def fits(event: Any) -> dict[str, Any] | None:
            if event["type"] != kind:
                return None
            call: dict[str, Any] = event["call"]
            return call if call["id"] == self._calls[other] else None

        return await self.until(fits, f"{kind} of the call with {other}")

    async def _do(self, request: str, **given: Any) -> dict[str, Any]:
        assert self._socket is not None, f"{self.name} is offline"
        reply = await self._socket.request(request, **given)
        assert reply["type"] != "refused", f"{self.name} could not {request}: {reply}"
        return reply

    async def _event(self, kind: str, **given: Any) -> dict[str, Any]:
        def fits(event: Any) -> dict[str, Any] | None:
            same = event["type"] == kind
            return event if same and given.items() <= event.items() else None

        return await self.until(fits, f"{kind} {given}")

    async def _of_member(self, kind: str, other: str) -> dict[str, Any]:
        def fits(event: Any) -> dict[str, Any] | None:
            same = event["type"] == kind and event["member"]["name"] == other
            return event if same else None

        return await self.until(fits, f"{kind} of {other}")

    async def _sees(self, other: str, show: str, note: str) -> None:
        def fits(event: Any) -> bool | None:
            if event["type"] != "presence_changed":
                return None
            seen = event["presence"]
            same = (seen["account"], seen["show"], seen["note"]) == (
                address_of(other),
                show,
                note,
            )
            return same or None

        await self.until(fits, f"{other} {show}")

    async def _message(self, other: str, text: str) -> dict[str, Any]:
        def fits(event: Any) -> dict[str, Any] | None:
            if event["type"] != "direct_message":
                return None
            message: dict[str, Any] = event["message"]
            same = (message["sender"], message["text"]) == (address_of(other), text)
            return message if same else None

        return await self.until(fits, f"{text!r} from {other}")

    async def _changed(self, other: str, kind: str, about: str) -> dict[str, Any]:
        def fits(event: Any) -> dict[str, Any] | None:
            if event["type"] != "message_changed":
                return None
            change: dict[str, Any] = event["change"]
            same = (change["sender"], change["kind"], change["about"])
            return change if same == (address_of(other), kind, about) else None

        return await self.until(fits, f"a {kind} by {other}")


def _id() -> str:
    return secrets.token_hex(8)
