"""RFC 4475 (torture tests) and RFC 5118 (the same for IPv6): each message gets the verdict that the
RFC gives it, as a datagram and in a stream.
"""

import re

import pytest

from antiphon._native import (
    SipFlow,
    SipFramer,
    SipMachine,
    SipMessage,
    SipRequest,
    SipResponse,
    SipTarget,
)
from tests.support.conformance import folder

# What becomes of a message: a request that somebody must decide ("asked"), nothing ("dropped"),
# the status of the machine's own refusal, or, in a stream, waiting for bytes that do not come.
ASKED, DROPPED, WAITING = "asked", "dropped", "waiting"

TORTURE = {
    # §3.1.1: valid
    "wsinv": ASKED,
    "intmeth": ASKED,
    "esc01": ASKED,
    "escnull": ASKED,
    "esc02": ASKED,
    "lwsdisp": ASKED,
    "longreq": ASKED,
    "dblreq": ASKED,
    "semiuri": ASKED,
    "transports": ASKED,
    "mpart01": ASKED,
    "unreason": DROPPED,  # well-formed answers, but to nothing that we asked
    "noreason": DROPPED,
    # §3.1.2: invalid
    "badinv01": "400",
    "clerr": "400",
    "ncl": "400",
    "scalar02": "400",
    "scalarlg": DROPPED,
    "quotbal": "400",
    "ltgtruri": "400",
    "lwsruri": "400",
    "lwsstart": "400",
    "trws": "400",
    "escruri": "400",
    "baddate": ASKED,  # §3.1.2.12: Date may be ignored by who does not need it
    "regbadct": ASKED,  # the registrar refuses the Contact
    "badaspec": "400",
    "baddn": "400",
    "badvers": "505",
    "mismatch01": "400",
    "mismatch02": "400",
    "bigcode": DROPPED,
    # §3.2: transactions
    "badbranch": "400",
    # §3.3: what the layers above must see
    "insuf": "400",
    "unkscm": "416",
    "novelsc": "416",
    "unksm2": ASKED,
    "bext01": ASKED,
    "invut": ASKED,
    "regaut01": ASKED,
    "multi01": "400",
    "mcl01": "400",
    "bcast": DROPPED,
    "zeromf": ASKED,
    "cparam01": ASKED,
    "cparam02": ASKED,
    "regescrt": ASKED,
    "sdp01": ASKED,
    # §3.4: what came before RFC 3261
    "inv2543": ASKED,
    # lies beside the others: no version, no Via, hence nowhere to answer to
    "test": DROPPED,
}
# In a stream, RFC 3261 §18.3 wants a Content-Length that can be believed.
TORTURE_STREAM = TORTURE | {
    "clerr": WAITING,
    "inv2543": "400",
}
VERSION_6 = {
    "ipv6-good": ASKED,  # §4.1
    "ipv6-bad": "400",  # §4.2
    "port-ambiguous": ASKED,  # §4.3
    "port-unambiguous": ASKED,  # §4.4
    "via-received-param-with-delim": ASKED,  # §4.5
    "via-received-param-no-delim": ASKED,
    "ipv6-in-sdp": ASKED,  # §4.6
    "mult-ip-in-header": ASKED,  # §4.7
    "mult-ip-in-sdp": ASKED,  # §4.8
    "ipv4-mapped-ipv6": ASKED,  # §4.9
    "ipv6-bug-abnf-3-colons": ASKED,  # §4.10: must be tolerated
    "ipv6-correct-abnf-2-colons": ASKED,
}


