"""One stream from its header to a bound session."""

import asyncio
import base64

import pytest

from antiphon.core.reason import Reason, Refused
from antiphon.protocols.xmpp.config import XmppLimits
from antiphon.protocols.xmpp.sasl import AskKeys, AskPassword, ScramKeys
from antiphon.protocols.xmpp.session import Session
from tests.support.xmpp_wire import (
    DOMAIN,
    PEER,
    Site,
    auth,
    bind,
    header,
    plain,
    response,
    settle,
    xml,
)

STARTTLS = xml("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
ABORT = xml("<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>")


# headers and features


async def test_before_tls_nothing_but_tls_is_offered() -> None:
    stream, wire = Site().stream(secure=False)
    stream.opened(header(from_=f"alice@{DOMAIN}"))
    text = wire.take()
    assert f"<header to='alice@{DOMAIN}'/>" in text
    assert "<starttls" in text
    assert "<required/>" in text
    assert "mechanism" not in text
    assert "register" not in text
    assert wire.said == ["resume"]


async def test_tls_begins_a_new_stream_that_offers_mechanisms() -> None:
    stream, wire = Site().stream(secure=False)
    stream.opened(header())
    wire.take()
    stream.received(STARTTLS)
    assert wire.take() == "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
    assert wire.said[-1] == "starttls"
    stream.secured({"tls-exporter": b"x" * 32, "tls-server-end-point": b"y" * 32})
    stream.opened(header())
    text = wire.take()
    assert "starttls" not in text
    for name in ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "PLAIN", "OAUTHBEARER"):
        assert f"<mechanism>{name}</mechanism>" in text
    assert "SCRAM-SHA-512" not in text  # no keys are kept for it
    assert "<channel-binding type='tls-exporter'/>" in text
    assert "<channel-binding type='tls-server-end-point'/>" in text


async def test_without_channel_bindings_no_plus_is_offered() -> None:
    stream, wire = Site().stream()
    stream.opened(header())
    text = wire.take()
    assert "PLUS" not in text
    assert "channel-binding" not in text
    assert "ANONYMOUS" not in text


async def test_guests_may_come_where_they_are_welcome() -> None:
    site = Site()
    stream, wire = site.stream(guests=True, encrypted=False, secure=False)
    stream.opened(header())
    assert "<mechanism>ANONYMOUS</mechanism>" in wire.take()
    stream.received(auth("ANONYMOUS"))
    await settle()
    assert "<success" in wire.take()
    stream.opened(header())
    stream.received(bind("x"))
    assert f"<jid>stranger@guest.{DOMAIN}/x</jid>" in wire.take()


@pytest.mark.parametrize(
    ("values", "condition"),
    [
        ({"to": None}, "improper-addressing"),
        ({"to": "example.com"}, "host-unknown"),
        ({"to": "a@b@c"}, "host-unknown"),
        ({"to": f"alice@{DOMAIN}"}, "host-unknown"),
        ({"version": None}, "unsupported-version"),
        ({"version": "0.9"}, "unsupported-version"),
        ({"version": "one.zero"}, "unsupported-version"),
        ({"content": "jabber:server"}, "invalid-namespace"),
    ],
)
async def test_a_wrong_header_is_answered_by_ours_and_an_error(
    values: dict[str, str | None], condition: str
) -> None:
    stream, wire = Site().stream()
    stream.opened(header(**values))
    text = wire.take()
    assert text.startswith("<header")
    assert f"<stream:error><{condition} " in text
    assert wire.is_closed


async def test_names_of_the_domain_are_compared_as_names() -> None:
    stream, wire = Site().stream()
    stream.opened(header(to="EXAMPLE.org.", version="1.9"))
    assert "<stream:features>" in wire.take()


async def test_an_error_before_the_header_stands_in_a_stream() -> None:
    stream, wire = Site().stream()
    stream.failed("not-well-formed")
    assert wire.take().startswith("<header to='None'/><stream:error><not-well-formed ")


async def test_a_second_header_is_refused() -> None:
    stream, wire = Site().stream()
    stream.opened(header())
    stream.opened(header())
    assert wire.is_closed


# log-in


