"""What owners ask for (XEP-0045 §10): the room's configuration, and its end."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import Element

from antiphon.core.ports import RoomSettings
from antiphon.core.reason import Refused
from antiphon.core.standing import Role
from antiphon.protocols.xmpp import forms
from antiphon.protocols.xmpp.feature import Request, Serve, StanzaError
from antiphon.protocols.xmpp.forms import Field
from antiphon.protocols.xmpp.message import element, named, text_of
from antiphon.protocols.xmpp.namespaces import DATA_FORM

from .disco import room_asked
from .foyer import Foyer, caller_of
from .names import OWNER, ROOM_CONFIG

PREFIX = "muc#roomconfig_"
NOBODY = "none"
# Fields that are texts and truths as they are: field → setting, and how it is shown.
TEXTS = {"roomname": ("title", "Name"), "roomdesc": ("description", "Description")}
TRUTHS = {
    "persistentroom": ("lasting", "Keep the room when nobody is in it"),
    "publicroom": ("listed", "Show the room in the list"),
    "membersonly": ("members_only", "Let members in only"),
    "moderatedroom": ("moderated", "Newcomers have no voice"),
    "enablearchiving": ("archived", "Keep messages"),
}
WHOIS = {"anyone": Role.LISTENER, "moderators": Role.MODERATOR}
WHISPER = {
    "anyone": Role.LISTENER,
    "participants": Role.SPEAKER,
    "moderators": Role.MODERATOR,
    NOBODY: None,
}
SIZES = ("10", "50", "100", "500", NOBODY)
# Bytes of texts; rooms that do not last are kept in memory as they are.
LONGEST = {"title": 1024, "description": 4096, "password": 256}
MOST_HISTORY = 1000  # messages
MOST_OCCUPANTS = 1_000_000


class Owner:
    """The configuration form and the end."""

    def __init__(self, foyer: Foyer) -> None:
        self._foyer = foyer

    def requests(self) -> Iterable[Serve]:
        """muc#owner."""
        yield Serve("get", "query", OWNER, self._form)
        yield Serve("set", "query", OWNER, self._set)

    async def _form(self, request: Request) -> Element:
        settings = await self._owned(request)
        return element("query", OWNER, config_form(settings))

    async def _set(self, request: Request) -> None:
        query = request.payload()
        if (end := named(query, "destroy")) is not None:
            await self._destroy(request, end)
            return
        form = named(query, "x", DATA_FORM)
        if form is None:
            raise StanzaError("bad-request", "There is neither a form nor an end.")
        settings = await self._owned(request)
        if form.get("type") == "cancel":
            # XEP-0045 §10.1.3: a room that nobody set up is none.
            if settings.locked:
                await self._foyer.switchboard.remove(caller_of(request.session), settings.name)
            return
        filled = forms.values(form)
        if forms.kind_of(filled) not in ("", ROOM_CONFIG):
            raise StanzaError("bad-request", "The form is of another kind.")
        await self._foyer.switchboard.change(
            caller_of(request.session),
            settings.name,
            lambda now: replace(configured(now, filled), locked=False),
        )

    async def _destroy(self, request: Request, end: Element) -> None:
        alternative = ""
        if jid := end.get("jid"):
            try:
                alternative = str(self._foyer.jids.parse(jid))
            except Refused:
                raise StanzaError("jid-malformed") from None
        caller, room = caller_of(request.session), room_asked(request).local
        reason = text_of(end, "reason") or ""
        await self._foyer.switchboard.remove(caller, room, reason, alternative)

    async def _owned(self, request: Request) -> RoomSettings:
        settings = await self._foyer.switchboard.settings(room_asked(request).local)
        self._foyer.switchboard.policy.may_administer(caller_of(request.session), settings)
        return settings


