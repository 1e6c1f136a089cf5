"""WHIP: RFC 9725, request by request."""

from typing import Any

import pytest

from antiphon.core.change import Act, Moderate
from antiphon.core.member import Receive, Source
from antiphon.core.ports import Grants, IceServer
from antiphon.core.reason import Reason, Refused
from antiphon.core.switchboard import Membership
from antiphon.protocols.http import HttpLimits, drain
from antiphon.protocols.http.application import end_sessions
from tests.support.fakes import account
from tests.unit.protocols.http.stand import (
    FRAGMENT,
    OFFER,
    RESTART,
    SDP,
    TRICKLE,
    Stand,
    settle,
    stand,
)

ANN, BOB = account("ann"), account("bob")
WHIP = "/rooms/hall/whip"


async def test_what_an_account_sends_ends_when_its_log_ins_are_void(here: Stand) -> None:
    for caller in (ANN, BOB):
        sent = await here.call("POST", WHIP, caller, content=OFFER, headers=SDP)
        assert sent.status_code == 201
    end_sessions(here.app, ANN.address)
    await settle()
    room = here.house.switchboard.find("hall")
    assert room is not None
    assert [member.info.name for member in room.members.values()] == ["Bob"]
    assert [session.closed for session in here.sessions.opened] == [True, False]


async def test_publish_and_stop(here: Stand) -> None:
    response = await here.call("POST", WHIP, ANN, content=OFFER, headers=SDP)
    assert response.status_code == 201, response.text
    assert response.headers["content-type"] == "application/sdp"
    assert response.headers["accept-patch"] == "application/trickle-ice-sdpfrag"
    assert response.headers["etag"].startswith('"')
    assert response.text.count("a=recvonly") == 2
    location = response.headers["location"]
    assert location.startswith("/rooms/hall/whip/")
    assert len(location.rsplit("/", 1)[1]) >= 32

    room = here.house.switchboard.find("hall")
    assert room is not None
    [member] = room.members.values()
    assert (member.info.name, member.info.address, member.receive) == (
        "Ann",
        ANN.address,
        Receive.NONE,
    )
    tracks = {track.section: track.source for track in room.tracks.values()}
    assert tracks == {"0": Source.MICROPHONE, "1": Source.CAMERA}
    [session] = here.sessions.opened
    assert not session.open_ended
    assert set(session.bound.values()) == {"0", "1"}

    assert (await here.call("GET", location, ANN)).status_code == 204
    assert (await here.call("DELETE", location, ANN)).status_code == 200
    assert session.closed
    assert here.house.switchboard.find("hall") is None
    for method in ("DELETE", "GET"):
        assert (await here.call(method, location, ANN)).status_code == 404


@pytest.mark.parametrize(
    ("method", "headers", "body", "status"),
    [
        ("POST", {"Content-Type": "application/json"}, OFFER, 415),
        ("POST", {"Content-Type": "text/plain; x=application/sdp"}, OFFER, 415),
        ("POST", {}, "", 415),
        ("POST", {**SDP, "Accept": "text/html"}, OFFER, 406),
        ("POST", {**SDP, "Accept": "application/sdp;q=0, */*"}, OFFER, 406),
        ("POST", SDP, "", 400),
        ("POST", SDP, "hello", 400),
        ("POST", SDP, "v=0\r\n", 400),
        ("POST", SDP, OFFER + "a=garbage\r\n", 400),
        ("POST", SDP, b"v=0\r\n\xff", 400),
        ("POST", SDP, OFFER.replace("a=sendonly", "a=recvonly"), 422),
        ("POST", SDP, OFFER.replace("a=sendonly", "a=inactive", 1), 422),
        ("POST", SDP, "v=0\r\n" + "a=x\r\n" * 40_000, 413),
        ("PUT", SDP, OFFER, 405),
        ("PATCH", SDP, OFFER, 405),
        ("DELETE", {}, "", 405),
    ],
)
async def test_what_is_refused(
    here: Stand, method: str, headers: dict[str, str], body: str | bytes, status: int
) -> None:
    response = await here.call(method, WHIP, ANN, content=body, headers=headers)
    assert response.status_code == status, response.text
    # Nothing is left behind: no member, no media, no resource.
    assert here.house.switchboard.find("hall") is None
    assert all(session.closed for session in here.sessions.opened)
    labels = {"protocol": "whip"}
    value = here.context.registry.get_sample_value("antiphon_http_media_sessions", labels)
    assert value in (None, 0)