async def test_no_log_in_without_tls() -> None:
    stream, wire = Site().stream(secure=False)
    stream.opened(header())
    wire.take()
    stream.received(plain("alice", "secret"))
    assert "<failure" in (text := wire.take())
    assert "<encryption-required/>" in text


async def test_a_password_logs_in_and_the_stream_restarts() -> None:
    stream, wire = Site().stream()
    stream.opened(header())
    stream.received(plain("alice", "secret"))
    await settle()
    assert wire.take().endswith("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'></success>")
    assert wire.said[-1] == "restart"
    stream.opened(header())
    text = wire.take()
    for feature in ("<bind ", "<session ", "<sm ", "<csi ", "<ver "):
        assert feature in text
    assert "mechanism" not in text


async def test_scram_with_channel_binding() -> None:
    site = Site()
    identity = site.directory.identity("alice")
    import hashlib
    import hmac

    def keys(asked: AskKeys) -> ScramKeys:
        salted = hashlib.pbkdf2_hmac("sha256", b"secret", b"salt", 4096)
        client = hmac.digest(salted, b"Client Key", "sha256")
        server = hmac.digest(salted, b"Server Key", "sha256")
        return ScramKeys(identity, b"salt", 4096, hashlib.sha256(client).digest(), server)

    site.directory.keys = keys
    binding = bytes(range(32))
    stream, wire = site.stream(bindings={"tls-exporter": binding})
    stream.opened(header())
    wire.take()
    gs2 = b"p=tls-exporter,,"
    stream.received(auth("SCRAM-SHA-256-PLUS", gs2 + b"n=alice,r=nonce"))
    await settle()
    challenge = base64.b64decode(wire.take().partition(">")[2].partition("<")[0]).decode()
    nonce = challenge.split(",")[0]
    without = f"c={base64.b64encode(gs2 + binding).decode()},{nonce}"
    said = f"n=alice,r=nonce,{challenge},{without}".encode()
    salted = hashlib.pbkdf2_hmac("sha256", b"secret", b"salt", 4096)
    client = hmac.digest(salted, b"Client Key", "sha256")
    signature = hmac.digest(hashlib.sha256(client).digest(), said, "sha256")
    proof = bytes(a ^ b for a, b in zip(client, signature, strict=True))
    stream.received(response(f"{without},p={base64.b64encode(proof).decode()}".encode()))
    assert "<success" in wire.take()
    assert stream.identity == identity


@pytest.mark.parametrize(
    ("element", "condition"),
    [
        (auth("GSSAPI"), "invalid-mechanism"),
        (auth("SCRAM-SHA-1-PLUS", b"p=tls-exporter,,n=a,r=b"), "invalid-mechanism"),
        (
            xml("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>!!!</auth>"),
            "incorrect-encoding",
        ),
        (auth("PLAIN", b"alice"), "malformed-request"),
        (auth("PLAIN", b"\0alice\0wrong"), "not-authorized"),
        (auth("PLAIN", b"\0nobody\0secret"), "not-authorized"),
        (auth("PLAIN", b"bob@example.org\0alice\0secret"), "invalid-authzid"),
        (response(b"x"), "malformed-request"),
        (ABORT, "aborted"),
    ],
)
async def test_failures_of_log_ins(element: object, condition: str) -> None:
    stream, wire = Site().stream()
    stream.opened(header())
    wire.take()
    stream.received(element)  # type: ignore[arg-type]
    await settle()
    text = wire.take()
    assert "<failure" in text
    assert f"<{condition}/>" in text
    assert not wire.is_closed
    stream.received(plain("alice", "secret"))
    await settle()
    assert "<success" in wire.take()


async def test_a_log_in_can_be_given_up_and_begun_again() -> None:
    stream, wire = Site().stream()
    stream.opened(header())
    stream.received(auth("PLAIN"))
    assert wire.take().endswith("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'></challenge>")
    stream.received(ABORT)
    assert "<aborted/>" in wire.take()
    stream.received(auth("PLAIN"))
    stream.received(response(b"\0alice\0secret"))
    await settle()
    assert "<success" in wire.take()


