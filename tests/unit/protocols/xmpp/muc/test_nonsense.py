"""What strangers send to rooms: each is answered by an error of the standard, or by nothing, and
nobody else notices.
"""

import pytest

from antiphon.core.ports import RoomSettings
from tests.support.xmpp_house import body, condition
from tests.support.xmpp_muc import ROOMS, Client, Hall, from_of

DEN = f"den@{ROOMS}"
ADMIN = "http://jabber.org/protocol/muc#admin"
OWNER = "http://jabber.org/protocol/muc#owner"
USER = "http://jabber.org/protocol/muc#user"
LONG = "x" * 300

NONSENSE = (
    f"<presence to='{DEN}/{LONG}'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
    f"<presence to='{DEN}/&#127;'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
    f"<presence to='{ROOMS}/x'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
    f"<presence to='{DEN}/Mal' type='subscribe'/>",
    f"<presence to='{DEN}/Mal' type='probe'/>",
    f"<presence to='{DEN}/Ann' type='unavailable'/>",
    f"<presence to='{DEN}/Mal' type='error'/>",
    f"<message to='{DEN}' type='groupchat'/>",
    f"<message to='{DEN}' type='error'><error/></message>",
    f"<message to='{DEN}'><x xmlns='{USER}'><invite/></x></message>",
    f"<message to='{DEN}'><x xmlns='{USER}'><invite to='@@@'/></x></message>",
    f"<message to='{DEN}'><x xmlns='{USER}'><decline to='ann@example.org'/></x></message>",
    f"<message to='no@{ROOMS}'><x xmlns='{USER}'><decline to='ann@example.org'/></x></message>",
    f"<message to='{DEN}'><x xmlns='jabber:x:data' type='submit'/></message>",
    f"<message to='{DEN}/'><body>x</body></message>",
    f"<iq to='{DEN}' type='set' id='1'><query xmlns='{ADMIN}'/></iq>",
    f"<iq to='{DEN}' type='set' id='2'><query xmlns='{ADMIN}'><item/></query></iq>",
    f"<iq to='{DEN}' type='set' id='3'><query xmlns='{ADMIN}'><item role='x'/></query></iq>",
    f"<iq to='{DEN}' type='get' id='4'><query xmlns='{ADMIN}'/></iq>",
    f"<iq to='{DEN}' type='set' id='5'><query xmlns='{OWNER}'/></iq>",
    f"<iq to='{DEN}' type='set' id='6'><query xmlns='{OWNER}'><destroy jid='@'/></query></iq>",
    f"<iq to='{DEN}' type='set' id='7'><query xmlns='jabber:iq:register'/></iq>",
    f"<iq to='{DEN}' type='set' id='8'><query xmlns='urn:xmpp:mam:2'><x xmlns='jabber:x:data'"
    " type='submit'><field var='start'><value>then</value></field></x></query></iq>",
    f"<iq to='{DEN}' type='set' id='9'><moderate xmlns='urn:xmpp:message-moderate:1'/></iq>",
    f"<iq to='{DEN}' type='set' id='a'/>",
    f"<iq to='{DEN}' type='bogus' id='b'><query xmlns='{OWNER}'/></iq>",
    f"<iq to='{DEN}/Ann' type='result' id='c'/>",
    f"<iq to='{ROOMS}' type='get' id='d'><query xmlns='http://jabber.org/protocol/disco#items'>"
    "<set xmlns='http://jabber.org/protocol/rsm'><max>-1</max></set></query></iq>",
)


async def room_of(hall: Hall) -> tuple[Client, Client]:
    """Ann, whose room it is, and somebody who is in it or not."""
    await hall.switchboard.set(hall.caller("ann"), RoomSettings(name="den"))
    ann, mal = hall.login("ann"), hall.login("mal")
    await ann.join("den")
    return ann, mal


@pytest.mark.parametrize("inside", [False, True])
async def test_it_is_refused_and_the_others_do_not_notice(
    hall: Hall, inside: bool, caplog: pytest.LogCaptureFixture
) -> None:
    ann, mal = await room_of(hall)
    if inside:
        await mal.join("den", "Mal")
        await ann.take()
    for text in NONSENSE:
        mal.send(text)
        for answer in await mal.take():
            assert "internal-server-error" not in str([one.tag for one in answer.iter()]), text
    assert not [one for one in caplog.records if one.levelname == "ERROR"]
    told = await ann.take()
    assert {from_of(one) for one in told} <= {"Mal"}
    ann.say("den", "all is well")
    assert body((await ann.take())[-1]) == "all is well"


async def test_a_long_subject_and_a_long_reason(hall: Hall) -> None:
    ann, mal = await room_of(hall)
    await mal.join("den", "Mal")
    await ann.take()
    ann.send(f"<message to='{DEN}' type='groupchat'><subject>{'x' * 5000}</subject></message>")
    (refused,) = await ann.take()
    assert refused.get("type") == "error"
    reason = "é" * 3000
    await ann.admin("den", f"<item nick='Mal' role='none'><reason>{reason}</reason></item>")
    out = (await mal.take())[-1]
    assert out.get("type") == "unavailable"
    assert len(out.findtext(f".//{{{USER}}}reason") or "") <= 1024


async def test_a_presence_that_is_too_large_for_a_room(hall: Hall) -> None:
    ann, mal = hall.login("ann"), hall.login("mal")
    await ann.join("den")
    long = f"<status>{'x' * 20_000}</status><x xmlns='http://jabber.org/protocol/muc'/>"
    (refused,) = await mal.join("den", inner=long)
    assert condition(refused) == "policy-violation"
    assert not [one for one in await ann.take() if "Mal" in (one.get("from") or "")]