class Receiver:
    """A machine that hears of messages, and what it makes of each."""

    def __init__(self) -> None:
        self.machine = SipMachine(
            names=["example.com"], realms=["example.com"], secret=b"0123456789abcdef"
        )
        self.udp = self.machine.add_listener("udp", "192.0.2.1", 5060)
        self.tcp = self.machine.add_listener("tcp", "192.0.2.1", 5060)
        self.requests: list[SipRequest] = []

    def _verdict(self) -> str:
        asked = [event for event in self.machine.events() if isinstance(event, SipRequest)]
        self.requests += asked
        refused = [data.split(b" ", 2)[1].decode() for _, data in self.machine.output()]
        if asked:
            assert not refused
            return ASKED
        return refused[0] if refused else DROPPED

    def datagram(self, data: bytes) -> str:
        self.machine.receive(0.0, data, SipFlow(self.udp, "udp", 0, ("192.0.2.99", 5060)))
        return self._verdict()

    def stream(self, data: bytes) -> list[str]:
        framer, verdicts = SipFramer(), []
        # In pieces, as the network likes it.
        for start in range(0, len(data), 97):
            for message in framer.feed(data[start : start + 97]):
                flow = SipFlow(self.tcp, "tcp", 1, ("192.0.2.99", 40000))
                self.machine.receive(0.0, message, flow)
                verdicts.append(self._verdict())
        return verdicts

    def only(self, name: str) -> SipRequest:
        """The request of that file, which must have been asked about."""
        assert self.datagram(torture(name)) == ASKED
        (request,) = self.requests
        return request


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


def torture(name: str) -> bytes:
    return (folder("sip/rfc4475") / f"{name}.dat").read_bytes()


def version_6(name: str) -> bytes:
    """As the RFC prints it; the stored copies have other line ends, which change lengths."""
    text = (folder("sip/rfc5118") / name).read_bytes().replace(b"\n", b"\r\n")
    head, empty, body = text.partition(b"\r\n\r\n")
    length = b"Content-Length: %d" % len(body)
    head = re.sub(rb"Content-Length: \d+", length, head.removesuffix(b"\r\n"))
    assert empty or not body
    return head + b"\r\n\r\n" + body


def test_every_message_has_a_verdict() -> None:
    assert {path.stem for path in folder("sip/rfc4475").glob("*.dat")} == set(TORTURE)
    assert {path.name for path in folder("sip/rfc5118").iterdir()} == set(VERSION_6)


@pytest.mark.parametrize(("name", "verdict"), TORTURE.items())
def test_torture_in_a_datagram(receiver: Receiver, name: str, verdict: str) -> None:
    assert receiver.datagram(torture(name)) == verdict


@pytest.mark.parametrize(("name", "verdict"), TORTURE_STREAM.items())
def test_torture_in_a_stream(receiver: Receiver, name: str, verdict: str) -> None:
    verdicts = receiver.stream(torture(name))
    if name == "dblreq":
        assert verdicts[:2] == [ASKED, ASKED]  # §3.1.1.8: in a stream the second is no trash
    else:
        assert verdicts[:1] == ([] if verdict == WAITING else [verdict])


@pytest.mark.parametrize(("name", "verdict"), VERSION_6.items())
def test_version_6_in_a_datagram(receiver: Receiver, name: str, verdict: str) -> None:
    assert receiver.datagram(version_6(name)) == verdict


@pytest.mark.parametrize(("name", "verdict"), VERSION_6.items())
def test_version_6_in_a_stream(receiver: Receiver, name: str, verdict: str) -> None:
    assert receiver.stream(version_6(name)) == [verdict]


# What the layers above are told of messages that only they can judge.


def test_a_tortuous_invite_is_read(receiver: Receiver) -> None:
    request = receiver.only("wsinv")
    assert (request.method, request.cseq, request.hops) == ("INVITE", 9, 68)
    assert request.uri == "sip:vivekg@chair-dnrc.example.com;unknownparam"
    assert request.from_tag == "98asjd8"
    assert request.get("subject") == ""
    assert request.get("NewFangledHeader") == ("newfangled value continued newfangled value")
    assert len(request.via) == 3
    assert request.content_type == "application/sdp"
    assert [uri for uri, _ in request.contacts()] == [
        "sip:jdrosen@example.com",
    ]


def test_a_wide_range_of_characters_is_carried(receiver: Receiver) -> None:
    request = receiver.only("intmeth")
    assert request.method == "!interesting-Method0123456789_*+`.%indeed'~"
    found = request.address("to")
    assert found is not None
    assert found[0].startswith("BEL:\a NUL:\0 DEL:\x7f")


