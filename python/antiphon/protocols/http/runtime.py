"""What all requests of one application share while it lives: the context, rate limits, listeners
and media resources.
"""

import time
from typing import Annotated

from fastapi import Depends, Request

from antiphon.core.people import Contacts
from antiphon.core.reason import Reason
from antiphon.net.gate import network_of

from .assets import Assets
from .context import HttpContext
from .errors import HttpRefused
from .figures import Figures
from .limits import Buckets, Rate
from .listeners import Listeners
from .media_resources import MediaResources
from .people import People


class Gate:
    """One rate limit: refuses who comes too often."""

    def __init__(self, name: str, rate: Rate, capacity: int, figures: Figures) -> None:
        self._name = name
        self._buckets = Buckets(rate, capacity)
        self._figures = figures

    def pass_through(self, key: str) -> None:
        """Take one token. Raises `Refused(TOO_MANY)` with the seconds to wait."""
        self._refuse_for(self._buckets.take(key, time.monotonic()))

    def charge(self, key: str) -> None:
        """Take one token if there is one: something happened that was checked before."""
        self._buckets.take(key, time.monotonic())

    def check(self, key: str) -> None:
        """Refuse as `pass_through` would, without taking a token."""
        self._refuse_for(self._buckets.wait(key, time.monotonic()))

    def _refuse_for(self, seconds: float) -> None:
        if seconds > 0:
            self._figures.limited.labels(self._name).inc()
            raise HttpRefused(
                Reason.TOO_MANY,
                "Too many requests. Please wait a little.",
                headers={"Retry-After": str(max(1, round(seconds + 0.5)))},
            )


class Runtime:
    """Made with the application, found by `request.app.state.runtime`."""

    def __init__(self, context: HttpContext) -> None:
        self.context = context
        self.figures = Figures(context.registry)
        limits = context.limits
        self.requests = self._gate("requests", limits.request_rate, limits.request_burst)
        self.account_requests = self._gate("account", limits.account_rate, limits.account_burst)
        self.logins = self._gate("login", limits.login_rate, limits.login_burst)
        self.passwords = self._gate("password", limits.login_rate, limits.login_burst)
        self.guests = self._gate("guest", limits.guest_rate, limits.guest_burst)
        self.registrations = self._gate(
            "registration", limits.registration_rate, limits.registration_burst
        )
        self.assets = None if context.assets is None else Assets(context.assets)
        self.listeners = Listeners(context, self.figures)
        self.media = MediaResources(context, self.figures)

    def _gate(self, name: str, rate: float, burst: float) -> Gate:
        return Gate(name, Rate(rate, burst), self.context.limits.remembered, self.figures)

    async def drain(self) -> None:
        """End the event streams and WHIP and WHEP sessions, so that the server can stop."""
        self.listeners.close()
        await self.media.close()


def contacts_of(live: Runtime) -> Contacts:
    """Who knows whom; resources that need it are there only where it is."""
    contacts = live.context.contacts
    assert contacts is not None
    return contacts


def people_of(live: Runtime) -> People:
    """The services of accounts; resources that need them are there only where they are."""
    people = live.context.people
    assert people is not None
    return people


async def _runtime(request: Request) -> Runtime:
    runtime = request.app.state.runtime
    assert isinstance(runtime, Runtime)
    return runtime


async def _network(request: Request) -> str:
    return network_of(request.client.host if request.client else None)


Live = Annotated[Runtime, Depends(_runtime)]
"""A resource's way to what requests share."""

Network = Annotated[str, Depends(_network)]
"""Where a request comes from, as far as rate limits tell peers apart."""
