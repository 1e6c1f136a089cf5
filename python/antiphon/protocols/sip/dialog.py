"""A dialog: what two user agents keep of each other between requests (RFC 3261 §12).

State without I/O: it knows header fields and nothing of transactions, media or rooms.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .header import Headers, NameAddress, elements, name_addresses, number, parse_name_address
from .uri import MalformedError, Uri

# RFC 3261 §8.1.1.5: a sequence number is below 2**31.
SEQUENCE_LIMIT = 1 << 31
# More hops than this between two user agents are a mistake of somebody's.
ROUTE_LIMIT = 32


@dataclass(frozen=True, slots=True)
class DialogId:
    """Names a dialog, seen from our side."""

    call_id: str
    local_tag: str
    remote_tag: str


@dataclass(frozen=True, slots=True)
class Heading:
    """How a request within a dialog begins: its Request-URI, Route fields and sequence number."""

    uri: str
    routes: tuple[str, ...]
    sequence: int


@dataclass(slots=True, eq=False)
class Dialog:
    """One side of a dialog. `local` and `remote` carry their tags; `target` is where the other
    side wants requests sent to; `confirmed`: a final answer made it a real one.
    """

    call_id: str
    local: NameAddress
    remote: NameAddress
    target: Uri
    routes: tuple[str, ...] = ()
    local_sequence: int = 0
    remote_sequence: int | None = None
    confirmed: bool = False

    @classmethod
    def of_request(cls, request: Headers, tag: str) -> "Dialog":
        """The dialog of a request we answer with this tag (RFC 3261 §12.1.1).

        Raises `MalformedError`.
        """
        return cls(
            call_id=required(request, "call-id"),
            local=parse_name_address(required(request, "to")).bare.with_tag(tag),
            remote=_kept(parse_name_address(required(request, "from"))),
            target=contact_of(request),
            routes=_routes(request.all("record-route")),
            remote_sequence=sequence_of(request),
        )

    @classmethod
    def of_response(cls, response: Headers, local: NameAddress, sequence: int) -> "Dialog":
        """The dialog that an answer to our request makes (RFC 3261 §12.1.2).

        Raises `MalformedError`.
        """
        return cls(
            call_id=required(response, "call-id"),
            local=local,
            remote=_kept(parse_name_address(required(response, "to"))),
            target=contact_of(response),
            routes=_routes(response.all("record-route"))[::-1],
            local_sequence=sequence,
        )

    @property
    def id(self) -> DialogId:
        """Its name."""
        return DialogId(self.call_id, self.local.tag, self.remote.tag)

    @property
    def target_in_person(self) -> bool:
        """Whether requests go to the other side itself and not through a proxy."""
        return not self.routes

    def confirm(self, response: Headers) -> None:
        """A 2xx came: its route set and target count (RFC 3261 §13.2.2.4).

        Raises `MalformedError`.
        """
        self.routes = _routes(response.all("record-route"))[::-1]
        self.target = contact_of(response)
        self.confirmed = True

    def refresh(self, message: Headers) -> None:
        """A target refresh request, or the 2xx to ours: the other side may have moved (§12.2).

        Without a Contact it stays where it was. Raises `MalformedError`.
        """
        if message.get("contact") is not None:
            self.target = contact_of(message)

    def accepts(self, sequence: int) -> bool:
        """Whether a request is in order (§12.2.2); the one that is counts from now on."""
        if self.remote_sequence is not None and sequence <= self.remote_sequence:
            return False
        self.remote_sequence = sequence
        return True

    def heading(self, method: str, sequence: int | None = None) -> Heading:
        """Begin a request (§12.2.1.1). ACK and CANCEL give the `sequence` of what they belong to,
        any other takes the next one.
        """
        if sequence is None:
            self.local_sequence += 1
            sequence = self.local_sequence
        target = str(self.target.request)
        if not self.routes:
            return Heading(target, (), sequence)
        first = parse_name_address(self.routes[0]).uri
        if "lr" in first.parameters:
            return Heading(target, self.routes, sequence)
        # A strict router: it takes the Request-URI's place, and the target stands last.
        return Heading(str(first.request), (*self.routes[1:], f"<{target}>"), sequence)


def contact_of(message: Headers) -> Uri:
    """The one address in Contact. Raises `MalformedError`."""
    contacts = name_addresses(message, "contact")
    if len(contacts) != 1:
        raise MalformedError("exactly one Contact is needed")
    if contacts[0].uri.scheme not in ("sip", "sips"):
        raise MalformedError("a Contact must be a SIP URI")
    return contacts[0].uri


def sequence_of(message: Headers) -> int:
    """The number in CSeq. Raises `MalformedError`."""
    sequence = number(required(message, "cseq").split()[0])
    if sequence >= SEQUENCE_LIMIT:
        raise MalformedError("a CSeq that is too large")
    return sequence


def required(message: Headers, name: str) -> str:
    """A field that every message must have. Raises `MalformedError`."""
    if not (value := message.get(name)):
        raise MalformedError(f"{name} is missing")
    return value


def _routes(fields: Sequence[str]) -> tuple[str, ...]:
    routes = tuple(str(parse_name_address(text)) for text in elements(fields))
    if len(routes) > ROUTE_LIMIT:
        raise MalformedError(f"more than {ROUTE_LIMIT} Record-Routes")
    return routes


def _kept(address: NameAddress) -> NameAddress:
    return address.with_tag(address.tag)
