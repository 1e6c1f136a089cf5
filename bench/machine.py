"""What the figures depend on: the machine, its cores, what is installed. It measures nothing."""

import os
import platform
import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINNED = Path(__file__).with_name("pinned.py")


@dataclass(frozen=True)
class Cores:
    """The core of the server, and that of everything else: the same where there is only one."""

    server: int
    client: int

    @classmethod
    def available(cls) -> "Cores":
        """Two of the cores that this process may use."""
        cores = sorted(os.sched_getaffinity(0))
        return cls(cores[0], cores[1 % len(cores)])


def on_core(core: int) -> tuple[str, ...]:
    """The command to run another command by."""
    return ("/usr/bin/env", "python3", str(PINNED), str(core))


def processor() -> str:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def commit() -> str:
    """The revision of the sources, with + if they were changed since; empty if unknown."""
    try:
        return subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--exclude=*"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def describe() -> dict[str, object]:
    """The facts, for the results."""
    return {
        "when": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit(),
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_average": [round(load, 1) for load in os.getloadavg()],
    }
