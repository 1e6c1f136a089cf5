"""The tables of RFC 6121, appendix A, row by row."""

import pytest

from antiphon.core.address import Address
from antiphon.core.contact import Contact
from antiphon.services import subscriptions as step

THEM = Address("them", "example.org")

# The nine states of A.1 by what they are made of.
STATES = {
    "None": (),
    "None + Pending Out": ("asked",),
    "None + Pending In": ("asking",),
    "None + Pending Out+In": ("asked", "asking"),
    "To": ("sees",),
    "To + Pending In": ("sees", "asking"),
    "From": ("seen",),
    "From + Pending Out": ("seen", "asked"),
    "Both": ("sees", "seen"),
}
NAMES = {frozenset(flags): name for name, flags in STATES.items()}


def contact(state: str, **more: bool) -> Contact:
    return Contact(address=THEM, **dict.fromkeys(STATES[state], True), **more)  # type: ignore[arg-type]


def state(contact: Contact) -> str:
    flags = ("sees", "seen", "asked", "asking")
    return NAMES[frozenset(flag for flag in flags if getattr(contact, flag))]


# (state before, state after), and whether the stanza is routed or delivered where that depends.

ASK = [  # A.2.1: always routed
    ("None", "None + Pending Out"),
    ("None + Pending Out", "None + Pending Out"),
    ("None + Pending In", "None + Pending Out+In"),
    ("None + Pending Out+In", "None + Pending Out+In"),
    ("To", "To"),
    ("To + Pending In", "To + Pending In"),
    ("From", "From + Pending Out"),
    ("From + Pending Out", "From + Pending Out"),
    ("Both", "Both"),
]
WITHDRAW = [  # A.2.2: always routed
    ("None", "None"),
    ("None + Pending Out", "None"),
    ("None + Pending In", "None + Pending In"),
    ("None + Pending Out+In", "None + Pending In"),
    ("To", "None"),
    ("To + Pending In", "None + Pending In"),
    ("From", "From"),
    ("From + Pending Out", "From"),
    ("Both", "From"),
]
GRANT = [  # A.2.3
    ("None", "None", False),
    ("None + Pending Out", "None + Pending Out", False),
    ("None + Pending In", "From", True),
    ("None + Pending Out+In", "From + Pending Out", True),
    ("To", "To", False),
    ("To + Pending In", "Both", True),
    ("From", "From", False),
    ("From + Pending Out", "From + Pending Out", False),
    ("Both", "Both", False),
]
REFUSE = [  # A.2.4
    ("None", "None", False),
    ("None + Pending Out", "None + Pending Out", False),
    ("None + Pending In", "None", True),
    ("None + Pending Out+In", "None + Pending Out", True),
    ("To", "To", False),
    ("To + Pending In", "To", True),
    ("From", "None", True),
    ("From + Pending Out", "None + Pending Out", True),
    ("Both", "To", True),
]
BE_ASKED = [  # A.3.1
    ("None", "None + Pending In", True),
    ("None + Pending Out", "None + Pending Out+In", True),
    ("None + Pending In", "None + Pending In", False),
    ("None + Pending Out+In", "None + Pending Out+In", False),
    ("To", "To + Pending In", True),
    ("To + Pending In", "To + Pending In", False),
    ("From", "From", False),
    ("From + Pending Out", "From + Pending Out", False),
    ("Both", "Both", False),
]
BE_LEFT = [  # A.3.2
    ("None", "None"),
    ("None + Pending Out", "None + Pending Out"),
    ("None + Pending In", "None"),
    ("None + Pending Out+In", "None + Pending Out"),
    ("To", "To"),
    ("To + Pending In", "To"),
    ("From", "None"),
    ("From + Pending Out", "None + Pending Out"),
    ("Both", "To"),
]
BE_GRANTED = [  # A.3.3
    ("None", "None", False),
    ("None + Pending Out", "To", True),
    ("None + Pending In", "None + Pending In", False),
    ("None + Pending Out+In", "To + Pending In", True),
    ("To", "To", False),
    ("To + Pending In", "To + Pending In", False),
    ("From", "From", False),
    ("From + Pending Out", "Both", True),
    ("Both", "Both", False),
]
BE_REFUSED = [  # A.3.4
    ("None", "None", False),
    ("None + Pending Out", "None", True),
    ("None + Pending In", "None + Pending In", False),
    ("None + Pending Out+In", "None + Pending In", True),
    ("To", "None", True),
    ("To + Pending In", "None + Pending In", True),
    ("From", "From", False),
    ("From + Pending Out", "From", True),
    ("Both", "From", True),
]


def test_every_table_has_every_state() -> None:
    for table in (ASK, WITHDRAW, GRANT, REFUSE, BE_ASKED, BE_LEFT, BE_GRANTED, BE_REFUSED):
        assert [row[0] for row in table] == list(STATES)


@pytest.mark.parametrize(("before", "after"), ASK)
def test_ask(before: str, after: str) -> None:
    found = step.ask(contact(before, listed=False))
    assert (state(found), found.listed) == (after, True)


@pytest.mark.parametrize(("before", "after"), WITHDRAW)
def test_withdraw(before: str, after: str) -> None:
    assert state(step.withdraw(contact(before))) == after


@pytest.mark.parametrize(("before", "after", "routed"), GRANT)
def test_grant(before: str, after: str, routed: bool) -> None:
    found, goes = step.grant(contact(before))
    assert (state(found), goes) == (after, routed)
    # RFC 6121 §3.4: what cannot be granted yet is approved.
    assert found.approved == (not routed and not contact(before).seen)


@pytest.mark.parametrize(("before", "after", "routed"), REFUSE)
def test_refuse(before: str, after: str, routed: bool) -> None:
    found, goes = step.refuse(contact(before, approved=True))
    assert (state(found), goes, found.approved) == (after, routed, False)


@pytest.mark.parametrize(("before", "after", "heard"), BE_ASKED)
def test_be_asked(before: str, after: str, heard: bool) -> None:
    found, told, granted = step.be_asked(contact(before), "please")
    assert (state(found), told) == (after, heard)
    # §3.1.3: whoever sees already is answered again.
    assert granted == contact(before).seen
    assert found.request == ("please" if heard else "")


@pytest.mark.parametrize(
    ("before", "after"), [("None", "From"), ("None + Pending Out", "From + Pending Out")]
)
def test_be_asked_when_it_was_approved_before(before: str, after: str) -> None:
    found, told, granted = step.be_asked(contact(before, approved=True), "please")
    assert (state(found), told, granted, found.request) == (after, False, True, "")


@pytest.mark.parametrize(("before", "after"), BE_LEFT)
def test_be_left(before: str, after: str) -> None:
    assert state(step.be_left(contact(before))) == after


@pytest.mark.parametrize(("before", "after", "heard"), BE_GRANTED)
def test_be_granted(before: str, after: str, heard: bool) -> None:
    found, told = step.be_granted(contact(before))
    assert (state(found), told) == (after, heard)


@pytest.mark.parametrize(("before", "after", "heard"), BE_REFUSED)
def test_be_refused(before: str, after: str, heard: bool) -> None:
    found, told = step.be_refused(contact(before))
    assert (state(found), told) == (after, heard)
