"""What a process and its descendants have used, by /proc. It knows nothing of what they do."""

from dataclasses import dataclass
from pathlib import Path

NS = 1e9
KB = 1024


@dataclass(frozen=True)
class Usage:
    """Seconds of CPU since the start, and the bytes of memory that are theirs now: what several of
    them share counts once.
    """

    cpu: float
    memory: int


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "stat").read_text()
        except OSError:
            continue  # it has ended meanwhile
        # After the command's name, which may hold anything: proc(5).
        parent = int(text.rpartition(")")[2].split()[1])
        children.setdefault(parent, []).append(int(folder.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def usage(pid: int) -> Usage:
    """What they have used. Threads that have ended are not counted."""
    cpu = memory = 0
    for one in family(pid):
        folder = Path(f"/proc/{one}")
        try:
            for task in (folder / "task").glob("*/schedstat"):
                cpu += int(task.read_text().split()[0])
            lines = (folder / "smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        memory += sum(int(line.split()[1]) * KB for line in lines if line.startswith("Pss:"))
    return Usage(cpu / NS, memory)