@pytest.mark.parametrize("accept", ["application/sdp", "*/*", "application/*", "a/b, */*;q=0.1"])
async def test_what_is_accepted(here: Stand, accept: str) -> None:
    headers = {"Content-Type": "Application/SDP; charset=utf-8", "Accept": accept}
    assert (await here.call("POST", WHIP, ANN, content=OFFER, headers=headers)).status_code == 201


async def test_get_and_options(here: Stand) -> None:
    assert (await here.call("GET", WHIP)).status_code == 204
    assert (await here.call("HEAD", WHIP)).status_code == 204
    options = await here.call("OPTIONS", WHIP)
    assert (options.status_code, options.headers["accept-post"]) == (200, "application/sdp")
    options = await here.call("OPTIONS", f"{WHIP}/x")
    assert options.headers["accept-patch"] == "application/trickle-ice-sdpfrag"


@pytest.mark.parametrize(
    ("room", "status"), [("%20", 400), ("a@elsewhere.org", 404), ("Caf%C3%A9", 201)]
)
async def test_names_of_rooms(here: Stand, room: str, status: int) -> None:
    response = await here.call("POST", f"/rooms/{room}/whip", ANN, content=OFFER, headers=SDP)
    assert response.status_code == status
    if status == 201:
        assert response.headers["location"].startswith("/rooms/caf%C3%A9/whip/")
        assert (await here.call("DELETE", response.headers["location"], ANN)).status_code == 200


async def test_a_name_of_ones_own(here: Stand) -> None:
    await here.call("POST", f"{WHIP}?name=Stage%20left", ANN, content=OFFER, headers=SDP)
    room = here.house.switchboard.find("hall")
    assert room is not None
    assert [member.info.name for member in room.members.values()] == ["Stage left"]


async def test_sources_of_further_sections(here: Stand) -> None:
    video = OFFER[OFFER.index("m=video") :]
    more = "".join(video.replace("a=mid:1", f"a=mid:{number}") for number in (2, 3))
    await here.call("POST", WHIP, ANN, content=OFFER + more, headers=SDP)
    room = here.house.switchboard.find("hall")
    assert room is not None
    assert [track.source for track in room.tracks.values()] == [
        Source.MICROPHONE,
        Source.CAMERA,
        Source.SCREEN,
        Source.OTHER,
    ]


async def test_sendrecv_is_taken_as_sendonly(here: Stand) -> None:
    offer = OFFER.replace("a=sendonly", "a=sendrecv")
    response = await here.call("POST", WHIP, ANN, content=offer, headers=SDP)
    assert response.text.count("a=recvonly") == 2


async def test_who_may_publish() -> None:
    async with stand() as here:
        for caller, status in (
            (None, 401),
            (account("joe", publish=False), 403),
            (account("joe", rooms=frozenset({"other"})), 403),
            (account("joe", create=False), 403),
        ):
            response = await here.call("POST", WHIP, caller, content=OFFER, headers=SDP)
            assert response.status_code == status
    async with stand(open_doors=True) as here:
        response = await here.call("POST", f"{WHIP}?name=OBS", content=OFFER, headers=SDP)
        assert response.status_code == 201
        room = here.house.switchboard.find("hall")
        assert room is not None
        [member] = room.members.values()
        assert member.info.name == "OBS"
        assert member.info.address.is_guest
        assert (await here.call("DELETE", response.headers["location"])).status_code == 200


async def test_a_session_belongs_to_whose_token_opened_it(here: Stand) -> None:
    made = await here.call("POST", WHIP, ANN, content=OFFER, headers=SDP)
    location = made.headers["location"]
    assert (await here.call("DELETE", location)).status_code == 401
    assert (await here.call("DELETE", location, BOB)).status_code == 403
    headers = {**FRAGMENT, "If-Match": "*"}
    for caller, status in ((None, 401), (BOB, 403)):
        response = await here.call("PATCH", location, caller, content=RESTART, headers=headers)
        assert response.status_code == status
    assert (await here.call("DELETE", location, account("root", admin=True))).status_code == 200


