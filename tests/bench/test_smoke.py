"""`python -m bench --quick` gives figures that can be true. How good they are is not asked here."""

import asyncio
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.speech import CLICK_AT, click, find_click, from_pcmu, payloads, pcmu, soft

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


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(shutil.which("sipp") is None, reason="SIPp is not installed")
async def test_signalling_gives_sane_figures(tmp_path: Path) -> None:
    rows = await bench(tmp_path, "sip", "sip_profile")

    ours = {row["operation"]: row for row in rows["sip"] if row["server"] == "antiphon"}
    costs = {name: row["cpu_us"] for name, row in ours.items() if "times" in row}
    assert len(costs) == 5
    assert all(5 < cost < 1_000_000 for cost in costs.values())
    assert costs["REGISTER, refresh"] < costs["call, answered by a room"]
    assert {row["times"] for row in ours.values() if "times" in row} == {400, 200, 20}
    memory = {name: row["kb"] for name, row in ours.items() if "kb" in row}
    assert len(memory) == 3
    assert all(size < 10_000 for size in memory.values())
    assert not [row for row in rows["sip"] if "failure" in row]
    if shutil.which("kamailio"):
        assert len([row for row in rows["sip"] if row["server"] == "kamailio"]) == 7
    for operation in ("REGISTER, refresh", "call, proxied", "call, answered by a room"):
        profile = [row for row in rows["sip_profile"] if row["operation"] == operation]
        assert 10 < sum(row["share_pct"] for row in profile) <= 100.5
    assert any(row["name"] == "sip/registrar.py:register" for row in rows["sip_profile"])


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed")
async def test_messages_give_sane_figures(tmp_path: Path) -> None:
    rows = (await bench(tmp_path, "xmpp"))["xmpp"]

    assert not [row for row in rows if row.get("failed") or "failure" in row]
    costs = {row["operation"]: row["cpu_us"] for row in rows if "cpu_us" in row}
    assert len(costs) == 8
    assert all(0 < cost < 100_000 for cost in costs.values())
    assert costs["presence, a delivery"] < costs["log-in, SCRAM-SHA-1, TLS"]
    sizes = {row["operation"]: row["kb"] for row in rows if "kb" in row}
    assert 0 < sizes["idle session, plain"] < 1000
    assert 0 < sizes["idle session, TLS"] < 1000


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_telephones_give_sane_figures(tmp_path: Path) -> None:
    rows = (await bench(tmp_path, "phones"))["phones"]

    cost, passed, mixed = rows
    assert cost["members"] == 10
    assert 0 < cost["core_pct"] < 100
    # 50 packets a second from and to each.
    assert cost["sent_per_second"] == pytest.approx(500, rel=0.1)
    assert cost["heard_per_second"] == pytest.approx(500, rel=0.1)
    for row in (passed, mixed):
        assert row["found"] >= 0.8 * row["clicks"] > 0
        assert 0 < row["delay_p50_ms"] < 2000


def test_clicks_are_found_where_they_are() -> None:
    assert find_click(click()) == CLICK_AT
    assert find_click(soft(1)) is None
    loudness = np.abs(from_pcmu(pcmu(np.array([0.0, 100.0, -1000.0, 20_000.0]))))
    assert loudness == pytest.approx([0, 100, 1000, 20_000], rel=0.04)


def test_sounds_make_one_packet_every_20_ms() -> None:
    for name in ("PCMU", "opus"):
        loud, quiet = (payloads(name, talks, 1.0, 1) for talks in (True, False))
        assert len(loud) == len(quiet) == 50
    assert all(len(payload) == 160 for payload in payloads("PCMU", True, 1.0, 1))


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
