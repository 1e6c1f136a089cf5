"""The registrar as telephones see it: messages in, messages out, in virtual time."""

import asyncio
import re
from collections.abc import Sequence

import pytest

from antiphon.core.address import Address
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.sip import identity
from antiphon.protocols.sip import stack as stacks
from antiphon.protocols.sip.config import SipConfig, SipLimits
from antiphon.protocols.sip.contacts import Refusal, wanted
from tests.support.sip_site import (
    DOMAIN,
    PHONE,
    US,
    Site,
    header,
    invite,
    register,
    request,
    status,
)
from tests.support.virtual_time import virtual

CONTACT = f"<sip:alice@{PHONE}:5060>"
INSTANCE = "urn:uuid:00000000-0000-1000-8000-000a95a0e128"
OUTBOUND = f'{CONTACT};reg-id=1;+sip.instance="<{INSTANCE}>"'


def uris(site: Site, user: str = "alice") -> list[str]:
    return [binding.uri for binding in site.server.location.bindings(user)]


async def passed(site: Site, text: str, user: str = "alice") -> str:
    (answer,) = await site.ask(text, user)
    return answer


@virtual
async def test_without_credentials_there_is_a_challenge_and_no_trace() -> None:
    site = Site()
    (answer,) = await site.hear(register("alice", CONTACT))
    assert status(answer) == 401
    assert re.search(r"algorithm=SHA-256.*algorithm=MD5", header(answer, "www-authenticate"))
    assert uris(site) == []
    assert site.accounts.looked_up == []


@virtual
async def test_register_ask_refresh_and_remove() -> None:
    site = Site()
    answer = await site.register("alice", CONTACT)
    assert status(answer) == 200
    assert header(answer, "contact") == f"{CONTACT};expires=600"
    assert "GMT" in header(answer, "date")
    assert uris(site) == [f"sip:alice@{PHONE}:5060"]
    await asyncio.sleep(100)
    asked = await passed(site, register("alice", expires=None))
    assert header(asked, "contact") == f"{CONTACT};expires=500"
    refreshed = await site.register("alice", CONTACT, call_id="other")
    assert header(refreshed, "contact") == f"{CONTACT};expires=600"
    assert site.server.registrar.counters["refreshes"] == 1
    removed = await site.register("alice", CONTACT, expires=0)
    assert (status(removed), header(removed, "contact")) == (200, "")
    assert uris(site) == []
    assert site.server.location.count == 0


@virtual
async def test_a_binding_ends_with_its_time() -> None:
    site = Site()
    await site.register("alice", CONTACT, expires=120)
    await asyncio.sleep(119)
    assert len(uris(site)) == 1
    await asyncio.sleep(2)
    assert uris(site) == []
    site.server.location.expire(["alice"])
    assert site.server.location.count == 0


@virtual
async def test_each_contact_has_its_own_time_and_q() -> None:
    site = Site()
    two = f"{CONTACT};expires=300;q=0.5, <sip:alice@{PHONE}:5070>;expires=100"
    answer = await site.register("alice", two)
    assert header(answer, "contact") == (
        f"{CONTACT};expires=300;q=0.5, <sip:alice@{PHONE}:5070>;expires=100"
    )
    one = await site.register("alice", f"<sip:alice@{PHONE}:5070>;expires=0")
    assert header(one, "contact") == f"{CONTACT};expires=300;q=0.5"


@virtual
async def test_what_else_a_refresh_changes_is_taken() -> None:
    site = Site()
    await site.register("alice", f"{CONTACT};expires=300;q=0.5")
    (before,) = site.server.location.all("alice")
    await site.register("alice", f"{CONTACT};expires=300;q=0.5")
    assert site.server.location.all("alice") == (before,), "nothing but the time"
    changed = await site.register("alice", f"{CONTACT};expires=300;q=0.7")
    assert header(changed, "contact") == f"{CONTACT};expires=300;q=0.7"
    named = await site.register("alice", f'{CONTACT};expires=300;+sip.instance="<urn:uuid:1>"')
    assert header(named, "contact") == f'{CONTACT};expires=300;+sip.instance="<urn:uuid:1>"'
    assert site.server.location.count == 1


