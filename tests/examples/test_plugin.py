"""The plug-in package, installed by pip beside a real node."""

from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.support.node import Node, run_node
from tests.support.plugin import install


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed plug-in."""
    return install("quiet_hours", tmp_path_factory.mktemp("plug-in"))


async def opens(node: Node, room: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=node.url) as client:
        guest = await client.post("/api/v1/auth/guest", json={"name": "Ann"})
        bearer = {"Authorization": f"Bearer {guest.json()['token']}"}
        answer = await client.put(f"/api/v1/rooms/{room}", json={}, headers=bearer)
        counted = await client.get("/api/v1/joins", headers=bearer)
        assert counted.json() == {}
        return answer


@pytest.mark.parametrize(("begin", "refused"), [(0, True), (5, False)])
async def test_rooms_are_opened_by_day_only(
    installed: Path, tmp_path: Path, artifacts: Path, begin: int, refused: bool
) -> None:
    hour = datetime.now(UTC).hour
    quiet = f"{(hour + begin) % 24}-{(hour + begin + 2) % 24}"
    environment = {"PYTHONPATH": str(installed), "QUIET": quiet}
    async with run_node(tmp_path, artifacts / "node.log", environment=environment) as node:
        answer = await opens(node, "standup")
    if refused:
        assert answer.status_code == 403
        assert "It is night" in answer.text
    else:
        assert answer.status_code == 201
