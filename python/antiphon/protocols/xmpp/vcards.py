"""Profiles as vCards: the old ones of XEP-0054 and those of RFC 6351 (XEP-0292), in and out.

What a profile has no field for is kept as text under the element's name; pictures are read and
written, not looked at.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from antiphon.core.profile import Avatar, PostalAddress, Profile

from .message import each, element, named, split, text_of

TEMP = "vcard-temp"
VCARD4 = "urn:ietf:params:xml:ns:vcard-4.0"
MAX_EXTRAS = 32

_TEMP_TEXTS = {
    "FN": "full_name",
    "NICKNAME": "nickname",
    "BDAY": "birthday",
    "TITLE": "title",
    "ROLE": "role",
    "DESC": "note",
}
_TEMP_ADDRESS = {
    "STREET": "street",
    "LOCALITY": "locality",
    "REGION": "region",
    "PCODE": "code",
    "CTRY": "country",
}
_TEMP_KNOWN = {*_TEMP_TEXTS, "N", "ORG", "EMAIL", "TEL", "URL", "ADR", "PHOTO", "JABBERID"}
_TEXTS = {
    "fn": ("full_name", "text"),
    "nickname": ("nickname", "text"),
    "bday": ("birthday", "date"),
    "org": ("organization", "text"),
    "title": ("title", "text"),
    "role": ("role", "text"),
    "note": ("note", "text"),
}


class BadPicture(ValueError):
    """The picture in a vCard is no base64."""


@dataclass(frozen=True, slots=True)
class Read:
    """A profile out of a vCard. `picture`: None if it has none."""

    profile: Profile
    picture: bytes | None


# XEP-0054


def write_temp(profile: Profile, avatar: Avatar | None, jid: str) -> Element:
    """The old kind."""
    made = element("vCard", TEMP)
    for name, key in _TEMP_TEXTS.items():
        _text(made, TEMP, name, getattr(profile, key))
    if profile.family_name or profile.given_name:
        names = element("N", TEMP)
        _text(names, TEMP, "FAMILY", profile.family_name)
        _text(names, TEMP, "GIVEN", profile.given_name)
        made.append(names)
    if profile.organization or profile.unit:
        org = element("ORG", TEMP)
        _text(org, TEMP, "ORGNAME", profile.organization)
        _text(org, TEMP, "ORGUNIT", profile.unit)
        made.append(org)
    for one in profile.emails:
        made.append(element("EMAIL", TEMP, element("USERID", TEMP, one)))
    for one in profile.phones:
        made.append(element("TEL", TEMP, element("NUMBER", TEMP, one)))
    for one in profile.urls:
        _text(made, TEMP, "URL", one)
    if profile.address != PostalAddress():
        address = element("ADR", TEMP)
        for name, key in _TEMP_ADDRESS.items():
            _text(address, TEMP, name, getattr(profile.address, key))
        made.append(address)
    _text(made, TEMP, "JABBERID", jid)
    for name, value in profile.extras.items():
        if _is_name(name) and name not in _TEMP_KNOWN and name.isupper():
            _text(made, TEMP, name, value)
    if avatar is not None:
        data = base64.b64encode(avatar.data).decode()
        photo = element("PHOTO", TEMP, element("TYPE", TEMP, avatar.media_type))
        photo.append(element("BINVAL", TEMP, data))
        made.append(photo)
    return made


def read_temp(vcard: Element) -> Read:
    """Raises `BadPicture`."""
    texts = {key: _first(vcard, name) for name, key in _TEMP_TEXTS.items()}
    names, org, address = (named(vcard, name) for name in ("N", "ORG", "ADR"))
    extras = {
        split(one.tag)[1]: one.text.strip()
        for one in vcard
        if not len(one) and one.text and one.text.strip() and _kept(one, _TEMP_KNOWN)
    }
    profile = Profile(
        **texts,
        family_name=_within(names, "FAMILY"),
        given_name=_within(names, "GIVEN"),
        organization=_within(org, "ORGNAME"),
        unit=_within(org, "ORGUNIT"),
        emails=_all(_within(one, "USERID") for one in each(vcard, "EMAIL")),
        phones=_all(_within(one, "NUMBER") for one in each(vcard, "TEL")),
        urls=_all(one.text or "" for one in each(vcard, "URL")),
        address=PostalAddress(
            **{key: _within(address, name) for name, key in _TEMP_ADDRESS.items()}
        ),
        extras=dict(list(extras.items())[:MAX_EXTRAS]),
    )
    photo = named(vcard, "PHOTO")
    data = "" if photo is None else _first(photo, "BINVAL")
    return Read(profile, picture(data) if data else None)


def picture(text: str) -> bytes:
    """Base64, with the line breaks that old clients put there. Raises `BadPicture`."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise BadPicture("The picture is no base64.") from None


# XEP-0292


def write_vcard4(profile: Profile) -> Element:
    """The new kind, which has no picture (XEP-0292 §3.1)."""
    made = element("vcard", VCARD4)
    for name, (key, type_) in _TEXTS.items():
        if value := getattr(profile, key):
            made.append(element(name, VCARD4, element(type_, VCARD4, value)))
    if profile.family_name or profile.given_name:
        names = element("n", VCARD4)
        _text(names, VCARD4, "surname", profile.family_name)
        _text(names, VCARD4, "given", profile.given_name)
        made.append(names)
    for one in profile.emails:
        made.append(element("email", VCARD4, element("text", VCARD4, one)))
    for one in profile.phones:
        made.append(element("tel", VCARD4, element("text", VCARD4, one)))
    for one in profile.urls:
        made.append(element("url", VCARD4, element("uri", VCARD4, one)))
    if profile.address != PostalAddress():
        address = element("adr", VCARD4)
        for key in _TEMP_ADDRESS.values():
            _text(address, VCARD4, key, getattr(profile.address, key))
        made.append(address)
    return made


def read_vcard4(vcard: Element, before: Profile) -> Profile:
    """A profile; what the new kind does not tell of (`unit`, `extras`) stays as it was."""
    texts = {key: _value(vcard, name) for name, (key, _) in _TEXTS.items()}
    names, address = named(vcard, "n"), named(vcard, "adr")
    phones = (_leaf(one).removeprefix("tel:") for one in each(vcard, "tel"))
    return Profile(
        **texts,
        unit=before.unit,
        extras=before.extras,
        family_name=_within(names, "surname"),
        given_name=_within(names, "given"),
        emails=_all(_leaf(one) for one in each(vcard, "email")),
        phones=_all(phones),
        urls=_all(_leaf(one) for one in each(vcard, "url")),
        address=PostalAddress(**{key: _within(address, key) for key in _TEMP_ADDRESS.values()}),
    )


def _text(parent: Element, namespace: str, name: str, value: str) -> None:
    if value:
        parent.append(element(name, namespace, value))


def _first(parent: Element, name: str) -> str:
    return (text_of(parent, name) or "").strip()


def _within(parent: Element | None, name: str) -> str:
    return "" if parent is None else _first(parent, name)


def _value(vcard: Element, name: str) -> str:
    found = named(vcard, name)
    return "" if found is None else _leaf(found)


def _leaf(parent: Element) -> str:
    for one in parent:
        if split(one.tag)[1] != "parameters":
            return (one.text or "").strip()
    return ""


def _all(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))


def _is_name(name: str) -> bool:
    return name.replace("-", "").isalnum() and name.isascii() and name[:1].isalpha()


def _kept(one: Element, known: set[str]) -> bool:
    name = split(one.tag)[1]
    return name not in known and _is_name(name)