async def test_a_stream_has_five_attempts() -> None:
    stream, wire = Site().stream()
    stream.opened(header())
    for _ in range(5):
        assert not wire.is_closed
        stream.received(plain("alice", "wrong"))
        await settle()
    assert "<policy-violation " in wire.take()
    assert wire.is_closed


async def test_log_ins_that_are_begun_again_and_again_are_attempts() -> None:
    stream, wire = Site().stream()
    stream.opened(header())
    for _ in range(5):
        stream.received(auth("PLAIN"))
        assert not wire.is_closed
    stream.received(auth("PLAIN"))
    assert "<policy-violation " in wire.take()
    assert wire.is_closed


async def test_a_log_in_that_began_before_tls_does_not_go_on_behind_it() -> None:
    stream, wire = Site().stream(secure=False, encrypted=False)
    stream.opened(header())
    stream.received(auth("PLAIN"))
    stream.received(STARTTLS)
    stream.secured({"tls-exporter": b"x" * 32})
    stream.opened(header())
    wire.take()
    stream.received(response(b"\0alice\0secret"))
    await settle()
    assert "<malformed-request/>" in wire.take()
    assert stream.identity is None


async def test_an_address_has_so_many_attempts_for_an_account() -> None:
    site = Site(XmppLimits(failures=2))
    for _ in range(2):
        stream, wire = site.stream()
        stream.opened(header())
        stream.received(plain("alice", "wrong"))
        await settle()
        assert "<not-authorized/>" in wire.take()
    stream, wire = site.stream()
    stream.opened(header())
    stream.received(plain("alice", "secret"))
    await settle()
    assert "<temporary-auth-failure/>" in wire.take()
    assert site.directory.asked.count(AskPassword("alice", "secret")) == 0
    stream.received(plain("bob", "hidden"))
    await settle()
    assert "<success" in wire.take()
    assert site.hub.attempts.refused == 1


