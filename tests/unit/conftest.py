"""For unit tests: the loop that they run on, and databases: each test that wants one runs on SQLite
and on a real PostgreSQL.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from antiphon.core.address import Addresses
from antiphon.services.normalize import PrecisNormalizer
from antiphon.stores.database import Database
from tests.support.postgres import Cluster, require
from tests.support.virtual_time import VirtualLoop

CORE = Path(__file__).parent / "core"

# How long an example takes says nothing on a machine that others use too. Each run tries the same.
settings.register_profile(
    "unit", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unit")


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Which loop runs a test: the core has no sockets and no threads, others say so by a mark."""
    timeless = CORE in item.path.parents or item.get_closest_marker("virtual_time") is not None
    return {"virtual": VirtualLoop} if timeless else {"real": asyncio.new_event_loop}


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL server of this run's own."""
    cluster = Cluster(require())
    try:
        cluster.create()
        yield cluster
    finally:
        cluster.remove()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """URL of a SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'antiphon.db'}"


@pytest.fixture
def postgres_url(postgres: Cluster) -> Iterator[str]:
    """URL of an empty PostgreSQL database."""
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of an empty database, of each kind in turn."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open, migrated database, of each kind in turn."""
    async with Database(database_url) as database:
        yield database


@pytest.fixture
def addresses() -> Addresses:
    """Addresses of example.org."""
    return Addresses("example.org", PrecisNormalizer())
