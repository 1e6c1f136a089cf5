from hypothesis import given
from hypothesis import strategies as st

from antiphon.core.graph import UNWIRED, Change, Hub, Wiring, difference
from tests.support.fakes import FakeMediaRoom

NAMES = st.sampled_from(["t1", "t2", "t3", "m1", "m2", "m3", *Hub])
WIRINGS = st.dictionaries(NAMES, st.frozensets(NAMES, min_size=1, max_size=4), max_size=6).map(
    lambda wires: Wiring({str(k): frozenset(map(str, v)) for k, v in wires.items()})
)


def test_nothing_to_do() -> None:
    wiring = Wiring({"t1": frozenset({"m2"})})
    assert not difference(wiring, wiring)
    assert not difference(UNWIRED, UNWIRED)
    assert not Change()


def test_only_the_difference_is_done() -> None:
    old = Wiring({"t1": frozenset({"m2", "m3"}), "t2": frozenset({"m1"})})
    new = Wiring({"t1": frozenset({"m3", "m4"})})
    assert difference(old, new) == Change(
        connect={"t1": frozenset({"m4"})},
        disconnect={"t1": frozenset({"m2"}), "t2": frozenset({"m1"})},
    )


def test_hubs_open_and_close_with_their_wires() -> None:
    hub = Hub.AUDIO.value
    wiring = Wiring({"t1": frozenset({hub}), hub: frozenset({"m1", "m2"})})
    assert difference(UNWIRED, wiring).open == (hub,)
    assert difference(wiring, UNWIRED).close == (hub,)


@given(WIRINGS, WIRINGS)
def test_applying_the_difference_gives_the_new_wiring(old: Wiring, new: Wiring) -> None:
    media = FakeMediaRoom("r", events=None)  # type: ignore[arg-type]
    media.apply(difference(UNWIRED, old))
    media.apply(difference(old, new))
    assert media.wires == dict(new.wires)
    assert media.hubs == set(new.hubs)