@virtual
async def test_a_star_removes_all_of_them() -> None:
    site = Site()
    await site.register("alice", f"{CONTACT}, <sip:alice@{PHONE}:5070>")
    for contact, expires in (("*", 60), ("*", None), (f"*, {CONTACT}", 0)):
        answer = await site.register("alice", contact, expires=expires)
        assert status(answer) == 400, contact
    assert len(uris(site)) == 2
    assert status(await site.register("alice", "*", expires=0)) == 200
    assert uris(site) == []


@virtual
async def test_too_brief_too_long_and_nonsense() -> None:
    site = Site(config=SipConfig(min_expires=60, max_expires=3600, default_expires=1800))
    brief = await site.register("alice", CONTACT, expires=59)
    assert (status(brief), header(brief, "min-expires")) == (423, "60")
    assert uris(site) == []
    for expires, granted in ((100_000, 3600), (None, 1800)):
        answer = await site.register("alice", CONTACT, expires=expires)
        assert header(answer, "contact").endswith(f";expires={granted}")
    # RFC 3261 §10.2.1.1: what cannot be read counts as the default.
    odd = await passed(site, register("alice", CONTACT, "Expires: soon", expires=None))
    assert header(odd, "contact").endswith(";expires=1800")


@virtual
async def test_an_older_request_of_the_same_telephone_changes_nothing() -> None:
    site = Site()
    await site.register("alice", CONTACT, call_id="c", cseq=10)
    late = await site.register("alice", CONTACT, call_id="c", cseq=5, expires=0)
    assert status(late) == 500
    assert len(uris(site)) == 1
    star = await site.register("alice", "*", call_id="c", cseq=5, expires=0)
    assert status(star) == 500
    other = await site.register("alice", CONTACT, call_id="d", cseq=1, expires=0)
    assert status(other) == 200


@virtual
async def test_all_contacts_or_none() -> None:
    site = Site()
    await site.register("alice", CONTACT, call_id="c", cseq=1)
    both = f"{CONTACT};expires=1200, <sip:alice@{PHONE}:5070>;expires=10"
    assert status(await site.register("alice", both, call_id="c", cseq=5)) == 423
    assert uris(site) == [f"sip:alice@{PHONE}:5060"]
    (binding,) = site.server.location.bindings("alice")
    assert binding.cseq == 2
    assert binding.until < asyncio.get_running_loop().time() + 601


@virtual
async def test_contacts_that_are_equal_though_spelled_otherwise() -> None:
    site = Site()
    await site.register("alice", f"<sip:alice@{PHONE}:5060;x=1;y=2>")
    answer = await site.register("alice", f"<sip:%61lice@{PHONE}:5060;y=2;x=1>", expires=0)
    assert header(answer, "contact") == ""


@pytest.mark.parametrize(
    "contact",
    [
        "<tel:+49301234>",
        "<mailto:alice@example.org>",
        "<sip:alice@>",
        f"<sip:alice@{PHONE}>;q=2",
        f"<sip:alice@{PHONE}>;q=x",
        f"<sip:{'a' * 600}@{PHONE}>",
        f'{CONTACT};+sip.instance="<{"u" * 200}>"',
        '<sip:alice@198.51.100.7>;+sip.instance="<urn:\\"x>"',
    ],
)
def test_contacts_that_are_none(contact: str) -> None:
    @virtual
    async def play() -> None:
        site = Site()
        answer = await site.register("alice", contact)
        assert status(answer) == 400
        assert uris(site) == []

    play()


@virtual
async def test_a_contact_of_this_server_would_be_a_loop() -> None:
    site = Site()
    assert status(await site.register("alice", f"<sip:bob@{DOMAIN}>")) == 403


