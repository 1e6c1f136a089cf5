"""Who sees whose presence: what each step makes of the two sides' views of each other (RFC 6121 §3,
appendix A), as pure functions.

The side that acts and the side that is acted upon each have a `Contact` for the other; every step
takes one of them and gives it as it is afterwards. Whom to tell, and what is stored, are others'.
"""

from dataclasses import replace

from antiphon.core.contact import Contact

# What an account does (RFC 6121 A.2). What it does always goes to the other side, unless told
# otherwise: the other side's step then decides whether anything comes of it.


def ask(mine: Contact) -> Contact:
    """Ask to see them (A.2.1)."""
    return replace(mine, asked=mine.asked or not mine.sees, listed=True)


def withdraw(mine: Contact) -> Contact:
    """See them no more, or do not ask any more (A.2.2)."""
    return replace(mine, sees=False, asked=False)


def grant(mine: Contact) -> tuple[Contact, bool]:
    """Let them see us; whether it goes to them (A.2.3). Before they ask, it is kept (§3.4)."""
    if mine.asking:
        return replace(mine, seen=True, asking=False, request="", listed=True), True
    if mine.seen:
        return mine, False
    return replace(mine, approved=True, listed=True), False


def refuse(mine: Contact) -> tuple[Contact, bool]:
    """Let them not see us, whether they ask or do; whether it goes to them (A.2.4)."""
    after = replace(mine, seen=False, asking=False, approved=False, request="")
    return after, mine.seen or mine.asking


# What is done to an account (RFC 6121 A.3).


def be_asked(theirs: Contact, text: str) -> tuple[Contact, bool, bool]:
    """They ask (A.3.1): whether to tell, and whether it is granted without being told."""
    if theirs.seen:
        return theirs, False, True
    if theirs.approved:
        return replace(theirs, seen=True, listed=True), False, True
    if theirs.asking:
        return theirs, False, False
    return replace(theirs, asking=True, request=text), True, False


def be_left(theirs: Contact) -> Contact:
    """They see us no more, or do not ask any more (A.3.2)."""
    return replace(theirs, seen=False, asking=False, request="")


def be_granted(theirs: Contact) -> tuple[Contact, bool]:
    """They let us see them; whether we had asked (A.3.3)."""
    if not theirs.asked:
        return theirs, False
    return replace(theirs, sees=True, asked=False), True


def be_refused(theirs: Contact) -> tuple[Contact, bool]:
    """They do not let us see them; whether we did, or had asked (A.3.4)."""
    return replace(theirs, sees=False, asked=False), theirs.sees or theirs.asked


def is_nothing(contact: Contact) -> bool:
    """Whether there is nothing to be kept of somebody."""
    return not (contact.listed or contact.asking or contact.seen or contact.sees or contact.asked)
