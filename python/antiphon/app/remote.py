"""The REST API of the node that runs on this machine, called with a token made from the node's
secret.
"""

import http.client
import json
import ssl
import urllib.error
import urllib.request
from typing import Any

from antiphon.core.address import Addresses
from antiphon.core.ports import Caller, Grants
from antiphon.services.normalize import PrecisNormalizer

from .config import Config
from .errors import StartError
from .folder import Running, find_running
from .token import open_tokens

TIMEOUT = 10.0
TOKEN_SECONDS = 60.0
ANSWER_LIMIT = 16 * 1024 * 1024


class Failed(Exception):
    """The node refused; the text is its own."""


class Remote:
    """A running node."""

    def __init__(self, config: Config) -> None:
        """Find the node of the configured data folder. Raises `StartError` if none runs."""
        running = find_running(config.node.data)
        if running is None:
            raise StartError(f"no node runs with the data folder {config.node.data}")
        self.running: Running = running
        self.addresses = Addresses(config.node.domain, PrecisNormalizer())
        operator = self.addresses.parse("operator")
        caller = Caller(address=operator, name="operator", grants=Grants(moderate=True, admin=True))
        try:
            tokens = open_tokens(config, self.addresses)
        except (OSError, ValueError) as error:
            raise StartError(f"cannot read the node's secret: {error}") from None
        self.token = tokens.issue(caller, TOKEN_SECONDS).text

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request, with JSON if given; the JSON of the answer, None if it is empty. Raises
        `Failed`.
        """
        data = None if body is None else json.dumps(body).encode()
        content = self._send(method, path, "application/json", data)
        return json.loads(content) if content else None

    def read(self, path: str) -> str:
        """The text that is there. Raises `Failed`."""
        return self._send("GET", path, "text/plain").decode("utf-8", "replace")

    def _send(self, method: str, path: str, accept: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(  # noqa: S310 - the address is that of our own node
            self.running.url + path,
            data=body,
            method=method,
            headers={
                "Authorization": f"Bearer {self.token}",
                "Accept": accept,
                "Content-Type": "application/json",
            },
        )
        handler = urllib.request.HTTPSHandler(context=self.tls())
        # No proxy stands between us and this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), handler)
        try:
            with opener.open(request, timeout=TIMEOUT) as answer:
                return bytes(answer.read(ANSWER_LIMIT))
        except urllib.error.HTTPError as error:
            raise Failed(_detail(error)) from None
        except (OSError, http.client.HTTPException) as error:
            raise Failed(f"the node does not answer at {self.running.url}: {error}") from None

    def tls(self) -> ssl.SSLContext:
        """Trusts the node's own certificate and no other; its names are for those outside."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        if self.running.url.startswith("https:"):
            context.load_verify_locations(self.running.certificate)
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return context


def _detail(error: urllib.error.HTTPError) -> str:
    """The words of a problem document (RFC 9457 §3.1), else the status."""
    try:
        problem = json.loads(error.read(65_536))
        return str(problem["detail"])
    except (OSError, ValueError, LookupError, TypeError):
        return f"the node answered {error.code}"
