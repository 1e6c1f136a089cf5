"""Whom each operation is refused: all that there are, asked for by everybody. One that is not in
the table fails the test.
"""

from pathlib import Path
from typing import Any

import httpx

from antiphon.core.ports import RoomSettings
from tests.support.fakes import Recorder, account, guest
from tests.unit.protocols.http.people_stand import ANN, BOB, ROOT, Here, opened
from tests.unit.protocols.http.stand import OFFER, PLAY, SDP

# The account is ann's, and so is the room, into which only members come.
CALLERS = {
    "nobody": None,
    "guest": guest("g"),
    "bob": BOB,
    "moderator": account("mod", moderate=True),
    "ann": ANN,
    "admin": ROOT,
}
PLACES = {
    "account": "ann@example.org",
    "room": "den",
    "address": "eve@example.org",
    "peer": "eve@example.org",
    "message": "0" * 32,
    "name": "a.txt",
    "call": "c1",
}
ACCOUNT, ROOM = "/api/v1/accounts/{account}", "/api/v1/rooms/{room}"
# Those who are refused.
STRANGERS = "nobody"
GUESTS = "nobody guest"
OTHERS = "nobody guest bob moderator"
ALL_BUT_ANN = "nobody guest bob moderator admin"
ALL_BUT_ADMINS = "nobody guest bob moderator ann"
ALL_BUT_MODERATORS = "nobody guest bob"

REFUSED: dict[str, tuple[str, ...]] = {
    "": (
        "GET /.well-known/antiphon.json",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",  # its listener or proxy is chosen by the operator
        "GET /avatars/{id}",  # its address is the permission
        "GET /upload/{id}/{name}",  # likewise
        "PUT /upload/{id}/{name}",  # the token of its slot is the permission
        "PATCH /rooms/{room}/whip/{id}",  # the address of the session is, and the token it began by
        "DELETE /rooms/{room}/whip/{id}",
        "PATCH /rooms/{room}/whep/{id}",
        "DELETE /rooms/{room}/whep/{id}",
        "GET /api/v1/push/key",
        "POST /api/v1/auth/login",
        "POST /api/v1/auth/guest",
        "POST /api/v1/auth/reset",  # its one-time token is
        "POST /api/v1/invitations/check",
    ),
    STRANGERS: (
        "POST /api/v1/auth/renew",
        "GET /api/v1/ice-servers",
        "GET /api/v1/events",
        "GET /api/v1/rooms",
        "POST /api/v1/rooms",  # as the grants of the token say, those of guests as well
        "GET /api/v1/calls",  # one's own, of guests as well
        "GET /api/v1/calls/{call}",
        "GET /api/v1/uploads",  # one's own: who has no account has none
        "DELETE /api/v1/uploads/{id}",  # of what is not one's own it is said that it is not there
    ),
    GUESTS: (
        "GET /api/v1/presence",
        "POST /api/v1/uploads",
        f"GET {ACCOUNT}/profile",
        f"GET {ACCOUNT}/avatar",
    ),
    OTHERS: (
        f"GET {ACCOUNT}",
        f"PATCH {ACCOUNT}",
        f"DELETE {ACCOUNT}",
        f"PUT {ACCOUNT}/password",
        f"PATCH {ACCOUNT}/profile",
        f"PUT {ACCOUNT}/avatar",
        f"DELETE {ACCOUNT}/avatar",
        f"GET {ACCOUNT}/export",
        f"GET {ACCOUNT}/presence",
        f"GET {ACCOUNT}/push",
        f"POST {ACCOUNT}/push",
        f"DELETE {ACCOUNT}/push",
        f"DELETE {ACCOUNT}/push/{{id}}",
        f"GET {ACCOUNT}/contacts",
        f"GET {ACCOUNT}/contacts/{{address}}",
        f"PUT {ACCOUNT}/contacts/{{address}}",
        f"DELETE {ACCOUNT}/contacts/{{address}}",
        f"POST {ACCOUNT}/contacts/{{address}}/ask",
        f"POST {ACCOUNT}/contacts/{{address}}/answer",
        f"POST {ACCOUNT}/contacts/{{address}}/withdraw",
        f"GET {ACCOUNT}/blocked",
        f"POST {ACCOUNT}/blocked",
        f"DELETE {ACCOUNT}/blocked",
        f"GET {ROOM}",
        f"PUT {ROOM}",
        f"PATCH {ROOM}",
        f"DELETE {ROOM}",
        f"GET {ROOM}/affiliations",
        f"PUT {ROOM}/affiliations/{{account}}",
        f"GET {ROOM}/members",
        f"GET {ROOM}/messages",
        f"GET {ROOM}/subject",
        f"PUT {ROOM}/subject",
        f"POST {ROOM}/invitations",
        f"GET {ROOM}/tracks",
        "POST /rooms/{room}/whip",
        "POST /rooms/{room}/whep",
    ),
    ALL_BUT_MODERATORS: (
        f"DELETE {ROOM}/members/{{member}}",
        f"POST {ROOM}/members/{{member}}/mute",
        f"POST {ROOM}/messages",
        f"PUT {ROOM}/messages/{{message}}",
        f"PUT {ROOM}/messages/{{message}}/reactions",
        f"DELETE {ROOM}/messages/{{message}}",
    ),
    ALL_BUT_ANN: (
        f"GET {ACCOUNT}/messages",
        f"POST {ACCOUNT}/messages",
        f"GET {ACCOUNT}/messages/{{message}}",
        f"PUT {ACCOUNT}/messages/{{message}}",
        f"DELETE {ACCOUNT}/messages/{{message}}",
        f"PUT {ACCOUNT}/messages/{{message}}/reactions",
        f"GET {ACCOUNT}/conversations",
        f"DELETE {ACCOUNT}/conversations/{{peer}}",
        f"PUT {ACCOUNT}/conversations/{{peer}}/mark",
        f"GET {ACCOUNT}/archive",
        f"PUT {ACCOUNT}/archive",
    ),
    ALL_BUT_ADMINS: (
        "GET /api/v1/accounts",
        "POST /api/v1/accounts",  # where registration is not open
        f"POST {ACCOUNT}/reset",
        "GET /api/v1/invitations",
        "POST /api/v1/invitations",
        "DELETE /api/v1/invitations/{id}",
        "GET /api/v1/calls/{call}/ladder",
    ),
}
BODIES: dict[str, dict[str, Any]] = {
    "POST /api/v1/accounts": {"address": "new", "password": "correct horse"},
    f"PUT {ACCOUNT}/password": {"password": "correct horse", "current": "correct horse"},
    f"POST {ACCOUNT}/push": {
        "endpoint": "https://push.example/1",
        "keys": {"p256dh": "B" * 87, "auth": "A" * 22},
    },
    f"POST {ACCOUNT}/messages": {"to": "bob", "text": "x"},
    f"PUT {ACCOUNT}/messages/{{message}}": {"text": "x"},
    f"PUT {ACCOUNT}/messages/{{message}}/reactions": {"reactions": ["x"]},
    f"PUT {ACCOUNT}/conversations/{{peer}}/mark": {"mark": "displayed", "message": "0" * 32},
    f"PUT {ACCOUNT}/archive": {"default": "always"},
    f"POST {ACCOUNT}/contacts/{{address}}/answer": {"granted": True},
    f"POST {ACCOUNT}/blocked": {"addresses": ["eve@example.org"]},
    "POST /api/v1/rooms": {"name": "new"},
    f"PUT {ROOM}/affiliations/{{account}}": {"affiliation": "member"},
    f"PUT {ROOM}/subject": {"text": "x"},
    f"POST {ROOM}/invitations": {"account": "bob"},
    f"POST {ROOM}/messages": {"text": "x"},
    f"PUT {ROOM}/messages/{{message}}": {"text": "x"},
    f"PUT {ROOM}/messages/{{message}}/reactions": {"reactions": ["x"]},
    "POST /api/v1/uploads": {"name": "a.txt", "size": 3},
}


