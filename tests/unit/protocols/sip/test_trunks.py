"""Trunks: registered and kept so, known by where they call from; and where their calls lead."""

from dataclasses import dataclass, field

import pytest

from antiphon._native import SipFlow, SipRequest
from antiphon.protocols.sip.config import TrunkConfig
from antiphon.protocols.sip.stack import Stack
from antiphon.protocols.sip.trunks import Trunks, destination
from tests.support.sip_wire import OURS, THEIRS, Wire, joined, settle
from tests.support.virtual_time import virtual

CHALLENGE = 'Digest realm="carrier", nonce="n1", algorithm=MD5, qop="auth"'


@dataclass
class Carrier:
    """A registrar that says what a test lets it say."""

    stack: Stack
    grants: int = 300
    refuses: int = 0
    minimum: int = 0
    silent: bool = False
    requests: list[SipRequest] = field(default_factory=list)

    def register(self, request: SipRequest) -> None:
        self.requests.append(request)
        if self.silent:
            return
        expires = int(request.get("expires") or 0)
        if self.refuses:
            self.stack.reply(request, self.refuses)
        elif request.get("authorization") is None:
            self.stack.reply(request, 401, headers=[("WWW-Authenticate", CHALLENGE)])
        elif 0 < expires < self.minimum:
            self.stack.reply(request, 423, headers=[("Min-Expires", str(self.minimum))])
        else:
            contact = request.contacts()[0][0]
            granted = min(expires, self.grants)
            self.stack.reply(request, 200, headers=[("Contact", f"<{contact}>;expires={granted}")])

    @property
    def expiries(self) -> list[str]:
        """What was asked for with credentials."""
        given = [one for one in self.requests if one.get("authorization") is not None]
        return [one.get("expires") or "" for one in given]


def trunk(**more: object) -> TrunkConfig:
    return TrunkConfig(name="carrier", host=THEIRS[0], **more)  # type: ignore[arg-type]


def registering(**more: object) -> tuple[Trunks, Carrier, Wire]:
    ours, theirs, away, _ = joined()
    carrier = Carrier(theirs)
    theirs.on("REGISTER", carrier.register)
    config = trunk(user="antiphon", password="secret", register=True, expires=600, **more)
    return Trunks(ours, [config]), carrier, away


@virtual
async def test_a_registration_is_made_refreshed_and_taken_back() -> None:
    trunks, carrier, _ = registering()
    trunks.start()
    await settle(1)
    assert trunks.states()[0].registered
    assert trunks["carrier"].usable
    assert "antiphon@192.0.2.1" in carrier.requests[0].contacts()[0][0]
    assert carrier.expiries == ["600"]
    await settle(300)
    assert carrier.expiries == ["600", "600"], "before the 300 s that were granted are over"
    await trunks.close()
    assert carrier.expiries == ["600", "600", "0"]
    assert len({request.call_id for request in carrier.requests}) == 1
    numbers = [request.cseq for request in carrier.requests]
    assert numbers == sorted(set(numbers))


@virtual
async def test_more_is_asked_for_where_it_was_too_brief() -> None:
    trunks, carrier, _ = registering()
    carrier.minimum, carrier.grants = 1800, 3600
    trunks.start()
    await settle(1)
    assert carrier.expiries == ["600", "1800"]
    await trunks.close()


@virtual
@pytest.mark.parametrize("status", [403, 503])
async def test_a_refusal_is_told_and_tried_again_ever_later(status: int) -> None:
    trunks, carrier, _ = registering()
    carrier.refuses = status
    trunks.start()
    await settle(1)
    state = trunks.states()[0]
    assert (state.registered, state.usable) == (False, False)
    assert str(status) in state.text
    await settle(600)
    assert 4 <= len(carrier.requests) <= 12
    carrier.refuses = 0
    await settle(900)
    assert trunks.states()[0].registered
    await trunks.close()


@virtual
async def test_a_registration_that_could_not_be_sent_is_not_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, theirs, _, _ = joined()
    carrier = Carrier(theirs)
    theirs.on("REGISTER", carrier.register)
    send = ours.request

    def full(*_: object, **__: object) -> int:
        raise RuntimeError("too many transactions")

    monkeypatch.setattr(ours, "request", full)
    config = trunk(user="antiphon", password="secret", register=True, expires=600)
    trunks = Trunks(ours, [config])
    trunks.start()
    await settle(60)
    assert trunks.states()[0].registered is False
    monkeypatch.setattr(ours, "request", send)
    await settle(300)
    assert trunks.states()[0].registered
    monkeypatch.setattr(ours, "request", full)
    await trunks.close()  # a farewell that cannot be said is no failure


@virtual
async def test_a_carrier_that_does_not_answer() -> None:
    trunks, carrier, _ = registering()
    carrier.silent = True
    trunks.start()
    await settle(60)
    assert trunks.states()[0].registered is False
    await trunks.close()


def request_from(remote: tuple[str, int], uri: str = "sip:5551@192.0.2.1") -> SipRequest:
    """An INVITE as our machine tells it."""
    ours, _, _, _ = joined()
    found: list[SipRequest] = []
    ours.on("INVITE", found.append)
    text = (
        f"INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {remote[0]}:{remote[1]};branch=z9hG4bKx\r\n"
        "Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x\r\n"
        "CSeq: 1 INVITE\r\nContact: <sip:a@b>\r\nContent-Length: 0\r\n\r\n"
    )
    ours.receive(text.encode(), SipFlow(0, "udp", 0, remote))
    return found[0]


@virtual
async def test_who_calls_from_its_addresses_is_the_trunk() -> None:
    ours, _, _, _ = joined()
    trunks = Trunks(ours, [trunk(addresses=("198.51.100.0/24", "2001:db8::7"))])
    assert trunks.of(request_from(("198.51.100.9", 4000))) is trunks["carrier"]
    assert trunks.of(request_from(("203.0.113.9", 5060))) is None


@virtual
async def test_who_shares_the_host_of_a_registrar_is_not_the_trunk() -> None:
    trunks, _, _ = registering()
    trunks.start()
    await settle(1)
    ours = trunks["carrier"]
    assert trunks.of(request_from(THEIRS)) is ours
    elsewhere = (THEIRS[0], 40000)
    assert trunks.of(request_from(elsewhere)) is None
    assert trunks.of(request_from(elsewhere, f"sip:antiphon@{OURS[0]}")) is ours
    await trunks.close()


@virtual
async def test_those_that_work_come_first() -> None:
    ours, _, _, _ = joined()
    first, second = trunk(), TrunkConfig(name="spare", host="192.0.2.77", priority=1)
    trunks = Trunks(ours, [first, second])
    assert [one.config.name for one in trunks.to("+4930123")] == ["carrier", "spare"]
    trunks["carrier"].avoid()
    assert [one.config.name for one in trunks.to("+4930123")] == ["spare", "carrier"]
    await settle(61)
    assert [one.config.name for one in trunks.to("+4930123")] == ["carrier", "spare"]


@pytest.mark.parametrize(
    ("called", "where"),
    [
        ("+49 30 55510", "ann"),
        ("493055510", "ann"),
        ("+493055599", "menu"),
        ("antiphon", "menu"),
    ],
)
def test_where_a_number_leads(called: str, where: str) -> None:
    numbers = {"+493055510": "ann", "*": "menu"}
    assert destination(trunk(numbers=numbers), called) == where
    assert destination(trunk(), called) is None
