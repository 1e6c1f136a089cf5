"""Figures of SIP for Prometheus, read when they are asked for; it changes nothing."""

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from antiphon.protocols.sip.server import SipServer

# What the machine counts that can shrink; all else only grows.
LEVELS = frozenset({"transactions", "undecided", "sources", "accounts", "waiting"})
_NOT_ALLOWED = re.compile(r"[^a-z0-9_]")


class Calls(Protocol):
    """Of the user agent."""

    @property
    def calls(self) -> int:
        """Telephones that are in calls now."""


class SipCollector(Collector):
    """See the module."""

    def __init__(self, server: SipServer, agent: Calls) -> None:
        self._server = server
        self._agent = agent

    def collect(self) -> Iterator[Metric]:
        """All families."""
        server = self._server
        levels: Sequence[tuple[str, str, float]] = (
            ("bindings", "Registered contacts of telephones.", server.location.count),
            ("accounts", "Accounts with registered telephones.", server.location.accounts),
            ("connections", "Connections by TCP, TLS and WebSocket.", len(server.flows)),
            ("dialogs", "Dialogs that end here.", server.stack.dialogs),
            ("calls", "Telephones that are in calls of this node.", self._agent.calls),
            ("identities", "Accounts whose keys are remembered.", server.identities.count),
            ("store_failures", "Contacts that could not be stored.", server.keeper.failures),
        )
        for name, text, value in levels:
            yield GaugeMetricFamily(f"antiphon_sip_{name}", text, value=value)
        yield from self._trunks()
        for name, value in sorted(server.counters().items()):
            part, _, what = name.partition("_")
            plain = _NOT_ALLOWED.sub("_", name.lower())
            text = f"SIP {part}: {what.replace('_', ' ')}."
            if part == "machine" and what in LEVELS:
                yield GaugeMetricFamily(f"antiphon_sip_{plain}", text, value=value)
            else:
                yield CounterMetricFamily(f"antiphon_sip_{plain}", text, value=value)

    def _trunks(self) -> Iterator[Metric]:
        states = self._server.trunks.states()
        if not states:
            return
        usable = GaugeMetricFamily(
            "antiphon_sip_trunk_usable", "Whether a trunk can be used now.", labels=["trunk"]
        )
        for state in states:
            usable.add_metric([state.name], float(state.usable))
        yield usable
