"""The engine under test, alone in a process: rooms of telephones as its input says. What telephones
send, it does not know.

The first line of input is a list of rooms in JSON: {"mix": bool, "phones": [{"port", "format"}]}.
It answers with the port of each telephone; to each further line with its counters; the end of its
input ends it.
"""

import json
import sys
from typing import Any

from antiphon._native import Engine, PhoneMedia

HOST = "127.0.0.1"
EVENTS = 100_000


def open_room(engine: Engine, mix: bool, phones: list[dict[str, Any]]) -> list[int]:
    """A room in which everybody hears everybody; the ports of its telephones."""
    room, hub = engine.new_id(), engine.new_id()
    engine.open_room(room)
    if mix:
        engine.open_hub(room, hub, mix=True)
    peers, tracks, ports = [], [], []
    for phone in phones:
        peer, track = engine.new_id(), engine.new_id()
        engine.open_phone(room, peer)
        ports.append(engine.bind_phone(peer, "0", "audio")[0])
        remote = (HOST, int(phone["port"]))
        media = PhoneMedia(remote=remote, formats=[tuple(phone["format"])])
        engine.configure_phone(peer, "0", media)
        engine.publish(peer, "0", track)
        peers.append(peer)
        tracks.append(track)
    for peer, track in zip(peers, tracks, strict=True):
        others = [hub] if mix else [other for other in peers if other != peer]
        engine.connect(track, others)
    if mix:
        engine.connect(hub, peers)
    return ports


def main() -> None:
    engine = Engine(workers=1, udp_port=0, addresses=[HOST])
    rooms = json.loads(sys.stdin.readline())
    answer: object = [open_room(engine, room["mix"], room["phones"]) for room in rooms]
    print(json.dumps(answer), flush=True)
    for _ in sys.stdin:
        engine.drain(EVENTS)
        print(json.dumps(engine.counters()), flush=True)
    engine.close()


if __name__ == "__main__":
    main()
