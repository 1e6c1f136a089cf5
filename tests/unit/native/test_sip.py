"""The border of the SIP machine: values, verbs and their errors, and the driver of datagrams."""

import hashlib
import re
import socket

import pytest

from antiphon._native import (
    SipAccountNeeded,
    SipCancelled,
    SipExhausted,
    SipFlow,
    SipFramer,
    SipMachine,
    SipMessage,
    SipRelayed,
    SipRequest,
    SipResponse,
    SipTarget,
    SipUdp,
    SipUnacknowledged,
)

PEER = ("192.0.2.10", 5060)
OURS = (
    b"From: <sip:us@example.org>;tag=us\r\nTo: <sip:bob@example.org>\r\n"
    b"Call-ID: ours\r\nCSeq: 1 INVITE\r\nContact: <sip:us@192.0.2.1>\r\n"
)


class Stage:
    """A machine with a UDP and a TCP listener."""

    def __init__(self) -> None:
        self.machine = SipMachine(
            names=["example.org"], realms=["example.org"], secret=b"0123456789abcdef"
        )
        self.udp = self.machine.add_listener("udp", "192.0.2.1", 5060)
        self.tcp = self.machine.add_listener("tcp", "192.0.2.1", 5060)
        self.flow = SipFlow(self.udp, "udp", 0, PEER)

    def hear(self, data: bytes, now: float = 1.0) -> None:
        self.machine.receive(now, data, self.flow)

    def request(self) -> SipRequest:
        (event,) = self.machine.events()
        assert isinstance(event, SipRequest)
        return event

    def sent(self) -> list[bytes]:
        return [data for _, data in self.machine.output()]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def request(method: str = "INVITE", more: str = "", number: int = 1) -> bytes:
    return (
        f"{method} sip:%42ob@Example.org SIP/2.0\r\n"
        f"v: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK{number}\r\n{more}"
        'Max-Forwards: 70\r\nf: "Al \\"the\\" Ice" <sip:alice@example.org>;tag=a\r\n'
        f"To: <sip:bob@example.org>\r\ni: call-1\r\nCSeq: {number} {method}\r\n"
        "Contact: <sip:alice@192.0.2.10>;expires=60, sip:a@h;q=0.5\r\n"
        "Subject: folded\r\n  here\r\nContent-Type: Application/SDP;charset=utf-8\r\n"
        "Content-Length: 3\r\n\r\nv=0"
    ).encode()


def answer(sent: bytes, status: str, tag: str = "b") -> bytes:
    lines = [
        line + f";tag={tag}" if line.lower().startswith("to:") and "tag=" not in line else line
        for line in sent.decode().split("\r\n\r\n")[0].split("\r\n")[1:]
        if not line.lower().startswith(("route:", "content-length:"))
    ]
    return "\r\n".join([f"SIP/2.0 {status}", *lines, "Content-Length: 0", "", ""]).encode()


def test_flows_are_values() -> None:
    one = SipFlow(1, "tls", 7, ("2001:db8::1", 5061))
    assert one == SipFlow(1, "tls", 7, ("2001:DB8:0::1", 5061))
    assert one != SipFlow(1, "tls", 8, ("2001:db8::1", 5061))
    assert len({one, SipFlow(1, "tls", 7, ("2001:db8::1", 5061))}) == 1
    assert (one.transport, one.remote, one.reliable) == ("tls", ("2001:db8::1", 5061), True)
    assert "2001:db8::1" in repr(one)
    # An IPv4 address in the clothes of IPv6 is the same place.
    assert SipFlow(0, "udp", 0, ("::ffff:192.0.2.1", 1)).remote == ("192.0.2.1", 1)


@pytest.mark.parametrize(
    ("transport", "connection", "remote"),
    [
        ("sctp", 0, PEER),
        ("udp", 1, PEER),
        ("udp", 0, ("phone.example", 5060)),
    ],
)
def test_flows_to_nowhere_are_refused(
    transport: str, connection: int, remote: tuple[str, int]
) -> None:
    with pytest.raises(ValueError, match=r"transport|connection|remote"):
        SipFlow(0, transport, connection, remote)


