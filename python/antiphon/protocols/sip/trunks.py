"""Trunks: the carriers and other systems we are connected to, whether they can be used, whose
calls are theirs, and which of them a number is called through.

It registers with those that want it. Calls themselves are the user agent's.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from antiphon._native import SipRequest

from .config import TrunkConfig
from .credentials import Credentials
from .dialplan import DialPlan, Plan, trunks_to
from .registration import Registration, RegistrationState
from .resolve import Unresolved
from .stack import Stack
from .uri import MalformedError, Uri, parse_uri

log = logging.getLogger(__name__)

# A trunk that could not be reached is tried after the others for this long (s).
AVOIDED_FOR = 60.0
# How often the addresses of trunks that call without a password are looked up again (s).
LOOK_AGAIN = 300.0

MENU = "menu"
ROOM = "room:"


@dataclass(frozen=True, slots=True)
class TrunkState:
    """How a trunk is, for people. `registered`: None if it needs no registration."""

    name: str
    host: str
    registered: bool | None
    usable: bool
    text: str


class Trunk:
    """One trunk. `credentials`: None if it knows us by our address."""

    def __init__(self, config: TrunkConfig, stack: Stack) -> None:
        self.config = config
        self.server = _server(config)
        self.credentials = Credentials(config.user, config.password) if config.user else None
        self.avoided_until = 0.0
        self._stack = stack
        self._networks = [ip_network(text, strict=False) for text in config.addresses]
        self._resolved: frozenset[tuple[str, int]] = frozenset()
        self._registration: Registration | None = None
        if config.register and self.credentials is not None:
            self._registration = Registration(
                stack, self.server, self.credentials, expires=config.expires, changed=self._changed
            )

    @property
    def registration(self) -> RegistrationState | None:
        """How its registration stands; None if it needs none."""
        return self._registration.state if self._registration is not None else None

    @property
    def usable(self) -> bool:
        """Whether a call through it has a chance now."""
        state = self.registration
        avoided = asyncio.get_running_loop().time() < self.avoided_until
        return not avoided and (state is None or state.registered)

    def start(self) -> None:
        """Register, if it wants that."""
        if self._registration is not None:
            self._registration.start()

    async def close(self) -> None:
        """Take the registration back."""
        if self._registration is not None:
            await self._registration.close()

    def owns(self, request: SipRequest) -> bool:
        """Whether a request comes from it: from one of its addresses, from where it is found, or
        from the host of its registrar to what we registered there.

        Others may share the host with it (a NAT, a machine of one's own), so that elsewhere the
        port must be right as well.
        """
        remote = request.flow.remote
        if any(ip_address(remote[0]) in network for network in self._networks):
            return True
        if remote in self._resolved:
            return True
        state = self.registration
        if state is None or not state.registered or state.flow is None:
            return False
        return remote == state.flow.remote or (
            remote[0] == state.flow.remote[0] and _user_of(request) == self.config.user
        )

    async def look_up(self) -> None:
        """Learn the addresses of a trunk without a password and without addresses of its own."""
        if self._networks or self.credentials is not None:
            return
        try:
            flows = await self._stack.locate(self.server)
        except Unresolved as error:
            log.warning("trunk %s cannot be found: %s", self.config.name, error)
            return
        self._resolved = frozenset(flow.remote for flow in flows)

    def avoid(self) -> None:
        """It could not be reached: let the others go first for a while."""
        self.avoided_until = asyncio.get_running_loop().time() + AVOIDED_FOR
        log.warning("trunk %s is avoided for %d s", self.config.name, AVOIDED_FOR)

    def state(self) -> TrunkState:
        """For people."""
        registered, text = None, "ready"
        if (found := self.registration) is not None:
            registered = found.registered
            text = "registered" if registered else f"{found.status or ''} {found.text}".strip()
        if not self.usable and registered is not False:
            text = "could not be reached"
        return TrunkState(self.config.name, self.config.host, registered, self.usable, text)

    def _changed(self, state: RegistrationState) -> None:
        if state.registered:
            self.avoided_until = 0.0


class Trunks:
    """All trunks of a node. `plan` says what a dialled text means."""

    def __init__(
        self, stack: Stack, configs: Iterable[TrunkConfig], plan: Plan | None = None
    ) -> None:
        self.plan = plan or DialPlan()
        self._trunks = {config.name: Trunk(config, stack) for config in configs}
        self._looking: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._trunks)

    def __getitem__(self, name: str) -> Trunk:
        return self._trunks[name]

    def start(self) -> None:
        """Register where that is wanted; on the running loop."""
        for trunk in self._trunks.values():
            trunk.start()
        if self._trunks:
            looking = self._keep_looking()
            self._looking = asyncio.get_running_loop().create_task(looking, name="SIP trunks")

    async def close(self) -> None:
        """Take registrations back."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        await asyncio.gather(*(trunk.close() for trunk in self._trunks.values()))

    def states(self) -> Sequence[TrunkState]:
        """How they are."""
        return [trunk.state() for trunk in self._trunks.values()]

    def of(self, request: SipRequest) -> Trunk | None:
        """The trunk that a request comes from; None: from none of them."""
        return next((one for one in self._trunks.values() if one.owns(request)), None)

    def to(self, number: str) -> Sequence[Trunk]:
        """The trunks for an E.164 number, in the order in which to try them: those that work now
        first, the others as a last resort.
        """
        configs = trunks_to(number, (trunk.config for trunk in self._trunks.values()))
        found = [self._trunks[config.name] for config in configs]
        return sorted(found, key=lambda trunk: not trunk.usable)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.gather(*(trunk.look_up() for trunk in self._trunks.values()))
            await asyncio.sleep(LOOK_AGAIN)


def destination(trunk: TrunkConfig, called: str) -> str | None:
    """Where a number that a trunk calls leads: an account's name or address, `room:NAME`, `menu`;
    None: nowhere. `+` and what else dresses a number do not matter; `*` is for all others.
    """
    wanted = _digits(called)
    for number, target in trunk.numbers.items():
        if _digits(number) == wanted and wanted:
            return target
    return trunk.numbers.get("*")


def _user_of(request: SipRequest) -> str:
    try:
        return parse_uri(request.uri).user or ""
    except MalformedError:
        return ""


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit() and char.isascii())


def _server(config: TrunkConfig) -> Uri:
    scheme = "sips" if config.transport == "tls" and not config.port else "sip"
    host = f"[{config.host}]" if ":" in config.host else config.host
    return Uri(scheme, None, host, config.port or None).with_parameters(transport=config.transport)
