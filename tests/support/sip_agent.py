"""Our user agent among fakes, joined by a wire to a telephone that a test plays by hand."""

import asyncio
from dataclasses import dataclass, field

from antiphon._native import SipRequest
from antiphon.core.address import ROOMS, Address
from antiphon.protocols.sip.agent import Agent, AgentLimits
from antiphon.protocols.sip.asked import Asked
from antiphon.protocols.sip.leg import Times
from antiphon.protocols.sip.location import Binding, Location
from antiphon.protocols.sip.messages import TextMessages
from antiphon.protocols.sip.stack import Stack
from antiphon.protocols.sip.uri import parse_uri
from tests.support.fake_phones import FakePhone, FakePhones
from tests.support.fakes import DOMAIN, House, account, house
from tests.support.sip_wire import OURS, THEIRS, Opposite, Wire, joined


@dataclass
class Office:
    """`agent` serves INVITE; `phone` is alice's telephone, opposite."""

    house: House
    agent: Agent
    phones: FakePhones
    phone: Opposite
    location: Location
    ours: Stack
    theirs: Stack
    away: Wire
    back: Wire
    menu: set[str] = field(default_factory=set)
    trunk: str = ""

    @property
    def last(self) -> FakePhone:
        """The media session that was opened last."""
        return self.phones.last

    def another(self, user: str) -> Opposite:
        """Another telephone, on the same stack."""
        return Opposite(self.theirs, user, self.phone.flow.transport, self.phone.others)

    def register(self, user: str, contact_user: str = "") -> None:
        """A telephone of an account, opposite."""
        uri = f"sip:{contact_user or user}@{THEIRS[0]}"
        flow = self.phone.flow
        back = type(flow)(0, flow.transport, flow.connection, THEIRS)
        binding = Binding(uri, back, call_id="r", cseq=1, until=1e9)
        self.location.put(user, (*self.location.bindings(user), binding))
        self.house.directory.names.add(user)

    def members(self, room: str) -> list[str]:
        """Names of those who are in a room."""
        found = self.house.switchboard.find(room)
        return [one.info.name for one in found.members.values()] if found is not None else []

    @property
    def rooms(self) -> list[str]:
        """The living rooms."""
        return [room.name for room in self.house.switchboard.rooms]

    def serve(self, request: SipRequest) -> None:
        """What routing does: the caller is who From says."""
        _, uri, _ = request.address("from") or ("", "", {})
        caller = account(parse_uri(uri).user or "")
        target = self._target(request.uri)
        self.agent.invited(
            Asked(
                request,
                caller,
                parse_uri(request.uri),
                target,
                trunk=self.trunk,
                is_menu=parse_uri(request.uri).user in self.menu,
            )
        )

    @staticmethod
    def _target(text: str) -> Address | None:
        uri = parse_uri(text)
        if uri.user is None or uri.host not in (DOMAIN, f"{ROOMS}{DOMAIN}", OURS[0]):
            return None
        return Address(uri.user, uri.host if uri.host != OURS[0] else DOMAIN)


def office(
    transport: str = "udp", times: Times | None = None, limits: AgentLimits | None = None
) -> Office:
    """All of it; call it on the loop that the test runs on."""
    found = house()
    ours, theirs, away, back = joined(transport)
    phones = FakePhones()
    location = Location(DOMAIN, clock=asyncio.get_running_loop().time)
    agent = Agent(
        ours,
        switchboard=found.switchboard,
        phones=phones,
        rooms=found.rooms,
        location=location,
        times=times,
        limits=limits,
        menu="menu",
        says=TextMessages(ours, found.switchboard).say,
    )
    phone = Opposite(theirs, transport=transport)
    made = Office(found, agent, phones, phone, location, ours, theirs, away, back)
    ours.on("INVITE", made.serve)
    return made
