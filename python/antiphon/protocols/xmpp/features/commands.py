"""Commands that people run through forms (XEP-0050). What a command does, it knows itself; plug-ins
can add some.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from xml.etree.ElementTree import Element

from antiphon.core.ports import Caller
from antiphon.protocols.xmpp import forms
from antiphon.protocols.xmpp.feature import Feature, Request, Scope, Serve, StanzaError
from antiphon.protocols.xmpp.message import element
from antiphon.protocols.xmpp.namespaces import DATA_FORM, DISCO_ITEMS
from antiphon.protocols.xmpp.session import Session

from .disco import About, Identity

COMMANDS = "http://jabber.org/protocol/commands"
# Commands that one session may have begun.
OPEN = 20


@dataclass(frozen=True, slots=True)
class Done:
    """A command is done: words for people, and a form with results, if there is one."""

    note: str = ""
    form: Element | None = None


class Command(Protocol):
    """One command of the server. `node` names it for programs, `title` for people."""

    @property
    def node(self) -> str:
        """Its name in the protocol."""

    @property
    def title(self) -> str:
        """Its name in menus."""

    def allowed(self, caller: Caller) -> bool:
        """Who may run it."""

    def form(self) -> Element | None:
        """What it wants to know; None: nothing."""

    async def run(self, caller: Caller, filled: Mapping[str, list[str]]) -> Done:
        """Do it. Raises `StanzaError`, `Refused`."""


@dataclass(slots=True)
class _Open:
    """Kept of a session: commands that it began, session id → node."""

    begun: dict[str, str] = field(default_factory=dict[str, str])


class Commands(Feature):
    """Lists and runs commands of the server."""

    xep = "XEP-0050"
    namespaces = (COMMANDS, DATA_FORM)

    def __init__(self, commands: Iterable[Command] = ()) -> None:
        self._commands: dict[str, Command] = {}
        for command in commands:
            self.add(command)

    def add(self, command: Command) -> None:
        """Offer one more."""
        self._commands[command.node] = command

    def requests(self) -> Iterable[Serve]:
        """Execute, complete, cancel."""
        yield Serve("set", "command", COMMANDS, self._command, Scope.SERVER)

    async def _command(self, request: Request) -> Element:
        asked = request.payload()
        node, id = asked.get("node", ""), asked.get("sessionid")
        command = self._allowed(request.session, node)
        action = asked.get("action", "execute")
        if action not in ("execute", "complete", "next", "cancel"):
            raise _bad("bad-action")
        begun = request.session.features.setdefault(_Open, _Open()).begun
        if id is None and action == "execute":
            if (wanted := command.form()) is not None:
                return _executing(node, _begin(begun, node), wanted)
            return _completed(node, secrets.token_hex(8), await command.run(_caller(request), {}))
        if id is None or begun.pop(id, None) != node:
            raise _bad("bad-sessionid")
        if action == "cancel":
            return element("command", COMMANDS, attributes=_head(node, id, "canceled"))
        filled = forms.filled(asked)
        if filled is None:
            raise _bad("bad-payload")
        return _completed(node, id, await command.run(_caller(request), filled))

    def _allowed(self, session: Session, node: str) -> Command:
        command = self._commands.get(node)
        if command is None:
            raise StanzaError("item-not-found", "There is no such command.")
        if not command.allowed(session.caller):
            raise StanzaError("forbidden", "You may not run this command.")
        return command

    # features.disco.Provider

    async def info(self, request: Request, node: str) -> About | None:
        """XEP-0050 §3.3."""
        if request.scope is not Scope.SERVER:
            return None
        if node == COMMANDS:
            return About([Identity("automation", "command-list")])
        command = self._commands.get(node)
        if command is None or not command.allowed(request.session.caller):
            return None
        identity = Identity("automation", "command-node", command.title)
        return About([identity], [COMMANDS, DATA_FORM])

    async def items(self, request: Request, node: str | None) -> list[Element] | None:
        """XEP-0050 §3.1: the commands that the one who asks may run."""
        if node != COMMANDS or request.scope is not Scope.SERVER:
            return None
        caller, jid = request.session.caller, request.stanza.to
        return [
            element(
                "item", DISCO_ITEMS, attributes={"jid": jid, "node": one.node, "name": one.title}
            )
            for one in self._commands.values()
            if one.allowed(caller)
        ]


def _caller(request: Request) -> Caller:
    return request.session.caller


def _begin(begun: dict[str, str], node: str) -> str:
    if len(begun) >= OPEN:
        del begun[next(iter(begun))]
    id = secrets.token_hex(8)
    begun[id] = node
    return id


def _head(node: str, id: str, status: str) -> dict[str, str | None]:
    return {"node": node, "sessionid": id, "status": status}


def _executing(node: str, id: str, wanted: Element) -> Element:
    actions = element("actions", COMMANDS, attributes={"execute": "complete"})
    actions.append(element("complete", COMMANDS))
    return element("command", COMMANDS, actions, wanted, attributes=_head(node, id, "executing"))


def _completed(node: str, id: str, done: Done) -> Element:
    made = element("command", COMMANDS, attributes=_head(node, id, "completed"))
    if done.note:
        made.append(element("note", COMMANDS, done.note, attributes={"type": "info"}))
    if done.form is not None:
        made.append(done.form)
    return made


def _bad(name: str) -> StanzaError:
    """XEP-0050 §4.5."""
    return StanzaError("bad-request", extra=f"<{name} xmlns='{COMMANDS}'/>".encode())
