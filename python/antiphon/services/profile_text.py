"""Profiles as JSON text: what may stand in one, how much, and how it is stored."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from antiphon.core.profile import PostalAddress, Profile
from antiphon.core.reason import Reason, Refused

MAX_WORDS = 256
MAX_NOTE = 4096
MAX_ITEMS = 16
MAX_ITEM = 1024
MAX_EXTRAS = 64
MAX_EXTRA = 4096
MAX_TOTAL = 32_768  # bytes of the whole

_LISTS = ("emails", "phones", "urls")
_BIRTHDAY = re.compile(r"(\d{4}|-)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])|\d{4}(-(0[1-9]|1[0-2]))?")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def write_profile(profile: Profile) -> str:
    """As it is stored, without what is empty. Raises `Refused`: BAD_REQUEST, TOO_LARGE."""
    check(profile)
    kept = {key: value for key, value in asdict(profile).items() if value}
    kept["address"] = {key: text for key, text in asdict(profile.address).items() if text}
    text = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > MAX_TOTAL:
        raise Refused(Reason.TOO_LARGE, f"A profile has at most {MAX_TOTAL} bytes.")
    return text


def read_profile(text: str) -> Profile:
    """From what is stored; what a newer version added is left out."""
    stored: Mapping[str, Any] = json.loads(text)
    known = {item.name for item in fields(Profile)}
    given = {key: value for key, value in stored.items() if key in known}
    for key in _LISTS:
        given[key] = tuple(given.get(key, ()))
    parts = {item.name for item in fields(PostalAddress)}
    place = given.get("address", {})
    given["address"] = PostalAddress(**{k: v for k, v in place.items() if k in parts})
    return Profile(**given)


def check(profile: Profile) -> None:
    """Raise `Refused(BAD_REQUEST)` for what is too long or no text."""
    for item in fields(Profile):
        value = getattr(profile, item.name)
        if isinstance(value, str):
            _text(item.name, value, MAX_NOTE if item.name == "note" else MAX_WORDS)
    for name in _LISTS:
        _list(name, getattr(profile, name))
    for name, value in asdict(profile.address).items():
        _text(f"address.{name}", value, MAX_WORDS)
    if len(profile.extras) > MAX_EXTRAS:
        raise Refused(Reason.BAD_REQUEST, f"A profile has at most {MAX_EXTRAS} extras.")
    for name, value in profile.extras.items():
        _text("the name of an extra", name, MAX_WORDS)
        _text(f"extra {name[:40]}", value, MAX_EXTRA)
    if profile.birthday and not _BIRTHDAY.fullmatch(profile.birthday):
        raise Refused(Reason.BAD_REQUEST, "A birthday is a date: 1985-04-12, or --04-12.")


def named(profile: Profile, name: str) -> Profile:
    """The same with the name that is shown."""
    return replace(profile, nickname=name)


def _list(name: str, items: tuple[str, ...]) -> None:
    if len(items) > MAX_ITEMS:
        raise Refused(Reason.BAD_REQUEST, f"A profile has at most {MAX_ITEMS} {name}.")
    for item in items:
        if not item:
            raise Refused(Reason.BAD_REQUEST, f"One of {name} is empty.")
        _text(name, item, MAX_ITEM)


def _text(name: str, value: str, limit: int) -> None:
    if len(value) > limit:
        raise Refused(Reason.BAD_REQUEST, f"{name} is longer than {limit} characters.")
    if _CONTROL.search(value):
        raise Refused(Reason.BAD_REQUEST, f"{name} must not contain control characters.")