@virtual
async def test_only_ones_own_address() -> None:
    site = Site()
    answer = await passed(site, register("bob", f"<sip:bob@{PHONE}>"), "alice")
    assert status(answer) == 403
    assert uris(site, "bob") == []
    elsewhere = register("alice", CONTACT).replace(f"To: <sip:alice@{DOMAIN}", "To: <sip:alice@a.b")
    assert status(await passed(site, elsewhere)) == 404
    other = register("alice", CONTACT).replace(f"REGISTER sip:{DOMAIN}", "REGISTER sip:other.org")
    assert [status(one) for one in await site.hear(other)] == [403]


@virtual
async def test_an_address_in_other_spellings() -> None:
    site = Site()
    for spelled in ("ALICE", "%61lice", "Al%49ce"):
        text = register("alice", CONTACT).replace(
            f"To: <sip:alice@{DOMAIN}", f"To: <sip:{spelled}@EXAMPLE.org"
        )
        assert status(await passed(site, text)) == 200, spelled
    assert site.server.location.count == 1


@virtual
async def test_wrong_passwords_are_answered_at_the_same_time_as_unknown_names() -> None:
    site = Site()
    site.accounts.slow = 0.003
    times = []
    for user in ("alice", "nobody"):
        for _ in range(2):
            text = register(user, CONTACT)
            (challenge,) = await site.hear(text)
            before = len(site.sent)
            began = asyncio.get_running_loop().time()
            site.server.stack.receive(
                site.answered(text, challenge, user, "wrong").encode(), site.flow()
            )
            while len(site.sent) == before:
                await asyncio.sleep(0.001)
            assert status(site.sent[-1][1]) == 401
            times.append(asyncio.get_running_loop().time())
            assert 0.05 <= times[-1] - began <= 0.11
    # On the strokes of a clock: a name that is known is not told by how soon.
    assert all(min(when % 0.05, 0.05 - when % 0.05) < 0.002 for when in times)


@virtual
async def test_who_guesses_must_wait() -> None:
    site = Site(limits=SipLimits(failures=3, failure_time=100.0))
    for _ in range(3):
        text = register("alice", CONTACT)
        (challenge,) = await site.hear(text)
        await site.hear(site.answered(text, challenge, "alice", "wrong"))
        await asyncio.sleep(0.2)
    refused = await site.hear(register("alice", CONTACT))
    text = register("alice", CONTACT)
    assert status(refused[0]) == 401  # nobody is named yet
    (answer,) = await site.hear(site.answered(text, refused[0], "alice"))
    assert status(answer) == 403
    assert int(header(answer, "retry-after")) > 10
    # From elsewhere, and later, all is well.
    assert status((await site.ask(text, "alice", site.flow("198.51.100.8")))[0]) == 200
    await asyncio.sleep(150)
    assert status(await site.register("alice", CONTACT)) == 200


@virtual
async def test_a_database_that_fails_is_no_wrong_password() -> None:
    site = Site()
    site.accounts.failure = Refused(Reason.BUSY, "not now")
    answers = await site.ask(register("alice", CONTACT), "alice")
    assert [status(one) for one in answers] == [503]
    site.accounts.failure = None
    await asyncio.sleep(6)
    assert status(await site.register("alice", CONTACT)) == 200


@virtual
async def test_limits_of_an_account_and_of_the_node() -> None:
    site = Site(("alice", "bob", "carol"), limits=SipLimits(bindings=3, bindings_per_account=2))
    for port in (1, 2):
        await site.register("alice", f"<sip:alice@{PHONE}:{port}>")
    assert status(await site.register("alice", f"<sip:alice@{PHONE}:3>")) == 403
    assert status(await site.register("alice", f"<sip:alice@{PHONE}:2>")) == 200
    await site.register("bob", f"<sip:bob@{PHONE}>")
    full = await site.register("carol", f"<sip:carol@{PHONE}>")
    assert (status(full), header(full, "retry-after")) == (503, "60")


