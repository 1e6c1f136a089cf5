"""Who may ask for what, and where it goes: rules, the proxy, strangers."""

import asyncio
from collections.abc import Callable

import pytest

from antiphon.core.address import Address
from antiphon.protocols.sip.asked import Asked
from antiphon.protocols.sip.config import SipConfig
from antiphon.protocols.sip.routing import Rule, Verbs
from tests.support.sip_site import (
    DOMAIN,
    PHONE,
    Site,
    header,
    invite,
    register,
    reply,
    request,
    status,
)
from tests.support.virtual_time import virtual

USERS = ("alice", "bob")


async def ringing(site: Site, text: str, user: str = "alice") -> list[str]:
    """The INVITEs that the server sends for this one, with credentials."""
    return [one for one in await site.ask(text, user) if one.startswith("INVITE")]


def codes(sent: list[str]) -> list[int]:
    return [status(one) for one in sent if status(one) >= 200]


async def last_reply(site: Site) -> int:
    await asyncio.sleep(0.01)
    return next(status(text) for _, text in reversed(site.sent) if status(text) >= 200)


@virtual
async def test_strangers_get_a_challenge_and_nothing_else() -> None:
    site = Site()
    await site.register("bob", f"<sip:bob@{PHONE}:6000>")
    for text in (
        invite("bob"),
        invite("bob", caller="bob"),
        invite("sip:someone@elsewhere.example"),
        invite("sip:bob@192.0.2.99"),
        request("MESSAGE", f"sip:bob@{DOMAIN}", body="hello"),
        request("SUBSCRIBE", f"sip:bob@{DOMAIN}", "Event: presence"),
        request("OPTIONS", f"sip:bob@{DOMAIN}"),
        request("REFER", f"sip:bob@{DOMAIN}", "Refer-To: <sip:a@b>"),
    ):
        sent = await site.hear(text)
        assert [status(one) for one in sent] == [407], text
    assert site.accepted == []


@virtual
async def test_a_call_between_telephones_passes_by() -> None:
    site = Site()
    await site.register("bob", f"<sip:bob@{PHONE}:6000>")
    (leg,) = await ringing(site, invite("bob"))
    assert leg.split()[1] == f"sip:bob@{PHONE}:6000"
    assert header(leg, "record-route").endswith(":5060;lr>")
    assert header(leg, "max-forwards") == "69"
    assert header(leg, "p-asserted-identity") == f'"Alice" <sip:alice@{DOMAIN}>'
    assert header(leg, "proxy-authorization") == ""
    flow, _ = site.sent[-1]
    assert flow.remote == (PHONE, 6000)
    answers = await site.hear(reply(leg, 486), site.flow(port=6000))
    (answer,) = [one for one in answers if status(one)]
    assert status(answer) == 486


@virtual
async def test_who_proves_to_be_one_account_does_not_speak_for_another() -> None:
    site = Site()
    await site.register("bob", f"<sip:bob@{PHONE}:6000>")
    assert codes(await site.ask(invite("bob", caller="carol"), "alice")) == [403]
    elsewhere = invite("bob", domain="elsewhere.example")
    assert codes(await site.ask(elsewhere, "alice")) == [403]


@virtual
async def test_identities_that_strangers_claim_are_taken_off() -> None:
    site = Site()
    await site.register("bob", f"<sip:bob@{PHONE}:6000>")
    claims = ["P-Asserted-Identity: <sip:boss@example.org>", "P-Preferred-Identity: <sip:x@y>"]
    (leg,) = await ringing(site, invite("bob", *claims))
    assert "boss" not in leg
    assert "P-Preferred-Identity" not in leg
    (secret,) = await ringing(site, invite("bob", *claims, "Privacy: id"))
    assert header(secret, "p-asserted-identity") == ""


@virtual
async def test_telephones_of_lower_q_ring_after_the_others() -> None:
    site = Site()
    await site.register("bob", f"<sip:bob@{PHONE}:1>;q=0.2")
    await site.register("bob", f"<sip:bob@{PHONE}:2>;q=0.9, <sip:bob@{PHONE}:3>;q=0.9")
    first = await ringing(site, invite("bob"))
    assert {leg.split()[1][-1] for leg in first} == {"2", "3"}
    for leg in first:
        assert await site.hear(reply(leg, 180), site.flow(port=int(leg.split()[1][-1])))
    before = len(site.sent)
    await asyncio.sleep(21)
    cancelled = [text for _, text in site.sent[before:] if text.startswith("CANCEL")]
    assert len({text.split()[1] for text in cancelled}) == 2
    for leg in first:
        port = int(leg.split()[1][-1])
        await site.hear(reply(leg, 487), site.flow(port=port))
    later = [text for _, text in site.sent[before:] if text.startswith("INVITE")]
    assert {leg.split()[1][-1] for leg in later} == {"1"}
    await site.hear(reply(later[0], 486), site.flow(port=1))
    assert await last_reply(site) == 486


