from hypothesis import given
from hypothesis import strategies as st

from antiphon.core.graph import UNWIRED, Change, Hub, Names, Wiring, difference
from tests.support.fakes import FakeMediaRoom

MEMBERS = st.frozensets(st.sampled_from(["m1", "m2", "m3", "t1", "t2"]), min_size=1)
HUBS = st.sampled_from([hub.value for hub in Hub])
SOURCES = st.sampled_from(["t1", "t2", "t3", *(hub.value for hub in Hub)])
WIRINGS = st.builds(
    Wiring,
    st.dictionaries(HUBS, MEMBERS),
    st.dictionaries(SOURCES, MEMBERS),
)


def names(text: str) -> Names:
    return frozenset(text.split())


def test_nothing_to_do() -> None:
    wiring = Wiring({}, {"t1": names("m2")})
    assert not difference(wiring, wiring)
    assert not difference(UNWIRED, UNWIRED)
    assert not Change()


def test_only_the_difference_is_done() -> None:
    hub = Hub.AUDIO.value
    old = Wiring({hub: names("t1 t2")}, {hub: names("m1 m2"), "t3": names("m1")})
    new = Wiring({hub: names("t2 t4")}, {hub: names("m1 m2 m3")})
    assert difference(old, new) == Change(
        feed={hub: names("t4")},
        connect={hub: names("m3")},
        disconnect={"t3": names("m1")},
        starve={hub: names("t1")},
    )


def test_hubs_open_and_close_with_their_sources() -> None:
    hub = Hub.AUDIO.value
    wiring = Wiring({hub: names("t1")}, {hub: names("m1 m2")})
    assert difference(UNWIRED, wiring).open == (hub,)
    assert difference(wiring, UNWIRED).close == (hub,)


@given(WIRINGS, WIRINGS)
def test_applying_the_difference_gives_the_new_wiring(old: Wiring, new: Wiring) -> None:
    media = FakeMediaRoom("r", events=None)  # type: ignore[arg-type]
    media.apply(difference(UNWIRED, old))
    media.apply(difference(old, new))
    assert media.wires == dict(new.wires)
    assert media.feeds == dict(new.feeds)
    assert media.hubs == set(new.feeds)