@virtual
async def test_requirements_that_are_not_known() -> None:
    site = Site()
    answer = await site.register("alice", CONTACT, more=["Require: outbound, teleport"])
    assert (status(answer), header(answer, "unsupported")) == (420, "teleport")


# the way back


@virtual
async def test_a_contact_that_names_where_it_comes_from_is_dialled() -> None:
    site = Site()
    await site.register("alice", f"<sip:alice@{PHONE}:6000>")
    (binding,) = site.server.location.bindings("alice")
    assert (binding.flow.remote, binding.nat) == ((PHONE, 6000), False)


@virtual
async def test_a_contact_behind_nat_is_reached_by_its_flow() -> None:
    site = Site()
    await site.register("alice", "<sip:alice@192.168.1.2:5060>", site.flow(port=40_000))
    (binding,) = site.server.location.bindings("alice")
    assert (binding.flow.remote, binding.nat) == ((PHONE, 40_000), True)
    # The NAT gave it another port: the same contact, another flow.
    await site.register("alice", "<sip:alice@192.168.1.2:5060>", site.flow(port=40_001))
    (binding,) = site.server.location.bindings("alice")
    assert binding.flow.remote == (PHONE, 40_001)


@virtual
async def test_a_contact_over_a_stream_is_gone_with_its_connection() -> None:
    site = Site()
    stream = site.flow(port=40_000, transport="tcp", connection=1)
    behind = "<sip:alice@192.168.1.2:5060;transport=tcp>"
    await site.register("alice", behind, stream, transport="TCP")
    assert len(uris(site)) == 1
    site.open.clear()
    assert uris(site) == []
    assert site.server.location.count == 1
    # It comes back over another connection.
    site.open.add(2)
    again = site.flow(port=40_001, transport="tcp", connection=2)
    await site.register("alice", behind, again, transport="TCP")
    (binding,) = site.server.location.bindings("alice")
    assert binding.flow.connection == 2


@virtual
async def test_a_contact_over_a_stream_that_names_its_host_is_dialled_again() -> None:
    site = Site()
    stream = site.flow(port=40_000, transport="tcp", connection=1)
    await site.register("alice", f"<sip:alice@{PHONE}:5070;transport=tcp>", stream)
    site.open.clear()
    (binding,) = site.server.location.bindings("alice")
    assert (binding.flow.connection, binding.flow.remote) == (0, (PHONE, 5070))


@virtual
async def test_path_is_kept_and_returned() -> None:
    site = Site()
    more = [
        "Path: <sip:edge1.example.net;lr>",
        "Path: <sip:edge2.example.net;lr>",
        "Supported: path",
    ]
    answer = await site.register("alice", CONTACT, more=more)
    assert header(answer, "path") == "<sip:edge1.example.net;lr>, <sip:edge2.example.net;lr>"
    (binding,) = site.server.location.bindings("alice")
    assert binding.path == ("sip:edge1.example.net;lr", "sip:edge2.example.net;lr")
    target = binding.target()
    assert target.route == ["sip:edge1.example.net;lr", "sip:edge2.example.net;lr"]
    assert not target.direct
    many = ", ".join("<sip:e.example.net;lr>" for _ in range(9))
    assert status(await site.register("alice", CONTACT, more=[f"Path: {many}"])) == 400


# RFC 5626, RFC 5627


async def outbound(
    site: Site, contact: str, connection: int, more: Sequence[str] = ("Supported: outbound, path",)
) -> str:
    flow = site.flow(port=40_000 + connection, transport="tcp", connection=connection)
    return await site.register("alice", contact, flow, transport="TCP", more=list(more))


@virtual
async def test_flows_of_one_telephone() -> None:
    site = Site()
    answer = await outbound(site, OUTBOUND, 1)
    assert header(answer, "require") == "outbound"
    assert f'+sip.instance="<{INSTANCE}>";reg-id=1' in header(answer, "contact")
    await outbound(site, OUTBOUND.replace("reg-id=1", "reg-id=2"), 2)
    assert len(uris(site)) == 2
    # The same flow number again replaces, whatever the contact says.
    moved = OUTBOUND.replace(":5060", ":5099").replace("reg-id=1", "reg-id=2")
    await outbound(site, moved, 3)
    assert sorted(uris(site)) == [f"sip:alice@{PHONE}:5060", f"sip:alice@{PHONE}:5099"]
    site.open.discard(3)
    assert uris(site) == [f"sip:alice@{PHONE}:5060"]


