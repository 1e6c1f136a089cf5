"""`antiphon serve`: a node in the foreground, its addresses on standard output, its log on standard
error.
"""

import argparse
import asyncio
import gc
import logging
import os
import resource
import signal
import sys

import uvloop

from . import log as logs
from .config import Config
from .node import Node
from .options import read_config

log = logging.getLogger(__name__)

# A thread that has written to the storage must not wait long for a busy event loop (s): Python's
# own choice is 0.005, several times for each transaction.
SWITCH_TIME = 0.001
# Messages make many short-lived objects and few cycles: the collector of cycles looks when there
# are as many new objects, not after each 700, and not at what was there when serving began.
COLLECT_AFTER = 50_000
SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run(options: argparse.Namespace) -> int:
    """Serve until a signal; returns the exit code."""
    if options.join:
        print("antiphon: --join: this version runs single nodes, not farms", file=sys.stderr)
        return 2
    config = read_config(options)
    node = Node(config)
    logs.configure(config.node.log, config.node.log_level, node.name)
    _allow_files()
    sys.setswitchinterval(SWITCH_TIME)
    uvloop.run(_serve(node, config))
    return 0


def _allow_files() -> None:
    """As many open files as we may have: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _serve(node: Node, config: Config) -> None:
    """Raises `StartError`."""
    stopping = asyncio.Event()
    _install(stopping)
    async with node:
        gc.collect()
        gc.freeze()
        gc.set_threshold(COLLECT_AFTER, 20, 20)
        _announce(node, config)
        serving = asyncio.create_task(node.serve_forever())
        stopped = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            serving.cancel()
            stopped.cancel()
        log.info("stopping")
        await node.drain()
    log.info("stopped")


def _install(stopping: asyncio.Event) -> None:
    """The first signal lets the node finish, the second ends the process at once."""
    loop = asyncio.get_running_loop()

    def hear(number: int) -> None:
        if stopping.is_set():
            # Nothing may keep us: not even exit handlers that wait for threads.
            os._exit(128 + number)
        stopping.set()

    for number in SIGNALS:
        loop.add_signal_handler(number, hear, number)


def _announce(node: Node, config: Config) -> None:
    for protocol, address in node.listening:
        print(f"listening {protocol} {address}")
    if node.web_address:
        print(f"web {node.web_address}")
        if config.lan:
            _show_code(node.web_address)
    print("ready", flush=True)


def _show_code(address: str) -> None:
    """A QR code for the camera of a telephone."""
    import segno

    print("On a telephone in the same network, scan this and accept the certificate:")
    segno.make(address, error="l").terminal(out=sys.stdout, compact=True)
