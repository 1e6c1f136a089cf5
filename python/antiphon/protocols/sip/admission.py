"""Who may ask this node for anything: trunks by where they are, accounts by their password, guests
where they are welcome; and whom their Request-URI means.

A stranger gets a challenge and nothing else; what he sends leaves no state behind.
"""

import hashlib
import logging
import re
from collections import Counter
from collections.abc import Callable
from functools import lru_cache, partial

from antiphon._native import SipRequest
from antiphon.core.address import GUESTS, ROOMS, Address, Addresses
from antiphon.core.ports import Caller, Grants
from antiphon.core.reason import Refused

from .asked import Asked
from .gruu import Gruus, mark_of
from .header import NameAddress, parse_name_address
from .identity import Identities
from .location import Location
from .stack import Stack
from .trunks import Trunks, destination
from .uri import MalformedError, Uri, parse_uri
from .wariness import Wariness

log = logging.getLogger(__name__)

ANONYMOUS = "anonymous.invalid"  # RFC 3323 §4.1.1.3
MENU, ROOM = "menu", "room:"
# User parts that are canonical as they are.
_PLAIN = re.compile(r"[a-z0-9._+-]{1,64}")
# Guests whose names need not be read again for each of their requests.
MAX_GUESTS = 1024
MAX_GUEST = 256


class Spelling:
    """Addresses of this node in any spelling that SIP has for them. `hosts`: names and IP addresses
    that mean this node.
    """

    def __init__(self, addresses: Addresses, hosts: Callable[[str], bool]) -> None:
        self._addresses = addresses
        self._domain = addresses.domain
        self._rooms = ROOMS + addresses.domain
        self._is_host = hosts

    def is_ours(self, host: str) -> bool:
        """Whether a host of a URI is this node."""
        return host in (self._domain, self._rooms) or self._is_host(host)

    def own(self, aor: str) -> str | None:
        """The local part of the account that `user@host` names; None: it is none of this node's."""
        user, at, host = aor.rpartition("@")
        if not at or not (host == self._domain or self._is_host(host)):
            return None
        return self.local(user)

    def local(self, user: str) -> str | None:
        """The canonical form of a user part."""
        if _PLAIN.fullmatch(user):
            return user
        try:
            return self._addresses.parse(f"{user}@{self._domain}").local
        except Refused:
            return None

    def address(self, uri: Uri) -> Address | None:
        """The account or room that a URI of this node means."""
        if uri.user is None or not self.is_ours(uri.host):
            return None
        # RFC 3966: a number may be dressed with separators and parameters.
        user = uri.number if uri.parameters.get("user") == "phone" else uri.user
        local = self.local(user or uri.user)
        if local is None:
            return None
        return Address(local, self._rooms if uri.host == self._rooms else self._domain)


