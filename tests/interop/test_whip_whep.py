"""Publishers and players that are not ours: aiortc, Pion and a browser, told apart by content."""

from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from tests.support.node import Node, run_node
from tests.support.page import bare_page
from tests.support.participant import Participant, participate
from tests.support.person import ANN, BEN, CLEO, Person, encode, hue_distance
from tests.support.pion import build, pion_publishes
from tests.support.wait import until
from tests.support.whip import Session, loopback_candidates, playing, publishing

__all__ = ["loopback_candidates"]

# The first build of the Pion program takes a minute or two.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

HUE_TOLERANCE = 12.0
TONE_TOLERANCE = 15.0
NAMELESS = "Broadcast"  # how a publisher without a name is shown


@pytest.fixture(scope="session")
def pion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("pion"))


async def plays(player: Session, person: Person) -> None:
    """Wait until what is played looks and sounds like this person."""

    async def seen() -> float | None:
        return player.watcher.hue

    async def heard() -> float | None:
        return player.watcher.frequency

    await until(
        f"picture of {person.name}",
        seen,
        lambda hue: hue is not None and hue_distance(hue, person.hue) < HUE_TOLERANCE,
    )
    await until(
        f"tone of {person.name}",
        heard,
        lambda tone: tone is not None and abs(tone - person.frequency) < TONE_TOLERANCE,
    )


async def watches(viewer: Participant, person: Person) -> None:
    """The same for a page with one player."""
    await viewer.sees(person.hue, "probe.seeAny()")
    await viewer.hears(person.frequency, "probe.hearAny()")


async def members_of(node: Node, room: str) -> list[str]:
    async with httpx.AsyncClient(base_url=node.url) as http:
        token = (await http.post("/api/v1/auth/guest", json={"name": "Look"})).json()["token"]
        answer = await http.get(
            f"/api/v1/rooms/{room}/members", headers={"Authorization": f"Bearer {token}"}
        )
    if answer.status_code == 404:
        return []
    return [member["name"] for member in answer.json()["members"]]


async def test_aiortc_publishes_and_plays(node: Node, loopback_candidates: None) -> None:
    async with publishing(node.url, "stage", ANN) as ann, publishing(node.url, "stage", BEN):
        async with (
            playing(node.url, "stage", "Ann") as one,
            playing(node.url, "stage", "Ben") as other,
        ):
            await plays(one, ANN)
            await plays(other, BEN)
        assert (await ann.delete()).is_success
        assert (await ann.delete()).status_code == 404
        assert (await ann.patch(ann.own_fragment(), ann.etag)).status_code == 404
        async with playing(node.url, "stage") as speaker:
            await plays(speaker, BEN)


async def test_patch_trickles_restarts_and_checks_the_etag(
    node: Node, loopback_candidates: None
) -> None:
    async with (
        publishing(node.url, "stage", ANN) as ann,
        playing(node.url, "stage", "Ann") as player,
    ):
        await plays(player, ANN)
        for peer in (ann, player):
            assert (await peer.patch(peer.own_fragment(), peer.etag)).status_code == 204
            assert (await peer.patch(peer.own_fragment(), None)).status_code == 428
            assert (await peer.patch(peer.own_fragment(), '"another"')).status_code == 412
            assert (await peer.patch("v=0 nonsense", peer.etag)).status_code == 400
        player.watcher.forget()
        await plays(player, ANN)


@pytest.mark.parametrize("suffix", ["ivf", "h264"])
async def test_pion_publishes_and_restarts_ice(
    suffix: str,
    node: Node,
    pion: Path,
    loopback_candidates: None,
    tmp_path: Path,
    artifacts: Path,
) -> None:
    video, audio = encode(CLEO, tmp_path, suffix)
    endpoint = f"{node.url}/rooms/stage/whip?name=Pion"
    log = artifacts / "pion.log"
    async with pion_publishes(pion, endpoint, video, audio, log) as publisher:
        created = await publisher.event("created")
        await publisher.event("trickled")
        await publisher.event("connection", state="connected")
        async with playing(node.url, "stage", "Pion") as player:
            await plays(player, CLEO)
            await publisher.tell("restart")
            restarted = await publisher.event("restarted")
            assert restarted["etag"] != created["etag"]
            await publisher.event("ice", state="connected")
            player.watcher.forget()
            await plays(player, CLEO)
        await publisher.tell("stop")
        await publisher.event("removed")

    async def there() -> list[str]:
        return await members_of(node, "stage")

    await until("the publisher has left", there, lambda names: "Pion" not in names)
    async with httpx.AsyncClient() as http:
        assert (await http.delete(created["location"])).status_code == 404


@pytest.mark.browser
async def test_components_on_a_page_of_another_origin(
    pion: Path, sound: None, loopback_candidates: None, tmp_path: Path, artifacts: Path
) -> None:
    """`<antiphon-play>` plays Pion; `<antiphon-publish>` is played by aiortc."""
    video, audio = encode(CLEO, tmp_path, "ivf")
    data = tmp_path / "data"
    data.mkdir()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        page = stack.enter_context(bare_page(tmp_path / "page"))
        origins = {"ANTIPHON_HTTP_CORS_ORIGINS": page.origin}
        node = await enter(run_node(data, artifacts / "node.log", environment=origins))
        endpoint = f"{node.url}/rooms/stage/whip?name=Pion"
        log = artifacts / "pion.log"
        publisher = await enter(pion_publishes(pion, endpoint, video, audio, log))
        ann = await enter(participate("chrome", ANN, tmp_path, artifacts))
        ben = await enter(participate("firefox", BEN, tmp_path, artifacts))
        await publisher.event("connection", state="connected")
        server = f"room=stage server={node.url}"
        for viewer in (ann, ben):
            play = f"<antiphon-play {server} member=Pion autoplay></antiphon-play>"
            await viewer.browser.open(page.write(node.url, play))
            await watches(viewer, CLEO)
            await viewer.browser.screenshot(artifacts / f"play-{viewer.name}.png")
        publish = f"<antiphon-publish {server} autostart></antiphon-publish>"
        await ann.browser.open(page.write(node.url, publish))

        async def names() -> list[str]:
            return await members_of(node, "stage")

        await until("Ann publishes", names, lambda there: NAMELESS in there)
        async with playing(node.url, "stage", NAMELESS) as player:
            await plays(player, ANN)
            await ann.browser.screenshot(artifacts / "publish.png")