async def test_a_session_is_found_at_its_own_place_only(here: Stand) -> None:
    made = await here.call("POST", WHIP, ANN, content=OFFER, headers=SDP)
    id = made.headers["location"].rsplit("/", 1)[1]
    for path in (f"/rooms/other/whip/{id}", f"/rooms/hall/whep/{id}", f"{WHIP}/{id}x"):
        assert (await here.call("DELETE", path, ANN)).status_code == 404
    for method in ("PUT", "POST"):
        assert (await here.call(method, f"{WHIP}/{id}", ANN)).status_code == 405


async def test_trickle(here: Stand) -> None:
    made = await here.call("POST", WHIP, ANN, content=OFFER, headers=SDP)
    location, etag = made.headers["location"], made.headers["etag"]
    headers = {**FRAGMENT, "If-Match": etag}
    response = await here.call("PATCH", location, ANN, content=TRICKLE, headers=headers)
    assert (response.status_code, response.content) == (204, b"")
    assert "etag" not in response.headers
    [session] = here.sessions.opened
    assert len(session.candidates) == 2
    assert session.candidates[0].startswith("candidate:1387637174 1 udp")
    assert session.candidates[1] == ""
    only = "m=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:5 1 udp 5 192.0.2.1 5 typ host\r\n"
    for _ in range(200):
        response = await here.call("PATCH", location, ANN, content=only, headers=headers)
        assert response.status_code == 204
    assert len(session.candidates) == 129


async def test_restart(here: Stand) -> None:
    made = await here.call("POST", WHIP, ANN, content=OFFER, headers=SDP)
    location, etag = made.headers["location"], made.headers["etag"]
    headers = {**FRAGMENT, "If-Match": "*"}
    response = await here.call("PATCH", location, ANN, content=RESTART, headers=headers)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/trickle-ice-sdpfrag"
    assert response.headers["etag"] not in ("", etag)
    assert "a=ice-ufrag:serv2" in response.text
    assert "a=candidate:1 1 udp 2130706431 198.51.100.1" in response.text
    [session] = here.sessions.opened
    assert "a=ice-ufrag:ysXw" in session.offers[1]
    # What belongs to the ICE session before is refused, what belongs to this one is not.
    stale = {**FRAGMENT, "If-Match": etag}
    fresh = {**FRAGMENT, "If-Match": f'"other", {response.headers["etag"]}'}
    trickle = RESTART + "a=end-of-candidates\r\n"
    for fields, status in ((stale, 412), (fresh, 204)):
        again = await here.call("PATCH", location, ANN, content=trickle, headers=fields)
        assert again.status_code == status


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (FRAGMENT, TRICKLE, 428),
        ({**FRAGMENT, "If-Match": '"wrong"'}, TRICKLE, 412),
        ({**SDP, "If-Match": "*"}, TRICKLE, 415),
        ({**FRAGMENT, "If-Match": "*"}, "garbage", 400),
        ({**FRAGMENT, "If-Match": "*"}, "", 400),
    ],
)
async def test_patches_that_are_refused(
    here: Stand, headers: dict[str, str], body: str, status: int
) -> None:
    made = await here.call("POST", WHIP, ANN, content=OFFER, headers=SDP)
    location = made.headers["location"]
    response = await here.call("PATCH", location, ANN, content=body, headers=headers)
    assert response.status_code == status
    assert (await here.call("GET", location, ANN)).status_code == 204


async def test_a_restart_that_fails_leaves_the_session(here: Stand) -> None:
    made = await here.call("POST", WHIP, ANN, content=OFFER, headers=SDP)
    location, etag = made.headers["location"], made.headers["etag"]
    [session] = here.sessions.opened
    session.refuse = Refused(Reason.BAD_REQUEST, "no restart today")
    headers = {**FRAGMENT, "If-Match": "*"}
    response = await here.call("PATCH", location, ANN, content=RESTART, headers=headers)
    assert response.status_code == 400
    assert not session.closed
    headers["If-Match"] = etag
    response = await here.call("PATCH", location, ANN, content=TRICKLE, headers=headers)
    assert response.status_code == 204