@pytest.mark.parametrize("number", ["0", "99999999999", "1" * 5000, "\u0663", "-1", ""])
def test_flow_numbers_that_are_none(number: str) -> None:
    parameters = {"+sip.instance": INSTANCE, "reg-id": number}
    with pytest.raises(Refusal) as refused:
        wanted(f"sip:alice@{PHONE}", parameters, True, DOMAIN)
    assert refused.value.status == 400


@virtual
async def test_without_outbound_a_flow_number_means_nothing() -> None:
    site = Site()
    answer = await outbound(site, OUTBOUND, 1, more=())
    assert header(answer, "require") == ""
    (binding,) = site.server.location.bindings("alice")
    assert binding.reg_id == 0


@virtual
async def test_names_of_one_telephone_lead_to_it_alone() -> None:
    site = Site(("alice", "bob"), config=SipConfig(media="direct"))
    more = ["Supported: gruu"]
    named = f'{CONTACT};+sip.instance="<{INSTANCE}>"'
    answer = await site.register("alice", named, more=more)
    await site.register("alice", f"<sip:alice@{PHONE}:7777>")
    public = re.search(r'pub-gruu="([^"]+)"', answer)
    temporary = re.search(r'temp-gruu="([^"]+)"', answer)
    assert public is not None
    assert temporary is not None
    assert public[1] == f"sip:alice@{DOMAIN};gr={INSTANCE}"
    assert "alice" not in temporary[1]
    for uri in (public[1], temporary[1]):
        sent = await site.ask(invite(uri, caller="bob"), "bob")
        legs = [one for one in sent if one.startswith("INVITE")]
        assert [leg.split()[1] for leg in legs] == [f"sip:alice@{PHONE}:5060"]
    # A registration with another Call-ID ends the temporary names of the one before.
    await site.register("alice", named, more=more, call_id="another")
    gone = await site.ask(invite(temporary[1], caller="bob"), "bob")
    assert [status(one) for one in gone if status(one) >= 200] == [404]


# accounts that change


@virtual
async def test_a_new_password_counts_at_once() -> None:
    site = Site()
    await site.register("alice", CONTACT)
    site.accounts.passwords["alice"] = "new"
    site.server.identities.account_changed(Address("alice", DOMAIN))
    text = register("alice", CONTACT)
    (challenge,) = await site.hear(text)
    (answer,) = await site.hear(site.answered(text, challenge, "alice", "new"))
    assert status(answer) == 200
    await site.hear(site.answered(text, challenge, "alice"))
    await asyncio.sleep(0.2)
    assert status(site.sent[-1][1]) == 401
    assert site.accounts.looked_up == ["alice", "alice"]


@virtual
async def test_a_password_that_changes_while_it_is_looked_up() -> None:
    site = Site()
    site.accounts.slow = 1.0
    text = register("alice", CONTACT)
    (challenge,) = await site.hear(text)
    await site.hear(site.answered(text, challenge, "alice", "new"))
    await asyncio.sleep(0.5)
    site.accounts.passwords["alice"] = "new"
    site.server.identities.account_changed(Address("alice", DOMAIN))
    await asyncio.sleep(2)
    assert status(site.sent[-1][1]) == 200
    assert site.accounts.looked_up == ["alice", "alice"]


@virtual
async def test_more_than_can_be_looked_up_is_no_wrong_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(identity, "MAX_WAITING", 1)
    site = Site()
    site.accounts.slow = 1.0
    for user in ("alice", "bob"):
        text = register(user, f"<sip:{user}@{PHONE}:5060>")
        (challenge,) = await site.hear(text)
        await site.hear(site.answered(text, challenge, user))
    assert status(site.sent[-1][1]) == 503
    assert site.server.wariness.counters["failed"] == 0
    await asyncio.sleep(1.1)
    assert status(site.sent[-1][1]) == 200


