"""Rooms for XMPP clients, joined with the house of instant messaging. Parts are joined here; what
they do is theirs.
"""

from antiphon.core.people import Messages
from antiphon.core.ports import Rooms
from antiphon.core.switchboard import Switchboard
from antiphon.protocols.xmpp.house import House
from antiphon.protocols.xmpp.muc.foyer import MucConfig
from antiphon.protocols.xmpp.muc.service import MucService, create_muc
from antiphon.protocols.xmpp.server import XmppServer

from .config import Config


def add_rooms(
    config: Config,
    server: XmppServer,
    house: House,
    *,
    switchboard: Switchboard,
    messages: Messages,
    rooms: Rooms,
    secret: bytes,
) -> MucService:
    """Let the house's sessions into rooms. `close` it before the house."""
    muc = create_muc(
        switchboard=switchboard,
        messages=messages,
        rooms=rooms,
        jids=server.hub.jids,
        fan=server.fan,
        blocks=house.contacts,
        secret=secret,
        config=MucConfig(rooms=config.xmpp_limits.rooms_per_session, lock=config.xmpp.lock_rooms),
        stamp=house.stamp,
        accounts=house.router,
    )
    house.router.add(*muc.features)
    house.router.add_host(server.hub.jids.rooms, muc)
    return muc