def test_a_request_says_what_it_is(stage: Stage) -> None:
    stage.hear(request())
    one = stage.request()
    assert (one.method, one.uri, one.version) == ("INVITE", "sip:%42ob@Example.org", "SIP/2.0")
    assert (one.call_id, one.cseq, one.from_tag, one.to_tag) == ("call-1", 1, "a", None)
    assert (one.aor(), one.aor("from"), one.ours) == (
        "Bob@example.org",
        "alice@example.org",
        True,
    )
    assert one.address("From") == ('Al "the" Ice', "sip:alice@example.org", {"tag": "a"})
    assert one.contacts() == [
        ("sip:alice@192.0.2.10", {"expires": "60"}),
        ("sip:a@h", {"q": "0.5"}),
    ]
    assert (one.get("subject"), one.get("s")) == ("folded here", "folded here")
    assert len(one.all("m")) == 1
    assert len(one.all("contact", split=True)) == 2
    assert one.headers()[0] == ("v", "SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK1")
    assert (one.branch, one.content_type, one.body) == ("z9hG4bK1", "application/sdp", b"v=0")
    assert (one.in_dialog, one.hops, one.auth, one.flow) == (False, 70, "none", stage.flow)
    assert (one.routed, one.route_token, one.next_route) == (False, None, None)
    assert one.raw == request()
    assert len(one.local_tag) == 16
    assert len({one, one}) == 1


def test_messages_can_be_read_alone() -> None:
    message = SipMessage(b"BYE sip:h SIP/2.0\r\nMax-Forwards: x\r\n\r\n")
    assert message.fault == (400, "Bad Max-Forwards")
    with pytest.raises(ValueError, match="request line"):
        SipMessage(b"nonsense\r\n\r\n")


def test_a_reply_carries_what_it_is_given(stage: Stage) -> None:
    stage.hear(request())
    one = stage.request()
    headers = [("Contact", "<sip:us@192.0.2.1>"), ("Content-Type", "application/sdp")]
    assert stage.machine.reply(one, 200, "Fine", headers, b"v=0")
    (sent,) = stage.sent()
    assert sent.startswith(b"SIP/2.0 200 Fine\r\n")
    assert f";tag={one.local_tag}\r\n".encode() in sent
    assert sent.endswith(b"Content-Type: application/sdp\r\nContent-Length: 3\r\n\r\nv=0")
    assert not stage.machine.reply(one, 486)


@pytest.mark.parametrize(
    "headers",
    [
        [("Contact", "<sip:a>\r\nX: y")],
        [("Con tact", "x")],
        b"Contact: x",
        b"Contact: x\r\n\r\n",
        b"no colon\r\n",
        b"Bare: line\nfeed: x\r\n",
    ],
)
def test_headers_cannot_break_out(stage: Stage, headers: bytes | list[tuple[str, str]]) -> None:
    stage.hear(request())
    one = stage.request()
    with pytest.raises(ValueError, match="header"):
        stage.machine.reply(one, 200, headers=headers)
    with pytest.raises(ValueError, match="reason"):
        stage.machine.reply(one, 200, "OK\r\nX: y")
    assert stage.machine.output() == []


def test_arguments_that_make_no_sense_are_refused(stage: Stage) -> None:
    stage.hear(request())
    one = stage.request()
    with pytest.raises(ValueError, match="status"):
        stage.machine.reply(one, 99)
    with pytest.raises(ValueError, match="URI"):
        SipTarget("sip:a b@h", stage.flow)
    with pytest.raises(ValueError, match="targets"):
        stage.machine.relay(one, [])
    with pytest.raises(ValueError, match="listener"):
        stage.machine.receive(1.0, request(), SipFlow(9, "udp", 0, PEER))
    with pytest.raises(ValueError, match="realm"):
        stage.machine.challenge(one, realm='a"b')
    with pytest.raises(ValueError, match="keys"):
        stage.machine.account("a", "example.org", {"MD5": "zz"})
    with pytest.raises(ValueError, match="secret"):
        SipMachine(names=[], realms=[], secret=b"short")
    with pytest.raises(ValueError, match="Header"):
        stage.machine.request("MESSAGE", "sip:bob@h", stage.flow, b"From: <sip:a@h>\r\n")


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_credentials_by_both_algorithms(stage: Stage, algorithm: str) -> None:
    def digest(text: str) -> str:
        name = algorithm.lower().replace("-", "")
        return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()

    stage.hear(request("REGISTER"))
    assert stage.machine.challenge(stage.request())
    (challenge,) = stage.sent()
    found = re.search(rf'nonce="([^"]+)", algorithm={algorithm}, qop="auth"'.encode(), challenge)
    assert found is not None
    nonce = found[1].decode()
    key = digest("alice:example.org:secret")
    proof = digest(f"{key}:{nonce}:00000001:c:auth:{digest('REGISTER:sip:example.org')}")
    line = (
        f'Authorization: Digest username="alice", realm="example.org", nonce="{nonce}", '
        f'uri="sip:example.org", response="{proof}", algorithm={algorithm}, qop=auth, '
        'nc=00000001, cnonce="c"\r\n'
    )
    stage.hear(request("REGISTER", line, 2))
    (needed,) = stage.machine.events()
    assert isinstance(needed, SipAccountNeeded)
    assert (needed.user, needed.realm) == ("alice", "example.org")
    stage.machine.account("alice", "example.org", {algorithm: key})
    one = stage.request()
    assert (one.auth, one.auth_user, one.auth_realm) == ("ok", "alice", "example.org")


