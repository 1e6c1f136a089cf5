"""Contacts of an account: who is in the list, who sees whom, who is blocked. `me` stands for the
caller's own; administrators may look after those of others.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from antiphon.core.address import Address
from antiphon.core.people import Contacts
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.http.caller import CurrentCaller
from antiphon.protocols.http.models import AddressText, Body, Text
from antiphon.protocols.http.people_views import ContactView
from antiphon.protocols.http.runtime import Live, Runtime, contacts_of

from .accounts import AccountPath, own_address

router = APIRouter(prefix="/api/v1/accounts/{account}", tags=["contacts"])

ContactPath = Annotated[str, Path(max_length=600, description="`name@domain` of the contact.")]
Blocked = Annotated[list[AddressText], Field(max_length=100)]
Groups = Annotated[list[Annotated[Text, Field(min_length=1, max_length=255)]], Field(max_length=50)]


class ContactList(BaseModel):
    """All contacts, and those who ask to be, by address."""

    contacts: list[ContactView]


class ContactChange(Body):
    """What is given is changed."""

    name: Annotated[Text, Field(max_length=255)] | None = None
    groups: Groups | None = None


class Question(Body):
    """What goes with the question."""

    text: Annotated[Text, Field(max_length=1000)] = ""


class Reply(Body):
    """Whether they may."""

    granted: bool


class BlockedList(BaseModel):
    """Of whom nothing is heard: accounts and domains."""

    blocked: list[str]


class Blocking(Body):
    """Whom to block."""

    addresses: Blocked


@router.get("/contacts")
async def list_contacts(account: AccountPath, live: Live, caller: CurrentCaller) -> ContactList:
    """Who is in the list, and who asks to be."""
    owner, contacts = _of(live, caller, account)
    return ContactList(contacts=[ContactView.of(one) for one in await contacts.of(owner)])


@router.get("/contacts/{address}")
async def read_contact(
    account: AccountPath, address: ContactPath, live: Live, caller: CurrentCaller
) -> ContactView:
    """One of them."""
    owner, contacts = _of(live, caller, account)
    found = await contacts.find(owner, _parse(live, address))
    if found is None:
        raise Refused(Reason.NOT_FOUND, "There is no such contact.")
    return ContactView.of(found)


@router.put("/contacts/{address}")
async def set_contact(
    account: AccountPath,
    address: ContactPath,
    change: ContactChange,
    live: Live,
    caller: CurrentCaller,
) -> ContactView:
    """Put somebody into the list, or change what stands there."""
    owner, contacts = _of(live, caller, account)
    whom = _parse(live, address)
    return ContactView.of(await contacts.set(owner, whom, name=change.name, groups=change.groups))


@router.delete("/contacts/{address}", status_code=204)
async def remove_contact(
    account: AccountPath, address: ContactPath, live: Live, caller: CurrentCaller
) -> None:
    """Take somebody out of the list; neither sees the other any more."""
    owner, contacts = _of(live, caller, account)
    await contacts.remove(owner, _parse(live, address))


@router.post("/contacts/{address}/ask", status_code=204)
async def ask(
    account: AccountPath,
    address: ContactPath,
    live: Live,
    caller: CurrentCaller,
    question: Question | None = None,
) -> None:
    """Ask to see somebody's presence."""
    owner, contacts = _of(live, caller, account)
    text = "" if question is None else question.text
    await contacts.ask(owner, _parse(live, address), text)


@router.post("/contacts/{address}/answer", status_code=204)
async def answer(
    account: AccountPath, address: ContactPath, reply: Reply, live: Live, caller: CurrentCaller
) -> None:
    """Let somebody see one's presence, or not (any more); also before they ask."""
    owner, contacts = _of(live, caller, account)
    await contacts.answer(owner, _parse(live, address), reply.granted)


@router.post("/contacts/{address}/withdraw", status_code=204)
async def withdraw(
    account: AccountPath, address: ContactPath, live: Live, caller: CurrentCaller
) -> None:
    """Do not see somebody's presence any more."""
    owner, contacts = _of(live, caller, account)
    await contacts.withdraw(owner, _parse(live, address))


@router.get("/blocked")
async def list_blocked(account: AccountPath, live: Live, caller: CurrentCaller) -> BlockedList:
    """Of whom nothing is heard."""
    owner, contacts = _of(live, caller, account)
    return BlockedList(blocked=list(await contacts.blocked(owner)))


@router.post("/blocked", status_code=204)
async def block(
    account: AccountPath, blocking: Blocking, live: Live, caller: CurrentCaller
) -> None:
    """Hear nothing of them any more: accounts, or whole domains."""
    owner, contacts = _of(live, caller, account)
    await contacts.block(owner, blocking.addresses)


@router.delete("/blocked", status_code=204)
async def unblock(
    account: AccountPath,
    live: Live,
    caller: CurrentCaller,
    address: Annotated[
        list[str] | None, Query(max_length=100, description="All of them if absent.")
    ] = None,
) -> None:
    """Hear of them again."""
    owner, contacts = _of(live, caller, account)
    await contacts.unblock(owner, address)


def _of(live: Runtime, caller: Caller, account: str) -> tuple[Address, Contacts]:
    """Whose list it is, if the caller may touch it. Raises `Refused(FORBIDDEN)`."""
    owner = own_address(live, caller, account)
    if owner.is_guest:
        raise Refused(Reason.FORBIDDEN, "Guests have no contacts. Please log in.")
    return owner, contacts_of(live)


def _parse(live: Runtime, address: str) -> Address:
    return live.context.addresses.parse(address).bare
