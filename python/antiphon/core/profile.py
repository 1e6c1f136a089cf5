"""How an account shows itself, and places for files, as values (the vCard of RFC 6350 is one
spelling of a profile).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class PostalAddress:
    """Where somebody lives or works."""

    street: str = ""
    locality: str = ""
    region: str = ""
    code: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What an account says of itself; empty: nothing.

    `nickname` is the name that is shown, that of the account. `birthday` is a date as ISO 8601
    writes it, with or without the year (`1985-04-12`, `--04-12`). `extras`: what else somebody's
    own words for profiles can say, by a key of theirs, as text.
    """

    full_name: str = ""
    nickname: str = ""
    given_name: str = ""
    family_name: str = ""
    organization: str = ""
    unit: str = ""
    title: str = ""
    role: str = ""
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    note: str = ""
    birthday: str = ""
    address: PostalAddress = field(default_factory=PostalAddress)
    extras: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Avatar:
    """The picture of an account. `id`: hexadecimal SHA-1 of the picture of full size, whichever
    this is. `width`, `height` in pixels.
    """

    id: str
    media_type: str
    data: bytes = field(repr=False)
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A place for one file: who has `put_url` may put it there, with these header fields, until
    `expires_at` (seconds since 1970); who has `get_url` may read it.
    """

    id: str
    put_url: str
    get_url: str
    headers: Mapping[str, str]
    expires_at: float
