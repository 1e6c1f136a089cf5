"""Places for files (XEP-0363): where a client puts one by HTTP, and where others get it."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from antiphon.core.ports import Files
from antiphon.core.profile import Slot
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.xmpp.feature import Feature, Request, Scope, Serve, StanzaError
from antiphon.protocols.xmpp.message import element

from .disco import Form

UPLOAD = "urn:xmpp:http:upload:0"
# XEP-0363 §5: others are not passed on by clients.
HEADERS = {"authorization": "Authorization", "cookie": "Cookie", "expires": "Expires"}


class Uploads(Feature):
    """Slots."""

    xep = "XEP-0363"
    namespaces = (UPLOAD,)

    def __init__(self, files: Files) -> None:
        self._files = files

    def requests(self) -> Iterable[Serve]:
        """A slot."""
        yield Serve("get", "request", UPLOAD, self._slot, Scope.SERVER)

    def form(self) -> Form:
        """For discovery: how large files may be (XEP-0363 §4)."""
        return Form(UPLOAD, {"max-file-size": (str(self._files.max_size),)})

    async def _slot(self, request: Request) -> Element:
        asked = request.payload()
        size, name = asked.get("size", ""), asked.get("filename", "")
        if not (size.isascii() and size.isdecimal() and len(size) < 19 and int(size)) or not name:
            raise StanzaError("bad-request", "A file has a name and a size.")
        type_ = asked.get("content-type", "")
        try:
            slot = await self._files.slot(request.session.caller, name, int(size), type_)
        except Refused as refused:
            if refused.reason is not Reason.TOO_LARGE:
                raise
            raise _too_large(refused.text, self._files.max_size) from None
        return _spelled(slot)


def _too_large(text: str, most: int) -> StanzaError:
    extra = f"<file-too-large xmlns='{UPLOAD}'><max-file-size>{most}</max-file-size>"
    return StanzaError("not-acceptable", text, extra=(extra + "</file-too-large>").encode())


def _spelled(slot: Slot) -> Element:
    put = element("put", UPLOAD, attributes={"url": slot.put_url})
    for name, value in slot.headers.items():
        if (known := HEADERS.get(name.lower())) is not None and "\n" not in value:
            put.append(element("header", UPLOAD, value, attributes={"name": known}))
    get = element("get", UPLOAD, attributes={"url": slot.get_url})
    return element("slot", UPLOAD, put, get)
