"""Runs a program on one core, in a scheduling group of its own that comes before other work.

`pinned.py CORE PROGRAM [ARGUMENT]...`. Without the privilege it runs at ordinary priority.
"""

import os
import sys
from pathlib import Path

PRIORITY = -15


def main(core: str, *command: str) -> None:
    os.sched_setaffinity(0, {int(core)})
    # With automatic grouping niceness counts within a session; the group has its own, sched(7).
    group = Path("/proc/self/autogroup")
    try:
        os.setsid()
        if group.exists():
            group.write_text(str(PRIORITY))
        os.nice(PRIORITY)
    except PermissionError:
        pass  # the figures are CPU time, which only suffers a little from waiting
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
