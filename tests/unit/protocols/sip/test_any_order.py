"""Whatever happens to calls, in whatever order and over a network that loses messages: nothing
fails inside, and at the end nothing is left of them.
"""

import logging
import random
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from antiphon.core import event as events
from antiphon.core.reason import Refused
from tests.support.fakes import DOMAIN, Recorder, account
from tests.support.sip_agent import Office, office
from tests.support.sip_wire import Opposite, settle
from tests.support.virtual_time import run


class Play:
    """Telephones of alice and bob, carol and dave in browsers; `step` does something of them."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.made: Office = office(self.chance.choice(["udp", "tcp"]))
        self.calls = 0
        self.lines: list[Opposite] = []
        self.made.register("bob")
        self.bob = self.made.another("bob")
        self.news = Recorder()
        for name in ("carol", "dave"):
            self.made.house.directory.names.add(name)
            self.made.house.reach.add(name, "web")

    @property
    def steps(self) -> dict[str, Callable[[], Awaitable[None]]]:
        return {
            name.removeprefix("do_"): getattr(self, name)
            for name in dir(self)
            if name.startswith("do_")
        }

    def line(self) -> Opposite | None:
        return self.chance.choice(self.lines) if self.lines else None

    async def do_call_a_room(self) -> None:
        self._call(f"sip:{self.chance.choice(['standup', 'other'])}@rooms.{DOMAIN}")

    async def do_call_somebody(self) -> None:
        self._call(f"sip:{self.chance.choice(['bob', 'carol', 'nobody', 'alice'])}@{DOMAIN}")

    def _call(self, uri: str) -> None:
        self.calls += 1
        line = self.made.another("alice")
        line.call_id, line.tag = f"call-{self.calls}", f"tag-{self.calls}"
        self.lines.append(line)
        more = [("Supported", "100rel, timer")] if self.chance.random() < 0.5 else []
        line.number = line.invite(uri, self.chance.choice(["offer", "", "alien"]), *more)

    async def do_acknowledge(self) -> None:
        for line in self.lines:
            for response in list(line.responses):
                if response.method == "INVITE" and response.status == 200:
                    body = "late answer" if b"our offer" in response.body else ""
                    headers = [("Content-Type", "application/sdp")] if body else []
                    line.stack.acknowledge(response, headers, body.encode())
                line.responses.remove(response)

    async def do_cancel(self) -> None:
        if (line := self.line()) is not None:
            line.stack.cancel(line.number)

    async def do_within(self) -> None:
        if (line := self.line()) is not None and line.their_tag:
            method = self.chance.choice(["INVITE", "UPDATE", "BYE", "INFO", "PRACK", "X-ODD"])
            body = self.chance.choice(["", "offer", "held", "garbage", "video"])
            line.send(method, body, *([("RAck", "1 1 INVITE")] if method == "PRACK" else []))

    async def do_refer(self) -> None:
        if (line := self.line()) is not None and line.their_tag:
            other = self.line() or line
            replaces = f"{other.call_id}%3Bto-tag%3D{other.their_tag}%3Bfrom-tag%3D{other.tag}"
            target = self.chance.choice(
                [
                    f"sip:dave@{DOMAIN}",
                    f"sip:standup@rooms.{DOMAIN}",
                    f"sip:carol@{DOMAIN}?Replaces={replaces}",
                ]
            )
            line.send("REFER", "", ("Refer-To", f"<{target}>"))

    async def do_answer_requests(self) -> None:
        for phone in (self.bob, *self.lines):
            for request in list(phone.requests):
                phone.requests.remove(request)
                if request.method == "ACK":
                    continue
                if request.method == "INVITE" and not request.in_dialog:
                    phone.take_dialog(request)
                status = self.chance.choice([200, 200, 180, 183, 486, 488, 491, 302, 481])
                body = "their answer" if status in (200, 183) and request.body else ""
                phone.reply(request, status, body, reliable=status == 183)

    async def do_browsers_answer(self) -> None:
        for browser in self.made.house.reach.list:
            for event in browser.take():
                if isinstance(event, events.Invited):
                    await self._browser(browser.address.local, event)

    async def _browser(self, name: str, event: events.Invited) -> None:
        switchboard, device = self.made.house.switchboard, account(name).address.on("web")
        try:
            if self.chance.random() < 0.3:
                switchboard.decline(event.call.id, device)
            else:
                switchboard.answer(event.call.id, device)
                await switchboard.join(account(name), event.room, self.news)
        except Refused:
            return

    async def do_carol_calls_bob(self) -> None:
        try:
            info = await self.made.house.switchboard.call(
                account("carol"), f"bob@{DOMAIN}", self.news
            )
            await self.made.house.switchboard.join(account("carol"), info.room, self.news)
        except Refused:
            return

    async def do_somebody_in_a_room(self) -> None:
        switchboard = self.made.house.switchboard
        rooms = list(switchboard.rooms)
        if not rooms:
            return
        room = self.chance.choice(rooms)
        member = self.chance.choice(list(room.members))
        try:
            match self.chance.randrange(4):
                case 0:
                    await switchboard.leave(room.name, member)
                case 1:
                    switchboard.hold(room.name, member, self.chance.random() < 0.5)
                case 2:
                    switchboard.press(room.name, member, "5", 0.1)
                case _:
                    for track in list(room.tracks):
                        room.mute(track, self.chance.random() < 0.5)
        except Refused:
            return

    async def do_media(self) -> None:
        if self.made.phones.opened:
            phone = self.chance.choice(self.made.phones.opened)
            match self.chance.randrange(4):
                case 0:
                    phone.events.interrupted()
                case 1:
                    phone.events.connected("")
                case 2:
                    phone.events.offered(1, "")
                case _:
                    phone.events.pressed("3", 0.1)

    async def do_lose(self) -> None:
        wire = self.chance.choice([self.made.away, self.made.back])
        share = self.chance.choice([0.0, 0.2, 1.0])
        wire.lose = lambda _: self.chance.random() < share

    async def do_wait(self) -> None:
        await settle(self.chance.choice([0.1, 2.0, 40.0]))


STEPS = sorted(name for name in dir(Play) if name.startswith("do_"))


@given(
    steps=st.lists(st.sampled_from(STEPS), min_size=5, max_size=40),
    seed=st.integers(0, 1 << 30),
)
@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_nothing_fails_and_nothing_is_left(
    caplog: pytest.LogCaptureFixture, steps: list[str], seed: int
) -> None:
    caplog.clear()
    left: list[object] = []

    async def main() -> None:
        play = Play(seed)
        for step in steps:
            await getattr(play, step)()
            await settle(play.chance.choice([0.0, 0.05, 0.5]))
        await play.made.agent.drain()
        await settle(100)
        made = play.made
        left.extend(
            [
                made.agent.calls,
                [phone for phone in made.phones.opened if not phone.closed],
                [key for key in made.ours.failures if key.startswith("Sip")],
                dict(made.agent._per_account),
                dict(made.agent._by_call_id),
                made.ours.dialogs,
            ]
        )

    run(main())
    errors = [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]
    assert errors == []
    assert left == [0, [], [], {}, {}, 0]
