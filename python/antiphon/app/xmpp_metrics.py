"""Figures of XMPP for Prometheus, read when they are asked for; it changes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from antiphon.protocols.xmpp.server import XmppServer

# What the stream engine counts that can shrink; all else only grows.
LEVELS = frozenset({"open"})


class Counted(Protocol):
    """Something that counts (`antiphon._native.Streams`)."""

    def counters(self) -> Mapping[str, int]:
        """Totals since the start, and what is open."""


class XmppCollector(Collector):
    """See the module."""

    def __init__(self, server: XmppServer, streams: Counted) -> None:
        self._server = server
        self._streams = streams

    def collect(self) -> Iterator[Metric]:
        """All families."""
        server = self._server
        sessions = server.hub.sessions
        away = sum(session.hibernating for session in sessions)
        levels: Sequence[tuple[str, str, float]] = (
            ("sessions_open", "Devices that are logged in.", len(sessions)),
            ("sessions_away", "Of them, those whose connection is lost.", away),
            ("accounts", "Accounts and guests that are logged in.", sessions.accounts),
            ("connections", "Connections by TCP and TLS.", server.connections),
            ("bosh_clients", "Clients over BOSH.", len(server.http_bind)),
        )
        for name, text, value in levels:
            yield GaugeMetricFamily(f"antiphon_xmpp_{name}", text, value=value)
        for name, value in sorted(server.counters().items()):
            text = f"XMPP: {name.replace('_', ' ')}."
            yield CounterMetricFamily(f"antiphon_xmpp_{name}", text, value=value)
        refused = CounterMetricFamily(
            "antiphon_xmpp_bosh_refused",
            "Requests of BOSH that were refused.",
            labels=["condition"],
        )
        for condition, count in sorted(server.http_bind.refused.items()):
            refused.add_metric([condition], count)
        yield refused
        for name, value in sorted(self._streams.counters().items()):
            text = f"Stream engine: {name.replace('_', ' ')}."
            family = GaugeMetricFamily if name in LEVELS else CounterMetricFamily
            yield family(f"antiphon_streams_{name}", text, value=value)
