"""Devices of an account are found at once, and are never those of a moment ago."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from antiphon.core.address import Address
from antiphon.core.devices import Devices
from antiphon.core.ports import Device
from antiphon.protocols.http.own_news import OwnReach
from antiphon.protocols.web.reach import WebReach
from antiphon.protocols.xmpp.device import XmppReach
from tests.support.fakes import DOMAIN, FakeDevice, FakeReach

ANN, BEN = Address("ann", DOMAIN), Address("ben", DOMAIN)


class SteadyReach(FakeReach):
    """Says when its devices are others, and counts how often it is asked."""

    def __init__(self, *devices: FakeDevice) -> None:
        super().__init__(*devices)
        self.times = 0
        self.changed: Callable[[Address], None] = lambda _: None

    def present(self, account: Address) -> Sequence[Device]:
        self.times += 1
        return super().present(account)


def test_a_steady_reach_is_asked_again_only_when_it_says_so() -> None:
    devices, reach = Devices(), SteadyReach()
    phone = reach.add("ann", "phone")
    devices.add(reach)
    assert list(devices.of(ANN)) == list(devices.of(ANN)) == [phone]
    assert reach.times == 1
    desk = reach.add("ann", "desk")
    reach.changed(ANN)
    assert list(devices.of(ANN)) == [phone, desk]
    reach.list.clear()
    reach.changed(ANN)
    assert list(devices.of(ANN)) == []


def test_who_comes_where_nobody_was_is_found() -> None:
    devices, reach = Devices(), SteadyReach()
    devices.add(reach)
    assert list(devices.of(ANN)) == []
    phone = reach.add("ann", "phone")
    reach.changed(ANN)
    assert list(devices.of(ANN)) == [phone]
    assert list(devices.of(BEN)) == []


def test_others_are_asked_each_time() -> None:
    devices, reach, steady = Devices(), FakeReach(), SteadyReach()
    page = steady.add("ann", "page")
    devices.add(reach)
    devices.add(steady)
    assert list(devices.of(ANN)) == [page]
    phone = reach.add("ann", "phone")
    assert list(devices.of(ANN)) == [page, phone]
    reach.list.clear()
    assert list(devices.of(ANN)) == [page]


def test_a_reach_that_is_gone_is_forgotten() -> None:
    devices, steady, other = Devices(), SteadyReach(), FakeReach()
    steady.add("ann", "page")
    phone = other.add("ann", "phone")
    devices.add(steady)
    devices.add(other)
    assert len(devices.of(ANN)) == 2
    devices.remove(steady)
    assert list(devices.of(ANN)) == [phone]
    devices.remove(other)
    assert list(devices.of(ANN)) == []


class _Session:
    """As much of a device of each protocol as its reach looks at."""

    def __init__(self) -> None:
        self.address = ANN.on("phone")
        self.account = ANN
        self.session = self
        self.reachable = False


@pytest.mark.parametrize("make", [XmppReach, WebReach, OwnReach])
def test_reaches_of_protocols_say_what_changes(make: Callable[[], Any]) -> None:
    devices, reach = Devices(), make()
    one: Any = _Session()
    other: Any = _Session()
    devices.add(reach)
    reach.add(one)
    assert list(devices.of(ANN)) == [one]
    reach.add(other)
    assert list(devices.of(ANN)) == [one, other]
    reach.remove(one)
    assert list(devices.of(ANN)) == [other]
    reach.remove(other)
    assert list(devices.of(ANN)) == []
