"""Session descriptions that are wrong in every way we can think of, by WHIP, WHEP and WebSocket."""

import random
from collections.abc import Iterator

import httpx
import pytest
from aiortc import RTCPeerConnection

from tests.support.calm import calm_room
from tests.support.node import Node
from tests.support.signalling import joined
from tests.support.whip import SDP, loopback_candidates

__all__ = ["loopback_candidates"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

MUTATIONS = 150
SEED = 8866


async def honest_offer() -> str:
    connection = RTCPeerConnection()
    try:
        for kind in ("audio", "video"):
            connection.addTransceiver(kind, direction="sendonly")
        connection.createDataChannel("room")
        await connection.setLocalDescription(await connection.createOffer())
        offer = str(connection.localDescription.sdp)
        # One fingerprint, so that a mistake in it is not mended by another (RFC 8122 §5).
        return without(without(offer, "a=fingerprint:sha-384"), "a=fingerprint:sha-512")
    finally:
        await connection.close()


def without(offer: str, prefix: str) -> str:
    return "".join(line for line in offer.splitlines(True) if not line.startswith(prefix))


def wrong(offer: str) -> dict[str, str]:
    """Descriptions that no answer can be made to, each with what is wrong about it."""
    head, media = offer[: offer.index("m=")], offer[offer.index("m=") :]
    return {
        "empty": "",
        "not SDP": "hello, world",
        "version 1": offer.replace("v=0", "v=1", 1),
        "control characters": offer.replace("a=mid:0", "a=mid:\x00\x1b\x7f"),
        "no media": head,
        "no ICE credentials": without(without(offer, "a=ice-ufrag"), "a=ice-pwd"),
        "no fingerprint": without(offer, "a=fingerprint"),
        "fingerprint of no hash": offer.replace("sha-256", "md-0"),
        "fingerprint of a wrong length": offer.replace(
            "a=fingerprint:sha-256 ", "a=fingerprint:sha-256 00:"
        ),
        "negative port": media.replace("m=audio 9", "m=audio -9"),
        "unknown transport": offer.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"),
        "cut in half": offer[: len(offer) // 2],
        "cut in a line": offer[: offer.index("a=fingerprint") + 20],
        "ten thousand lines": offer + "a=x:y\r\n" * 10_000,
        "one long line": offer + "a=" + "x" * 70_000 + "\r\n",
    }


def mutations(offer: str, count: int) -> Iterator[str]:
    """Lines swapped, doubled, dropped and broken, at random but always the same."""
    chance = random.Random(SEED)
    for _ in range(count):
        lines = offer.splitlines(True)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(lines))
            match chance.randrange(5):
                case 0:
                    lines[at] = ""
                case 1:
                    lines[at] += lines[chance.randrange(len(lines))]
                case 2:
                    other = chance.randrange(len(lines))
                    lines[at], lines[other] = lines[other], lines[at]
                case 3:
                    cut = chance.randrange(len(lines[at]) + 1)
                    lines[at] = lines[at][:cut] + "\r\n"
                case _:
                    letters = list(lines[at])
                    for _ in range(3):
                        place = chance.randrange(len(letters) + 1)
                        letters.insert(place, chance.choice("\r\n:;/ 09azé\U0001f600"))
                    lines[at] = "".join(letters)
        yield "".join(lines)


@pytest.mark.parametrize("protocol", ["whip", "whep"])
async def test_whip_and_whep_refuse_wrong_offers_in_clear_words(
    protocol: str, node: Node, loopback_candidates: None
) -> None:
    offer = await honest_offer()
    async with calm_room(node), httpx.AsyncClient(base_url=node.url) as http:
        endpoint = f"/rooms/calm/{protocol}"
        headers = {"Content-Type": SDP}
        taken = []
        for what, text in wrong(offer).items():
            answer = await http.post(endpoint, content=text, headers=headers)
            assert answer.status_code < 500, what
            if answer.status_code < 400:
                taken.append(what)
                continue
            assert answer.headers["Content-Type"].startswith("application/problem+json"), what
            assert answer.json()["title"], what
        assert not taken
        for text in mutations(offer, MUTATIONS):
            answer = await http.post(endpoint, content=text.encode(), headers=headers)
            assert answer.status_code < 500, text
            if answer.status_code == 201:
                # The change did not matter: the session is real, and ends.
                assert (await http.delete(answer.headers["Location"])).is_success


async def test_the_websocket_refuses_wrong_offers_and_the_member_stays(
    node: Node, loopback_candidates: None
) -> None:
    offer = await honest_offer()
    async with calm_room(node), joined(node.url, "other", "Mallory") as mallory:
        replies = {
            what: await mallory.request("offer", sdp=text) for what, text in wrong(offer).items()
        }
        assert not [what for what, reply in replies.items() if reply["type"] != "refused"]
        assert all(reply["text"] for reply in replies.values())
        for text in mutations(offer, 60):
            assert (await mallory.request("offer", sdp=text))["type"] in {"refused", "answered"}
        assert (await mallory.request("say", text="still here", origin_id="1"))[
            "type"
        ] == "accepted"
