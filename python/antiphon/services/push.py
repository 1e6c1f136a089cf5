"""Push messages for accounts whose devices do not listen: who subscribed, what is sent, how often
it is tried. How a message travels is the business of a `Pusher`.
"""

import asyncio
import hashlib
import json
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from antiphon.core.address import Address
from antiphon.core.reason import Reason, Refused
from antiphon.net.public import is_public
from antiphon.stores import push as statements
from antiphon.stores.database import Database
from antiphon.stores.push import Subscription
from antiphon.stores.records import Account

from .config import PushConfig
from .push_delivery import Outcome, Pusher
from .push_queue import FairQueue
from .web_push import MAX_PAYLOAD, decode64, encode64, is_public_key

log = logging.getLogger(__name__)

MAX_ENDPOINT = 2048
MAX_DEVICE = 128
MAX_TEXT = 1000  # letters of a notification: it says that there is something, not all of it
LONGEST_WAIT = 120.0
BUSY_HOST = 1.0  # seconds until it is looked again whether a host has a place


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What somebody should know.

    `kind`: `message`, or `missed` of a call. `tag`: a later notification with the same tag stands
    in place of this one. `data`: for the page that is opened. `ttl`: seconds after which it is not
    worth showing. `urgent`: wakes a sleeping device.
    """

    kind: str
    title: str
    text: str = ""
    tag: str = ""
    data: Mapping[str, str] = field(default_factory=dict[str, str])
    ttl: int = 24 * 3600
    urgent: bool = False


@dataclass(slots=True)
class _Delivery:
    """A notification for all subscriptions of an account, or for the one of that id again."""

    account: Address
    notification: Notification
    subscription: str | None = None
    attempt: int = 0


class Push:
    """Subscriptions of accounts, and the queue towards their push services."""

    def __init__(
        self,
        database: Database,
        pusher: Pusher,
        config: PushConfig | None = None,
        *,
        anywhere: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`anywhere`: also plain HTTP, for development."""
        self.sent: Counter[str] = Counter()
        self._database = database
        self._pusher = pusher
        self._config = config or PushConfig()
        self._schemes = ("https", "http") if anywhere else ("https",)
        self._clock = clock
        self._anywhere = anywhere
        self._subscribed: set[Address] = set()
        self._subscriptions = 0  # how often somebody subscribed
        self._waiting: FairQueue[Address, _Delivery] = FairQueue()
        self._hosts: Counter[str] = Counter()  # that are being pushed to
        self._later: set[asyncio.TimerHandle] = set()

    async def open(self) -> None:
        """Learn who has subscribed. Raises `Refused`."""
        self._subscribed = set(await self._database.read(statements.subscribed))

    async def run(self) -> None:
        """Deliver, for ever."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._config.workers):
                group.create_task(self._work())

    def close(self) -> None:
        """Forget what waits to be tried again."""
        for handle in self._later:
            handle.cancel()
        self._later.clear()

    # subscriptions

    async def subscribe(
        self, account: Address, endpoint: str, key: str, auth: str, device: str = ""
    ) -> Subscription:
        """Push to this browser from now on. `key`, `auth`: base64url, as `PushSubscription` gives
        them. Raises `Refused`: BAD_REQUEST, FORBIDDEN without an account.
        """
        subscription = Subscription(
            id=id_of(account, endpoint),
            device=device[:MAX_DEVICE],
            endpoint=self._check_endpoint(endpoint),
            key=_decode("p256dh", key),
            auth=_decode("auth", auth),
            created_at=self._clock(),
        )
        if not is_public_key(subscription.key) or len(subscription.auth) != 16:
            raise Refused(Reason.BAD_REQUEST, "These are not the keys of a push subscription.")
        limit = self._config.subscriptions
        if not await self._database.write(
            lambda c: statements.add(c, account.bare, subscription, limit)
        ):
            raise Refused(Reason.FORBIDDEN, "Only those with an account may subscribe.")
        self._subscriptions += 1
        self._subscribed.add(account.bare)
        return subscription

    async def unsubscribe(self, account: Address, id: str) -> bool:
        """Push there no more; False if there is no such subscription of the account."""
        mine = await self.of(account)
        if all(one.id != id for one in mine):
            return False
        removed = await self._database.write(lambda c: statements.remove(c, id))
        await self._look(account.bare)
        return removed

    async def _look(self, account: Address) -> None:
        """Whether it has subscriptions still."""
        before = self._subscriptions
        there = await self._database.read(lambda c: statements.has(c, account))
        if not there and before == self._subscriptions:  # else it may have subscribed meanwhile
            self._subscribed.discard(account)

    async def unsubscribe_endpoint(self, account: Address, endpoint: str) -> bool:
        """The same for who does not know the id."""
        return await self.unsubscribe(account, id_of(account, endpoint))

    async def of(self, account: Address) -> Sequence[Subscription]:
        """Where an account is pushed to."""
        return await self._database.read(lambda c: statements.of(c, account.bare))

    def _check_endpoint(self, endpoint: str) -> str:
        try:
            parts = urlsplit(endpoint)
            bad = parts.scheme not in self._schemes or not parts.hostname or parts.port == 0
        except ValueError:
            bad, parts = True, urlsplit("")
        plain = endpoint.isascii() and endpoint.isprintable() and " " not in endpoint
        if bad or not plain or len(endpoint) > MAX_ENDPOINT or parts.username or parts.fragment:
            raise Refused(Reason.BAD_REQUEST, "This is not the address of a push service.")
        if not self._anywhere and is_private(parts.hostname or ""):
            raise Refused(Reason.BAD_REQUEST, "This is not a public address.")
        return endpoint

    # delivery

    def notify(self, account: Address, notification: Notification) -> None:
        """Push to every subscription of an account, soon. Never blocks nor raises: when too many
        wait, it is dropped and counted.
        """
        account = account.bare
        if account not in self._subscribed:
            return
        full = len(self._waiting) >= self._config.max_waiting
        if full or self._waiting.of(account) >= self._config.max_waiting_per_account:
            self.sent["dropped"] += 1
            return
        self._waiting.put(account, _Delivery(account, notification))

    async def _work(self) -> None:
        while True:
            account, delivery = await self._waiting.take()
            try:
                await self._deliver(delivery)
            except Refused as refused:  # the database
                self.sent["failed"] += 1
                log.error("push to %s failed: %s", account, refused)
            except Exception:
                # An error of ours with one message must not keep others from being sent.
                self.sent["failed"] += 1
                log.exception("push to %s failed", account)
            finally:
                self._waiting.done(account)

    async def _deliver(self, delivery: _Delivery) -> None:
        found = await self.of(delivery.account)
        if not found:
            await self._look(delivery.account)
        for subscription in found:
            # A retry is for one of them, as long as it is there.
            if delivery.subscription in (None, subscription.id):
                await self._push(delivery, subscription)

    async def _push(self, delivery: _Delivery, subscription: Subscription) -> None:
        host = urlsplit(subscription.endpoint).hostname or ""
        if self._hosts[host] >= self._places:
            self._try_later(replace(delivery, subscription=subscription.id), BUSY_HOST)
            return
        self._hosts[host] += 1
        try:
            await self._push_now(delivery, subscription)
        finally:
            self._hosts[host] -= 1
            if not self._hosts[host]:
                del self._hosts[host]

    @property
    def _places(self) -> int:
        """How many messages may go to one host at once: there is a place left for others."""
        return max(1, self._config.workers - 1)

    async def _push_now(self, delivery: _Delivery, subscription: Subscription) -> None:
        news = delivery.notification
        outcome, wait = await self._pusher.push(
            subscription,
            payload_of(news),
            ttl=news.ttl,
            urgency="high" if news.urgent else "normal",
            topic=_topic(news.tag),
        )
        attempt = delivery.attempt + 1
        if outcome is Outcome.LATER and attempt < self._config.attempts:
            again = _Delivery(delivery.account, news, subscription.id, attempt)
            self._try_later(again, wait if wait is not None else 2.0**attempt)
            return
        if outcome is Outcome.GONE:
            await self._database.write(lambda c: statements.remove(c, subscription.id))
            await self._look(delivery.account)
        self.sent["failed" if outcome is Outcome.LATER else outcome.value] += 1

    def _try_later(self, delivery: _Delivery, seconds: float) -> None:
        if len(self._later) >= self._config.max_waiting:
            self.sent["dropped"] += 1
            return

        def again() -> None:
            self._later.discard(handle)
            self._waiting.put(delivery.account, delivery)

        handle = asyncio.get_running_loop().call_later(min(seconds, LONGEST_WAIT), again)
        self._later.add(handle)

    async def export(self, account: Account) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
        """A file of an account's export: where it is pushed to."""
        shown = [
            {"device": one.device, "endpoint": one.endpoint, "created_at": one.created_at}
            for one in await self.of(account.address)
        ]
        yield "push.json", _once(json.dumps(shown, ensure_ascii=False, indent=1).encode())