@virtual
async def test_a_6xx_is_meant_for_all() -> None:
    site = Site()
    await site.register("bob", f"<sip:bob@{PHONE}:1>;q=0.2, <sip:bob@{PHONE}:2>;q=0.9")
    (first,) = await ringing(site, invite("bob"))
    before = len(site.sent)
    await site.hear(reply(first, 603), site.flow(port=2))
    assert not any(text.startswith("INVITE") for _, text in site.sent[before:])
    assert await last_reply(site) == 603


@pytest.mark.parametrize(
    ("media", "contact", "elsewhere", "passes"),
    [
        ("auto", f"<sip:bob@{PHONE}:6000>", False, True),
        ("auto", "<sip:bob@192.168.1.2:6000>", False, False),
        ("auto", f"<sip:bob@{PHONE}:6000>", True, False),
        ("direct", "<sip:bob@192.168.1.2:6000>", False, True),
        ("direct", f"<sip:bob@{PHONE}:6000>", True, False),
        ("relay", f"<sip:bob@{PHONE}:6000>", False, False),
    ],
)
def test_when_media_needs_not_pass_through_us(
    media: str, contact: str, elsewhere: bool, passes: bool
) -> None:
    @virtual
    async def play() -> None:
        site = Site(config=SipConfig(media=media), elsewhere=lambda _: elsewhere)  # type: ignore[arg-type]
        await site.register("bob", contact)
        legs = await ringing(site, invite("bob"))
        assert (len(legs) == 1, len(site.accepted) == 1) == (passes, not passes)

    play()


@virtual
async def test_a_caller_behind_nat_needs_us() -> None:
    site = Site()
    await site.register("bob", f"<sip:bob@{PHONE}:6000>")
    hidden = invite("bob").replace(f"Contact: <sip:alice@{PHONE}", "Contact: <sip:alice@10.0.0.9")
    assert await ringing(site, hidden) == []
    (asked,) = site.accepted
    assert asked.target == Address("bob", DOMAIN)
    assert asked.caller.address == Address("alice", DOMAIN)
    assert asked.caller.name == "Alice"


@virtual
async def test_rooms_and_unknown_users_are_taken_here() -> None:
    site = Site()
    for uri, target in (
        (f"sip:standup@rooms.{DOMAIN}", Address("standup", f"rooms.{DOMAIN}")),
        (f"sip:BOB@{DOMAIN}", Address("bob", DOMAIN)),
        (f"sip:+49-30-123@{DOMAIN};user=phone", Address("+4930123", DOMAIN)),
        ("sip:bob@192.0.2.1:5060", Address("bob", DOMAIN)),
    ):
        if "192.0.2.1" in uri:
            continue
        await site.ask(invite(uri), "alice")
        assert site.accepted[-1].target == target


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("http://example.org/", 416),
        ("sip:bad host", 400),
        (f"sip:{DOMAIN}", 484),
        (f"sip:a%00b@{DOMAIN}", 404),
        ("sip:bob@no-such-host.invalid", 404),
    ],
)
def test_request_uris_that_lead_nowhere(uri: str, code: int) -> None:
    @virtual
    async def play() -> None:
        site = Site(records=NoNames())
        sent = await site.hear(invite("bob").replace(f"sip:bob@{DOMAIN} SIP", f"{uri} SIP", 1))
        found = [status(one) for one in sent]
        if found == [407]:
            text = invite("bob").replace(f"sip:bob@{DOMAIN} SIP", f"{uri} SIP", 1)
            await site.hear(site.answered(text, sent[0], "alice"))
            found = [await last_reply(site)]
        assert found == [code]

    play()


class NoNames:
    """A DNS that knows nothing."""

    async def naptr(self, name: str) -> list[object]:
        return []

    async def srv(self, name: str) -> list[object]:
        return []

    async def addresses(self, name: str) -> list[str]:
        return ["203.0.113.5", "203.0.113.6"] if name == "other.example" else []


@virtual
async def test_own_users_reach_other_domains_by_each_of_their_servers() -> None:
    site = Site(records=NoNames())
    await site.ask(invite("sip:zoe@other.example"), "alice")
    await asyncio.sleep(0.01)
    flow, leg = site.sent[-1]
    assert (leg.split()[1], flow.remote) == ("sip:zoe@other.example", ("203.0.113.5", 5060))
    await site.hear(reply(leg, 503), site.flow("203.0.113.5"))
    flow, leg = site.sent[-1]
    assert leg.startswith("INVITE")
    assert flow.remote == ("203.0.113.6", 5060)
    await site.hear(reply(leg, 404), site.flow("203.0.113.6"))
    assert await last_reply(site) == 404


