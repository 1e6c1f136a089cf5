from antiphon.protocols.sip import reliable
from antiphon.protocols.sip.header import Acknowledged
from tests.support.header_fields import Fields


def test_received_in_order_once() -> None:
    received = reliable.Received(cseq=2)

    def ringing(rseq: int) -> Fields:
        return Fields(("Require", "100rel"), ("RSeq", str(rseq)))

    assert received.accept(ringing(10)) == Acknowledged(10, 2, "INVITE")
    assert received.accept(ringing(10)) is None
    assert received.accept(ringing(12)) is None
    assert received.accept(ringing(11)) == Acknowledged(11, 2, "INVITE")
    assert received.accept(Fields(("RSeq", "12"))) is None


def test_who_wants_it() -> None:
    assert reliable.wanted(Fields(("Require", "100rel")))
    assert reliable.possible(Fields(("Supported", "timer, 100rel")))
    assert not reliable.wanted(Fields(("Supported", "100rel")))
    assert not reliable.possible(Fields())
