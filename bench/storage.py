"""The cost of storage: messages appended, log-ins, look-ups; on SQLite, and on PostgreSQL if given.

CPU time is this process's own, user and system: SQLite works within it, PostgreSQL does not. Rates
depend on the disk: each transaction is synced.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence

from antiphon.core.address import Address, Addresses
from antiphon.core.message import Draft, Message, Original, Span
from antiphon.core.people import Letter
from antiphon.core.ports import Caller
from antiphon.core.reason import Refused
from antiphon.services.accounts import Accounts
from antiphon.services.mailbox import Mailbox
from antiphon.services.normalize import PrecisNormalizer
from antiphon.services.tokens import Tokens
from antiphon.stores.database import Database
from bench.programs import Row

SENDERS = (1, 10, 100, 1000)  # that wait for their message before they send the next
SUSTAINED = 2000  # direct messages a second
APPENDS = 4000
PASSWORD = "correct horse battery"


async def measure(count: int, work: Callable[[int], Awaitable[object]], at_once: int) -> Row:
    """Do `work` `count` times, `at_once` at a time: rate, CPU and latency of one."""
    delays: list[float] = []

    async def sender(first: int) -> None:
        for number in range(first, count, at_once):
            began = time.perf_counter()
            await work(number)
            delays.append(time.perf_counter() - began)

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(sender(first) for first in range(at_once)))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return _row(at_once, count, wall, cpu, delays)


def _row(at_once: int, count: int, wall: float, cpu: float, delays: list[float]) -> Row:
    delays.sort()
    return {
        "at_once": at_once,
        "per_second": round(count / wall),
        "cpu_us": round(cpu / count * 1e6, 1),
        "p50_ms": round(delays[len(delays) // 2] * 1e3, 2),
        "p95_ms": round(delays[len(delays) * 95 // 100] * 1e3, 2),
        "p99_ms": round(delays[len(delays) * 99 // 100] * 1e3, 2),
    }


def letter(number: int, senders: int, done: Callable[[Message, bool], None]) -> Letter:
    """A direct message of one of `senders`, kept by both accounts, with what its client wrote."""
    sender = Address(f"user{number % senders}", "example.org", "phone")
    to = Address(f"peer{number % senders}", "example.org")
    words = "hello, how are you?"
    written = (
        f"<message xmlns='jabber:client' type='chat' id='{number}' to='{to}'><body>{words}</body>"
        f"<request xmlns='urn:xmpp:receipts'/><origin-id xmlns='urn:xmpp:sid:0' id='{number}'/>"
        "</message>"
    )
    return Letter(
        to=to,
        sender=sender,
        name="User",
        draft=Draft(
            text=words,
            origin_id=f"{senders}.{number}",
            original=Original("example", written.encode()),
        ),
        archives=(sender.bare, to),
        done=done,
        failed=_failed,
    )


def _failed(refused: Refused) -> None:
    raise refused


async def direct(mailbox: Mailbox, senders: int, count: int) -> Row:
    """Each of `senders` waits for its message before it sends the next."""
    over, delays = asyncio.Event(), list[float]()
    sent = 0

    def send() -> None:
        nonlocal sent
        began, number = time.perf_counter(), sent
        sent += 1

        def done(_: Message, _new: bool) -> None:
            delays.append(time.perf_counter() - began)
            if sent < count:
                send()
            elif len(delays) == count:
                over.set()

        mailbox.post(letter(number, senders, done))

    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(senders):
        send()
    await over.wait()
    return _row(senders, count, time.perf_counter() - wall, time.process_time() - cpu, delays)


async def sustained(mailbox: Mailbox, rate: int, count: int) -> Row:
    """So many direct messages a second, whatever becomes of them."""
    over, delays = asyncio.Event(), list[float]()
    wall, cpu = time.perf_counter(), time.process_time()

    def send(number: int, due: float) -> None:
        def done(_: Message, _new: bool) -> None:
            delays.append(time.perf_counter() - due)
            if len(delays) == count:
                over.set()

        mailbox.post(letter(number, 200, done))

    sent = 0
    while sent < count:
        await asyncio.sleep(0.002)
        while sent < count and (due := wall + sent / rate) <= time.perf_counter():
            send(count + sent, due)
            sent += 1
    await over.wait()
    return _row(rate, count, time.perf_counter() - wall, time.process_time() - cpu, delays)


async def one_database(url: str, appends: int) -> list[Row]:
    """All rows of one database."""
    rows: list[Row] = []
    addresses = Addresses("example.org", PrecisNormalizer())
    async with Database(url) as database:
        kind = database.location.url.get_backend_name()

        def add(operation: str, row: Row) -> None:
            rows.append({"database": kind, "operation": operation} | row)

        mailbox, room, ann = Mailbox(database), addresses.room("bench"), addresses.parse("ann")
        for at_once in SENDERS:

            async def append(number: int, run: int = at_once) -> None:
                await mailbox.append(
                    room, ann, "Ann", Draft(text="hello, how are you?", origin_id=f"{run}.{number}")
                )

            add("append", await measure(appends // (10 if at_once == 1 else 1), append, at_once))
        add("page of 50", await measure(300, lambda _: mailbox.read(room, Span()), 1))
        for at_once in (100, 1000):
            add("direct message", await direct(mailbox, at_once, appends))
        add("sustained", await sustained(mailbox, SUSTAINED, appends))
        add("conversations", await measure(100, lambda _: mailbox.conversations(ann), 1))
        await mailbox.close()

        accounts = Accounts(database, addresses)
        await accounts.create(ann, PASSWORD)
        add("find account", await measure(300, lambda _: accounts.find(ann), 1))
        add(
            "log-in by password",
            await measure(20, lambda _: accounts.authenticate(ann, PASSWORD), 1),
        )
        add("set password", await measure(10, lambda _: accounts.set_password(ann, PASSWORD), 1))
        await accounts.close()
    return rows


async def tokens() -> list[Row]:
    """Signing and verifying: no storage, but in every request."""
    addresses = Addresses("example.org", PrecisNormalizer())
    signer = Tokens(addresses, b"x" * 32)
    caller = Caller(address=addresses.parse("ann"), name="Ann")
    text = signer.issue(caller).text

    async def issue(_: int) -> None:
        signer.issue(caller)

    async def verify(_: int) -> None:
        signer.verify(text)

    return [
        {"operation": "issue token"} | await measure(2000, issue, 1),
        {"operation": "verify token"} | await measure(2000, verify, 1),
    ]


async def storage(urls: Sequence[str] = (), appends: int = APPENDS) -> list[Row]:
    """All rows: of a new SQLite database, of those at `urls`, and of tokens."""
    with tempfile.TemporaryDirectory() as folder:
        every = [f"sqlite:///{folder}/bench.db", *urls]
        rows = [row for url in every for row in await one_database(url, appends)]
    return rows + await tokens()
