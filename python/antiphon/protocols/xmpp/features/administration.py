"""Commands of administrators (XEP-0133, those that make sense here)."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Protocol
from xml.etree.ElementTree import Element

from antiphon.core.address import Address
from antiphon.core.ports import Caller
from antiphon.core.reason import Refused
from antiphon.protocols.xmpp import forms
from antiphon.protocols.xmpp.feature import StanzaError
from antiphon.protocols.xmpp.forms import Field
from antiphon.protocols.xmpp.jid import Jids
from antiphon.protocols.xmpp.message import escape, stanza
from antiphon.protocols.xmpp.sessions import Audience, Fan, Sessions

from .commands import Command, Done

ADMIN = "http://jabber.org/protocol/admin"
LISTED = 2000
MAX_ANNOUNCEMENT = 10_000


class AccountCare(Protocol):
    """What is asked of those who keep accounts. Raises `Refused`."""

    async def add(self, account: Address, password: str, name: str) -> None:
        """Make an account."""

    async def change_password(self, account: Address, password: str) -> None:
        """Give it another password."""

    async def disable(self, account: Address, disabled: bool) -> None:
        """Lock it, or unlock it."""

    async def remove(self, account: Address) -> None:
        """Delete it with all that is kept of it."""


class _Admin:
    """What the commands share: administrators may run them, and each asks by one form."""

    node = ""
    title = ""
    fields: tuple[Field, ...] = ()

    def __init__(self, jids: Jids) -> None:
        self._jids = jids

    def allowed(self, caller: Caller) -> bool:
        """Administrators."""
        return caller.grants.admin

    def form(self) -> Element | None:
        """What it wants to know."""
        return forms.form(ADMIN, self.fields, title=self.title) if self.fields else None

    def _account(self, text: str) -> Address:
        try:
            account = self._jids.parse(text.strip()).bare
        except Refused:
            raise StanzaError("jid-malformed") from None
        if account.domain != self._jids.domain or not account.local:
            raise StanzaError("not-acceptable", "That is no account of this server.")
        return account

    def _accounts(self, filled: Mapping[str, list[str]]) -> list[Address]:
        texts = [text for text in filled.get("accountjids", []) if text.strip()]
        if not texts:
            raise StanzaError("bad-request", "Which accounts?")
        return [self._account(text) for text in texts]


_WHO = Field("accountjid", "jid-single", label="The account", required=True)
_THEM = Field("accountjids", "jid-multi", label="The accounts", required=True)


class AddUser(_Admin):
    """XEP-0133 §4.1."""

    node = f"{ADMIN}#add-user"
    title = "Add an account"
    fields = (
        _WHO,
        Field("password", "text-private", label="Its password", required=True),
        Field("password-verify", "text-private", label="Again", required=True),
        Field("given_name", label="Given name"),
        Field("surname", label="Family name"),
    )

    def __init__(self, jids: Jids, care: AccountCare) -> None:
        super().__init__(jids)
        self._care = care

    async def run(self, caller: Caller, filled: Mapping[str, list[str]]) -> Done:
        """Make it."""
        account = self._account(forms.first(filled, "accountjid"))
        password = _password(filled)
        names = (forms.first(filled, "given_name"), forms.first(filled, "surname"))
        await self._care.add(account, password, " ".join(filter(None, names)))
        return Done(f"{account} has an account now.")


class ChangePassword(_Admin):
    """XEP-0133 §4.7."""

    node = f"{ADMIN}#change-user-password"
    title = "Change a password"
    fields = (_WHO, Field("password", "text-private", label="The new one", required=True))

    def __init__(self, jids: Jids, care: AccountCare) -> None:
        super().__init__(jids)
        self._care = care

    async def run(self, caller: Caller, filled: Mapping[str, list[str]]) -> Done:
        """Change it."""
        account = self._account(forms.first(filled, "accountjid"))
        await self._care.change_password(account, forms.first(filled, "password"))
        return Done(f"The password of {account} is changed.")


class _ForEach(_Admin, ABC):
    """A command that does the same to each of some accounts."""

    fields = (_THEM,)

    def __init__(self, jids: Jids, care: AccountCare) -> None:
        super().__init__(jids)
        self._care = care

    async def run(self, caller: Caller, filled: Mapping[str, list[str]]) -> Done:
        """Do it to each."""
        accounts = self._accounts(filled)
        for account in accounts:
            await self._do(account)
        return Done(f"{self.title}: done for {', '.join(map(str, accounts))}.")

    @abstractmethod
    async def _do(self, account: Address) -> None:
        """What is done to one of them."""


class DeleteUser(_ForEach):
    """XEP-0133 §4.2."""

    node = f"{ADMIN}#delete-user"
    title = "Delete accounts"

    async def _do(self, account: Address) -> None:
        await self._care.remove(account)


class DisableUser(_ForEach):
    """XEP-0133 §4.3."""

    node = f"{ADMIN}#disable-user"
    title = "Lock accounts"

    async def _do(self, account: Address) -> None:
        await self._care.disable(account, True)


class ReEnableUser(_ForEach):
    """XEP-0133 §4.4."""

    node = f"{ADMIN}#reenable-user"
    title = "Unlock accounts"

    async def _do(self, account: Address) -> None:
        await self._care.disable(account, False)


class EndSession(_Admin):
    """XEP-0133 §4.5: all sessions of accounts, or one by its full address."""

    node = f"{ADMIN}#end-user-session"
    title = "End sessions"
    fields = (_THEM,)

    def __init__(self, jids: Jids, sessions: Sessions) -> None:
        super().__init__(jids)
        self._sessions = sessions

    async def run(self, caller: Caller, filled: Mapping[str, list[str]]) -> Done:
        """End them."""
        ended = 0
        for text in filled.get("accountjids", []):
            account = self._account(text)
            device = text.strip().partition("/")[2]
            for session in list(self._sessions.of(account).values()):
                if device in ("", session.address.device):
                    session.close("policy-violation", "An administrator ended this session.")
                    ended += 1
        return Done(f"Sessions ended: {ended}.")


class OnlineUsers(_Admin):
    """XEP-0133 §4.20, of those who use XMPP."""

    node = f"{ADMIN}#get-online-users-list"
    title = "Who is online"

    def __init__(self, jids: Jids, sessions: Sessions) -> None:
        super().__init__(jids)
        self._sessions = sessions

    async def run(self, caller: Caller, filled: Mapping[str, list[str]]) -> Done:
        """List them."""
        accounts = sorted({str(session.account) for session in self._sessions})[:LISTED]
        field = Field("onlineuserjids", "jid-multi", tuple(accounts), "Online")
        return Done(form=forms.form(ADMIN, [field], type_="result", title=self.title))


class Announce(_Admin):
    """XEP-0133 §4.23."""

    node = f"{ADMIN}#announce"
    title = "Tell everybody who is online"
    fields = (
        Field("subject", label="Subject"),
        Field("announcement", "text-multi", label="What to say", required=True),
    )

    def __init__(self, jids: Jids, fan: Fan) -> None:
        super().__init__(jids)
        self._fan = fan

    async def run(self, caller: Caller, filled: Mapping[str, list[str]]) -> Done:
        """Tell them."""
        text = "\n".join(filled.get("announcement", [])).strip()
        if not text or len(text) > MAX_ANNOUNCEMENT:
            raise StanzaError("bad-request", "Say something, but not too much.")
        subject = forms.first(filled, "subject")
        children = [
            element_of(name, value) for name, value in (("subject", subject), ("body", text))
        ]
        data = stanza("message", *filter(None, children), from_=self._jids.domain, kind="headline")
        told = list(self._fan.sessions)
        Audience(self._fan, told).send(data)
        return Done(f"Told: {len(told)}.")


def element_of(name: str, text: str) -> bytes:
    """A child of a message, b"" for no text."""
    return f"<{name}>{escape(text)}</{name}>".encode() if text else b""


def _password(filled: Mapping[str, list[str]]) -> str:
    password = forms.first(filled, "password")
    if not password or forms.first(filled, "password-verify", password) != password:
        raise StanzaError("not-acceptable", "The passwords differ, or there is none.")
    return password


def commands(jids: Jids, fan: Fan, care: AccountCare) -> Iterable[Command]:
    """All of them."""
    for kind in (AddUser, DeleteUser, DisableUser, ReEnableUser, ChangePassword):
        yield kind(jids, care)
    yield EndSession(jids, fan.sessions)
    yield OnlineUsers(jids, fan.sessions)
    yield Announce(jids, fan)