async def ask(here: Here, operation: str, who: str, member: str) -> httpx.Response:
    method, path = operation.split(" ")
    one = "0" * (16 if "invitations" in path else 32)
    for name, value in {**PLACES, "id": one, "member": member}.items():
        path = path.replace(f"{{{name}}}", value)
    options: dict[str, Any] = {}
    if path.startswith("/rooms/"):
        options = {"content": OFFER if path.endswith("whip") else PLAY, "headers": SDP}
    elif method in ("POST", "PUT", "PATCH"):
        options = {"json": BODIES.get(operation, {})}
    elif operation == f"DELETE {ACCOUNT}/push":
        path += "?endpoint=https://push.example/1"
    return await here.call(method, path, CALLERS[who], **options)


async def test_whom_operations_are_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as here:
        switchboard = here.stand.house.switchboard
        settings = RoomSettings(name="den", owner=ANN.address, members_only=True)
        await switchboard.set(ANN, settings)
        member = (await switchboard.join(ANN, "den", Recorder())).member.id
        document = (await here.call("GET", "/api/v1/openapi.json")).json()
        operations = [
            f"{method.upper()} {path}" for path, of in document["paths"].items() for method in of
        ]
        assert sorted(operations) == sorted(one for ones in REFUSED.values() for one in ones)
        wrong = []
        for refused, ones in REFUSED.items():
            for operation in ones:
                for who in refused.split():
                    answer = await ask(here, operation, who, member)
                    if answer.status_code not in ((401, 403) if who == "nobody" else (403,)):
                        wrong.append((operation, who, answer.status_code, answer.text[-120:]))
        assert not wrong, wrong
        assert await here.accounts.find(ANN.address) is not None


async def test_what_is_not_refused(tmp_path: Path) -> None:
    """Those who are not refused get something else."""
    async with opened(tmp_path) as here:
        switchboard = here.stand.house.switchboard
        await switchboard.set(ANN, RoomSettings(name="den", owner=ANN.address, members_only=True))
        member = (await switchboard.join(ANN, "den", Recorder())).member.id
        wrong = []
        for refused, ones in REFUSED.items():
            for operation in ones:
                method, path = operation.split(" ")
                if method != "GET" or path == "/api/v1/events":
                    continue
                for who in CALLERS.keys() - set(refused.split()):
                    answer = await ask(here, operation, who, member)
                    if answer.status_code in (401, 403) or answer.status_code >= 500:
                        wrong.append((operation, who, answer.status_code, answer.text[-120:]))
        assert not wrong
