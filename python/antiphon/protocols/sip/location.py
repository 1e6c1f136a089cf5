"""Where the telephones of each account are: bindings, from REGISTER to their end.

No I/O: what changed is remembered for the one who keeps it (`keeper`).
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from antiphon._native import SipFlow, SipTarget
from antiphon.core.address import Address

from .uri import MalformedError, Uri, parse_uri

# Accounts looked at for expired bindings before others get their turn, and how often all are.
SWEEP_ACCOUNTS = 500
SWEEP_TIME = 20.0


class Binding:
    """A registered contact (RFC 3261 §10). `until`: on the clock of the loop.

    `nat`: it is reached over the flow that it registered by, and no other way. `path`: URIs of
    the proxies before it, for Route (RFC 3327). `agent`: what software it says it is.
    """

    __slots__ = (
        "agent",
        "call_id",
        "cseq",
        "flow",
        "instance",
        "nat",
        "path",
        "q",
        "reg_id",
        "until",
        "uri",
    )

    def __init__(
        self,
        uri: str,
        flow: SipFlow,
        *,
        call_id: str,
        cseq: int,
        until: float,
        nat: bool = False,
        path: tuple[str, ...] = (),
        instance: str = "",
        reg_id: int = 0,
        q: float = 1.0,
        agent: str = "",
    ) -> None:
        self.uri = uri
        self.flow = flow
        self.call_id = call_id
        self.cseq = cseq
        self.until = until
        self.nat = nat
        self.path = path
        self.instance = instance
        self.reg_id = reg_id
        self.q = q
        self.agent = agent

    def target(self) -> SipTarget:
        """As a leg of a relay."""
        return SipTarget(self.uri, self.flow, route=self.path, direct=not self.path, bound=self.nat)

    @property
    def device(self) -> str:
        """A name for it that stays the same from registration to registration."""
        return self.instance or self.uri


Bindings = tuple[Binding, ...]


class Location:
    """All bindings, by account (local part of its address)."""

    def __init__(
        self,
        domain: str,
        *,
        clock: Callable[[], float],
        limit: int = 100_000,
        is_open: Callable[[SipFlow], bool] = lambda _: True,
        dial: Callable[[str], SipFlow | None] = lambda _: None,
    ) -> None:
        """`is_open`: whether a flow's connection is still there. `dial`: the flow that leads to a
        contact's URI by itself.
        """
        self.domain = domain
        self.changed: set[str] = set()
        self.refreshed: set[str] = set()
        self.is_open = is_open
        self.dial = dial
        self._clock = clock
        self._limit = limit
        self._accounts: dict[str, Bindings] = {}
        self._watchers: list[Callable[[Address], None]] = []
        self.count = 0

    @property
    def accounts(self) -> int:
        """How many accounts have telephones."""
        return len(self._accounts)

    def place_for(self, more: int) -> bool:
        """Whether so many more may be kept."""
        return self.count + more <= self._limit

    def all(self, local: str) -> Bindings:
        """All bindings of an account that have not expired."""
        found = self._accounts.get(local, ())
        now = self._clock()
        for binding in found:
            if binding.until <= now:
                return tuple(one for one in found if one.until > now)
        return found

    def bindings(self, account: Address | str, instance: str = "") -> Bindings:
        """The telephones of an account that can be reached now (only those of an instance)."""
        local = account if isinstance(account, str) else account.local
        if not (found := self._accounts.get(local)):
            return ()
        now = self._clock()
        return tuple(
            one
            for one in found
            if one.until > now and (not instance or one.instance == instance) and self._reach(one)
        )

    def put(self, local: str, bindings: Bindings, *, refresh: bool = False) -> None:
        """These are all bindings of the account now. `refresh`: the same, for longer."""
        before = self._accounts.get(local, ())
        self.count += len(bindings) - len(before)
        if bindings:
            self._accounts[local] = bindings
        else:
            self._accounts.pop(local, None)
        if refresh:
            self.refreshed.add(local)
            return
        self.changed.add(local)
        self._tell(local)

    def restore(self, local: str, bindings: Iterable[Binding]) -> None:
        """Bindings of an earlier life of this node; those of this one are newer."""
        present = self._accounts.get(local, ())
        former = [one for one in bindings if not any(_is_same(one, new) for new in present)]
        if former:
            self._accounts[local] = (*former, *present)
            self.count += len(former)

    def forget(self, account: Address) -> None:
        """The account is gone."""
        if account.local in self._accounts:
            self.put(account.local, ())

    def watch(self, listener: Callable[[Address], None]) -> Callable[[], None]:
        """Tell of each account whose telephones have changed; the result ends that."""
        self._watchers.append(listener)
        return lambda: self._watchers.remove(listener)

    async def sweep(self) -> None:
        """Drop what has expired, for ever."""
        while True:
            await asyncio.sleep(SWEEP_TIME)
            accounts = list(self._accounts)
            for first in range(0, len(accounts), SWEEP_ACCOUNTS):
                self.expire(accounts[first : first + SWEEP_ACCOUNTS])
                await asyncio.sleep(0)

    def expire(self, accounts: Sequence[str]) -> None:
        """Drop what has expired of these accounts."""
        for local in accounts:
            before = self._accounts.get(local, ())
            if len(left := self.all(local)) < len(before):
                self.put(local, left)

    def _reach(self, binding: Binding) -> bool:
        """Whether it can be reached; one that can be dialled is, when its connection is gone."""
        flow = binding.flow
        if not flow.reliable or not flow.connection or self.is_open(flow):
            return True
        if binding.nat or binding.path or binding.reg_id:
            return False  # RFC 5626 §5.3: only the flow itself leads there
        if (dialled := self.dial(binding.uri)) is None:
            return False
        binding.flow = dialled
        return True

    def _tell(self, local: str) -> None:
        if self._watchers:
            address = Address(local, self.domain)
            for listener in list(self._watchers):
                listener(address)


def _is_same(one: Binding, other: Binding) -> bool:
    """Whether two bindings are of one contact: by instance and flow, or by URI."""
    if one.instance and one.reg_id:
        return (one.instance, one.reg_id) == (other.instance, other.reg_id)
    return one.uri == other.uri


def dialler(locate: Callable[[Uri], SipFlow | None]) -> Callable[[str], SipFlow | None]:
    """`dial` of a location, by the stack's `locate_now`."""

    def dial(uri: str) -> SipFlow | None:
        try:
            return locate(parse_uri(uri))
        except MalformedError:
            return None

    return dial