def id_of(account: Address, endpoint: str) -> str:
    """The id of an account's subscription at an endpoint: to subscribe again replaces."""
    return hashlib.sha256(f"{account.bare} {endpoint}".encode("utf-8", "replace")).hexdigest()[:32]


def is_private(host: str) -> bool:
    """Whether this is an address of no public network, or this machine. What a name means is looked
    at when it is pushed to.
    """
    try:
        return not is_public(host)
    except ValueError:
        return host.rstrip(".") == "localhost" or host.rstrip(".").endswith(".localhost")


def payload_of(notification: Notification) -> bytes:
    """JSON for the service worker of the page, short enough for one record (RFC 8291 §4)."""
    letters = MAX_TEXT
    while True:
        content = {
            "kind": notification.kind,
            "title": notification.title[:letters],
            "text": notification.text[:letters],
            "tag": notification.tag[:letters],
            "data": dict(notification.data) if letters == MAX_TEXT else {},
        }
        payload = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "replace"
        )
        if len(payload) <= MAX_PAYLOAD:
            return payload
        letters //= 2


def _topic(tag: str) -> str:
    """RFC 8030 §5.4: at most 32 letters of base64url. It tells the push service nothing."""
    return encode64(hashlib.sha256(tag.encode("utf-8", "replace")).digest())[:32] if tag else ""


def _decode(name: str, text: str) -> bytes:
    try:
        return decode64(text)
    except ValueError:
        raise Refused(Reason.BAD_REQUEST, f"{name} is not base64url.") from None


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
