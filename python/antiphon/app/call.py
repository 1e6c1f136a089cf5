"""`antiphon call`: the calls of the node that runs on this machine, and the signalling of one."""

import argparse
import sys
import urllib.parse
from datetime import datetime
from typing import Any

from .log import escape
from .options import read_config
from .remote import Failed, Remote

PAGE = 100


def run(options: argparse.Namespace) -> int:
    """Do what the command says; returns the exit code."""
    remote = Remote(read_config(options))
    try:
        if options.verb == "list":
            _list(remote, options.account, options.limit)
        else:
            _show(remote, options.call, options.full)
    except Failed as error:
        print(f"antiphon: {error}", file=sys.stderr)
        return 1
    return 0


def _list(remote: Remote, account: str | None, limit: int) -> None:
    query = {"account": account} if account else {}
    while limit > 0:
        wanted = urllib.parse.urlencode({**query, "limit": min(limit, PAGE)})
        page = remote.call("GET", f"/api/v1/calls?{wanted}")
        for call in page["calls"]:
            _print(
                _time(call["started_at"]),
                call["id"],
                call["caller"],
                call["callee"],
                call["state"] if call["reason"] is None else call["reason"],
                _seconds(call["duration"]),
            )
        limit -= len(page["calls"])
        if not page["more"] or not page["calls"]:
            return
        query["before"] = page["calls"][-1]["id"]


def _show(remote: Remote, id: str, full: bool) -> None:
    path = f"/api/v1/calls/{urllib.parse.quote(id, safe='')}"
    call = remote.call("GET", path)
    for key, value in call.items():
        if key.endswith("_at") and value is not None:
            value = _time(value)
        _print(key, "" if value is None else value)
    for step in remote.call("GET", f"{path}/ladder")["steps"]:
        _print(_time(step["at"]), f"{step['sender']} -> {step['receiver']}", step["line"])
        if full:
            for line in step["text"].splitlines():
                _print("", line)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(" ", "milliseconds")


def _seconds(duration: float | None) -> str:
    return "" if duration is None else f"{duration:.0f} s"


def _print(*columns: Any) -> None:
    """Columns as text; what strangers sent must not steer the terminal."""
    print("\t".join(escape(str(column)) for column in columns).rstrip())
