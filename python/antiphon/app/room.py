"""`antiphon room` and `antiphon drain`: look at and steer the node that runs on this machine."""

import argparse
import os
import signal
import sys
import time
import urllib.parse
from typing import Any

from .folder import find_running
from .log import escape
from .options import read_config
from .remote import Failed, Remote

PAGE = 100
# A node that drains ends within some seconds of `[limits] drain_time`; this is for a slow disk.
PATIENCE = 30.0


def run(options: argparse.Namespace) -> int:
    """Do what the command says; returns the exit code."""
    remote = Remote(read_config(options))
    try:
        match options.verb:
            case "list":
                _list(remote)
            case "show":
                _show(remote, options.room)
            case "close":
                remote.call("DELETE", _path(options.room))
    except Failed as error:
        print(f"antiphon: {error}", file=sys.stderr)
        return 1
    return 0


def drain(options: argparse.Namespace) -> int:
    """Ask the node to stop, and wait until it has."""
    config = read_config(options)
    remote = Remote(config)
    os.kill(remote.running.pid, signal.SIGTERM)
    deadline = time.monotonic() + config.connections.drain_time + PATIENCE
    while time.monotonic() < deadline:
        now = find_running(config.node.data)
        if now is None or now.pid != remote.running.pid:
            print("stopped")
            return 0
        time.sleep(0.1)
    print("antiphon: the node has not stopped yet", file=sys.stderr)
    return 1


def _list(remote: Remote) -> None:
    after = ""
    while True:
        page = remote.call("GET", f"/api/v1/rooms?limit={PAGE}{after}")
        for room in page["rooms"]:
            live = room["live"]
            _print(room["name"], f"{live['members'] if live else 0} members", room["title"])
        if page["next"] is None:
            return
        after = f"&after={urllib.parse.quote(page['next'], safe='')}"


def _show(remote: Remote, name: str) -> None:
    room = remote.call("GET", _path(name))
    live = room.pop("live")
    for key, value in (room | {"opened_at": live["opened_at"]} if live else room).items():
        _print(key, "" if value is None else value)
    if live is None:
        return
    for member in remote.call("GET", f"{_path(name)}/members")["members"]:
        _print("member", member["id"], member["name"], member["address"], member["role"])


def _path(room: str) -> str:
    return f"/api/v1/rooms/{urllib.parse.quote(room, safe='')}"


def _print(*columns: Any) -> None:
    """Columns as text; what people chose must not steer the terminal."""
    print("\t".join(escape(str(column)) for column in columns).rstrip())
