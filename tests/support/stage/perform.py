"""Has a play performed."""

import inspect
from contextlib import suppress
from pathlib import Path

from tests.support.node import Node
from tests.support.stage.actor import Actor
from tests.support.stage.phone import PhoneActor
from tests.support.stage.script import SENTENCES, Play, read
from tests.support.stage.web import WebActor
from tests.support.stage.xmpp import XmppActor
from tests.support.telephony import make_account

# Telephones act few of the sentences.
TALKATIVE: dict[str, type[Actor]] = {"on the web": WebActor, "in XMPP": XmppActor}
OVER: dict[str, type[Actor]] = TALKATIVE | {"on a telephone": PhoneActor}


async def perform(node: Node, path: Path) -> Play:
    """Play it to its end. What goes wrong names its line."""
    play = read(path)
    actors = {name: OVER[over](node, name) for name, over in play.cast.items()}
    for name in actors:
        await make_account(node, name.lower(), name)
    try:
        for line in play.lines:
            try:
                await getattr(actors[line.who], line.verb)(**line.given)
            except Exception as error:
                error.add_note(f"{path.name}:{line.number}: {line.who} {line.verb} {line.given}")
                raise
    finally:
        for actor in actors.values():
            with suppress(ConnectionError):
                await actor.goes()
    return play


def unable() -> list[str]:
    """Sentences that an actor who should know all of them cannot act."""
    return [
        f"{kind.__name__}.{verb}"
        for kind in TALKATIVE.values()
        for verb in SENTENCES
        if not inspect.iscoroutinefunction(getattr(kind, verb, None))
    ]