@pytest.mark.parametrize(
    "failure", [Refused(Reason.BUSY, "Too many log-ins at once."), RuntimeError("disk")]
)
async def test_a_failing_look_up_is_no_wrong_password(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site()
    site.directory.failure = failure
    stream, wire = site.stream()
    stream.opened(header())
    stream.received(plain("alice", "secret"))
    await settle()
    assert "<temporary-auth-failure/>" in wire.take()
    assert site.hub.attempts.failures == 0
    assert (f"{failure}" in caplog.text) == isinstance(failure, RuntimeError)


async def test_a_client_that_goes_while_it_is_looked_up_is_forgotten() -> None:
    site = Site()
    stream, wire = site.stream()
    stream.opened(header())
    wire.take()
    stream.received(plain("alice", "secret"))
    stream.lost()
    await settle()
    assert wire.take() == ""
    assert stream.identity is None


async def test_nothing_is_taken_while_somebody_is_looked_up() -> None:
    stream, wire = Site().stream()
    stream.opened(header())
    stream.received(plain("alice", "secret"))
    stream.received(plain("alice", "secret"))
    assert wire.is_closed


@pytest.mark.parametrize(
    "text",
    [
        "<message to='bob@example.org'><body>x</body></message>",
        "<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>",
        "<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
        "<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>",
        "<r xmlns='urn:xmpp:sm:3'/>",
        "<unknown xmlns='urn:x'/>",
    ],
)
async def test_before_log_in_nothing_else_is_taken(text: str) -> None:
    site = Site()
    stream, wire = site.stream()
    stream.opened(header())
    stream.received(xml(text))
    assert "<not-authorized " in wire.take()
    assert wire.is_closed
    assert len(site.hub.sessions) == 0


# binding


async def test_a_resource_is_bound() -> None:
    site = Site()
    stream, wire = await site.log_in()
    stream.received(bind("desk"))
    text = wire.take()
    assert f"<jid>alice@{DOMAIN}/desk</jid>" in text
    assert "type='result' id='b1'" in text
    assert wire.said == ["limits", "free"]
    assert wire.named == f"alice@{DOMAIN}/desk"
    assert site.router.events == [f"bound alice@{DOMAIN}/desk"]
    session = site.hub.sessions.find(f"alice@{DOMAIN}/desk")
    assert isinstance(wire.end, Session)
    assert wire.end is session
    assert session.caller.name == "Alice"


async def test_addresses_of_a_session_share_its_account() -> None:
    session, _ = await Site().session()
    assert session.address.bare is session.account


async def test_a_resource_that_could_not_be_read_back_is_refused() -> None:
    stream, wire = await Site().log_in()
    stream.received(bind("desk/"))
    assert "<bad-request " in wire.take()


async def test_the_server_finds_a_resource() -> None:
    site = Site()
    names = set()
    for number in range(3):
        stream, wire = await site.log_in(connection=number)
        stream.received(bind())
        names.add(wire.named)
    assert len(names) == 3
    assert all(name.startswith(f"alice@{DOMAIN}/") and len(name) > 25 for name in names)


@pytest.mark.parametrize(
    "element",
    [
        bind("x" * 300),
        bind("a&#9;b"),
        xml("<iq type='get' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"),
        xml("<iq type='set'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"),
    ],
)
async def test_a_bad_request_to_bind_may_be_repeated(element: object) -> None:
    stream, wire = await Site().log_in()
    stream.received(element)  # type: ignore[arg-type]
    text = wire.take()
    assert "type='error'" in text
    assert "<bad-request " in text
    stream.received(bind("desk"))
    assert "<jid>" in wire.take()


async def test_a_resource_that_is_taken_goes_to_the_newcomer() -> None:
    site = Site()
    former, former_wire = await site.session()
    newcomer, wire = await site.session(connection=2)
    assert former.ended
    assert former_wire.is_closed
    assert "<conflict " in former_wire.take()
    assert site.router.events[-2:] == [
        f"gone alice@{DOMAIN}/desk",
        f"bound alice@{DOMAIN}/desk",
    ]
    assert site.hub.sessions.find(newcomer.jid) is newcomer
    assert not wire.is_closed


async def test_an_account_has_so_many_sessions() -> None:
    site = Site(XmppLimits(sessions_per_account=2))
    await site.session(resource="a", connection=1)
    await site.session(resource="b", connection=2)
    stream, wire = await site.log_in(connection=3)
    stream.received(bind("c"))
    text = wire.take()
    assert "<resource-constraint " in text
    assert "type='wait'" in text
    assert len(site.hub.sessions) == 2
    stream.received(bind("a"))
    assert "<jid>" in wire.take()


async def test_an_account_may_have_a_limit_of_its_own() -> None:
    site = Site()
    site.directory.limit = 1
    await site.session(resource="a")
    stream, wire = await site.log_in(connection=2)
    stream.received(bind("b"))
    assert "<resource-constraint " in wire.take()


async def test_stanzas_before_a_resource_is_bound_end_the_stream() -> None:
    stream, wire = await Site().log_in()
    stream.received(xml("<presence/>"))
    assert "<not-authorized " in wire.take()


async def test_registration_goes_to_who_makes_accounts() -> None:
    asked: list[str | None] = []

    class Registrar:
        def requested(self, stream: object, stanza: object) -> None:
            asked.append(getattr(stanza, "type", None))

    site = Site()
    site.hub.registrar = Registrar()
    stream, wire = site.stream(registration=True)
    stream.opened(header())
    assert "<register xmlns='http://jabber.org/features/iq-register'/>" in wire.take()
    stream.received(xml("<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>"))
    assert asked == ["get"]
    bare, bare_wire = site.stream(registration=True, secure=False)
    bare.opened(header())
    bare.received(xml("<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>"))
    assert asked == ["get"]
    assert bare_wire.is_closed


async def test_questions_of_log_ins_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antiphon.protocols.xmpp.hub.MAX_QUESTIONS", 1)
    site = Site()
    waiting = asyncio.Event()
    slow = site.directory.answer

    async def answer(question: object) -> object:
        await waiting.wait()
        return await slow(question)  # type: ignore[arg-type]

    site.directory.answer = answer  # type: ignore[method-assign, assignment]
    first, first_wire = site.stream()
    first.opened(header())
    first.received(plain("alice", "secret"))
    second, second_wire = site.stream()
    second.opened(header())
    second.received(plain("bob", "hidden"))
    assert "<temporary-auth-failure/>" in second_wire.take()
    waiting.set()
    await settle()
    assert "<success" in first_wire.take()
    assert first.peer == PEER
