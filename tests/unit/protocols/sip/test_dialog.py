import pytest

from antiphon.protocols.sip.dialog import Dialog, DialogId, sequence_of
from antiphon.protocols.sip.header import parse_name_address
from antiphon.protocols.sip.uri import MalformedError
from tests.support.header_fields import Fields

ALICE, BOB = "<sip:alice@atlanta.com>", "<sip:bob@biloxi.com>"


def invite(*more: tuple[str, str]) -> Fields:
    return Fields(
        ("Call-ID", "a84b@pc33"),
        ("From", f'"Alice" {ALICE};tag=1928'),
        ("To", BOB),
        ("CSeq", "314159 INVITE"),
        ("Contact", "<sip:alice@pc33.atlanta.com>"),
        *more,
    )


def answer(*more: tuple[str, str]) -> Fields:
    return Fields(
        ("Call-ID", "a84b@pc33"),
        ("From", f"{ALICE};tag=1928"),
        ("To", f"{BOB};tag=314"),
        ("CSeq", "1 INVITE"),
        ("Contact", "<sip:bob@192.0.2.4>"),
        *more,
    )


def test_of_a_request() -> None:
    routes = ("Record-Route", "<sip:p2;lr>, <sip:p1;lr>")
    dialog = Dialog.of_request(invite(routes), "ours")
    assert dialog.id == DialogId("a84b@pc33", "ours", "1928")
    assert str(dialog.local) == f"{BOB};tag=ours"
    assert dialog.remote.display == "Alice"
    heading = dialog.heading("BYE")
    assert heading.uri == "sip:alice@pc33.atlanta.com"
    assert heading.routes == ("<sip:p2;lr>", "<sip:p1;lr>")
    assert (heading.sequence, dialog.heading("INFO").sequence) == (1, 2)


def test_of_a_response_the_routes_turn_round() -> None:
    local = parse_name_address(f"{ALICE};tag=1928")
    routes = ("Record-Route", "<sip:p2;lr>"), ("Record-Route", "<sip:p1;lr>")
    dialog = Dialog.of_response(answer(*routes), local, 7)
    assert dialog.id == DialogId("a84b@pc33", "1928", "314")
    heading = dialog.heading("ACK", 7)
    assert heading.routes == ("<sip:p1;lr>", "<sip:p2;lr>")
    assert heading.sequence == 7
    assert dialog.heading("BYE").sequence == 8


def test_a_strict_router_takes_the_request_uri() -> None:
    dialog = Dialog.of_request(invite(("Record-Route", "<sip:old;x=y>, <sip:p1;lr>")), "t")
    heading = dialog.heading("BYE")
    assert heading.uri == "sip:old;x=y"
    assert heading.routes == ("<sip:p1;lr>", "<sip:alice@pc33.atlanta.com>")


def test_requests_come_in_order() -> None:
    dialog = Dialog.of_request(invite(), "t")
    assert not dialog.accepts(314159)
    assert dialog.accepts(314161)
    assert not dialog.accepts(314160)


def test_targets_move() -> None:
    dialog = Dialog.of_request(invite(), "t")
    dialog.refresh(Fields(("Contact", "<sip:alice@elsewhere;transport=tcp>")))
    assert dialog.heading("BYE").uri == "sip:alice@elsewhere;transport=tcp"
    dialog.refresh(Fields())
    assert dialog.target.host == "elsewhere"


def test_the_final_answer_settles_the_route() -> None:
    local = parse_name_address(f"{ALICE};tag=1928")
    early = Dialog.of_response(answer(("Record-Route", "<sip:p1;lr>")), local, 1)
    early.confirm(answer(("Record-Route", "<sip:p9;lr>")))
    assert early.confirmed
    assert early.heading("ACK", 1).routes == ("<sip:p9;lr>",)


@pytest.mark.parametrize(
    "fields",
    [
        [("Contact", "<sip:a@b>, <sip:c@d>")],
        [("Contact", "<tel:+1>")],
        [],
    ],
)
def test_needs_one_contact(fields: list[tuple[str, str]]) -> None:
    message = Fields(
        ("Call-ID", "x"), ("From", f"{ALICE};tag=1"), ("To", BOB), ("CSeq", "1 INVITE"), *fields
    )
    with pytest.raises(MalformedError):
        Dialog.of_request(message, "t")


def test_a_sequence_number_is_below_two_to_the_thirty_first() -> None:
    with pytest.raises(MalformedError):
        sequence_of(Fields(("CSeq", "2147483648 INVITE")))
