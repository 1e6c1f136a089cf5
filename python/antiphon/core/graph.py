"""The graph of a room's media: elements joined by wires, and the difference of two such graphs.

Wires are kept in groups, so that a room of n members has a handful of rows of at most n names,
never n² rows. Ids are strings: a member's id is its endpoint, a track's id is a source, a hub's id
names the hub.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Names = frozenset[str]
Groups = Mapping[str, Names]
NOBODY: Names = frozenset()


class Hub(StrEnum):
    """The hubs of a forwarding room.

    Each passes every source to every sink, but never back to where it came from. `MIX` passes their
    sum, as one stream.
    """

    AUDIO = "hub:audio"
    VIDEO = "hub:video"
    DATA = "hub:data"
    MIX = "hub:mix"


@dataclass(frozen=True, slots=True)
class Wiring:
    """The wires that there are.

    `feeds`: hub → its sources (tracks; for data, endpoints). `wires`: hub or track → its sinks
    (endpoints).
    """

    feeds: Groups = field(default_factory=dict)
    wires: Groups = field(default_factory=dict)


UNWIRED = Wiring()


@dataclass(frozen=True, slots=True)
class Change:
    """What turns one wiring into another. Apply in the order of the fields.

    New wires come before old ones go, so that what stays wired by another way is not interrupted.
    """

    open: tuple[str, ...] = ()
    feed: Groups = field(default_factory=dict)
    connect: Groups = field(default_factory=dict)
    disconnect: Groups = field(default_factory=dict)
    starve: Groups = field(default_factory=dict)
    close: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(
            self.open or self.feed or self.connect or self.disconnect or self.starve or self.close
        )


def difference(old: Wiring, new: Wiring) -> Change:
    """What must change: a step per group, and set operations where the groups differ."""
    feed, starve = _moved(old.feeds, new.feeds)
    connect, disconnect = _moved(old.wires, new.wires)
    return Change(
        open=tuple(sorted(new.feeds.keys() - old.feeds.keys())),
        feed=feed,
        connect=connect,
        disconnect=disconnect,
        starve=starve,
        close=tuple(sorted(old.feeds.keys() - new.feeds.keys())),
    )


def _moved(old: Groups, new: Groups) -> tuple[Groups, Groups]:
    """Per group: who is in it now and was not, who was and is not."""
    come: dict[str, Names] = {}
    gone = {name: old[name] for name in old.keys() - new.keys()}
    for name, members in new.items():
        before = old.get(name, NOBODY)
        if members == before:
            continue
        if more := members - before:
            come[name] = more
        if less := before - members:
            gone[name] = less
    return come, gone
