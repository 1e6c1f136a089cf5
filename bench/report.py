"""Writes results: a JSON file for each part, and one page of tables with the targets beside."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.programs import Row

PAGE = "README.md"


@dataclass(frozen=True)
class Target:
    """A figure that is to be reached: how it is found among the rows of a part."""

    text: str
    part: str
    figure: str
    where: dict[str, Any]
    at_most: float
    unit: str


def _ours(**where: Any) -> dict[str, Any]:
    return {"server": "antiphon", **where}


TARGETS = (
    Target("CPU per forwarded packet, 100 subscribers", "forwarding", "us_per_packet",
           _ours(subscribers=100, answers="reports"), 5, "µs"),
    Target("the same, estimation answered by all", "forwarding", "us_per_packet",
           _ours(subscribers=100, answers="all"), 8, "µs"),
    Target("memory per active subscriber, 100", "memory", "active_kb",
           _ours(subscribers=100, answers="all"), 500, "KB"),
    Target("memory per active subscriber, 300", "memory", "active_kb",
           _ours(subscribers=300, answers="all"), 500, "KB"),
    Target("join to first packet, p50", "joining", "packet_p50_ms", _ours(others=0), 30, "ms"),
    Target("the same, 100 others present", "joining", "packet_p50_ms", _ours(others=100), 30, "ms"),
    Target("join in a room of 500, Python", "rooms", "join",
           {"members": 500, "outlets": "deaf"}, 1000, "µs"),
    Target("speaker change in a room of 500, Python", "rooms", "speaker",
           {"members": 500, "outlets": "deaf"}, 1000, "µs"),
    Target("REGISTER with challenge, new contact", "sip", "cpu_us",
           _ours(operation="REGISTER, new contact"), 70, "µs"),
    Target("REGISTER with challenge, refresh", "sip", "cpu_us",
           _ours(operation="REGISTER, refresh"), 50, "µs"),
    Target("proxied call, INVITE to BYE", "sip", "cpu_us",
           _ours(operation="call, proxied"), 160, "µs"),
    Target("memory of a contact", "sip", "kb", _ours(operation="contact, memory"), 1, "KB"),
    Target("memory of a proxied call", "sip", "kb",
           _ours(operation="call, proxied, memory"), 4, "KB"),
    Target("room of 100 telephones, 3 of whom speak", "phones", "core_pct",
           {"room": "cost", "members": 100}, 12, "% of a core"),
    Target("delay by the mixer, p50", "phones", "delay_p50_ms",
           {"room": "delay through the mixer"}, 40, "ms"),
    Target("XMPP message between two, plain", "xmpp", "cpu_us",
           _ours(operation="message, plain"), 16, "µs"),
    Target("XMPP message between two, TLS", "xmpp", "cpu_us",
           _ours(operation="message, TLS"), 18, "µs"),
    Target("XMPP message between two, WebSocket", "xmpp", "cpu_us",
           _ours(operation="message, WebSocket"), 18, "µs"),
    Target("message to a room of 100, a delivery", "xmpp", "cpu_us",
           _ours(operation="message to a room, a delivery"), 4, "µs"),
    Target("presence to 50 contacts, a delivery", "xmpp", "cpu_us",
           _ours(operation="presence, a delivery"), 7, "µs"),
    Target("XMPP log-in, SCRAM-SHA-1, TLS", "xmpp", "cpu_us",
           _ours(operation="log-in, SCRAM-SHA-1, TLS"), 800, "µs"),
    Target("XMPP log-in, SCRAM-SHA-256, TLS", "xmpp", "cpu_us",
           _ours(operation="log-in, SCRAM-SHA-256, TLS"), 800, "µs"),
    Target("memory of an idle XMPP session, plain", "xmpp", "kb",
           _ours(operation="idle session, plain"), 6, "KB"),
    Target("memory of an idle XMPP session, TLS", "xmpp", "kb",
           _ours(operation="idle session, TLS"), 14, "KB"),
    Target("delivery at 2,000 messages a second, p99", "xmpp", "p99_ms",
           _ours(operation="message, 2,000 a second in all"), 50, "ms"),
)  # fmt: skip

# Titles, and the columns shown: (key, heading).
TABLES: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "forwarding": (
        "Forwarding: one publisher, 230 packets a second to each subscriber",
        (
            ("server", "server"),
            ("answers", "answers"),
            ("subscribers", "subscribers"),
            ("us_per_packet", "µs/packet"),
            ("least_us_per_packet", "least"),
            ("user_us_per_packet", "user"),
            ("system_us_per_packet", "system"),
            ("server_cpu_pct", "core %"),
            ("delivery_pct", "delivered %"),
            ("loss_pct", "lost %"),
            ("delay_p50_ms", "delay p50 ms"),
            ("delay_p99_ms", "p99"),
        ),
    ),
    "joining": (
        "Joining: from the request",
        (
            ("server", "server"),
            ("others", "others"),
            ("answer_p50_ms", "answer p50 ms"),
            ("packet_p50_ms", "first packet p50"),
            ("packet_p95_ms", "p95"),
            ("picture_p50_ms", "first whole keyframe p50"),
            ("picture_p95_ms", "p95"),
            ("failed", "failed"),
        ),
    ),
    "memory": (
        "Memory: KB per subscriber",
        (
            ("server", "server"),
            ("answers", "answers"),
            ("subscribers", "subscribers"),
            ("idle_kb", "idle"),
            ("active_kb", "active"),
            ("empty_mb", "server alone, MB"),
        ),
    ),
    "profile": (
        "Where the time goes: 100 subscribers, receiver reports only",
        (("by", "by"), ("name", "name"), ("share_pct", "share %")),
    ),
    "rooms": (
        "Rooms: µs of Python",
        (
            ("members", "members"),
            ("outlets", "outlets"),
            ("join", "join"),
            ("attach", "attach"),
            ("speaker", "speaker change"),
            ("say", "message"),
        ),
    ),
    "sip": (
        "SIP",
        (
            ("server", "server"),
            ("operation", "operation"),
            ("times", "times"),
            ("per_second", "per second"),
            ("cpu_us", "CPU µs"),
            ("least_cpu_us", "least"),
            ("kb", "KB"),
            ("sent_again", "sent again"),
        ),
    ),
    "sip_profile": (
        "Where the time of the event loop goes: SIP",
        (("operation", "operation"), ("name", "function"), ("share_pct", "share %")),
    ),
    "phones": (
        "Telephones: half PCMU, half Opus; all send, three speak",
        (
            ("room", "room"),
            ("members", "members"),
            ("core_pct", "core %"),
            ("sent_per_second", "sent per second"),
            ("heard_per_second", "heard per second"),
            ("found", "clicks heard"),
            ("delay_p50_ms", "delay p50 ms"),
            ("delay_p95_ms", "p95"),
            ("delay_max_ms", "longest"),
        ),
    ),
    "xmpp": (
        "XMPP: messages of 100 bytes, carbons and stream management on",
        (
            ("server", "server"),
            ("operation", "operation"),
            ("times", "times"),
            ("per_second", "per second"),
            ("cpu_us", "CPU µs"),
            ("least_cpu_us", "least"),
            ("p50_ms", "p50 ms"),
            ("p99_ms", "p99 ms"),
            ("kb", "KB"),
            ("failed", "failed"),
        ),
    ),
    "storage": (
        "Storage",
        (
            ("database", "database"),
            ("operation", "operation"),
            ("at_once", "at once"),
            ("per_second", "per second"),
            ("cpu_us", "CPU µs"),
            ("p50_ms", "p50 ms"),
            ("p95_ms", "p95 ms"),
        ),
    ),
}


def store(folder: Path, part: str, machine: Row, rows: list[Row]) -> None:
    """Write the results of one part."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"machine": machine, "rows": rows}, indent=2, ensure_ascii=False)
    (folder / f"{part}.json").write_text(text + "\n")


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table in Markdown; numbers to the right."""
    cells = [[cell(value) for value in row] for row in rows]
    numeric = [all(_is_number(row[at]) for row in cells) for at in range(len(columns))]
    rule = ["---:" if right else "---" for right in numeric]
    lines = [columns, rule, *cells]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def cell(value: Any) -> str:
    if value is None or value == "":
        return "–"
    return f"{value:.3g}" if isinstance(value, float) and abs(value) < 100 else f"{value}"


def _is_number(text: str) -> bool:
    return text == "–" or text.replace(".", "", 1).replace("-", "", 1).isdigit()


def page(folder: Path) -> str:
    """All that is stored, as one page."""
    parts = {
        part: json.loads(path.read_text())
        for part in TABLES
        if (path := folder / f"{part}.json").exists()
    }
    text = ["# Results", "", "Written by `make bench`; how it measures: `docs/benchmarks.md`.", ""]
    if reached := _targets(parts):
        columns = ("target", "at most", "measured", "reached")
        text += ["## Targets", "", table(columns, reached), ""]
    for part, stored in parts.items():
        title, columns_ = TABLES[part]
        rows = [[row.get(key) for key, _ in columns_] for row in stored["rows"]]
        text += [f"## {title}", "", table([heading for _, heading in columns_], rows), ""]
        text += [_machine(stored["machine"]), ""]
    return "\n".join(text)


def _targets(parts: dict[str, Any]) -> list[list[str]]:
    lines = []
    for target in TARGETS:
        rows = parts.get(target.part, {}).get("rows", [])
        fits: Callable[[Row], bool] = lambda row: target.where.items() <= row.items()  # noqa: B023, E731
        found = [row[target.figure] for row in rows if fits(row)]
        if found and found[0] is not None:
            reached = "yes" if found[0] <= target.at_most else "**no**"
            limit, figure = f"{target.at_most:g} {target.unit}", f"{found[0]:.3g} {target.unit}"
            lines.append([target.text, limit, figure, reached])
    return lines


def _machine(machine: Row) -> str:
    return (
        f"{machine['when']}, commit {machine['commit'] or 'unknown'}, {machine['processor']}, "
        f"{machine['cores']} cores, Linux {machine['kernel']}, load average before "
        f"{machine['load_average'][0]}."
    )