def test_a_relay_from_end_to_end(stage: Stage) -> None:
    stage.hear(request())
    one = stage.request()
    bob = SipFlow(stage.udp, "udp", 0, ("192.0.2.20", 5060))
    target = SipTarget("sip:bob@192.0.2.20", bob, headers=b"X-Leg: 1\r\n")
    assert stage.machine.relay(
        one, [target], hold=True, report=True, headers=[("X-All", "2")], remove=["Subject"]
    )
    trying, invite = stage.sent()
    assert trying.startswith(b"SIP/2.0 100 ")
    assert b"X-Leg: 1\r\n" in invite
    assert b"X-All: 2\r\n" in invite
    assert b"Subject" not in invite
    stage.machine.receive(1.1, answer(invite, "486 Busy Here"), bob)
    (event,) = stage.machine.events()
    assert isinstance(event, SipExhausted)
    assert (event.request, event.response.status, event.response.local) == (one, 486, False)
    stage.sent()
    assert stage.machine.relay(event.request, [target], report=True)
    (again,) = stage.sent()
    stage.machine.receive(1.2, answer(again, "200 OK"), bob)
    (news,) = stage.machine.events()
    assert isinstance(news, SipRelayed)
    assert (news.request, news.method, news.status) == (one.id, "INVITE", 200)
    assert (news.call_id, news.from_tag, news.to_tag) == ("call-1", "a", "b")
    ways = [
        (way, message.split(b" ", 1)[0]) for _, way, _, message in stage.machine.trace("call-1")
    ]
    assert ways[:3] == [("in", b"INVITE"), ("out", b"SIP/2.0"), ("out", b"INVITE")]


def test_a_call_of_ours(stage: Stage) -> None:
    number = stage.machine.request("INVITE", "sip:bob@192.0.2.20", stage.flow, OURS, b"v=0")
    (invite,) = stage.sent()
    stage.hear(answer(invite, "180 Ringing"))
    stage.hear(answer(invite, "200 OK").replace(b"us@192.0.2.1>", b"bob@192.0.2.20>"))
    ringing, accepted = stage.machine.events()
    assert isinstance(ringing, SipResponse)
    assert isinstance(accepted, SipResponse)
    assert (ringing.status, accepted.status, accepted.request) == (180, 200, number)
    assert (accepted.reason, accepted.to_tag, accepted.local) == ("OK", "b", False)
    assert stage.machine.acknowledge(accepted, b"X: y\r\n")
    (ack,) = stage.sent()
    assert ack.startswith(b"ACK sip:bob@192.0.2.20 SIP/2.0\r\n")
    assert not stage.machine.cancel(number)


def test_a_call_of_theirs_that_is_given_up(stage: Stage) -> None:
    stage.hear(request())
    one = stage.request()
    stage.machine.reply(one, 183, reliable=True)
    (progress,) = stage.sent()
    assert b"Require: 100rel\r\nRSeq: " in progress
    stage.hear(request("CANCEL", 'Reason: Q.850;cause=16;text="x"\r\n'), 2.0)
    (event,) = stage.machine.events()
    assert isinstance(event, SipCancelled)
    assert (event.request, event.reason) == (one, 'Q.850;cause=16;text="x"')
    stage.hear(request(number=2), 3.0)
    two = stage.request()
    stage.machine.reply(two, 200)
    stage.machine.wake(36.0)
    unheard = [event for event in stage.machine.events() if isinstance(event, SipUnacknowledged)]
    assert [(event.request, event.provisional) for event in unheard] == [(two, False)]


