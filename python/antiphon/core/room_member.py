"""A member as its room keeps it: who it is, what it has, where its news goes."""

from dataclasses import dataclass, field

from .description import Description, Kind
from .media import Endpoint
from .member import Info, Receive, Track
from .outlet import Outlet
from .ports import Caller


@dataclass(slots=True, eq=False)
class Member:
    """An address present in one room through one outlet, with at most one endpoint; only its room
    changes it.
    """

    id: str
    caller: Caller
    info: Info
    outlet: Outlet
    receive: Receive = Receive.ALL
    chosen: frozenset[str] = frozenset()
    endpoint: Endpoint | None = None
    kinds: frozenset[Kind] = frozenset()
    tracks: dict[str, Track] = field(default_factory=dict)

    def measure(self) -> None:
        """Learn from the endpoint's description which kinds can be sent to it now."""
        described = self.endpoint.description if self.endpoint is not None else Description()
        self.kinds = frozenset(kind for kind in Kind if described.receives(kind))
