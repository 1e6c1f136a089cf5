"""Figures of the node for Prometheus, read when they are asked for; it changes nothing.

Names follow the conventions of Prometheus: `antiphon_` first, units in the name, `_total` of what
only grows.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from antiphon.core.switchboard import Switchboard
from antiphon.net.gate import Gate
from antiphon.net.tls import Certificates
from antiphon.services.calls import CallRecords
from antiphon.services.presence import PresenceBook

# What the engine counts that can shrink; all else only grows.
LEVELS = frozenset({"peers", "rooms", "workers", "tracks"})
# From a commit on a fast disk to one that waits behind others (s).
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class Signalling(Protocol):
    """What is counted of the room WebSocket."""

    @property
    def open_sessions(self) -> int:
        """Sessions with a connection or waiting for one."""

    @property
    def counters(self) -> "SignallingCounters":
        """Since the start."""


class SignallingCounters(Protocol):
    """Counters of the room WebSocket. `failed` and `refused`: by reason."""

    @property
    def connections(self) -> int:
        """Open now."""

    @property
    def frames_in(self) -> int:
        """Received."""

    @property
    def frames_out(self) -> int:
        """Sent."""

    @property
    def failed(self) -> Mapping[str, int]:
        """Connections that were ended, by reason."""

    @property
    def refused(self) -> Mapping[str, int]:
        """Requests that were refused before anything was done, by reason."""


def message_seconds(registry: CollectorRegistry) -> Histogram:
    """How long messages take to be stored; told of the first one of each transaction."""
    return Histogram(
        "antiphon_message_append_seconds",
        "Seconds until the first message of a transaction was committed.",
        registry=registry,
        buckets=BUCKETS,
    )


class NodeCollector(Collector):
    """Rooms, members, sessions, connections and the media engine of one node."""

    def __init__(
        self,
        *,
        node: str,
        version: str,
        switchboard: Switchboard,
        calls: CallRecords,
        presence: PresenceBook,
        signalling: Signalling,
        gate: Gate,
        engine: Callable[[], Mapping[str, int]],
        certificates: Certificates | None,
    ) -> None:
        self._node = node
        self._version = version
        self._switchboard = switchboard
        self._records = calls
        self._presence = presence
        self._signalling = signalling
        self._gate = gate
        self._engine = engine
        self._certificates = certificates

    def collect(self) -> Iterator[Metric]:
        """Read everything now."""
        info = GaugeMetricFamily("antiphon_info", "This node.", labels=["node", "version"])
        info.add_metric([self._node, self._version], 1)
        yield info
        yield from self._rooms()
        yield from self._calls()
        yield from self._connections()
        yield from self._media()

    def _rooms(self) -> Iterator[Metric]:
        rooms = list(self._switchboard.rooms)
        members = [member for room in rooms for member in room.members.values()]
        yield _gauge("rooms", "Rooms that live here.", len(rooms))
        yield _gauge("members", "Members of these rooms.", len(members))
        tracks = GaugeMetricFamily("antiphon_tracks", "Published tracks.", labels=["kind"])
        kinds = [str(track.kind) for member in members for track in member.tracks.values()]
        for kind in ("audio", "video"):
            tracks.add_metric([kind], kinds.count(kind))
        yield tracks
        yield _gauge("draining", "1 while nobody is taken in.", int(self._switchboard.draining))

    def _calls(self) -> Iterator[Metric]:
        calls = GaugeMetricFamily("antiphon_calls", "Running calls.", labels=["state"])
        states = [str(call.state) for call in self._switchboard.calls]
        for state in ("calling", "ringing", "answered"):
            calls.add_metric([state], states.count(state))
        yield calls
        failures = self._switchboard.call_failures
        yield _counter("call_failures", "Ways to call somebody that failed by error.", failures)
        yield _counter("call_records_lost", "Calls that were not recorded.", self._records.lost)
        yield _gauge("presence_devices", "Devices that are there.", self._presence.devices)
        refused = self._presence.refused
        yield _counter("presence_refused", "Devices and watchers beyond the limits.", refused)

    def _connections(self) -> Iterator[Metric]:
        yield _gauge("connections", "TCP connections.", self._gate.open)
        refused = "Connections ended because of a limit or of what their peer sent."
        yield _by_reason("connections_refused", refused, self._gate.refused)
        counters = self._signalling.counters
        yield _gauge("ws_connections", "Room WebSockets.", counters.connections)
        yield _gauge("ws_sessions", "Sessions of room WebSockets.", self._signalling.open_sessions)
        yield _counter("ws_frames_in", "Messages from clients.", counters.frames_in)
        yield _counter("ws_frames_out", "Messages to clients.", counters.frames_out)
        yield _by_reason("ws_failed", "Room WebSockets that the node ended.", counters.failed)
        yield _by_reason("ws_refused", "Requests refused as they came.", counters.refused)
        if self._certificates is not None:
            reloads, failures = self._certificates.reloads, self._certificates.failures
            yield _counter("tls_reloads", "Certificates read again.", reloads)
            yield _counter("tls_reload_failures", "New certificates of no use.", failures)

    def _media(self) -> Iterator[Metric]:
        for name, value in sorted(self._engine().items()):
            if name == "cpu_us":
                yield _counter("media_cpu_seconds", "CPU time of media threads.", value / 1e6)
            elif name in LEVELS:
                yield _gauge(f"media_{name}", f"Media engine: {name}.", value)
            else:
                text = name.replace("_", " ")
                yield _counter(f"media_{name}", f"Media engine: {text}.", value)


def create_registry() -> CollectorRegistry:
    """A registry of a node's own, with the figures of the process."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class PushCollector(Collector):
    """Push messages by what became of them."""

    def __init__(self, sent: Mapping[str, int]) -> None:
        self._sent = sent

    def collect(self) -> Iterator[Metric]:
        """Read them."""
        family = CounterMetricFamily(
            "antiphon_push", "Push messages to browsers.", labels=["outcome"]
        )
        for outcome in ("taken", "gone", "refused", "failed", "dropped"):
            family.add_metric([outcome], self._sent.get(outcome, 0))
        yield family


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"antiphon_{name}", text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"antiphon_{name}", text, value=value)


def _by_reason(name: str, text: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(f"antiphon_{name}", text, labels=["reason"])
    for reason, count in sorted(counts.items()):
        family.add_metric([reason], count)
    return family
