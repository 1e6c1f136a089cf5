"""The plug-in of measured nodes: a routing rule of about twenty lines, such as a site writes for
itself, and a profile of the event loop where a file for it is named.
"""

import asyncio
import cProfile
import os
from pathlib import Path

from antiphon.app.plugin import Plugin
from antiphon.protocols.sip.asked import Asked
from antiphon.protocols.sip.routing import Rule, Verbs

PROFILE = "BENCH_PROFILE"
SCANNERS = ("friendly-scanner", "sipvicious", "sipcli")
DEAR = ("+1900", "001900", "+49900", "0049900", "+44909", "0044909")
MOVED = {"reception": "desk", "office": "desk"}


def routed(rule: Rule) -> Rule:
    """`rule`, after what this site wants."""

    def route(asked: Asked, do: Verbs) -> None:
        request, user = asked.request, asked.uri.user or ""
        agent = (request.get("user-agent") or "").lower()
        if any(name in agent for name in SCANNERS):
            do.reply(asked, 403)
        elif user.startswith(DEAR):
            do.reply(asked, 403, "Barred")
        elif user in MOVED:
            do.redirect(asked, [f"sip:{MOVED[user]}@{asked.uri.host}"])
        elif (
            asked.method == "INVITE"
            and request.content_type == "application/sdp"
            and b"m=audio" not in request.body
        ):
            do.reply(asked, 488, "Speech Only")
        else:
            rule(asked, do)

    return route


async def profiled() -> None:
    """Watch what the thread of the event loop does, until the node ends."""
    profile = cProfile.Profile()
    profile.enable()
    try:
        await asyncio.Event().wait()
    finally:
        profile.disable()
        profile.dump_stats(Path(os.environ[PROFILE]))


def setup(plugin: Plugin) -> None:
    """Called by the node."""
    plugin.set_sip_rule(routed)
    if os.environ.get(PROFILE):
        plugin.add_task(profiled)
