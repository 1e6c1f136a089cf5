"""Ports that were free a moment ago, for programs that must be told theirs."""

import socket
from collections.abc import Sequence


def free_ports(count: int, *, span: int = 1, host: str = "127.0.0.1") -> Sequence[int]:
    """`count` ports, free for UDP and TCP, each with the following `span` - 1 ones free as well."""
    found: list[int] = []
    kept: list[socket.socket] = []
    try:
        while len(found) < count:
            first = _bind(0, host, kept)
            if first is not None and all(
                _bind(first + i, host, kept) is not None for i in range(1, span)
            ):
                found.append(first)
    finally:
        for one in kept:
            one.close()
    return found


def _bind(port: int, host: str, kept: list[socket.socket]) -> int | None:
    stream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    kept += [stream, datagram]
    try:
        stream.bind((host, port))
        datagram.bind((host, stream.getsockname()[1]))
    except OSError:
        return None
    return int(stream.getsockname()[1])