class Admission:
    """See the module. `guests`: whether people without an account are welcome."""

    def __init__(
        self,
        stack: Stack,
        identities: Identities,
        wariness: Wariness,
        location: Location,
        gruus: Gruus,
        spelling: Spelling,
        addresses: Addresses,
        *,
        trunks: Trunks | None = None,
        guests: bool = False,
    ) -> None:
        self.counters: Counter[str] = Counter()
        self.trunks = trunks
        self._stack = stack
        self._identities = identities
        self._wariness = wariness
        self._location = location
        self._gruus = gruus
        self._spelling = spelling
        self._addresses = addresses
        self._guests = guests
        self._remembered_guest = lru_cache(MAX_GUESTS)(self._guest_named)

    def admit(self, request: SipRequest) -> Asked | None:
        """The request with who sends it and whom it means; None: it has its answer."""
        try:
            uri = parse_uri(request.uri)
        except MalformedError:
            known = request.uri[:5].lower().startswith(("sip:", "sips:", "tel:"))
            self._stack.reply(request, 400 if known else 416, stateless=True)
            return None
        if self.trunks and (trunk := self.trunks.of(request)) is not None:
            return self._from_trunk(request, uri, trunk.config.name)
        caller = self._caller(request, uri)
        return None if caller is None else self._asked(request, caller, uri)

    # who

    def _caller(self, request: SipRequest, uri: Uri) -> Caller | None:
        auth, host, user = request.auth, request.flow.remote[0], request.auth_user
        if auth == "ok":
            if self._wariness.must_wait(host, user):
                self._refuse(request, 403, "Too Many Failures")
                return None
            self._wariness.succeeded(host, user)
            return self._account(request, user)
        if auth == "none" and self._guests and (guest := self._guest(request, uri)) is not None:
            return guest
        self._challenge(request, auth == "bad", host, user)
        return None

    def _account(self, request: SipRequest, user: str) -> Caller | None:
        caller = self._identities.caller(user)
        claimed = request.aor("from")
        if caller is None:
            self._refuse(request, 403)
            return None
        anonymous = claimed is None or claimed.endswith(f"@{ANONYMOUS}")
        # RFC 3261 §22.1: who proves to be one account does not speak for another.
        if not anonymous and self._spelling.own(claimed or "") != user:
            self._refuse(request, 403, "From Is Not You")
            return None
        return caller

    def _guest(self, request: SipRequest, uri: Uri) -> Caller | None:
        """Somebody from elsewhere who asks for this node, where that is allowed."""
        claimed = request.aor("from")
        if claimed is None or not self._spelling.is_ours(uri.host):
            return None
        if self._spelling.is_ours(claimed.rpartition("@")[2]):
            return None  # our own users have passwords
        said = request.address("from")
        display = "" if said is None else said[0]
        is_short = len(claimed) + len(display) <= MAX_GUEST
        return (self._remembered_guest if is_short else self._guest_named)(claimed, display)

    def _guest_named(self, claimed: str, display: str) -> Caller:
        """`claimed`: `user@host`. Whoever says the same has the same address each time."""
        digest = hashlib.blake2b(claimed.encode(), digest_size=8).hexdigest()
        try:
            shown = self._addresses.nickname(display or claimed.rpartition("@")[0] or "guest")
        except Refused:
            shown = "guest"
        address = Address(f"sip-{digest}", GUESTS + self._addresses.domain)
        return Caller(address=address, name=shown, grants=Grants(create=True))

    def _challenge(self, request: SipRequest, wrong: bool, host: str, user: str) -> None:
        if not wrong:
            self._stack.challenge(request, proxy=True)
        elif self._wariness.must_wait(host, user):
            self._refuse(request, 403, "Too Many Failures")
        elif self._identities.sick:
            self._stack.reply(request, 503, headers=b"Retry-After: 5\r\n", stateless=True)
        else:
            self._wariness.failed(host, user)
            self._wariness.answer(partial(self._stack.challenge, request, proxy=True))

    def _refuse(self, request: SipRequest, status: int, reason: str = "") -> None:
        self.counters[str(status)] += 1
        log.info(
            "%s from %s (%s) refused: %d %s",
            request.method,
            request.flow.remote[0],
            (request.aor("from") or "?")[:80],
            status,
            reason,
        )
        self._stack.reply(request, status, reason, stateless=True)

    # whom

    def _asked(self, request: SipRequest, caller: Caller, uri: Uri) -> Asked | None:
        if "gr" in uri.parameters and self._spelling.is_ours(uri.host):
            return self._named(request, caller, uri)
        target = self._spelling.address(uri)
        if target is None and uri.scheme != "tel" and self._spelling.is_ours(uri.host):
            self._stack.reply(request, 484 if uri.user is None else 404)
            return None
        number = self._dialled(uri, target)
        if number is not None:
            return Asked(request, caller, Uri("tel", number, ""), None)
        return Asked(request, caller, uri, target)

    def _named(self, request: SipRequest, caller: Caller, uri: Uri) -> Asked | None:
        """For one telephone of an account (RFC 5627 §6.1)."""
        named = self._gruus.read(uri)
        local = None if named is None else self._spelling.local(named.local)
        if named is None or local is None:
            self._stack.reply(request, 404)
            return None
        present = [one for one in self._location.all(local) if one.instance == named.instance]
        if named.mark and all(mark_of(one.call_id) != named.mark for one in present):
            self._stack.reply(request, 404)
            return None
        target = Address(local, self._addresses.domain)
        return Asked(request, caller, uri, target, instance=named.instance)

    def _dialled(self, uri: Uri, target: Address | None) -> str | None:
        """The outside number that was dialled, where there are trunks and no telephone of ours has
        it for its name.
        """
        if not self.trunks or uri.number is None or (target is not None and target.is_room):
            return None
        if target is not None and self._location.all(target.local):
            return None
        number = self.trunks.plan.number(uri.number)
        return number if number is not None and self.trunks.to(number) else None

    def _of_trunk(self, request: SipRequest) -> Caller:
        """Who calls through a trunk: a number, or somebody whose name nobody vouches for."""
        assert self.trunks is not None
        said = _name_address(request, "p-asserted-identity") or _name_address(request, "from")
        number = None if said is None else self.trunks.plan.number(said.uri.number or "")
        if number is not None:
            address = Address(number, self._addresses.domain)
        else:
            address = Address("anonymous", f"{GUESTS}{self._addresses.domain}")
        try:
            name = self._addresses.nickname((said.display if said is not None else "") or "")
        except Refused:
            name = address.local
        return Caller(address=address, name=name, grants=Grants(create=False))

    def _from_trunk(self, request: SipRequest, uri: Uri, name: str) -> Asked | None:
        assert self.trunks is not None
        caller = self._of_trunk(request)
        called = uri.user or ""
        where = destination(self.trunks[name].config, called)
        if where is None:
            log.info("trunk %s calls %s, which leads nowhere", name, called[:40])
            self._refuse(request, 404)
            return None
        if where == MENU:
            return Asked(request, caller, uri, None, trunk=name, is_menu=True)
        try:
            target = (
                self._addresses.room(where.removeprefix(ROOM))
                if where.startswith(ROOM)
                else self._addresses.parse(where).bare
            )
        except Refused as refused:
            log.error("[sip] trunks: %s: %r is no place: %s", name, where[:80], refused)
            self._refuse(request, 404)
            return None
        return Asked(request, caller, uri, target, trunk=name)


def _name_address(request: SipRequest, name: str) -> NameAddress | None:
    try:
        text = request.get(name)
        return None if text is None else parse_name_address(text)
    except MalformedError:
        return None
