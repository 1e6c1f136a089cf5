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
    original = draft.original
    for what, text, limit in (
        ("The text", draft.text, config.max_text),
        ("The name", name, 4 * PART_LIMIT),
        ("The origin id", draft.origin_id, PART_LIMIT),
        ("The form", None if original is None else original.form, MAX_FORM),
    ):
        # What all can keep, in as few steps as possible: this is asked for each message.
        if text and not (text.isascii() and len(text) <= limit and "\0" not in text):
            check_text(what, text, limit)
    if original is not None and len(original.data) > config.max_original:
        text = f"The message has {len(original.data)} bytes; the limit is {config.max_original}"
        raise Refused(Reason.TOO_LARGE, text)
    if draft.about is not None:
        check_text("The reference", draft.about, PART_LIMIT)
    if draft.reply_to is not None:
        check_text("The reference", draft.reply_to, PART_LIMIT)
    if draft.reactions or draft.attachments:
        _check_lists(draft)


def _check_lists(draft: Draft) -> None:
    if len(draft.reactions) > MAX_REACTIONS:
        raise Refused(Reason.TOO_MANY, f"At most {MAX_REACTIONS} reactions to one message.")
    for reaction in draft.reactions:
        check_text("A reaction", reaction, MAX_REACTION)
    if len(draft.attachments) > MAX_ATTACHMENTS:
        raise Refused(Reason.TOO_MANY, f"At most {MAX_ATTACHMENTS} attachments to one message.")
    for attachment in draft.attachments:
        check_text("A file's address", attachment.url, MAX_URL)
        check_text("A file's address", attachment.thumbnail or "", MAX_URL)
        check_text("A file's name", attachment.name, 4 * PART_LIMIT)
        check_text("A media type", attachment.media_type, PART_LIMIT)
        for number in (attachment.size, attachment.width, attachment.height):
            if number is not None and not 0 <= number <= MAX_NUMBER:
                raise Refused(Reason.BAD_REQUEST, "A file has no such size.")
