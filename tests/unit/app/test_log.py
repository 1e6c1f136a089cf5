"""Log lines: their context, and that nobody can forge one."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from antiphon.app import log as logs
from antiphon.net.trace import CONNECTION


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in list(root.handlers):
        root.removeHandler(handler)
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(False)


def lines(form: str, level: str = "info") -> io.StringIO:
    stream = io.StringIO()
    logs.configure(form, level, "n1", stream)
    return stream


def test_text_has_context() -> None:
    stream = lines("text")
    CONNECTION.set("c7")
    logging.getLogger("antiphon.x").info(
        "%s joined", "Ann", extra={"room": "a room", "member": "m_1"}
    )
    line = stream.getvalue()
    assert line.endswith(
        'Z INFO antiphon.x Ann joined node=n1 room="a room" member=m_1 connection=c7\n'
    )


def test_json_has_context() -> None:
    stream = lines("json")
    logging.getLogger("antiphon.x").warning("hm", extra={"room": "r", "connection": "c1"})
    entry = json.loads(stream.getvalue())
    assert entry.pop("time").endswith("Z")
    assert entry == {
        "level": "warning",
        "logger": "antiphon.x",
        "message": "hm",
        "node": "n1",
        "room": "r",
        "connection": "c1",
    }


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("end", ["\n", "\r", "\x0b", "\x85", "\u2028", "\x1b[2J"])
def test_nobody_forges_a_line(form: str, end: str) -> None:
    stream = lines(form)
    forged = f"x{end}2026-01-01T00:00:00.000Z CRITICAL antiphon all is lost"
    logging.getLogger("antiphon.x").info("%s", forged, extra={"room": forged})
    assert len(stream.getvalue().splitlines()) == 1
    assert end not in stream.getvalue().removesuffix("\n")


@pytest.mark.parametrize("form", ["text", "json"])
def test_tracebacks_are_no_lines_of_their_own(form: str) -> None:
    stream = lines(form)
    try:
        raise ValueError("first\nERROR second")
    except ValueError:
        logging.getLogger("antiphon.x").exception("broke")
    first, *others = stream.getvalue().splitlines()
    assert "broke" in first
    assert all(line.startswith("  | ") for line in others)
    assert (form == "json") == (not others)
    assert "ERROR second" in stream.getvalue()


def test_levels() -> None:
    stream = lines("text", "warning")
    logging.getLogger("antiphon.x").info("no")
    logging.getLogger("antiphon.x").warning("yes")
    logging.getLogger("sqlalchemy.engine").info("no")
    assert stream.getvalue().count("\n") == 1


def test_chatty_libraries_are_quiet_even_when_we_are_not() -> None:
    stream = lines("text", "debug")
    logging.getLogger("sqlalchemy.engine.Engine").debug("SELECT")
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    logging.getLogger("antiphon.x").debug("yes")
    assert stream.getvalue().count("\n") == 1
