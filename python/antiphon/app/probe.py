"""The way of a browser into a room of the running node, step by step: WebSocket, room, offer, media
ports.
"""

import asyncio
import json
import secrets
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from . import stun
from .remote import Remote

SUBPROTOCOL = Subprotocol("antiphon.v1")


class ProbeError(Exception):
    """A step failed; the text says which and why."""


@dataclass(frozen=True, slots=True)
class MediaProbe:
    """The media ports that were offered, and those that answered."""

    offered: Sequence[tuple[str, int]]
    answered: Sequence[tuple[str, int]]


async def probe(remote: Remote, patience: float) -> MediaProbe:
    """Join a room of our own and ask each media port for life, for `patience` seconds each.

    Raises `ProbeError`.
    """
    url = remote.running.url.replace("http", "ws", 1) + "/ws"
    tls: ssl.SSLContext | None = remote.tls() if url.startswith("wss:") else None
    try:
        async with (
            asyncio.timeout(patience * 3),
            connect(url, ssl=tls, subprotocols=[SUBPROTOCOL], proxy=None) as socket,
        ):
            await _ask(socket, "welcome", type="hello", token=remote.token)
            room = f"doctor-{secrets.token_hex(4)}"
            await _ask(socket, "joined", type="join", id=1, room=room, receive="none")
            ours = stun.make_credentials()
            answer = await _ask(socket, "answered", type="offer", id=2, sdp=stun.offer(ours))
            theirs, candidates = stun.read_answer(str(answer["sdp"]))
            alive = await asyncio.gather(
                *(stun.answers(address, ours, theirs, patience) for address in candidates)
            )
            await _ask(socket, "result", type="leave", id=3)
    except TimeoutError:
        raise ProbeError("the node did not answer in time") from None
    except (OSError, ValueError, LookupError) as error:
        raise ProbeError(str(error)) from None
    pairs = zip(candidates, alive, strict=True)
    return MediaProbe(candidates, [address for address, lives in pairs if lives])


async def _ask(socket: ClientConnection, reply: str, **message: Any) -> dict[str, Any]:
    await socket.send(json.dumps(message))
    while True:
        answer: dict[str, Any] = json.loads(await socket.recv())
        if answer["type"] == reply:
            return answer
        if answer["type"] in ("failed", "refused"):
            raise ProbeError(f"{message['type']}: {answer['text']}")
