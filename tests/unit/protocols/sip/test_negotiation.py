"""The six ways of RFC 6337 §2 in which descriptions travel, and what collides."""

import pytest

from antiphon.protocols.sip.negotiation import Collision, Negotiation, OutOfTurn, Owed, Part


def test_an_invite_offers_and_its_2xx_answers() -> None:
    ours, theirs = Negotiation(), Negotiation()
    ours.invite_sent(body=True)
    assert theirs.invite_received(body=True) is Part.OFFER
    theirs.answer_sent(body=True, reliable=False, final=True)
    assert ours.answer_received(body=True, reliable=False, final=True) is Part.ANSWER
    assert theirs.acknowledged(body=False) is Part.NONE
    assert ours.idle
    assert theirs.idle
    assert ours.agreed
    assert theirs.agreed


def test_an_invite_without_an_offer_gets_one() -> None:
    ours, theirs = Negotiation(), Negotiation()
    ours.invite_sent(body=False)
    assert theirs.invite_received(body=False) is Part.NONE
    assert theirs.owed is Owed.OUR_OFFER
    theirs.answer_sent(body=True, reliable=False, final=True)
    assert ours.answer_received(body=True, reliable=False, final=True) is Part.OFFER
    ours.answered()
    assert theirs.acknowledged(body=True) is Part.ANSWER
    assert ours.idle
    assert theirs.idle


def test_a_reliable_1xx_answers_and_the_2xx_repeats() -> None:
    ours, theirs = Negotiation(), Negotiation()
    ours.invite_sent(body=True)
    theirs.invite_received(body=True)
    theirs.answer_sent(body=True, reliable=True, final=False)
    assert ours.answer_received(body=True, reliable=True, final=False) is Part.ANSWER
    theirs.answer_sent(body=False, reliable=False, final=True)
    assert ours.answer_received(body=True, reliable=False, final=True) is Part.REPEATED
    assert ours.idle
    assert theirs.idle


def test_an_unreliable_1xx_answers_early() -> None:
    ours, theirs = Negotiation(), Negotiation()
    ours.invite_sent(body=True)
    theirs.invite_received(body=True)
    theirs.answer_sent(body=True, reliable=False, final=False)
    assert ours.answer_received(body=True, reliable=False, final=False) is Part.ANSWER
    with pytest.raises(OutOfTurn):
        theirs.answer_sent(body=False, reliable=False, final=True)
    assert ours.answer_received(body=True, reliable=False, final=True) is Part.ANSWER


def test_a_2xx_that_does_not_repeat_is_forgiven() -> None:
    ours = Negotiation()
    ours.invite_sent(body=True)
    ours.answer_received(body=True, reliable=False, final=False)
    assert ours.answer_received(body=False, reliable=False, final=True) is Part.NONE
    assert ours.idle
    assert ours.agreed


def test_a_2xx_without_any_answer_is_not() -> None:
    ours = Negotiation()
    ours.invite_sent(body=True)
    with pytest.raises(OutOfTurn):
        ours.answer_received(body=False, reliable=False, final=True)
    assert ours.idle


def test_a_prack_answers_the_offer_of_a_1xx() -> None:
    ours, theirs = Negotiation(), Negotiation()
    ours.invite_sent(body=False)
    theirs.invite_received(body=False)
    theirs.answer_sent(body=True, reliable=True, final=False)
    assert ours.answer_received(body=True, reliable=True, final=False) is Part.OFFER
    ours.answered()
    assert theirs.prack_received(body=True) is Part.ANSWER
    theirs.answer_sent(body=False, reliable=False, final=True)
    ours.answer_received(body=False, reliable=False, final=True)
    assert ours.idle
    assert theirs.idle


def test_a_prack_may_offer_anew() -> None:
    theirs = Negotiation()
    theirs.invite_received(body=True)
    theirs.answer_sent(body=True, reliable=True, final=False)
    assert theirs.prack_received(body=True) is Part.OFFER
    theirs.answered()
    assert theirs.owed is Owed.NOTHING


def test_updates() -> None:
    ours = Negotiation()
    assert ours.update_received(body=True) is Part.OFFER
    ours.answered()
    assert ours.agreed
    assert ours.update_received(body=False) is Part.NONE  # a refresh
    assert ours.idle


def test_offers_collide() -> None:
    both = Negotiation()
    both.invite_sent(body=True)
    with pytest.raises(Collision) as collision:
        both.invite_received(body=True)
    assert collision.value.status == 491
    with pytest.raises(Collision) as collision:
        both.update_received(body=True)
    assert collision.value.status == 491
    both.invite_refused()
    assert both.invite_received(body=True) is Part.OFFER


def test_a_second_offer_before_our_answer_is_too_early() -> None:
    ours = Negotiation()
    ours.invite_received(body=True)
    for again in (ours.invite_received, ours.update_received):
        with pytest.raises(Collision) as collision:
            again(body=True)
        assert collision.value.status == 500


def test_an_ack_must_answer_what_the_2xx_offered() -> None:
    ours = Negotiation()
    ours.invite_received(body=False)
    ours.answer_sent(body=True, reliable=False, final=True)
    with pytest.raises(OutOfTurn):
        ours.acknowledged(body=False)
    assert ours.idle


def test_a_refused_offer_leaves_things_as_they_were() -> None:
    ours = Negotiation()
    ours.update_received(body=True)
    ours.refused()
    assert ours.idle
    assert not ours.agreed