async def test_ice_servers_come_as_links() -> None:
    class Servers:
        def for_caller(self, caller: object) -> list[IceServer]:
            return [
                IceServer(("stun:stun.example.net",)),
                IceServer(("turn:turn.example.net?transport=udp",), 'u"ser', "pass"),
            ]

    async with stand(ice_servers=Servers()) as here:
        response = await here.call("POST", WHIP, ANN, content=OFFER, headers=SDP)
        assert response.headers.get_list("link") == [
            '<stun:stun.example.net>; rel="ice-server"',
            '<turn:turn.example.net?transport=udp>; rel="ice-server"; username="u\\"ser"; '
            'credential="pass"; credential-type="password"',
        ]
        response = await here.call("GET", "/api/v1/ice-servers", ANN)
        assert response.json() == {
            "ice_servers": [
                {"urls": ["stun:stun.example.net"]},
                {
                    "urls": ["turn:turn.example.net?transport=udp"],
                    "username": 'u"ser',
                    "credential": "pass",
                },
            ]
        }


async def test_the_session_ends_with_its_media(here: Stand) -> None:
    made = await here.call("POST", WHIP, ANN, content=OFFER, headers=SDP)
    [session] = here.sessions.opened
    session.events.connected("AEAD_AES_128_GCM")
    session.events.interrupted()
    session.events.closed("timeout")
    await settle()
    assert (await here.call("GET", made.headers["location"], ANN)).status_code == 404
    assert here.house.switchboard.find("hall") is None


async def test_the_session_ends_with_its_membership(here: Stand) -> None:
    from tests.support.fakes import Recorder

    switchboard = here.house.switchboard
    chief = await switchboard.join(BOB, "hall", Recorder())
    made = await here.call("POST", WHIP, ANN, content=OFFER, headers=SDP)
    [other] = [member for member in chief.room.members if member != chief.member.id]
    await switchboard.update("hall", chief.member.id, Moderate(other, Act.REMOVE))
    assert (await here.call("GET", made.headers["location"], ANN)).status_code == 404
    assert here.sessions.opened[0].closed


async def test_draining_ends_all_and_takes_no_more(here: Stand) -> None:
    await here.call("POST", WHIP, ANN, content=OFFER, headers=SDP)
    await drain(here.app)
    assert here.sessions.opened[0].closed
    assert here.house.switchboard.find("hall") is None
    response = await here.call("POST", WHIP, ANN, content=OFFER, headers=SDP)
    assert (response.status_code, response.json()["reason"]) == (503, "draining")
    assert "retry-after" in response.headers


async def test_draining_ends_what_just_begins(here: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    switchboard = here.house.switchboard
    join = switchboard.join

    async def slow(*args: Any, **options: Any) -> Membership:
        membership = await join(*args, **options)
        await drain(here.app)
        return membership

    monkeypatch.setattr(switchboard, "join", slow)
    response = await here.call("POST", WHIP, ANN, content=OFFER, headers=SDP)
    assert (response.status_code, response.json()["reason"]) == (410, "gone")
    assert here.sessions.opened[0].closed
    assert switchboard.find("hall") is None


async def test_there_are_only_so_many() -> None:
    async with stand(limits=HttpLimits(media_resources_per_caller=2, media_resources=3)) as here:
        codes = [
            (await here.call("POST", WHIP, caller, content=OFFER, headers=SDP)).status_code
            for caller in (ANN, ANN, ANN, BOB, BOB)
        ]
        assert codes == [201, 201, 429, 201, 429]
        labels = {"protocol": "whip"}
        registry = here.context.registry
        assert registry.get_sample_value("antiphon_http_media_sessions", labels) == 3


async def test_a_full_engine_is_told() -> None:
    async with stand(guests=Grants()) as here:
        here.sessions.refuse = Refused(Reason.TOO_MANY, "The node is full.")
        response = await here.call("POST", WHIP, ANN, content=OFFER, headers=SDP)
        assert response.status_code == 429
        assert here.house.switchboard.find("hall") is None
