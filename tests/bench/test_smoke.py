"""`python -m bench --quick` gives figures that can be true. How good they are is not asked here."""

import asyncio
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PARTS = ("forwarding", "joining", "memory", "rooms", "storage")


async def bench(results: Path, *parts: str) -> dict[str, list[dict[str, Any]]]:
    only = [word for part in parts for word in ("--only", part)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench", "--quick", "--results", str(results), *only),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, output.decode(errors="replace")[-4000:]
    return {part: json.loads((results / f"{part}.json").read_text())["rows"] for part in parts}


@pytest.mark.slow
@pytest.mark.timeout(600)  # the floor's cryptography is compiled at the first time
@pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed")
async def test_all_parts_give_sane_figures(tmp_path: Path) -> None:
    rows = await bench(tmp_path, *PARTS)

    servers = [row["server"] for row in rows["forwarding"]]
    assert servers == ["floor, saturated", "floor, paced", "antiphon", "antiphon"]
    for row in rows["forwarding"]:
        assert 0.05 < row["us_per_packet"] < 1000
        parts = row["user_us_per_packet"] + row["system_us_per_packet"]
        assert parts == pytest.approx(row["us_per_packet"], rel=0.02)
    for row in rows["forwarding"][2:]:
        # 230 packets a second to each of 10, of which one in 16 was decrypted.
        assert row["packets"] == pytest.approx(230 * 10 * row["seconds"], rel=0.3)
        assert row["decrypted"] == pytest.approx(row["packets"] / 16, rel=0.3)
        assert row["silent_subscribers"] == 0
        assert 70 <= row["delivery_pct"] <= 130
        assert 0 < row["delay_p50_ms"] < 2000

    (joined,) = rows["joining"]
    assert joined["failed"] == 0
    assert 0 < joined["answer_p50_ms"] <= joined["packet_p95_ms"] <= joined["picture_p95_ms"]
    for row in rows["memory"]:
        assert 0 < row["active_kb"] < 10_000
    for row in rows["rooms"]:
        assert 0 < row["join"] < 100_000
    assert {row["operation"] for row in rows["storage"]} >= {"append", "log-in by password"}
    assert all(row["cpu_us"] > 0 for row in rows["storage"])

    page = (tmp_path / "README.md").read_text()
    assert "## Forwarding" in page
    assert "| antiphon | all | 10 |" in page


@pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed")
async def test_the_load_generator_passes_its_own_tests() -> None:
    for command in ("vet", "test"):
        process = await asyncio.create_subprocess_exec(
            *("go", command, "-mod=readonly", "."),
            cwd=ROOT / "bench" / "load",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode(errors="replace")
