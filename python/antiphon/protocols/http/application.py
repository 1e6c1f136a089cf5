"""The ASGI application: every resource on one framework, wrapped in what every request passes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from antiphon.core.address import Address

from . import errors, openapi
from .context import HttpContext
from .middleware import BodyLimited, HeadAsGet, OtherOrigins, RateLimited, Safe, Supervised
from .resources import (
    accounts,
    affiliations,
    auth,
    calls,
    contacts,
    conversations,
    discovery,
    docs,
    events,
    export,
    files,
    health,
    host_meta,
    ice_servers,
    invitations,
    members,
    messages,
    pages,
    presence,
    profiles,
    push,
    resets,
    rooms,
    tracks,
    uploads,
    whep,
    whip,
)
from .runtime import Runtime

API = "/api/v1"

_RESOURCES = (
    auth,
    accounts,
    conversations,
    rooms,
    affiliations,
    members,
    messages,
    tracks,
    events,
    ice_servers,
    calls,
    whip,
    whep,
    discovery,
    host_meta,
    health,
    docs,
    pages,
)

# What there is where accounts have contacts.
_CONTACTS = (contacts, presence)

# What there is where accounts have more than a log-in.
_PEOPLE = (invitations, resets, profiles, uploads, files, push, export)

# What scripts of other origins may read of a response (Fetch §3.2.3).
_EXPOSED = (
    "Accept-Patch",
    "Accept-Post",
    "Allow",
    "ETag",
    "Link",
    "Location",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_SENT = ("Authorization", "Content-Type", "If-Match", "If-None-Match", "Accept")


def create_app(context: HttpContext) -> FastAPI:
    """The application of one node. Before its server stops, `await drain(app)`."""
    runtime = Runtime(context)
    app = FastAPI(
        title="Antiphon",
        version=context.version,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.runtime = runtime
    app.openapi = lambda: openapi.describe(app)  # type: ignore[method-assign]
    errors.install(app)
    _add_middleware(app, runtime)
    _add_routes(app, context)
    return app


async def drain(app: FastAPI) -> None:
    """End event streams and WHIP and WHEP sessions: they would keep the server from stopping."""
    runtime = app.state.runtime
    assert isinstance(runtime, Runtime)
    await runtime.drain()


def end_sessions(app: FastAPI, account: Address) -> None:
    """End the WHIP and WHEP sessions of an account whose log-ins are void. (Event streams look at
    their tokens themselves, every few seconds.)
    """
    runtime = app.state.runtime
    assert isinstance(runtime, Runtime)
    runtime.media.end_of(account)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await drain(app)


def _add_routes(app: FastAPI, context: HttpContext) -> None:
    routes = app.router.routes
    routes.extend(context.routes)
    people = () if context.people is None else _PEOPLE
    known = () if context.contacts is None else _CONTACTS
    for resource in (*people, *known, *_RESOURCES):
        # One flat list, so that each route knows its whole path.
        routes.extend(resource.router.routes)
    for router in context.routers:
        app.include_router(router, prefix=API)
    # The files of the pages take the addresses that are left.
    app.router.default = pages.Files(app.state.runtime)


def _add_middleware(app: FastAPI, runtime: Runtime) -> None:
    """The last added is the outermost."""
    app.add_middleware(HeadAsGet)
    app.add_middleware(BodyLimited, runtime=runtime)
    app.add_middleware(RateLimited, runtime=runtime)
    app.add_middleware(Supervised, runtime=runtime)
    if runtime.context.config.cors_origins:
        app.add_middleware(
            OtherOrigins,
            allow_origins=runtime.context.config.cors_origins,
            allow_methods=_METHODS,
            allow_headers=_SENT,
            expose_headers=_EXPOSED,
            max_age=3600,
        )
    app.add_middleware(Safe)