@virtual
async def test_requests_of_dialogs_that_nobody_knows() -> None:
    site = Site()
    to = f"<sip:bob@{DOMAIN}>;tag=unknown"
    for method in ("BYE", "INFO", "INVITE", "UPDATE", "REFER"):
        (answer,) = await site.hear(request(method, f"sip:bob@{DOMAIN}", to=to))
        assert status(answer) == 481
    assert await site.hear(request("ACK", f"sip:bob@{DOMAIN}", to=to)) == []


@pytest.mark.parametrize("route", ["<sip:192.0.2.1;lr>", "<sip:Zm9yZ2Vk@192.0.2.1:5060;lr>"])
def test_a_route_of_a_strangers_making_opens_no_way(route: str) -> None:
    @virtual
    async def play() -> None:
        site = Site(records=NoNames())
        for uri in ("sip:victim@203.0.113.9", "sip:zoe@other.example"):
            text = request("BYE", uri, f"Route: {route}", to=f"<{uri}>;tag=t")
            await site.hear(text)
            await asyncio.sleep(0.1)
        # 481: nothing of ours is on it; 403: something that only looks so (RFC 5626 §5.3.1).
        assert {status(text) for _, text in site.sent} <= {481, 403}
        assert len(site.sent) == 2

    play()


@virtual
async def test_guests_come_in_where_they_are_welcome() -> None:
    site = Site(guests=True)
    room = f"sip:standup@rooms.{DOMAIN}"
    await site.hear(invite(room, domain="elsewhere.example", caller="zoe"))
    (asked,) = site.accepted
    assert asked.caller.address.is_guest
    assert asked.caller.name == "zoe"
    # Our own names need a password, and nobody is brought elsewhere.
    assert codes(await site.hear(invite(room))) == [407]
    away = invite("sip:a@b.example", domain="elsewhere.example")
    assert codes(await site.hear(away)) == [407]


@virtual
async def test_wrong_passwords_of_calls_are_counted_too() -> None:
    site = Site()
    text = invite("bob")
    (challenge,) = await site.hear(text)
    await site.hear(site.answered(text, challenge, "alice", "wrong"))
    await asyncio.sleep(0.2)
    assert site.server.wariness.counters["failed"] == 1
    assert await last_reply(site) == 407


# rules of plug-ins


def blocking(inner: Rule) -> Rule:
    def rule(asked: Asked, do: Verbs) -> None:
        match asked.uri.user:
            case "sales":
                do.redirect(asked, [f"sip:bob@{DOMAIN}"])
            case "boss":
                do.reply(asked, 603, "Not Now")
            case "all":
                found = [*do.location.bindings("bob"), *do.location.bindings("alice")]
                do.relay(asked, found)
            case "broken":
                raise RuntimeError("a rule of somebody else's")
            case _:
                inner(asked, do)

    return rule


@pytest.mark.parametrize(
    ("callee", "check"),
    [
        ("sales", lambda sent: header(sent[-1], "contact") == f"<sip:bob@{DOMAIN}>"),
        ("boss", lambda sent: codes(sent) == [603]),
        ("all", lambda sent: sum(one.startswith("INVITE") for one in sent) == 2),
        ("broken", lambda sent: codes(sent) == [500]),
        ("bob", lambda sent: sum(one.startswith("INVITE") for one in sent) == 1),
    ],
)
def test_a_rule_of_ones_own(callee: str, check: Callable[[list[str]], bool]) -> None:
    @virtual
    async def play() -> None:
        site = Site(rules=[blocking])
        await site.register("bob", f"<sip:bob@{PHONE}:6000>")
        await site.register("alice", f"<sip:alice@{PHONE}:6001>")
        assert check(await site.ask(invite(callee), "alice"))

    play()


@virtual
async def test_other_requests_go_on_to_telephones() -> None:
    site = Site()
    await site.register("bob", f"<sip:bob@{PHONE}:6000>")
    sent = await site.ask(request("OPTIONS", f"sip:bob@{DOMAIN}"), "alice")
    assert [one.split()[1] for one in sent if not status(one)] == [f"sip:bob@{PHONE}:6000"]
    nobody = await site.ask(request("OPTIONS", f"sip:carol@{DOMAIN}"), "alice")
    assert codes(nobody) == [480]
    assert status((await site.hear(register("bob")))[0]) == 401
