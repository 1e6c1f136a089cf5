"""Log lines as text or JSON, each with node, room, member and connection where they are known.

Library code passes what it knows by `extra={"room": …, "member": …}`; the connection is found by
itself. What a peer sent cannot begin a line of its own.
"""

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from functools import lru_cache
from typing import TextIO

from antiphon.net.trace import CONNECTION

CONTEXT = ("node", "room", "member", "connection")
# C0 and C1 control characters, and what Unicode counts as line ends (UAX 14, BK and NL).
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Libraries whose every step is of interest only to themselves.
_LOUD = ("alembic", "asyncio", "sqlalchemy", "websockets", "uvicorn")


class _Context(logging.Filter):
    """Completes a record with its context."""

    def __init__(self, node: str) -> None:
        super().__init__()
        self._node = node

    def filter(self, record: logging.LogRecord) -> bool:
        record.node = self._node
        for name in ("room", "member"):
            if not hasattr(record, name):
                setattr(record, name, "")
        if not getattr(record, "connection", ""):
            record.connection = CONNECTION.get()
        return True


class TextFormatter(logging.Formatter):
    """`TIME LEVEL LOGGER MESSAGE key=value …`; lines of a traceback are indented by a bar."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and one more for each line of a traceback."""
        context = [f"{name}={_quoted(value)}" for name, value in _context(record)]
        head = f"{_time(record)} {record.levelname} {record.name} {escape(record.getMessage())}"
        lines = [" ".join([head, *context])]
        lines += [f"  | {escape(line)}" for line in _traceback(record).splitlines()]
        return "\n".join(lines)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, the context, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        entry: dict[str, str] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **dict(_context(record)),
        }
        if text := _traceback(record):
            entry["traceback"] = text
        return json.dumps(entry, ensure_ascii=True)


def configure(form: str, level: str, node: str, stream: TextIO | None = None) -> None:
    """Let all loggers write to `stream` (stderr) as `form` ("text" or "json"). Replaces what was
    configured.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    handler.addFilter(_Context(node))
    root = logging.getLogger()
    for former in list(root.handlers):
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    for name in _LOUD:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    # It warns of every malformed request; net/guard does so with the peer's address, and counts.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)


def escape(text: str) -> str:
    """The text on one line, with control characters made visible."""
    return _CONTROLS.sub(lambda found: repr(found[0])[1:-1], text)


def _context(record: logging.LogRecord) -> list[tuple[str, str]]:
    found = ((name, getattr(record, name, "")) for name in CONTEXT)
    return [(name, str(value)) for name, value in found if value]


def _quoted(value: str) -> str:
    return value if re.fullmatch(r"[\w.:@/+-]+", value) else json.dumps(value)


@lru_cache(maxsize=2)
def _second(second: int) -> str:
    """Many lines are of one second."""
    return datetime.fromtimestamp(second, UTC).isoformat()[:-6]


def _time(record: logging.LogRecord) -> str:
    second, part = divmod(record.created, 1.0)
    return f"{_second(int(second))}.{int(part * 1000):03d}Z"


def _traceback(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    return "".join(traceback.format_exception(*record.exc_info))
