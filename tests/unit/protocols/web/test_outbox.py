from hypothesis import given
from hypothesis import strategies as st

from antiphon.protocols.web.outbox import REPLIES_KEPT, Outbox


def pushed(count: int, limit: int = 10_000) -> Outbox:
    outbox = Outbox(limit)
    for _ in range(count):
        outbox.push(b"<", b">")
    return outbox


def test_events_are_numbered_and_taken_once() -> None:
    outbox = pushed(2)
    assert outbox.take() == [b"<1>", b"<2>"]
    assert outbox.take() == []
    outbox.push(b"<", b">")
    assert outbox.take() == [b"<3>"]


def test_a_new_connection_gets_what_the_old_one_missed() -> None:
    outbox = pushed(5)
    outbox.take()
    assert outbox.resume(after=3)
    assert outbox.take() == [b"<4>", b"<5>"]
    assert outbox.resume(after=5)
    assert outbox.take() == []


def test_what_is_gone_cannot_be_resumed() -> None:
    outbox = pushed(5)
    outbox.acknowledge(4)
    assert not outbox.resume(after=2)
    assert not pushed(2).resume(after=3), "from the future"


def test_a_reply_is_repeated_as_long_as_it_is_kept() -> None:
    outbox = Outbox(10_000)
    outbox.reply(1, b"done")
    outbox.take()
    assert outbox.repeat(1)
    assert outbox.take() == [b"done"]
    for id in range(2, REPLIES_KEPT + 2):
        outbox.reply(id, b"")
    assert not outbox.repeat(1)


def test_what_is_not_read_overflows() -> None:
    outbox = pushed(40, limit=200)
    assert outbox.overflowed
    outbox.take()
    outbox.acknowledge(40)
    assert not outbox.overflowed


def test_forgotten_frames_come_back_with_a_resume_only() -> None:
    outbox = pushed(1)
    outbox.send(b"pong")
    outbox.forget_unsent()
    assert outbox.waiting == 0
    assert outbox.resume(0)
    assert outbox.take() == [b"<1>"]


@given(st.lists(st.sampled_from(["push", "lose", "ack"]), max_size=60))
def test_every_event_arrives_exactly_once_in_order(steps: list[str]) -> None:
    outbox = Outbox(1_000_000)
    seen: list[int] = []
    count = 0
    for step in steps:
        if step == "push":
            count += 1
            outbox.push(b"", b"")
        elif step == "ack":
            seen += [int(frame) for frame in outbox.take()]
            outbox.acknowledge(seen[-1] if seen else 0)
        else:
            outbox.forget_unsent()
            assert outbox.resume(seen[-1] if seen else 0)
    seen += [int(frame) for frame in outbox.take()]
    assert seen == list(range(1, count + 1))
