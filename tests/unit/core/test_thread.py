"""Threads as readers see them: pages of an archive with what was done to its messages."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from antiphon.core.address import Address
from antiphon.core.message import Attachment, Draft, Message, MessageKind, Page, Span
from antiphon.core.thread import Reacted, fold, plain, read, show, subject, trimmed

ANN, BOB = Address("ann", "example.org"), Address("bob", "example.org")
ROOM = Address("hall", "rooms.example.org")


def message(number: int, sender: Address = ANN, **draft: object) -> Message:
    what = Draft(**{"text": f"text {number}", **draft})  # type: ignore[arg-type]
    return Message(
        id=f"m{number:03}",
        to=ROOM,
        sender=sender.on("phone"),
        name=sender.local.title(),
        sent_at=float(number),
        draft=what,
    )


def correction(number: int, about: int, sender: Address = ANN, text: str = "better") -> Message:
    kind = MessageKind.CORRECTION
    return message(number, sender, kind=kind, about=f"m{about:03}", text=text)


def reaction(number: int, about: int, sender: Address = BOB, *reactions: str) -> Message:
    kind = MessageKind.REACTION
    about_id = f"m{about:03}"
    return message(number, sender, kind=kind, about=about_id, text="", reactions=reactions)


def retraction(number: int, about: int, sender: Address = ANN) -> Message:
    return message(number, sender, kind=MessageKind.RETRACTION, about=f"m{about:03}", text="")


class Archive:
    """Messages in the order of their ids, read as `Messages.read` does."""

    def __init__(self, *stored: Message) -> None:
        self.stored = list(stored)
        self.reads = 0

    async def read(self, archive: Address, span: Span) -> Page:
        self.reads += 1
        found = [
            one
            for one in self.stored
            if (span.before is None or one.id < span.before)
            and (span.after is None or one.id > span.after)
            and span.search in one.text
        ]
        page = found[-span.limit :] if span.latest else found[: span.limit]
        return Page(messages=page, more=len(found) > span.limit)

    async def find(
        self, archive: Address, reference: str, sender: Address | None = None
    ) -> Message | None:
        return next((one for one in self.stored if one.id == reference), None)

    async def about(self, archive: Address, ids: Sequence[str]) -> Sequence[Message]:
        return [one for one in self.stored if one.draft.about in ids]


async def page(archive: Archive, **span: object) -> tuple[list[str], list[str], bool, str | None]:
    """Texts, ids of changes, more and next of a page."""
    what = Span(**span)  # type: ignore[arg-type]
    found = await read(archive, ROOM, what)  # type: ignore[arg-type]
    texts = [one.text for one in found.shown]
    return texts, [one.id for one in found.changes], found.more, found.next


async def test_a_page_is_shown_with_changes_that_came_later() -> None:
    archive = Archive(message(1), message(2, BOB), correction(3, 1), reaction(4, 2, ANN, "👍"))
    shown = (await read(archive, ROOM, Span(before="m003"))).shown  # type: ignore[arg-type]
    assert [(one.text, one.edited_at) for one in shown] == [("better", 3.0), ("text 2", None)]
    assert shown[1].reactions == (Reacted(sender=ANN, name="Ann", reactions=("👍",)),)


async def test_changes_to_what_is_not_in_the_page_are_told_apart() -> None:
    archive = Archive(message(1), message(2), correction(3, 1), reaction(4, 2, BOB, "👍"))
    assert await page(archive, after="m001", latest=False) == (["text 2"], ["m003"], False, None)


async def test_a_stretch_of_reactions_is_no_page_to_readers() -> None:
    reactions = [reaction(number, 1, BOB, "👍") for number in range(2, 30)]
    archive = Archive(message(0), message(1), *reactions)
    texts, changes, more, before = await page(archive, limit=10)
    assert (texts, changes, more, before) == (["text 0", "text 1"], [], False, None)
    assert archive.reads == 3


async def test_endless_reactions_are_not_read_at_once() -> None:
    reactions = [reaction(number, 1, BOB, "👍") for number in range(2, 300)]
    archive = Archive(message(1), *reactions)
    texts, changes, more, before = await page(archive, limit=10)
    assert (texts, len(changes), more, before) == ([], 110, True, "m190")
    assert archive.reads == 11


async def test_pages_follow_each_other() -> None:
    archive = Archive(*(message(number) for number in range(1, 6)))
    assert await page(archive, limit=2) == (["text 4", "text 5"], [], True, "m004")
    assert await page(archive, limit=2, before="m004") == (["text 2", "text 3"], [], True, "m002")
    assert await page(archive, limit=2, before="m002") == (["text 1"], [], False, None)
    after = await page(archive, limit=2, after="m001", latest=False)
    assert after == (["text 2", "text 3"], [], True, "m003")


async def test_who_searches_finds_what_was_corrected() -> None:
    archive = Archive(message(1), message(2), correction(3, 1, text="lunch at noon"))
    assert await page(archive, search="lunch") == (["lunch at noon"], [], False, None)


async def test_what_means_something_to_programs_only_is_not_shown() -> None:
    file = Attachment(url="https://example.org/a.png")
    archive = Archive(message(1, text=""), message(2, text="", attachments=(file,)))
    assert await page(archive) == ([""], [], False, None)
    retracted = Archive(message(1, text=""), retraction(2, 1))
    assert await page(retracted) == ([""], [], False, None)


async def test_the_last_one_of_a_conversation_is_what_it_changes() -> None:
    archive = Archive(message(1), message(2), reaction(3, 1, BOB, "👍"), correction(4, 9))
    last = [archive.stored[2], archive.stored[1], archive.stored[3]]
    shown = await show(archive, ROOM, last)  # type: ignore[arg-type]
    assert [one.message.id for one in shown] == ["m001", "m002"]
    assert shown[0].reactions
    assert [subject(one) for one in last] == ["m001", "m002", "m009"]


async def test_a_page_holds_no_more_than_is_wanted() -> None:
    long = "x" * 100
    stored = [message(1, text=long), message(2, text=long), message(3), message(4, text=long)]
    archive = Archive(*stored, correction(5, 9), message(6, text=""))
    backwards = await read(archive, ROOM, Span())  # type: ignore[arg-type]
    some = trimmed(backwards, 210, latest=True)
    assert [one.message.id for one in some.shown] == ["m002", "m003", "m004"][-len(some.shown) :]
    assert (some.more, some.next) == (True, some.shown[0].message.id)
    assert [one.id for one in some.changes] == ["m005"]
    assert trimmed(backwards, 10_000, latest=True) is backwards
    (one,) = trimmed(backwards, 1, latest=True).shown
    assert one.message.id == "m004"
    forwards = await read(archive, ROOM, Span(latest=False))  # type: ignore[arg-type]
    (first,) = trimmed(forwards, 150, latest=False).shown
    assert first.message.id == "m001"
    rest = trimmed(forwards, 150, latest=False)
    assert (rest.next, rest.changes) == ("m001", [])


def test_everything_that_is_shown_has_a_size() -> None:
    file = Attachment(url="u" * 10, name="n" * 5, thumbnail="t" * 3)
    bare = message(1, text="12345", attachments=(file,))
    (shown,) = fold([bare], [reaction(2, 1, BOB, "👍", "🎉")])
    assert shown.size == 5 + 18 + len("Bob") + 2


@pytest.mark.parametrize(
    "changes",
    [
        [correction(3, 1, BOB, "not mine")],
        [correction(3, 9)],
        [reaction(3, 1, BOB, "👍"), reaction(4, 1, BOB)],
        [replace(correction(3, 1), draft=Draft(kind=MessageKind.CORRECTION))],
    ],
    ids=["of another", "of none", "taken back", "without a subject"],
)
def test_what_changes_nothing(changes: list[Message]) -> None:
    assert fold([message(1)], changes) == [plain(message(1))]


def test_devices_of_one_person_are_one_person() -> None:
    first = reaction(2, 1, BOB, "👍")
    second = replace(reaction(3, 1, BOB, "🎉"), sender=BOB.on("web"))
    (shown,) = fold([message(1)], [first, second])
    assert [one.reactions for one in shown.reactions] == [("🎉",)]
