from hypothesis import given
from hypothesis import strategies as st

from antiphon.services.ids import MessageIds, is_id, time_of

TIMES = st.floats(min_value=0, max_value=2**47 / 1000)


@given(st.lists(TIMES, min_size=1, max_size=50))
def test_ids_always_grow_and_never_show_an_earlier_time(times: list[float]) -> None:
    ids = MessageIds()
    made = [ids.next(now) for now in times]
    assert all(is_id(id) for id in made)
    assert sorted(set(made)) == made
    latest = 0.0
    for id, now in zip(made, times, strict=True):
        latest = max(latest, int(now * 1000) / 1000)
        assert time_of(id) == latest


@given(TIMES, TIMES)
def test_two_makers_that_heard_of_each_other(mine: float, other: float) -> None:
    first, second = MessageIds(), MessageIds()
    seen = first.next(mine)
    second.advance(seen)
    assert second.next(other) > seen


def test_ids_of_two_makers_differ() -> None:
    assert len({MessageIds().next(1_800_000_000) for _ in range(1000)}) == 1000


def test_what_is_no_id() -> None:
    for text in ("", "0" * 15, "0" * 17, "0" * 15 + "u", "0" * 15 + "A", "0" * 15 + "\n", "٠" * 16):
        assert not is_id(text)
