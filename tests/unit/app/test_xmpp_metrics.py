"""Figures of XMPP."""

from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from antiphon.app.xmpp_metrics import XmppCollector
from tests.support.xmpp_site import running


async def test_who_is_connected_is_told(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        registry = CollectorRegistry()
        registry.register(XmppCollector(site.server, site.driver.streams))
        client = await site.log_in()
        await client.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
        await client.until("<enabled[^>]*>")
        stranger = await site.connect(direct=True)
        await stranger.open()
        assert "<not-authorized/>" in await stranger.scram("alice", "wrong")
        text = generate_latest(registry).decode()
        for line in (
            "antiphon_xmpp_sessions_open 1.0",
            "antiphon_xmpp_sessions_away 0.0",
            "antiphon_xmpp_accounts 1.0",
            "antiphon_xmpp_connections 2.0",
            "antiphon_xmpp_logins_total 1.0",
            "antiphon_xmpp_login_failures_total 1.0",
            "antiphon_streams_open 2.0",
            "antiphon_streams_handshakes_total 2.0",
        ):
            assert line in text.splitlines(), text
