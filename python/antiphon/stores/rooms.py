"""Statements on stored rooms and on what accounts are to them."""

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from antiphon.core.address import Address
from antiphon.core.ports import RoomSettings, Subject
from antiphon.core.standing import Affiliation, Role, Standing

from .addresses import read_address
from .tables import affiliations, rooms

Standings = dict[Address, Standing]

_ROLES = ("may_whisper", "may_invite", "may_set_subject")
_PLAIN = (
    "name",
    "title",
    "description",
    "guests",
    "max_members",
    "stage",
    "audience",
    "created_at",
    "pin",
    "listed",
    "members_only",
    "moderated",
    "password",
    "archived",
    "history",
)


def find(connection: Connection, name: str) -> RoomSettings | None:
    """The settings of a room, with all its affiliations."""
    row = connection.execute(select(rooms).where(rooms.c.name == name)).one_or_none()
    if row is None:
        return None
    found = connection.execute(select(affiliations).where(affiliations.c.room == name))
    return _settings(row, {read_address(one.account): _standing(one) for one in found})


def save(connection: Connection, settings: RoomSettings) -> None:
    """Create with its affiliations, or replace all but these; when it was created stays."""
    values = _values(settings)
    known = select(rooms.c.name).where(rooms.c.name == settings.name)
    is_new = connection.execute(known).one_or_none() is None
    changed = {key: value for key, value in values.items() if key not in ("name", "created_at")}
    upsert = _insert(connection, rooms).values(values)
    connection.execute(upsert.on_conflict_do_update(index_elements=[rooms.c.name], set_=changed))
    standings = [_row(settings.name, *item) for item in settings.affiliations.items()]
    if is_new and standings:
        connection.execute(_insert(connection, affiliations).on_conflict_do_nothing(), standings)


def affiliate(
    connection: Connection, name: str, account: Address, standing: Standing | None
) -> None:
    """Replace what is kept of an account; None: nothing. Of a room that is gone nothing is kept."""
    own = (affiliations.c.room == name) & (affiliations.c.account == str(account))
    connection.execute(delete(affiliations).where(own))
    known = select(rooms.c.name).where(rooms.c.name == name)
    if standing is not None and connection.execute(known).one_or_none() is not None:
        connection.execute(_insert(connection, affiliations).values(_row(name, account, standing)))


def remove(connection: Connection, name: str) -> bool:
    """Delete; False if there was none."""
    return connection.execute(delete(rooms).where(rooms.c.name == name)).rowcount > 0


def page(
    connection: Connection, after: str | None, limit: int, account: Address | None
) -> list[RoomSettings]:
    """Up to `limit` rooms whose name sorts behind `after`, with what `account` is to each."""
    query = select(rooms).order_by(rooms.c.name).limit(limit)
    if after is not None:
        query = query.where(rooms.c.name > after)
    rows = connection.execute(query).all()
    own = _own(connection, account, {row.name for row in rows})
    return [_settings(row, own[row.name]) for row in rows]


def owned(connection: Connection, account: Address) -> int:
    """How many rooms an account has made."""
    query = select(func.count()).select_from(rooms).where(rooms.c.owner == str(account))
    return connection.execute(query).scalar_one()


def forget(connection: Connection, account: Address) -> list[str]:
    """Keep nothing of an account that is gone: its affiliations end; a room that it made goes over
    to another owner, else to nobody. The names of the rooms.
    """
    here = connection.execute(
        delete(affiliations)
        .where(affiliations.c.account == str(account))
        .returning(affiliations.c.room)
    ).scalars()
    concerned = set(here)
    mine = select(rooms.c.name).where(rooms.c.owner == str(account))
    for name in connection.execute(mine).scalars().all():
        heirs = select(func.min(affiliations.c.account)).where(
            affiliations.c.room == name, affiliations.c.affiliation == Affiliation.OWNER.value
        )
        heir = connection.execute(heirs).scalar()
        connection.execute(update(rooms).where(rooms.c.name == name).values(owner=heir))
        concerned.add(name)
    return sorted(concerned)


def _own(connection: Connection, account: Address | None, names: set[str]) -> dict[str, Standings]:
    found: dict[str, Standings] = defaultdict(dict)
    if account is None:
        return found
    mine = select(affiliations).where(affiliations.c.account == str(account.bare))
    for row in connection.execute(mine.where(affiliations.c.room.in_(names))):
        found[row.room][account.bare] = _standing(row)
    return found


def _insert(connection: Connection, table: Any) -> Any:
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return make(table)


def _row(name: str, account: Address, standing: Standing) -> dict[str, Any]:
    return {
        "room": name,
        "account": str(account),
        "affiliation": standing.affiliation.value,
        "reason": standing.reason,
        "nick": standing.nick,
    }


def _standing(row: Row[Any]) -> Standing:
    return Standing(affiliation=Affiliation(row.affiliation), reason=row.reason, nick=row.nick)


def _values(settings: RoomSettings) -> dict[str, Any]:
    subject = settings.subject
    return {
        **{name: getattr(settings, name) for name in _PLAIN},
        **{name: _name_of(getattr(settings, name)) for name in _ROLES},
        "addresses_for": settings.addresses_for.value,
        "owner": _text(settings.owner),
        "subject": subject.text,
        "subject_by": _text(subject.by),
        "subject_name": subject.name,
        "subject_at": subject.at,
    }


def _settings(row: Row[Any], standings: Standings) -> RoomSettings:
    plain: dict[str, Any] = {name: getattr(row, name) for name in _PLAIN}
    roles: dict[str, Any] = {name: _role(getattr(row, name)) for name in _ROLES}
    return RoomSettings(
        **plain,
        **roles,
        addresses_for=Role(row.addresses_for),
        owner=_address(row.owner),
        subject=Subject(
            text=row.subject,
            by=_address(row.subject_by),
            name=row.subject_name,
            at=row.subject_at,
        ),
        affiliations=standings,
    )


def _name_of(role: Role | None) -> str | None:
    return None if role is None else role.value


def _role(text: str | None) -> Role | None:
    return None if text is None else Role(text)


def _text(address: Address | None) -> str | None:
    return None if address is None else str(address)


def _address(text: str | None) -> Address | None:
    return None if text is None else read_address(text)
