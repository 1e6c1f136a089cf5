"""Media sessions of telephones without media: they remember what they were told."""

from collections.abc import Sequence
from dataclasses import replace

from antiphon.core.description import Codec, Description, Direction, Kind, Section
from antiphon.core.media import Answer, PhoneEvents, PhoneSession, PhoneSessions
from antiphon.core.reason import Reason, Refused

PHONE = Description(
    (Section("audio", Kind.AUDIO, Direction.SENDRECV, (Codec("pcmu", 8000),)),), mixed=True
)


class FakePhone(PhoneSession):
    """Answers each offer but "garbage" (cannot be understood) and "alien" (nothing in common);
    "held" in a description puts it on hold, "video" adds a camera.
    """

    def __init__(self, number: int, events: PhoneEvents, browser: bool, secure: bool) -> None:
        self.events = events
        self.browser = browser
        self.secure = secure
        self.rooms: list[tuple[str, str]] = []
        self.texts: list[str] = []  # descriptions of the other side
        self.offers = 0
        self.played: list[str] = []
        self.stopped = 0
        self.keys = ""
        self.holds: list[bool] = []
        self.withdrawn = 0
        self.closed = False
        self.bound: dict[str, str] = {}
        self._number = number
        self._description = Description(mixed=True)
        self._open = False

    @property
    def number(self) -> int:
        return self._number

    @property
    def description(self) -> Description:
        return self._description

    @property
    def on_hold(self) -> bool:
        return bool(self.texts) and "held" in self.texts[-1]

    def bind(self, section: str, track: str) -> None:
        self.bound[track] = section

    def release(self, track: str) -> None:
        self.bound.pop(track, None)

    def close(self) -> None:
        self.closed = True

    def enter(self, room: str, member: str) -> None:
        self.rooms.append((room, member))

    async def offer(self, kinds: Sequence[Kind] = (Kind.AUDIO,)) -> str:
        if self._open:
            raise Refused(Reason.CONFLICT, "an offer is open")
        self._open = True
        self.offers += 1
        return f"our offer {self.offers}" + (" video" if Kind.VIDEO in kinds else "")

    async def accept_offer(self, text: str) -> Answer:
        self._read(text)
        return Answer(f"answer to {text}", self.description, {})

    async def accept_answer(self, request: int, text: str) -> None:
        self._open = False
        self._read(text)

    def withdraw(self) -> None:
        self._open = False
        self.withdrawn += 1

    def _read(self, text: str) -> None:
        if "garbage" in text:
            raise Refused(Reason.BAD_REQUEST, "not a session description")
        if "alien" in text:
            raise Refused(Reason.UNSUPPORTED, "nothing in common")
        self.texts.append(text)
        sections = PHONE.sections
        if "video" in text:
            camera = Section("video", Kind.VIDEO, Direction.SENDRECV, (Codec("h264"),))
            sections = (*sections, camera)
        self._description = replace(PHONE, sections=sections)

    def add_candidate(self, text: str) -> None:
        pass

    def hold(self, held: bool) -> None:
        self.holds.append(held)

    def press(self, digits: str) -> None:
        self.keys += digits

    def play(self, prompt: str) -> None:
        self.played.append(prompt)

    def stop(self) -> None:
        self.stopped += 1


class FakePhones(PhoneSessions):
    """Opens them, as long as there is place."""

    def __init__(self, place: int = 1000) -> None:
        self.opened: list[FakePhone] = []
        self.place = place

    def open(
        self,
        events: PhoneEvents,
        *,
        browser: bool = False,
        secure: bool = False,
        near: str | None = None,
    ) -> FakePhone:
        if len(self.opened) >= self.place:
            raise Refused(Reason.TOO_MANY, "no port is free")
        phone = FakePhone(100 + len(self.opened), events, browser, secure)
        self.opened.append(phone)
        return phone

    @property
    def last(self) -> FakePhone:
        return self.opened[-1]