def config_form(settings: RoomSettings) -> Element:
    """The form, filled with what holds now."""
    fields = [
        *(
            Field(f"{PREFIX}{name}", values=(getattr(settings, key),), label=label)
            for name, (key, label) in TEXTS.items()
        ),
        *(_truth(name, getattr(settings, key), label) for name, (key, label) in TRUTHS.items()),
        _truth("passwordprotectedroom", bool(settings.password), "Ask for a password"),
        Field(f"{PREFIX}roomsecret", "text-private", (settings.password,), "Password"),
        _choice("whois", "Who sees who is behind a name", WHOIS, settings.addresses_for),
        _choice("allowpm", "Who writes to single occupants", WHISPER, settings.may_whisper),
        _truth(
            "changesubject",
            settings.may_set_subject is not Role.MODERATOR,
            "Occupants may change the subject",
        ),
        _truth("allowinvites", settings.may_invite is Role.LISTENER, "Occupants may invite others"),
        _sizes(settings),
        Field(
            "muc#maxhistoryfetch",
            values=(str(settings.history),),
            label="Messages shown to newcomers, at most",
        ),
    ]
    return forms.form(ROOM_CONFIG, fields, title=f"Configuration of {settings.name}")


def _truth(name: str, holds: bool, label: str) -> Field:
    return Field(f"{PREFIX}{name}", "boolean", (str(int(holds)),), label)


def _choice(name: str, label: str, words: Mapping[str, Role | None], now: Role | None) -> Field:
    chosen = next((word for word, role in words.items() if role is now), next(iter(words)))
    options = tuple((word, word) for word in words)
    return Field(f"{PREFIX}{name}", "list-single", (chosen,), label, options)


def _sizes(settings: RoomSettings) -> Field:
    now = NOBODY if settings.max_members is None else str(settings.max_members)
    choices = SIZES if now in SIZES else (now, *SIZES)
    options = tuple((size, size) for size in choices)
    return Field(f"{PREFIX}maxusers", "list-single", (now,), "Occupants, at most", options)


def configured(settings: RoomSettings, filled: Mapping[str, list[str]]) -> RoomSettings:
    """Settings with what was filled in; fields that are not known are no matter. Raises
    `StanzaError(not-acceptable)` for values that make no sense.
    """
    changes: dict[str, Any] = {}
    for name, values in filled.items():
        short, value = name.removeprefix(PREFIX), values[0] if values else ""
        if short in TEXTS:
            changes[TEXTS[short][0]] = _short(TEXTS[short][0], value)
        elif short in TRUTHS:
            changes[TRUTHS[short][0]] = forms.truth(value)
        elif short == "whois":
            changes["addresses_for"] = _one_of(WHOIS, value, name)
        elif short == "allowpm":
            changes["may_whisper"] = _one_of(WHISPER, value, name)
        elif short == "changesubject":
            changes["may_set_subject"] = Role.SPEAKER if forms.truth(value) else Role.MODERATOR
        elif short == "allowinvites":
            changes["may_invite"] = Role.LISTENER if forms.truth(value) else Role.MODERATOR
        elif short == "maxusers":
            none = value in ("", NOBODY)
            changes["max_members"] = None if none else _number(value, name, 1, MOST_OCCUPANTS)
        elif name == "muc#maxhistoryfetch":
            changes["history"] = _number(value, name, 0, MOST_HISTORY)
    changes |= _password(settings, filled)
    return replace(settings, **changes)


def _password(settings: RoomSettings, filled: Mapping[str, list[str]]) -> dict[str, str]:
    secret = forms.first(filled, f"{PREFIX}roomsecret", settings.password)
    wanted = forms.first(filled, f"{PREFIX}passwordprotectedroom", str(int(bool(secret))))
    if forms.truth(wanted) and not secret:
        raise StanzaError("not-acceptable", "A room with a password needs one.")
    return {"password": _short("password", secret) if forms.truth(wanted) else ""}


def _short(what: str, text: str) -> str:
    if len(text.encode()) > LONGEST[what]:
        raise StanzaError("not-acceptable", f"The {what} has at most {LONGEST[what]} bytes.")
    return text


def _one_of(words: Mapping[str, Role | None], value: str, name: str) -> Role | None:
    if value not in words:
        raise StanzaError("not-acceptable", f"{name} must be one of {', '.join(words)}.")
    return words[value]


def _number(value: str, name: str, least: int, most: int) -> int:
    fits = value.isascii() and value.isdecimal() and len(value) < 8
    if not fits or not least <= int(value) <= most:
        raise StanzaError("not-acceptable", f"{name} must be from {least} to {most}.")
    return int(value)
