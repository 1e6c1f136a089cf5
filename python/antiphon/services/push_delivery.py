"""Sends one push message to a push service (RFC 8030), and says what became of it."""

import logging
from enum import Enum
from typing import Protocol
from urllib.parse import urlsplit

from antiphon.net.public import NotPublic, Outside
from antiphon.stores.push import Subscription

from .web_push import Vapid, encrypt

log = logging.getLogger(__name__)


class Outcome(Enum):
    """What became of a push message."""

    TAKEN = "taken"
    GONE = "gone"  # nobody is there any more: the subscription ends
    LATER = "later"  # try again
    REFUSED = "refused"  # trying again does not help


class Pusher(Protocol):
    """A way to push."""

    async def push(
        self, subscription: Subscription, payload: bytes, *, ttl: int, urgency: str, topic: str
    ) -> tuple[Outcome, float | None]:
        """Send once; what became of it, and the seconds to wait if the service said so. Never
        raises.
        """


class WebPusher(Pusher):
    """Pushes to browsers."""

    def __init__(self, outside: Outside, vapid: Vapid) -> None:
        self._outside = outside
        self._vapid = vapid

    async def push(
        self, subscription: Subscription, payload: bytes, *, ttl: int, urgency: str, topic: str
    ) -> tuple[Outcome, float | None]:
        """Encrypt and send (RFC 8291, RFC 8292)."""
        fields = {
            "TTL": str(ttl),
            "Urgency": urgency,
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "Authorization": self._vapid.authorization(subscription.endpoint),
            **({"Topic": topic} if topic else {}),
        }
        body = encrypt(payload, subscription.key, subscription.auth)
        try:
            answer = await self._outside.post(subscription.endpoint, fields, body)
        except (NotPublic, ValueError) as error:
            log.warning("push of subscription %s refused: %s", subscription.id, error)
            return Outcome.GONE, None
        except OSError as error:
            what = str(error) or type(error).__name__
            log.info("push service of subscription %s: %s", subscription.id, what)
            return Outcome.LATER, None
        wait = answer.fields.get("retry-after", "")
        seconds = float(wait) if wait.isascii() and wait.isdigit() and len(wait) < 6 else None
        return self._judge(subscription, answer.status), seconds

    @staticmethod
    def _judge(subscription: Subscription, status: int) -> Outcome:
        if 200 <= status < 300:
            return Outcome.TAKEN
        if status in (404, 410):  # RFC 8030 §7.3
            return Outcome.GONE
        if status == 429 or status >= 500:
            return Outcome.LATER
        host = urlsplit(subscription.endpoint).hostname
        log.warning("the push service %s refuses our message: %d", host, status)
        return Outcome.REFUSED
