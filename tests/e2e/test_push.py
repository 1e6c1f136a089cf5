"""Web Push to a real browser: it subscribes with the node's key, shows what is pushed while no page
is open, and opens the conversation that is chosen. The push service is ours, as a browser is
subscribed at its maker's only.
"""

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from antiphon.services.web_push import encode64, is_public_key
from tests.e2e.test_messages import become_contacts
from tests.support.correspondent import Correspondent, correspond
from tests.support.node import Node
from tests.support.person import ANN, BEN
from tests.support.push_service import Browser as Keys
from tests.support.push_service import push_service
from tests.support.telephone import PASSWORD
from tests.support.wait import until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

PROFILE = "antiphon-profile >>> "

# What the browser does when somebody presses a notification. A script's own event may not hold the
# worker; and only a real press brings the page to the front, so that this is refused.
CHOOSE = """registration.getNotifications().then(([notification]) => {
    const work = [];
    const event = new NotificationEvent("notificationclick", {notification});
    event.waitUntil = (task) => work.push(task.catch(() => {}));
    dispatchEvent(event);
    return Promise.all(work).then(() => null);
})"""


async def subscribes_at(one: Correspondent, endpoint: str, keys: Keys) -> None:
    """The browser's push service, as far as the page sees it, is the one at `endpoint`."""
    subscription = {
        "endpoint": endpoint,
        "keys": {"p256dh": keys.p256dh, "auth": encode64(keys.auth)},
    }
    await one.browser.evaluate(
        f"""(() => {{
            const made = {{
                toJSON: () => ({json.dumps(subscription)}),
                unsubscribe: async () => {{ globalThis.subscription = null; return true; }},
            }};
            PushManager.prototype.subscribe = async function (options) {{
                globalThis.subscription = {{
                    key: btoa(String.fromCharCode(...options.applicationServerKey)),
                    visible: options.userVisibleOnly,
                }};
                return made;
            }};
            PushManager.prototype.getSubscription = async () =>
                globalThis.subscription ? made : null;
        }})()"""
    )


async def subscription_of(one: Correspondent) -> Any:
    return await one.browser.evaluate("globalThis.subscription ?? null")


async def test_what_is_pushed_is_shown_and_leads_to_the_conversation(
    node: Node, tmp_path: Path, artifacts: Path
) -> None:
    keys = Keys()
    async with (
        push_service() as service,
        correspond("chrome", ANN, tmp_path, artifacts) as ann,
        correspond("chrome", BEN, tmp_path, artifacts) as ben,
    ):
        await ann.browser.permit(node.url, "notifications")
        await ann.registers(node.url)
        await ben.registers(node.url)
        ann_at, ben_at = await become_contacts(ann, ben)
        await subscribes_at(ann, service.url(), keys)
        await ann.browser.click('#side >>> [part~="own"]')
        await ann.browser.click(PROFILE + '[part~="switch-notifications"]')
        made = await until("Ann's subscription", lambda: subscription_of(ann), bool)
        assert made["visible"] is True
        key = base64.b64decode(made["key"])
        assert is_public_key(key)
        await until(
            "the node knows of it",
            lambda: ann.browser.evaluate("localStorage.getItem('antiphon-push')"),
            bool,
        )

        # Nobody looks: the page is gone.
        await ann.browser.open("about:blank")
        await ben.sees_presence(ann_at, "offline")
        await ben.opens(ann_at)
        await ben.says("Are you there?")
        await until("a push message", _received(service.received), bool)
        news = service.received[0]
        assert f"k={encode64(key)}" in news.fields["Authorization"].replace(" ", "")
        content = keys.read(news.body).decode()
        assert json.loads(content)["text"] == "Are you there?"

        await ann.browser.push(node.url, content)
        shown = await until("a notification", lambda: _notifications(ann), bool)
        assert shown == [["Ben", "Are you there?"]]

        # Chosen while the page is open elsewhere.
        await ann.browser.open(f"{node.url}/")
        await ann.call_state("idle")
        await ann.browser.evaluate_in_worker(CHOOSE)
        await ann.sees_messages("Are you there?")
        assert await ann.browser.evaluate("location.hash") == f"#/chat/{ben_at.replace('@', '%40')}"
        await until("no notification", lambda: _notifications(ann), lambda left: left == [])

        # Who signs out is not pushed to any more.
        assert await _subscriptions(node) == 1
        await subscribes_at(ann, service.url(), keys)
        await ann.browser.evaluate("globalThis.subscription = {}")
        await ann.browser.evaluate("document.querySelector('#side antiphon-login').signOut()")
        await ann.call_state("signed-out")
        assert await ann.browser.evaluate("localStorage.getItem('antiphon-push')") is None
        await until("no subscription", lambda: _subscriptions(node), lambda left: left == 0)
        assert await subscription_of(ann) is None


async def _subscriptions(node: Node) -> int:
    """At how many places Ann is pushed to, as she is told."""
    async with httpx.AsyncClient(base_url=node.url) as http:
        login = {"address": "ann", "password": PASSWORD}
        token = (await http.post("/api/v1/auth/login", json=login)).json()["token"]
        fields = {"Authorization": f"Bearer {token}"}
        answer = await http.get("/api/v1/accounts/me/push", headers=fields)
    return len(answer.json()["subscriptions"])


def _received(received: list[Any]) -> Any:
    async def count() -> int:
        return len(received)

    return count


async def _notifications(one: Correspondent) -> list[list[str]]:
    """Title and text of each."""
    return list(
        await one.browser.evaluate_in_worker(
            """registration.getNotifications()
                .then((all) => all.map(({title, body}) => [title, body]))"""
        )
    )
