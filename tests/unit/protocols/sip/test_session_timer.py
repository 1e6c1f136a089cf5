import pytest

from antiphon.protocols.sip import session_timer
from antiphon.protocols.sip.session_timer import Agreed, Terms, TooSmallError
from tests.support.header_fields import Fields

TERMS = Terms(interval=1800, minimum=90)
TIMER = ("Supported", "timer")


def test_an_interval_below_ours_is_refused() -> None:
    with pytest.raises(TooSmallError) as refused:
        session_timer.answer(Fields(TIMER, ("Session-Expires", "50")), TERMS)
    assert refused.value.minimum == 90


def test_who_asks_and_knows_timers_refreshes() -> None:
    agreed, fields = session_timer.answer(Fields(TIMER, ("Session-Expires", "600")), TERMS)
    assert agreed == Agreed(600, ours=False)
    assert fields == [("Session-Expires", "600;refresher=uac"), ("Require", "timer")]


def test_they_may_want_us_to_refresh() -> None:
    asked = Fields(TIMER, ("x", "600;refresher=uas"))
    agreed, fields = session_timer.answer(asked, TERMS)
    assert agreed == Agreed(600, ours=True)
    assert fields == [("Session-Expires", "600;refresher=uas")]


def test_a_proxy_asked_for_a_telephone_that_knows_no_timers() -> None:
    agreed, fields = session_timer.answer(Fields(("Session-Expires", "600")), TERMS)
    assert agreed == Agreed(600, ours=True)
    assert fields == [("Session-Expires", "600;refresher=uas")]


def test_a_longer_interval_is_shortened_but_not_below_the_floor() -> None:
    asked = Fields(TIMER, ("Session-Expires", "7200"))
    agreed, _ = session_timer.answer(asked, TERMS)
    assert agreed == Agreed(1800, ours=False)
    asked = Fields(TIMER, ("Session-Expires", "7200"), ("Min-SE", "3600"))
    agreed, _ = session_timer.answer(asked, TERMS)
    assert agreed == Agreed(3600, ours=False)


def test_without_timers_on_their_side_there_are_none() -> None:
    assert session_timer.answer(Fields(), TERMS) == (None, [])
    assert session_timer.answer(Fields(TIMER), Terms(interval=0)) == (None, [])
    agreed, _ = session_timer.answer(Fields(TIMER), TERMS)
    assert agreed == Agreed(1800, ours=False)


def test_as_the_asking_side() -> None:
    assert session_timer.ask(TERMS) == [("Session-Expires", "1800")]
    assert session_timer.ask(Terms(interval=0)) == []
    assert session_timer.ask(Terms(1800, 300))[1] == ("Min-SE", "300")
    said = Fields(("Session-Expires", "1800;refresher=uas"))
    assert session_timer.answered(said, TERMS) == Agreed(1800, ours=False)
    assert session_timer.answered(Fields(), TERMS) == Agreed(1800, ours=True, mutual=False)
    again = session_timer.ask(TERMS, Agreed(600, ours=False))
    assert again == [("Session-Expires", "600;refresher=uas")]
    # After a 422 the minimum that it named counts (RFC 4028 §7.3), whatever was agreed to before.
    raised = session_timer.ask(Terms(1800, 900), Agreed(600, ours=True))
    assert raised == [("Session-Expires", "900;refresher=uac"), ("Min-SE", "900")]


def test_after_a_422() -> None:
    assert session_timer.raised(Fields(("Min-SE", "3600")), TERMS) == Terms(3600, 3600)
    assert session_timer.raised(Fields(("Min-SE", "90")), TERMS) is None
    assert session_timer.raised(Fields(), TERMS) is None


def test_when() -> None:
    assert Agreed(600, ours=True).next(1000.0) == 1300.0
    assert Agreed(600, ours=False).next(1000.0) == 1568.0
    assert Agreed(90, ours=False).next(0.0) == 60.0
