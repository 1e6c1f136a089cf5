"""Has a play performed."""

import inspect
from contextlib import suppress
from pathlib import Path

from tests.support.node import Node
from tests.support.stage.actor import Actor
from tests.support.stage.phone_calls import CallingPhone
from tests.support.stage.script import CALLS, WORDS, Play, read
from tests.support.stage.web import WebActor
from tests.support.stage.xmpp import XmppActor
from tests.support.telephony import make_account

OVER: dict[str, type[Actor]] = {
    "on the web": WebActor,
    "in XMPP": XmppActor,
    "on a telephone": CallingPhone,
}
# Who must be able to act what; of words, telephones have few.
FLUENT: dict[type[Actor], dict[str, str]] = {
    WebActor: WORDS | CALLS,
    XmppActor: WORDS,
    CallingPhone: CALLS,
}


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
        for kind, sentences in FLUENT.items()
        for verb in sentences
        if not inspect.iscoroutinefunction(getattr(kind, verb, None))
    ]
