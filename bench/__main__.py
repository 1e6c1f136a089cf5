"""`python -m bench`: measures, prints and stores. Which parts there are, and how much each does."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench import forwarding, joining, memory, phones, profile, report, sip, sip_profile, xmpp
from bench.machine import Cores, describe
from bench.programs import BUILD, HERE, Failed, Missing, Row, floor, load
from bench.rooms import rooms
from bench.servers import Server
from bench.storage import storage

Part = Callable[[argparse.Namespace, Cores], Awaitable[list[Row]]]


async def measure_forwarding(options: argparse.Namespace, cores: Cores) -> list[Row]:
    plan = forwarding.Plan(others=tuple(options.server), with_pion=not options.no_pion)
    if options.quick:
        plan = forwarding.Plan(subscribers=(10,), turns=1, windows=1, window=2, with_pion=False)
    return await forwarding.forwarding(plan, load(cores), floor(cores), cores)


async def measure_joining(options: argparse.Namespace, cores: Cores) -> list[Row]:
    plan = joining.Plan(with_pion=not options.no_pion)
    if options.quick:
        plan = joining.Plan(joins=3, others=(0,), with_pion=False)
    return await joining.joining(plan, load(cores), cores)


async def measure_memory(options: argparse.Namespace, cores: Cores) -> list[Row]:
    plan = memory.Plan(with_pion=not options.no_pion)
    if options.quick:
        plan = memory.Plan(subscribers=(10,), with_pion=False)
    return await memory.memory(plan, load(cores), cores)


async def measure_profile(options: argparse.Namespace, cores: Cores) -> list[Row]:
    plan = profile.Plan(subscribers=10, seconds=2) if options.quick else profile.Plan()
    return await profile.profile(plan, load(cores), cores)


async def measure_rooms(options: argparse.Namespace, _: Cores) -> list[Row]:
    # A loop of its own runs in each measurement, hence a thread.
    if options.quick:
        return await asyncio.to_thread(rooms, (10,), 3)
    return await asyncio.to_thread(rooms)


async def measure_sip(options: argparse.Namespace, cores: Cores) -> list[Row]:
    plan = sip.Plan(with_kamailio=not options.no_kamailio)
    if options.quick:
        plan = sip.Plan(
            contacts=400, registers=200, calls=200, call_rate=100, room_calls=20, room_rate=20,
            talking=1.0, turns=1, with_kamailio=not options.no_kamailio,
        )  # fmt: skip
    return await sip.sip(plan, cores)


async def measure_sip_profile(options: argparse.Namespace, cores: Cores) -> list[Row]:
    times = 20 if options.quick else 300
    return await sip_profile.sip_profile(times, cores)


async def measure_xmpp(options: argparse.Namespace, cores: Cores) -> list[Row]:
    plan = xmpp.Plan(with_peers=not options.no_peers)
    if options.quick:
        plan = xmpp.Plan(
            talkers=10, occupants=10, hubs=1, contacts=10, idle=50, lasting=1.0, sustained=1.0,
            turns=1, with_peers=False,
        )  # fmt: skip
    return await xmpp.xmpp(plan, load(cores), cores)


async def measure_phones(options: argparse.Namespace, cores: Cores) -> list[Row]:
    plan = phones.Plan()
    if options.quick:
        plan = phones.Plan(members=(10,), seconds=2.0, rooms=2, turns=1)
    return await phones.phones(plan, cores)


async def measure_storage(options: argparse.Namespace, _: Cores) -> list[Row]:
    return (
        await storage(options.database, 100) if options.quick else await storage(options.database)
    )


PARTS: dict[str, Part] = {
    "forwarding": measure_forwarding,
    "joining": measure_joining,
    "memory": measure_memory,
    "profile": measure_profile,
    "rooms": measure_rooms,
    "sip": measure_sip,
    "sip_profile": measure_sip_profile,
    "phones": measure_phones,
    "storage": measure_storage,
    "xmpp": measure_xmpp,
}


def another(text: str) -> Server:
    """NAME,PID,WHIP,WHEP."""
    name, pid, whip, whep = text.split(",")
    return Server(name, int(pid), whip, whep)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, help="a part; may be repeated")
    parser.add_argument("--quick", action="store_true", help="a minute, to see that it works")
    parser.add_argument("--results", type=Path, help="folder to write to (default bench/results)")
    parser.add_argument("--no-pion", action="store_true", help="leave out the bare Pion forwarder")
    parser.add_argument("--no-kamailio", action="store_true", help="leave out Kamailio")
    parser.add_argument(
        "--no-peers", action="store_true", help="leave out Prosody and ejabberd (xmpp)"
    )
    parser.add_argument(
        "--server",
        action="append",
        default=[],
        type=another,
        metavar="NAME,PID,WHIP,WHEP",
        help="measure the forwarding of a running server too, by its URLs to publish and play",
    )
    parser.add_argument(
        "--database", action="append", default=[], metavar="URL", help="measure this database too"
    )
    return parser.parse_args()


async def run(options: argparse.Namespace, results: Path) -> list[str]:
    """Measure all parts; what could not be measured, and why."""
    missed = []
    cores = Cores.available()
    for name in options.only or PARTS:
        print(f"# {name}", flush=True)
        machine = describe()
        try:
            rows = await PARTS[name](options, cores)
        except (Missing, Failed) as error:
            missed.append(f"{name}: {error}")
            continue
        missed += [f"{name}, {row['server']}: {row['failure']}" for row in rows if "failure" in row]
        report.store(results, name, machine, rows)
        _, columns = report.TABLES[name]
        shown = [[row.get(key) for key, _ in columns] for row in rows]
        print(report.table([heading for _, heading in columns], shown), flush=True)
    (results / report.PAGE).write_text(report.page(results))
    return missed


def main() -> int:
    options = arguments()
    results: Path = options.results or (BUILD / "quick" if options.quick else HERE / "results")
    results.mkdir(parents=True, exist_ok=True)
    missed = asyncio.run(run(options, results))
    print(f"written to {results}")
    for reason in missed:
        print(f"not measured: {reason}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
