"""What notebooks tell of known mistakes: nearly all, never the wrong one, and up to date."""

import pytest

from cs231n.check import diagnosis
from grading.mistakes import bank, shipped


def test_what_is_told_was_made_from_the_bank_and_the_checks_that_are_there():
    assert shipped.is_fresh(), "python -m grading build"


# A few: they are worked out anew whenever the checks, the solutions or the bank change.
@pytest.mark.parametrize("exercise", sorted(bank())[::6])
def test_what_is_told_is_what_the_checks_say_today(exercise):
    fresh = shipped.entries_of(exercise)
    assert shipped.same_entries(shipped.stored().get(exercise, []), fresh)


@pytest.mark.parametrize("exercise", bank())
def test_no_two_mistakes_are_told_that_anything_would_be_taken_for(exercise):
    known = diagnosis.known_mistakes().get(exercise, ())
    for mistake in known:
        others = [o for o in known if o.fingerprints.keys() == mistake.fingerprints.keys()]
        assert not any(o is not mistake and _alike(o, mistake) for o in others), mistake.says


def _alike(one, other):
    pairs = [(one.fingerprints[k], other.fingerprints[k]) for k in one.fingerprints]
    return all(abs(a - b) < 1e-5 for p, q in pairs for a, b in zip(p, q, strict=True))


def test_nearly_all_of_the_bank_is_told():
    told = sum(map(len, diagnosis.known_mistakes().values()))
    assert told >= 0.95 * sum(map(len, bank().values()))
