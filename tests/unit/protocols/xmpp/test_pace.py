"""How fast clients over BOSH may speak."""

import pytest

from antiphon.protocols.xmpp.config import XmppLimits
from antiphon.protocols.xmpp.pace import Pace


def test_who_sends_too_fast_is_held_back() -> None:
    limits = XmppLimits(byte_rate=10_000, stanza_rate=10)
    pace = Pace(limits, 0.0)
    assert [pace.take(100, 0.0) for _ in range(20)] == [0.0] * 20
    assert pace.take(100, 0.0) == pytest.approx(0.1)
    assert pace.take(100, 10.0) == 0.0
    assert Pace(limits, 0.0).take(30_000, 0.0) == pytest.approx(1.0)
