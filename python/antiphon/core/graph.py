"""The graph of a room's media: elements joined by wires, and the difference of two such graphs.

A wire group is one source and all its sinks, so that a room of n members has some n rows, never n².
Ids are strings: a member's id is its endpoint, a track's id is a source, a hub's id names the hub.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Sinks = frozenset[str]
NOBODY: Sinks = frozenset()


class Hub(StrEnum):
    """The hubs of a forwarding room: each passes every source to every sink, never back to where it
    came from.
    """

    AUDIO = "hub:audio"
    VIDEO = "hub:video"
    DATA = "hub:data"


@dataclass(frozen=True, slots=True)
class Wiring:
    """The wires that there are: source → sinks. Sources and sinks are endpoints, tracks or hubs."""

    wires: Mapping[str, Sinks] = field(default_factory=dict)

    @property
    def hubs(self) -> frozenset[str]:
        """The hubs that some wire touches."""
        names = set(self.wires).union(*self.wires.values()) if self.wires else set()
        return frozenset(names.intersection(HUBS))


HUBS = frozenset(hub.value for hub in Hub)
UNWIRED = Wiring()


@dataclass(frozen=True, slots=True)
class Change:
    """What turns one wiring into another. Apply in the order open, connect, disconnect, close."""

    open: tuple[str, ...] = ()
    disconnect: Mapping[str, Sinks] = field(default_factory=dict)
    connect: Mapping[str, Sinks] = field(default_factory=dict)
    close: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.open or self.disconnect or self.connect or self.close)


def difference(old: Wiring, new: Wiring) -> Change:
    """What must change: a step per source, and set operations where the sinks differ."""
    disconnect: dict[str, Sinks] = {}
    connect: dict[str, Sinks] = {}
    for source, sinks in new.wires.items():
        before = old.wires.get(source, NOBODY)
        if sinks is before or sinks == before:
            continue
        if more := sinks - before:
            connect[source] = more
        if less := before - sinks:
            disconnect[source] = less
    gone = old.wires.keys() - new.wires.keys()
    disconnect.update((source, old.wires[source]) for source in gone)
    before_hubs, after_hubs = old.hubs, new.hubs
    return Change(
        open=tuple(sorted(after_hubs - before_hubs)),
        disconnect=disconnect,
        connect=connect,
        close=tuple(sorted(before_hubs - after_hubs)),
    )
