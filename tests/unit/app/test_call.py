"""`antiphon call` against a node that answers from a table: pages, times, and text of strangers."""

import re
from argparse import Namespace
from typing import Any

import pytest

from antiphon.app import call
from antiphon.app.remote import Failed

CALL: dict[str, Any] = {
    "id": "c",
    "room": "call-0",
    "caller": "ann@example.org/tab",
    "caller_name": "Ann \x1b[31m",
    "callee": "bob@example.org",
    "video": False,
    "state": "ended",
    "started_at": 1.0,
    "answered_at": 2.0,
    "ended_at": 65.4,
    "duration": 63.4,
    "by": None,
    "reason": "left",
    "text": "",
}


class Table:
    """The REST API: what was asked for, and the answers."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def call(self, method: str, path: str) -> Any:
        self.asked.append(path)
        if path not in self.answers:
            raise Failed("There is no such call.")
        return self.answers[path]


def run(monkeypatch: pytest.MonkeyPatch, table: Table, **options: Any) -> int:
    monkeypatch.setattr(call, "Remote", lambda config: table)
    monkeypatch.setattr(call, "read_config", lambda options: None)
    return call.run(Namespace(**options))


def test_pages_are_read_up_to_the_limit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = [CALL | {"id": f"c{number}"} for number in range(100)]
    running = CALL | {"id": "last", "state": "ringing", "reason": None, "duration": None}
    table = Table(
        {
            "/api/v1/calls?account=ann&limit=100": {"calls": page, "more": True},
            "/api/v1/calls?account=ann&before=c99&limit=20": {"calls": [running], "more": False},
        }
    )
    options = {"verb": "list", "account": "ann", "limit": 120}
    assert run(monkeypatch, table, **options) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 101
    _, *rest = lines[0].split("\t")
    assert rest == ["c0", "ann@example.org/tab", "bob@example.org", "left", "63 s"]
    assert lines[-1].endswith("last\tann@example.org/tab\tbob@example.org\tringing")


@pytest.mark.parametrize("full", [False, True])
def test_a_call_and_its_ladder(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], full: bool
) -> None:
    step = {
        "at": 1.25,
        "sender": "192.0.2.1:5060",
        "receiver": "node",
        "line": "HELLO \x1b[2J",
        "text": "HELLO\r\n\r\nbody",
    }
    paths = {"/api/v1/calls/c%2Fd": CALL, "/api/v1/calls/c%2Fd/ladder": {"steps": [step]}}
    assert run(monkeypatch, Table(paths), verb="show", call="c/d", full=full) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert re.search(r"^ended_at\t19(69|70)-", out, re.MULTILINE)
    assert re.search(r"^duration\t63\.4$", out, re.MULTILINE)
    assert "\t192.0.2.1:5060 -> node\tHELLO " in out
    assert ("\n\tbody\n" in out) == full


def test_what_the_node_refuses_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, Table({}), verb="show", call="none", full=False) == 1
    assert capsys.readouterr().err == "antiphon: There is no such call.\n"
