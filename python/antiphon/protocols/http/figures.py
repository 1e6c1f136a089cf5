"""What the HTTP side counts, for `/metrics`."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Figures:
    """The counters of one application, kept in a registry of the node."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "antiphon_http_requests",
            "HTTP requests answered.",
            ["method", "route", "status"],
            registry=registry,
        )
        self.duration = Histogram(
            "antiphon_http_request_seconds",
            "Seconds until a response began.",
            registry=registry,
            buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0),
        )
        self.limited = Counter(
            "antiphon_http_limited",
            "Requests refused because somebody asked too often or for too much.",
            ["limit"],
            registry=registry,
        )
        self.failures = Counter(
            "antiphon_http_failures",
            "Requests that failed through an error of the server.",
            registry=registry,
        )
        self.listeners = Gauge(
            "antiphon_http_event_listeners",
            "Readers of the event stream.",
            registry=registry,
        )
        self.listeners_dropped = Counter(
            "antiphon_http_event_listeners_dropped",
            "Readers of the event stream let go because they were too slow.",
            registry=registry,
        )
        self.media_resources = Gauge(
            "antiphon_http_media_sessions",
            "WHIP and WHEP sessions.",
            ["protocol"],
            registry=registry,
        )
