"""Who may offer and who must answer: the offer/answer exchange of one call.

By RFC 3264 and the six ways that RFC 6337 §2 lists: descriptions travel in INVITE, its reliable
answers, ACK, PRACK and UPDATE. No I/O; descriptions are text that it does not read.
"""

from enum import Enum


class Owed(Enum):
    """What the exchange waits for."""

    NOTHING = "nothing"
    OUR_ANSWER = "our answer"  # they offered
    THEIR_ANSWER = "their answer"  # we offered
    OUR_OFFER = "our offer"  # their INVITE had none: the first reliable answer carries ours


class Part(Enum):
    """What a description in a message is."""

    NONE = "none"
    OFFER = "offer"
    ANSWER = "answer"
    REPEATED = "repeated"  # said before by a more reliable message: not to be read again


class Collision(Exception):
    """Both sides offer at once: refuse with `status` (RFC 3261 §14.2, RFC 3311 §5.2)."""

    def __init__(self, status: int) -> None:
        super().__init__(f"offers collide: {status}")
        self.status = status


class OutOfTurn(Exception):
    """A description came, or was missing, where the exchange has no place for that."""


class Negotiation:
    """The exchange of one call, in which an INVITE of either side may be open."""

    def __init__(self) -> None:
        self.owed = Owed.NOTHING
        self.agreed = False
        self._invite: str | None = None  # whose INVITE is open: "ours" or "theirs"
        self._settled = False  # the open INVITE's own exchange is done (in a 1xx or PRACK)
        self._hinted = False  # an unreliable 1xx to it had an answer

    @property
    def idle(self) -> bool:
        """Whether we may offer: no exchange and no INVITE is open."""
        return self.owed is Owed.NOTHING and self._invite is None

    # INVITE

    def invite_received(self, body: bool) -> Part:
        """Their INVITE came. Raises `Collision`."""
        if self._invite == "theirs":
            raise Collision(500)
        if self._invite == "ours" or self.owed is Owed.THEIR_ANSWER:
            raise Collision(491)
        if self.owed is not Owed.NOTHING:
            raise Collision(500)
        self._invite, self._settled = "theirs", False
        self.owed = Owed.OUR_ANSWER if body else Owed.OUR_OFFER
        return Part.OFFER if body else Part.NONE

    def invite_sent(self, body: bool) -> None:
        """Our INVITE goes out, with an offer or asking for one."""
        if not self.idle:
            raise OutOfTurn("an exchange is open")
        self._invite, self._settled, self._hinted = "ours", False, False
        self.owed = Owed.THEIR_ANSWER if body else Owed.NOTHING

    def answer_received(self, body: bool, *, reliable: bool, final: bool) -> Part:
        """A 1xx (`reliable` by RFC 3262, or not) or 2xx to our INVITE came. Raises `OutOfTurn`.

        An answer in an unreliable 1xx may be used for early media; the 2xx must repeat it
        (RFC 6337 §3.1.1): it is an answer then, too.
        """
        if final:
            self._invite = None
        if self._settled:
            return Part.REPEATED if body else Part.NONE
        if self.owed is Owed.THEIR_ANSWER:
            return self._answer_received(body, reliable=reliable, final=final)
        if not (reliable or final):
            return Part.NONE
        if not body:
            # RFC 3261 §13.2.1: the first reliable answer must offer, as our INVITE did not.
            if final:
                raise OutOfTurn("a 2xx without an offer")
            return Part.NONE
        self.owed = Owed.OUR_ANSWER
        self._settled = True
        return Part.OFFER

    def _answer_received(self, body: bool, *, reliable: bool, final: bool) -> Part:
        if body:
            self._hinted = True
            if reliable or final:
                self._settle()
            return Part.ANSWER
        if final:
            if not self._hinted:
                self.owed = Owed.NOTHING
                raise OutOfTurn("a 2xx without an answer")
            self._settle()  # some telephones do not repeat what they answered in a 1xx
        return Part.NONE

    def invite_refused(self) -> None:
        """A final answer other than 2xx, to or from either side: what was agreed before holds."""
        self._invite = None
        if not self._settled or self.owed is Owed.OUR_OFFER:
            self.owed = Owed.NOTHING

    def answer_sent(self, body: bool, *, reliable: bool, final: bool) -> None:
        """Our 1xx or 2xx to their INVITE goes out."""
        if final:
            self._invite = None
        if not body or not (reliable or final):
            if final and self.owed in (Owed.OUR_OFFER, Owed.OUR_ANSWER):
                raise OutOfTurn("a 2xx must carry what is owed")
            return
        if self.owed is Owed.OUR_ANSWER:
            self._settle()
        elif self.owed is Owed.OUR_OFFER:
            self.owed = Owed.THEIR_ANSWER
            self._settled = True

    def acknowledged(self, body: bool) -> Part:
        """Their ACK of our 2xx came. Raises `OutOfTurn` when it lacks the answer to our offer."""
        if self.owed is not Owed.THEIR_ANSWER:
            return Part.REPEATED if body else Part.NONE
        self.owed = Owed.NOTHING
        if not body:
            raise OutOfTurn("an ACK without an answer")
        self.agreed = True
        return Part.ANSWER

    def answered(self) -> None:
        """Our answer went out in ACK, PRACK, or the 2xx to their UPDATE or PRACK."""
        self._settle()

    # PRACK and UPDATE

    def prack_received(self, body: bool) -> Part:
        """Their PRACK came: it answers the offer in our 1xx, or offers anew (RFC 3262 §5)."""
        if self.owed is Owed.THEIR_ANSWER:
            if not body:
                raise OutOfTurn("a PRACK without an answer")
            self._settle()
            return Part.ANSWER
        if not body:
            return Part.NONE
        if self.owed is not Owed.NOTHING:
            raise OutOfTurn("a PRACK with an offer while another one is open")
        self.owed = Owed.OUR_ANSWER
        return Part.OFFER

    def update_received(self, body: bool) -> Part:
        """Their UPDATE came. Raises `Collision`."""
        if not body:
            return Part.NONE
        if self.owed is Owed.THEIR_ANSWER:
            raise Collision(491)
        if self.owed is not Owed.NOTHING or (self._invite == "theirs" and not self._settled):
            raise Collision(500)
        self.owed = Owed.OUR_ANSWER
        return Part.OFFER

    def refused(self) -> None:
        """Their UPDATE with an offer was refused: nothing changes."""
        self.owed = Owed.NOTHING

    def _settle(self) -> None:
        self.owed = Owed.NOTHING
        self._settled = self.agreed = True
