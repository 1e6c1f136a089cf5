"""What a letter must not exceed, before it is stored; one bad letter must spoil no other."""

from antiphon.core.address import PART_LIMIT
from antiphon.core.message import Draft
from antiphon.core.reason import Reason, Refused
from antiphon.stores.addresses import check_text

from .config import MailboxConfig

MAX_REACTIONS = 32
MAX_REACTION = 64  # bytes
MAX_ATTACHMENTS = 32
MAX_URL = 4096  # bytes
MAX_FORM = 64
MAX_NUMBER = 2**53  # of bytes and pixels


def check_letter(name: str, draft: Draft, config: MailboxConfig) -> None:
    """Raises `Refused`: TOO_LARGE, BAD_REQUEST."""
    _check("The text", draft.text, config.max_text)
    _check("The name", name, 4 * PART_LIMIT)
    if draft.origin_id is not None:
        _check("The origin id", draft.origin_id, PART_LIMIT)
    if (original := draft.original) is not None:
        _check("The form", original.form, MAX_FORM)
        if len(original.data) > config.max_original:
            text = f"The message has {len(original.data)} bytes; the limit is {config.max_original}"
            raise Refused(Reason.TOO_LARGE, text)
    if draft.about is not None:
        _check("The reference", draft.about, PART_LIMIT)
    if draft.reply_to is not None:
        _check("The reference", draft.reply_to, PART_LIMIT)
    if draft.reactions or draft.attachments:
        _check_lists(draft)


def _check(what: str, text: str, limit: int) -> None:
    # What all can keep, in as few steps as possible: this is asked for each message.
    if not (text.isascii() and len(text) <= limit and "\0" not in text):
        check_text(what, text, limit)


def _check_lists(draft: Draft) -> None:
    if len(draft.reactions) > MAX_REACTIONS:
        raise Refused(Reason.TOO_MANY, f"At most {MAX_REACTIONS} reactions to one message.")
    for reaction in draft.reactions:
        _check("A reaction", reaction, MAX_REACTION)
    if len(draft.attachments) > MAX_ATTACHMENTS:
        raise Refused(Reason.TOO_MANY, f"At most {MAX_ATTACHMENTS} attachments to one message.")
    for attachment in draft.attachments:
        _check("A file's address", attachment.url, MAX_URL)
        _check("A file's address", attachment.thumbnail or "", MAX_URL)
        _check("A file's name", attachment.name, 4 * PART_LIMIT)
        _check("A media type", attachment.media_type, PART_LIMIT)
        for number in (attachment.size, attachment.width, attachment.height):
            if number is not None and not 0 <= number <= MAX_NUMBER:
                raise Refused(Reason.BAD_REQUEST, "A file has no such size.")