@virtual
async def test_a_name_of_any_length_is_not_looked_up() -> None:
    site = Site()
    text = register("alice", CONTACT)
    (challenge,) = await site.hear(text)
    await site.hear(site.answered(text, challenge, "a" * 2000))
    await asyncio.sleep(0.2)
    assert status(site.sent[-1][1]) == 401
    assert site.accounts.looked_up == []


@virtual
async def test_a_password_that_others_change_counts_within_minutes() -> None:
    site = Site()
    await site.register("alice", CONTACT)
    watching = asyncio.create_task(site.server.identities.watch())
    site.accounts.passwords["alice"] = "new"
    await asyncio.sleep(61)
    text = register("alice", CONTACT)
    (challenge,) = await site.hear(text)
    (answer,) = await site.hear(site.answered(text, challenge, "alice", "new"))
    assert status(answer) == 200
    watching.cancel()


@virtual
async def test_the_telephones_of_an_account_go_with_it() -> None:
    site = Site()
    await site.register("alice", CONTACT)
    told: list[Address] = []
    site.server.location.watch(told.append)
    del site.accounts.passwords["alice"]
    site.server.identities.account_changed(Address("alice", DOMAIN))
    await asyncio.sleep(0.01)
    assert uris(site) == []
    assert told == [Address("alice", DOMAIN)]


@virtual
async def test_names_that_nobody_has_cost_one_look_up() -> None:
    site = Site()
    for _ in range(5):
        text = register("nobody", CONTACT)
        (challenge,) = await site.hear(text)
        await site.hear(site.answered(text, challenge, "nobody"))
        await asyncio.sleep(0.1)
    assert site.accounts.looked_up == ["nobody"]


@virtual
async def test_what_handlers_cause_is_done_in_later_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site()
    text = register("nobody", CONTACT)
    (challenge,) = await site.hear(text)
    await site.hear(site.answered(text, challenge, "nobody"))
    await asyncio.sleep(0.2)
    monkeypatch.setattr(stacks, "ROUNDS", 1)
    before = len(site.sent)
    # That it is nobody is known: the request follows in the same turn, in another round.
    await site.hear(site.answered(text, challenge, "nobody"))
    await asyncio.sleep(0.2)
    assert site.server.stack.failures["rounds"] == 1
    assert [status(one) for _, one in site.sent[before:]] == [401]


@virtual
async def test_many_requests_wait_for_one_look_up() -> None:
    site = Site()
    site.accounts.slow = 1.0
    text = register("alice", CONTACT)
    (challenge,) = await site.hear(text)
    for _ in range(3):
        site.server.stack.receive(site.answered(text, challenge, "alice").encode(), site.flow())
    await asyncio.sleep(1.1)
    assert site.accounts.looked_up == ["alice"]
    assert uris(site) == [f"sip:alice@{PHONE}:5060"]


@virtual
async def test_those_who_come_meanwhile_are_looked_up_together() -> None:
    users = [f"user{number}" for number in range(6)]
    site = Site(users)
    site.accounts.slow = 1.0
    for user in users:
        text = register(user, f"<sip:{user}@{PHONE}:5060>")
        (challenge,) = await site.hear(text)
        await site.hear(site.answered(text, challenge, user))
    # One after the other they would take six seconds.
    await asyncio.sleep(2.1)
    assert sorted(site.accounts.looked_up) == users
    assert all(site.server.location.all(user) for user in users)


@virtual
async def test_options_of_this_server() -> None:
    site = Site()
    (answer,) = await site.hear(request("OPTIONS", f"sip:{US}:5060"))
    assert status(answer) == 200
    for method in ("INVITE", "REGISTER", "BYE"):
        assert method in header(answer, "allow")
