"""Accounts made, changed and removed over XMPP."""

import asyncio
from dataclasses import dataclass, field

import pytest

from antiphon.core.address import Address
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.xmpp.feature import Request, Scope, StanzaError
from antiphon.protocols.xmpp.message import parse, write
from antiphon.protocols.xmpp.registration import Registrar, Registration
from antiphon.protocols.xmpp.session import Session
from tests.support.xmpp_wire import DOMAIN, FakeWire, Site, header, settle, xml

REGISTER = "xmlns='jabber:iq:register'"


@dataclass
class Accounts:
    passwords: dict[Address, str] = field(default_factory=dict)
    failure: Exception | None = None

    async def create(self, address: Address, password: str) -> object:
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        if address in self.passwords:
            raise Refused(Reason.CONFLICT, "There is one already.")
        if len(password) < 8:
            raise Refused(Reason.BAD_REQUEST, "A password has 8 bytes.")
        self.passwords[address] = password
        return address

    async def set_password(self, address: Address, password: str) -> object:
        self.passwords[address] = password
        return address

    async def remove(self, address: Address) -> bool:
        await asyncio.sleep(0)
        return self.passwords.pop(address, None) is not None


class Stand:
    """A stream before log-in, and the accounts that are made in it."""

    def __init__(self, accounts: Accounts | None = None) -> None:
        self.site = Site()
        self.accounts = accounts or Accounts()
        self.site.hub.registrar = Registrar(self.accounts, self.site.hub.jids, touched=lambda: None)
        self.stream, self.wire = self.site.stream(registration=True)
        self.stream.opened(header())
        self.wire.take()

    async def register(self, name: str, password: str) -> str:
        self.wire.said.clear()
        self.stream.received(
            xml(
                f"<iq type='set' id='r'><query {REGISTER}><username>{name}</username>"
                f"<password>{password}</password></query></iq>"
            )
        )
        await settle()
        assert self.wire.said == ["resume"]
        return self.wire.take()


async def test_the_form_is_told() -> None:
    stand = Stand()
    stand.stream.received(xml(f"<iq type='get' id='f'><query {REGISTER}/></iq>"))
    answer = parse(stand.wire.take().encode())
    assert answer.get("type") == "result"
    assert [child.tag.partition("}")[2] for child in answer[0]] == [
        "instructions",
        "username",
        "password",
    ]


async def test_an_account_is_made() -> None:
    stand = Stand()
    assert "type='result'" in await stand.register("Carol", "long enough")
    assert stand.accounts.passwords == {Address("carol", DOMAIN): "long enough"}


@pytest.mark.parametrize(
    ("name", "password", "condition"),
    [
        ("", "long enough", "not-acceptable"),
        ("carol", "", "not-acceptable"),
        ("carol", "short", "not-acceptable"),
        ("a b@c", "long enough", "not-acceptable"),
        ("taken", "long enough", "conflict"),
    ],
)
async def test_what_will_not_do_is_refused(name: str, password: str, condition: str) -> None:
    stand = Stand(Accounts({Address("taken", DOMAIN): "x"}))
    answer = await stand.register(name, password)
    assert f"<{condition} " in answer
    assert len(stand.accounts.passwords) == 1


async def test_an_address_makes_so_many_accounts() -> None:
    stand = Stand()
    for number in range(5):
        assert "type='result'" in await stand.register(f"user{number}", "long enough")
    assert "<resource-constraint " in await stand.register("user5", "long enough")
    assert len(stand.accounts.passwords) == 5


async def test_a_failure_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    stand = Stand(Accounts(failure=RuntimeError("disk")))
    assert "<internal-server-error " in await stand.register("carol", "long enough")
    assert "disk" in caplog.text


# the owner of an account


class Owner:
    """A session, and requests of it."""

    def __init__(self, session: Session, wire: FakeWire, accounts: Accounts) -> None:
        self.session, self.wire = session, wire
        self.leaving: set[Session] = set()
        self.feature = Registration(accounts, self.leaving)
        self.served = {one.type: one.handler for one in self.feature.requests()}

    def ask(self, kind: str, inside: str = "") -> object:
        asked = xml(f"<iq type='{kind}' id='1'><query {REGISTER}>{inside}</query></iq>")
        request = Request(self.session, asked, Scope.OWN, self.session.account)
        return self.served[kind](request)


async def owner(accounts: Accounts) -> Owner:
    session, wire = await Site().session()
    return Owner(session, wire, accounts)


ALICE = Address("alice", DOMAIN)


async def test_the_owner_sees_the_name() -> None:
    alice = await owner(Accounts())
    text = write(alice.ask("get")).decode()  # type: ignore[arg-type]
    assert "<registered/>" in text
    assert "<username>alice</username>" in text


async def test_a_password_is_changed() -> None:
    accounts = Accounts({ALICE: "former"})
    alice = await owner(accounts)
    words = "<username>Alice</username><password>another one</password>"
    assert await alice.ask("set", words) is None  # type: ignore[misc]
    assert accounts.passwords == {ALICE: "another one"}


@pytest.mark.parametrize(
    "inside",
    [
        "<username>bob</username><password>another one</password>",
        "<username>alice</username>",
        "<password>another one</password>",
        "<remove/><username>alice</username>",
    ],
)
async def test_only_one_s_own_password(inside: str) -> None:
    accounts = Accounts({ALICE: "former"})
    alice = await owner(accounts)
    with pytest.raises(StanzaError):
        await alice.ask("set", inside)  # type: ignore[misc]
    assert accounts.passwords == {ALICE: "former"}


async def test_an_account_is_removed_and_its_session_ends_once_it_was_told() -> None:
    accounts = Accounts({ALICE: "former"})
    alice = await owner(accounts)

    async def errand() -> None:
        await alice.ask("set", "<remove/>")  # type: ignore[misc]
        alice.session.send(b"<iq type='result' id='1'/>")

    task = asyncio.create_task(errand())
    await asyncio.sleep(0)
    assert alice.leaving == {alice.session}
    await task
    await settle()
    assert alice.session.ended
    assert alice.wire.sent[0] == b"<iq type='result' id='1'/>"
    assert "<not-authorized " in alice.wire.take()
    assert alice.leaving == set()
    assert accounts.passwords == {}