def test_tokens_lead_back(stage: Stage) -> None:
    flow = SipFlow(stage.tcp, "tcp", 12, PEER)
    token = stage.machine.flow_token(flow)
    assert stage.machine.open_token(token) == flow
    assert stage.machine.open_token(token[:-1] + "!") is None
    stage.hear(request("MESSAGE", f"Route: <sip:{token}@192.0.2.1;lr>, <sip:next.example;lr>\r\n"))
    one = stage.request()
    assert (one.routed, one.route_flow, one.next_route) == (True, flow, "sip:next.example;lr")
    assert not stage.machine.follow(one)


def test_a_telephone_that_came_back_is_found(stage: Stage) -> None:
    old, new = SipFlow(stage.tcp, "tcp", 1, PEER), SipFlow(stage.tcp, "tcp", 2, PEER)
    stage.machine.moved(old, new)
    with pytest.raises(ValueError, match="listener"):
        stage.machine.moved(old, SipFlow(7, "tcp", 2, PEER))


def test_streams_are_cut_into_messages() -> None:
    framer = SipFramer()
    data = request()
    assert framer.feed(data[:50]) == []
    assert framer.feed(data[50:] + b"\r\n\r\n" + data[:9]) == [data, b"\r\n\r\n"]
    assert framer.broken is None
    assert framer.feed(data[9:].replace(b"Content-Length", b"X-Length")) != []
    assert framer.broken == "no usable Content-Length"


def test_datagrams_are_carried(stage: Stage) -> None:
    ours = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    theirs = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with ours, theirs:
        for one in (ours, theirs):
            one.bind(("127.0.0.1", 0))
        ours.setblocking(False)
        theirs.settimeout(20)
        driver = SipUdp(ours.fileno(), stage.machine, stage.udp)
        assert driver.poll(1.0) == []
        # More than one batch.
        for number in range(1, 151):
            theirs.sendto(request("OPTIONS", "", number), ours.getsockname())
        requests = driver.poll(1.0)
        assert len(requests) == 150
        for event in requests:
            assert isinstance(event, SipRequest)
            assert event.flow.remote == theirs.getsockname()
            stage.machine.reply(event, 200, stateless=True)
        # What belongs to another listener stays.
        stage.machine.request("INVITE", "sip:b@h", SipFlow(stage.tcp, "tcp", 3, PEER), OURS)
        driver.flush()
        ((left, _),) = stage.machine.output()
        assert left.transport == "tcp"
        # Via names another port than theirs: the answers go there.
        assert stage.machine.counters()["send_dropped"] == 0
        with pytest.raises(ValueError, match="listener"):
            SipUdp(ours.fileno(), stage.machine, 99)


def test_a_datagram_that_cannot_be_sent_fails_at_once(stage: Stage) -> None:
    ours = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with ours:
        ours.setblocking(False)
        driver = SipUdp(ours.fileno(), stage.machine, stage.udp)
        # An IPv4 socket cannot send there.
        flow = SipFlow(stage.udp, "udp", 0, ("2001:db8::1", 5060))
        stage.machine.request("INVITE", "sip:b@h", flow, OURS)
        driver.flush()
        (event,) = stage.machine.events()
        assert isinstance(event, SipResponse)
        assert (event.status, event.local) == (503, True)


def test_counters_have_names_and_limits_hold() -> None:
    machine = SipMachine(
        names=[], realms=[], secret=b"0123456789abcdef", source_rate=1.0, source_burst=2.0
    )
    flow = SipFlow(machine.add_listener("udp", "192.0.2.1", 5060), "udp", 0, PEER)
    for number in range(1, 11):
        machine.receive(1.0, request("OPTIONS", "", number), flow)
    assert len(machine.events()) == 2
    assert machine.counters()["limited"] == 8
    machine.exempt("192.0.2.10")
    for number in range(11, 21):
        machine.receive(1.0, request("OPTIONS", "", number), flow)
    assert len(machine.events()) == 10
    assert machine.counters()["undecided"] == 12
