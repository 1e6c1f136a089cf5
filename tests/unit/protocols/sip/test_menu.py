"""PINs and the question for a room: a test presses the keys, in virtual time."""

import pytest

from antiphon.core.ports import RoomSettings
from tests.support.fakes import DOMAIN, Recorder, account
from tests.support.sip_agent import Office, office
from tests.support.sip_wire import settle
from tests.support.virtual_time import virtual


async def at_the_door(uri: str = f"sip:standup@rooms.{DOMAIN}", pin: str = "1234") -> Office:
    made = office()
    made.menu.add("menu")
    await made.house.rooms.save(RoomSettings(name="standup", pin=pin))
    await made.house.rooms.save(RoomSettings(name="100", pin=pin))
    made.phone.invite(uri)
    await made.phone.accepted()
    return made


async def press(made: Office, keys: str) -> None:
    for key in keys:
        made.last.events.pressed(key, 0.1)
    await settle()


@virtual
async def test_the_right_pin() -> None:
    made = await at_the_door()
    assert made.last.played == ["enter_pin"]
    assert made.members("standup") == []
    await press(made, "1234#")
    assert made.members("standup") == ["Alice"]
    await press(made, "5#")
    assert made.last.played == ["enter_pin", "alone"]


@virtual
async def test_the_pin_stands_for_the_password() -> None:
    made = await at_the_door()
    settings = RoomSettings(name="standup", pin="1234", password="sesame")
    await made.house.rooms.save(settings)
    await press(made, "1234#")
    assert made.members("standup") == ["Alice"]


@virtual
async def test_without_the_hash_key() -> None:
    made = await at_the_door()
    await press(made, "99*1234")
    assert made.members("standup") == []
    await settle(6)
    assert made.members("standup") == ["Alice"]


@virtual
async def test_three_wrong_pins() -> None:
    made = await at_the_door()
    for _ in range(3):
        await press(made, "0000#")
    assert made.last.played[-2:] == ["wrong_pin", "goodbye"]
    made.last.events.played()
    made.phone.reply(await made.phone.request("BYE"), 200)
    assert made.members("standup") == []
    assert made.agent.calls == 0


@virtual
async def test_the_call_ends_though_the_goodbye_is_never_sounded() -> None:
    made = await at_the_door()
    for _ in range(3):
        await press(made, "0000#")
    await settle(6)
    made.phone.reply(await made.phone.request("BYE"), 200)
    assert made.agent.calls == 0


@virtual
async def test_silence() -> None:
    made = await at_the_door()
    await settle(70)
    assert made.last.played == ["enter_pin", "goodbye"]
    assert made.agent.calls == 0


@virtual
async def test_guesses_of_a_caller_are_counted_over_calls() -> None:
    made = await at_the_door()
    for _ in range(4):
        for _ in range(3):
            await press(made, "0000#")
        await settle(6)
        made.phone.their_tag, made.phone.call_id = "", made.phone.call_id + "x"
        made.phone.invite(f"sip:standup@rooms.{DOMAIN}")
        await made.phone.accepted()
    await press(made, "1234#")
    assert made.last.played[-1] == "goodbye"
    assert made.members("standup") == []


@virtual
async def test_the_owner_needs_no_pin() -> None:
    made = office()
    owner = account("alice").address
    await made.house.rooms.save(RoomSettings(name="standup", pin="1234", owner=owner))
    made.phone.invite(f"sip:standup@rooms.{DOMAIN}")
    await made.phone.accepted()
    assert made.members("standup") == ["Alice"]


@pytest.mark.parametrize("pin", ["", "77"])
def test_the_menu(pin: str) -> None:
    @virtual
    async def play() -> None:
        made = await at_the_door(f"sip:menu@{DOMAIN}", pin)
        assert made.last.played == ["welcome", "enter_room_number"]
        await press(made, "5#")
        assert made.last.played[2:] == ["no_such_room", "enter_room_number"]
        await press(made, "100#")
        if pin:
            assert made.last.played[4:] == ["enter_pin"]
            await press(made, f"{pin}#")
        assert made.members("100") == ["Alice"]

    play()


@virtual
async def test_a_full_room() -> None:
    made = await at_the_door()
    full = RoomSettings(name="standup", pin="1234", max_members=1)
    await made.house.rooms.save(full)
    await made.house.switchboard.join(account("bob"), "standup", Recorder())
    await press(made, "1234#")
    assert made.last.played[-2:] == ["room_full", "goodbye"]


@virtual
async def test_with_a_late_offer_it_asks_when_there_is_media() -> None:
    made = office()
    await made.house.rooms.save(RoomSettings(name="standup", pin="1234"))
    made.phone.invite(f"sip:standup@rooms.{DOMAIN}", body="")
    await made.phone.status(200)
    assert made.last.played == []
    made = await _again(made)
    assert made.last.played == ["enter_pin"]


async def _again(made: Office) -> Office:
    made.phone.their_tag, made.phone.call_id = "", "again"
    made.phone.invite(f"sip:standup@rooms.{DOMAIN}", body="")
    await made.phone.accepted("their answer")
    return made
