"""Our own registration with somebody else's registrar, kept alive as long as it is wanted
(RFC 3261 §10.2).

It knows one address at one server, and nothing of calls.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from antiphon._native import SipFlow, SipResponse

from .credentials import Credentials, strongest
from .header import number, parse_name_address
from .resolve import Unresolved
from .stack import Stack
from .uri import MalformedError, Uri

log = logging.getLogger(__name__)

# Before a binding runs out it is refreshed: by this part of its life, but not less than a moment.
REFRESH_SHARE = 0.75
SOONEST = 30.0
# RFC 5626 §4.5: wait longer after each failure, and not all at the same time.
FIRST_WAIT, LONGEST_WAIT = 5.0, 600.0
# One try: a request, at most two challenges, at most one 423.
ROUNDS = 4
FAREWELL = 2.0


@dataclass(slots=True)
class RegistrationState:
    """How it stands. `until`: loop time at which the binding runs out; 0 without one."""

    registered: bool = False
    until: float = 0.0
    status: int = 0
    text: str = "not tried yet"
    failures: int = 0
    flow: SipFlow | None = field(default=None, repr=False)


class Registration:
    """Registers `user` at `registrar` and keeps it so. `changed` hears of each change of state."""

    def __init__(
        self,
        stack: Stack,
        registrar: Uri,
        credentials: Credentials,
        *,
        expires: int,
        changed: Callable[[RegistrationState], None],
    ) -> None:
        self.state = RegistrationState()
        self._stack = stack
        self._registrar = registrar
        self._credentials = credentials
        self._expires = expires
        self._changed = changed
        # RFC 3261 §10.2: one Call-ID for all registrations with a registrar, rising numbers.
        self._call_id = secrets.token_hex(12)
        self._tag = secrets.token_hex(6)
        self._sequence = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, on the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="SIP registration")

    async def close(self) -> None:
        """Take the binding back, if the registrar answers in a moment, and end."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        if self.state.registered:
            try:
                async with asyncio.timeout(FAREWELL):
                    await self._try(0)
            except TimeoutError:
                log.info("no answer to taking back the registration at %s", self._registrar.host)
            self.state.registered = False

    async def _run(self) -> None:
        wait = FIRST_WAIT
        while True:
            granted = await self._try(self._expires)
            if granted:
                wait = FIRST_WAIT
                await asyncio.sleep(max(granted * REFRESH_SHARE, min(SOONEST, granted / 2)))
            else:
                await asyncio.sleep(wait * (0.5 + secrets.randbelow(1000) / 1000))
                wait = min(wait * 2, LONGEST_WAIT)

    async def _try(self, expires: int) -> float:
        """One registration; the seconds that it lasts, 0 if there is none."""
        try:
            return await self._register(expires)
        except Exception:
            # Such as a machine that is full in a flood: it must not be the last attempt.
            log.exception("a registration with %s failed", self._registrar.host)
            return self._failed(0, "this server failed to ask")

    async def _register(self, expires: int) -> float:
        try:
            flows = await self._stack.locate(self._registrar)
        except Unresolved as error:
            return self._failed(0, str(error))
        response: SipResponse | None = None
        for flow in flows:
            response = await self._exchange(flow, expires)
            if not response.local:
                break
        if response is None:
            return self._failed(0, "no address")
        if response.status >= 300:
            return self._failed(response.status, response.reason)
        return self._registered(response, expires)

    async def _exchange(self, flow: SipFlow, expires: int) -> SipResponse:
        """A request with what its answers ask for; the last answer."""
        authorization: tuple[tuple[str, str], ...] = ()
        response = await self._ask(flow, expires, authorization)
        for _ in range(ROUNDS - 1):
            if response.status in (401, 407):
                if (given := self._answer(response, bool(authorization))) is None:
                    break
                authorization = (given,)
            elif response.status == 423 and expires:
                expires = max(expires, _minimum(response))
            else:
                break
            response = await self._ask(flow, expires, authorization)
        return response

    def _answer(self, response: SipResponse, answered: bool) -> tuple[str, str] | None:
        proxy = response.status == 407
        challenge = strongest(response.all("Proxy-Authenticate" if proxy else "WWW-Authenticate"))
        if challenge is None or (answered and not challenge.stale):
            return None
        name = "Proxy-Authorization" if proxy else "Authorization"
        return name, self._credentials.answer(challenge, "REGISTER", str(self._registrar))

    async def _ask(
        self, flow: SipFlow, expires: int, authorization: tuple[tuple[str, str], ...]
    ) -> SipResponse:
        self._sequence += 1
        user = self._credentials.user
        address = Uri(self._registrar.scheme, user, self._registrar.host)
        contact = self._stack.listeners.contact(quote(user, safe="+"), flow)
        answered: asyncio.Future[SipResponse] = asyncio.get_running_loop().create_future()

        def heard(response: SipResponse) -> None:
            if response.status >= 200 and not answered.done():
                answered.set_result(response)

        self._stack.request(
            "REGISTER",
            self._registrar,
            flow,
            [
                ("From", f"<{address}>;tag={self._tag}"),
                ("To", f"<{address}>"),
                ("Call-ID", self._call_id),
                ("CSeq", f"{self._sequence} REGISTER"),
                ("Contact", f"<{contact}>;expires={expires}"),
                ("Expires", str(expires)),
                *authorization,
            ],
            heard=heard,
        )
        self.state.flow = flow
        return await answered

    def _registered(self, response: SipResponse, asked: int) -> float:
        granted = _granted(response, self._credentials.user, asked)
        state = self.state
        if granted and not state.registered:
            log.info("registered with %s as %s", self._registrar.host, self._credentials.user)
        state.registered = granted > 0
        state.until = asyncio.get_running_loop().time() + granted if granted else 0.0
        state.status, state.text, state.failures = response.status, response.reason, 0
        self._changed(state)
        return float(granted)

    def _failed(self, status: int, text: str) -> float:
        state = self.state
        state.failures += 1
        state.status, state.text = status, text
        state.registered = state.registered and (
            state.until > asyncio.get_running_loop().time() and status not in (401, 403, 404, 407)
        )
        log.warning("cannot register with %s: %s %s", self._registrar.host, status or "", text)
        self._changed(state)
        return 0.0


def _minimum(response: SipResponse) -> int:
    try:
        return min(number(response.get("Min-Expires") or "0"), 86_400)
    except MalformedError:
        return 0


def _granted(response: SipResponse, user: str, asked: int) -> int:
    """Seconds that our binding lasts, as the registrar says (RFC 3261 §10.2.4)."""
    if not asked:
        return 0
    for text in response.all("Contact", split=True):
        try:
            contact = parse_name_address(text)
            if contact.uri.user == user and "expires" in contact.parameters:
                return min(number(contact.parameters["expires"]), asked)
        except MalformedError:
            continue
    try:
        return min(number(response.get("Expires") or str(asked)), asked)
    except MalformedError:
        return asked
