"""Keeps bindings over a restart: what changed is written once a second, what was only refreshed
twice a minute, all of it at the end.

A crash loses that much; the next REGISTER of each telephone repairs it.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable

from antiphon._native import SipFlow
from antiphon.core.address import Address
from antiphon.core.reason import Refused
from antiphon.stores import bindings as statements
from antiphon.stores.bindings import StoredBinding
from antiphon.stores.database import Database

from .location import Binding, Location

log = logging.getLogger(__name__)

CHANGES_TIME = 1.0
REFRESHES_TIME = 30.0
# Accounts of one transaction.
BATCH = 400

FlowFor = Callable[[str, str, int], SipFlow | None]


class BindingKeeper:
    """Writes what changes in a location. `flow_for(transport, host, port)`: the flow of a contact
    of an earlier life; None where there is no such listener any more.
    """

    def __init__(
        self,
        database: Database,
        location: Location,
        flow_for: FlowFor,
        *,
        clock: Callable[[], float],
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.failures = 0
        self._database = database
        self._location = location
        self._flow_for = flow_for
        self._clock = clock
        self._wall = wall
        self._refreshed_at = clock()

    async def load(self) -> int:
        """Take in what is kept; how many contacts that were. Raises `Refused`."""
        domain, wall = self._location.domain, self._wall()
        await self._database.write(lambda c: statements.remove_expired(c, wall))
        rows = await self._database.read(lambda c: statements.load(c, domain))
        found: dict[str, list[Binding]] = {}
        for address, stored in rows:
            if (binding := self._binding(stored, wall)) is not None:
                found.setdefault(address.local, []).append(binding)
        for local, bindings in found.items():
            self._location.restore(local, bindings)
        return sum(map(len, found.values()))

    async def run(self) -> None:
        """Write for ever; what fails is tried again."""
        while True:
            await asyncio.sleep(CHANGES_TIME)
            try:
                await self.flush()
            except Refused as refused:
                self.failures += 1
                log.error("contacts of telephones could not be stored: %s", refused)
            except Exception:
                # One that cannot be stored must not end the node.
                self.failures += 1
                log.exception("contacts of telephones could not be stored")

    async def close(self) -> None:
        """Write what is left."""
        try:
            await self.flush(everything=True)
        except Refused as refused:
            self.failures += 1
            log.error("contacts of telephones could not be stored at the end: %s", refused)
        except Exception:
            self.failures += 1
            log.exception("contacts of telephones could not be stored at the end")

    async def flush(self, *, everything: bool = False) -> None:
        """Write what changed, and from time to time what was refreshed. Raises `Refused`."""
        location, now = self._location, self._clock()
        due, location.changed = location.changed, set()
        if everything or now - self._refreshed_at >= REFRESHES_TIME:
            self._refreshed_at = now
            due |= location.refreshed
            location.refreshed = set()
        else:
            location.refreshed -= due
        waiting = list(due)
        while waiting:
            batch = waiting[:BATCH]
            try:
                await self._write(batch)
            except BaseException:
                location.changed.update(waiting)
                raise
            del waiting[:BATCH]

    async def _write(self, accounts: Iterable[str]) -> None:
        ahead = self._wall() - self._clock()
        rows = {
            Address(local, self._location.domain): [
                _stored(binding, ahead) for binding in self._location.all(local)
            ]
            for local in accounts
        }
        await self._database.write(lambda c: statements.replace(c, rows))

    def _binding(self, stored: StoredBinding, wall: float) -> Binding | None:
        flow = self._flow_for(stored.transport, stored.host, stored.port)
        if flow is None:
            return None
        return Binding(
            stored.uri,
            flow,
            call_id=stored.call_id,
            cseq=stored.cseq,
            until=self._clock() + stored.expires_at - wall,
            nat=stored.nat,
            path=tuple(stored.path.splitlines()),
            instance=stored.instance,
            reg_id=stored.reg_id,
            q=stored.priority,
            agent=stored.agent,
        )


def _stored(binding: Binding, ahead: float) -> StoredBinding:
    """`ahead`: how much the clock of the wall is ahead of that of bindings."""
    host, port = binding.flow.remote
    return StoredBinding(
        binding.uri,
        binding.flow.transport,
        host,
        port,
        binding.nat,
        "\n".join(binding.path),
        binding.instance,
        binding.reg_id,
        binding.call_id,
        binding.cseq,
        binding.q,
        binding.agent,
        binding.until + ahead,
    )