def test_escapes_are_decoded_for_comparison(receiver: Receiver) -> None:
    request = receiver.only("esc01")
    assert request.aor() == "sips:user@example.com@example.net"
    assert receiver.machine.counters()["malformed"] == 0


def test_null_bytes_are_no_ends(receiver: Receiver) -> None:
    assert receiver.only("escnull").aor("to") == "null-\0-null@example.com"


def test_a_method_is_not_unescaped(receiver: Receiver) -> None:
    assert receiver.only("esc02").method == "RE%47IST%45R"


def test_semicolons_belong_to_the_user(receiver: Receiver) -> None:
    assert receiver.only("semiuri").aor() == "user;par=u@example.net@example.com"


def test_a_second_request_in_a_datagram_is_trash(receiver: Receiver) -> None:
    request = receiver.only("dblreq")
    assert (request.method, request.body) == ("REGISTER", b"")


def test_answers_with_odd_reasons_are_whole() -> None:
    assert SipMessage(torture("unreason")).fault is None
    assert SipMessage(torture("noreason")).fault is None


def test_an_unknown_scheme_of_authorization_proves_nothing(receiver: Receiver) -> None:
    request = receiver.only("regaut01")
    assert request.auth == "none"
    assert receiver.machine.challenge(request)
    ((_, answer),) = receiver.machine.output()
    assert answer.startswith(b"SIP/2.0 401 ")


def test_a_bad_contact_is_told_to_the_registrar(receiver: Receiver) -> None:
    with pytest.raises(ValueError, match="Contact"):
        receiver.only("regbadct").contacts()


@pytest.mark.parametrize(
    ("name", "uri", "parameters"),
    [
        ("cparam01", "sip:+19725552222@gw1.example.net", {"unknownparam": ""}),
        ("cparam02", "sip:+19725552222@gw1.example.net;unknownparam", {}),
        ("regescrt", "sip:user@example.com?Route=%3Csip:sip.example.com%3E", {}),
    ],
)
def test_parameters_belong_to_the_contact_or_to_the_uri(
    receiver: Receiver, name: str, uri: str, parameters: dict[str, str]
) -> None:
    assert receiver.only(name).contacts() == [(uri, parameters)]


def test_people_by_strange_schemes_are_no_accounts(receiver: Receiver) -> None:
    request = receiver.only("unksm2")
    assert request.aor("to") is None
    assert request.contacts() == [("name:John_Smith", {})]


@pytest.mark.parametrize(("name", "status"), [("zeromf", b"483"), ("bext01", b"420")])
def test_a_proxy_does_not_forward(receiver: Receiver, name: str, status: bytes) -> None:
    request = receiver.only(name)
    flow = SipFlow(receiver.udp, "udp", 0, ("192.0.2.50", 5060))
    assert not receiver.machine.relay(request, [SipTarget("sip:user@192.0.2.50", flow)])
    ((_, answer),) = receiver.machine.output()
    assert answer.split(b" ", 2)[1] == status
    if status == b"420":
        assert b"Unsupported: noProxiesSupportThis, norDoAnyProxiesSupportThis\r\n" in answer


def test_a_tolerated_address_is_the_one_meant(receiver: Receiver) -> None:
    assert receiver.datagram(version_6("ipv6-bug-abnf-3-colons")) == ASKED
    request = receiver.requests[0]
    assert request.uri == "sip:user@[2001:db8:::192.0.2.1]"


def test_ports_are_outside_of_brackets(receiver: Receiver) -> None:
    """§4.3, §4.4: by our own name, which has a port."""
    machine = SipMachine(names=[], realms=[], secret=b"0123456789abcdef")
    number = machine.add_listener("udp", "2001:db8::10", 5070)
    flow = SipFlow(number, "udp", 0, ("2001:db8::1", 5060))
    ours = []
    for name in ("port-unambiguous", "port-ambiguous"):
        machine.receive(0.0, version_6(name), flow)
        ours += [event.ours for event in machine.events() if isinstance(event, SipRequest)]
        assert not any(isinstance(event, SipResponse) for event in machine.events())
    # The second has the branch of the first and is a repetition of it.
    assert ours == [True]
