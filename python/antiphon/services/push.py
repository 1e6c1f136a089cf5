"""Push messages for accounts whose devices do not listen: who subscribed, what is sent, how often
it is tried. How a message travels is the business of a `Pusher`.
"""

import asyncio
import hashlib
import json
import logging
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from antiphon.core.address import Address
from antiphon.core.reason import Reason, Refused
from antiphon.stores import push as statements
from antiphon.stores.database import Database
from antiphon.stores.push import Subscription
from antiphon.stores.records import Account

from .config import PushConfig
from .push_delivery import Outcome, Pusher
from .web_push import MAX_PAYLOAD, decode64, encode64, is_public_key

log = logging.getLogger(__name__)

MAX_ENDPOINT = 2048
MAX_DEVICE = 128
MAX_TEXT = 1000  # letters of a notification: it says that there is something, not all of it
LONGEST_WAIT = 120.0


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
    account: Address
    notification: Notification
    subscription: Subscription | None = None
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
        self._subscribed: set[Address] = set()
        self._waiting: deque[_Delivery] = deque()
        self._by_account: Counter[Address] = Counter()
        self._news = asyncio.Event()
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
        self._subscribed.add(account.bare)
        return subscription

    async def unsubscribe(self, account: Address, id: str) -> bool:
        """Push there no more; False if there is no such subscription of the account."""
        mine = await self.of(account)
        if all(one.id != id for one in mine):
            return False
        if len(mine) == 1:
            self._subscribed.discard(account.bare)
        return await self._database.write(lambda c: statements.remove(c, id))

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
        if full or self._by_account[account] >= self._config.max_waiting_per_account:
            self.sent["dropped"] += 1
            return
        self._enqueue(_Delivery(account, notification))

    def _enqueue(self, delivery: _Delivery) -> None:
        self._waiting.append(delivery)
        self._by_account[delivery.account] += 1
        self._news.set()

    async def _work(self) -> None:
        while True:
            while not self._waiting:
                self._news.clear()
                await self._news.wait()
            delivery = self._waiting.popleft()
            try:
                await self._deliver(delivery)
            except Refused as refused:  # the database
                self.sent["failed"] += 1
                log.error("push to %s failed: %s", delivery.account, refused)
            except Exception:
                # An error of ours with one message must not keep others from being sent.
                self.sent["failed"] += 1
                log.exception("push to %s failed", delivery.account)
            finally:
                self._by_account[delivery.account] -= 1
                if not self._by_account[delivery.account]:
                    del self._by_account[delivery.account]

    async def _deliver(self, delivery: _Delivery) -> None:
        if delivery.subscription is not None:
            await self._push(delivery, delivery.subscription)
            return
        found = await self.of(delivery.account)
        if not found:
            self._subscribed.discard(delivery.account)
        for subscription in found:
            await self._push(delivery, subscription)

    async def _push(self, delivery: _Delivery, subscription: Subscription) -> None:
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
            again = _Delivery(delivery.account, news, subscription, attempt)
            self._try_later(again, wait if wait is not None else 2.0**attempt)
            return
        if outcome is Outcome.GONE:
            await self._database.write(lambda c: statements.remove(c, subscription.id))
        self.sent["failed" if outcome is Outcome.LATER else outcome.value] += 1

    def _try_later(self, delivery: _Delivery, seconds: float) -> None:
        if len(self._later) >= self._config.max_waiting:
            self.sent["dropped"] += 1
            return

        def again() -> None:
            self._later.discard(handle)
            self._enqueue(delivery)

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
