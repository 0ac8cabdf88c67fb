"""Known mistakes are told in the notebook, from stored numbers alone."""

import json

import numpy as np

import cs231n.check
from cs231n.check import diagnosis
from cs231n.check.core import Exercise
from cs231n.check.results import CheckFailed

halve = Exercise("halve", functions=("halve",))


@halve.check("four")
def _(f, rng):
    if f.halve(4) != 2:
        raise CheckFailed("4 halved is 2")


@halve.check("five")
def _(f, rng):
    if f.halve(5) != 2.5:
        raise CheckFailed("not so")


def results_of(function):
    return halve.run({"halve": function})[0]


def known(function, says="You …"):
    prints = {k: r.fingerprint for k, r in enumerate(results_of(function)) if not r.passed}
    return diagnosis.Known(says, "section 1", prints)


def test_a_mistake_is_recognised_however_it_is_written():
    doubles, rounds = known(lambda x: 2 * x, "doubles"), known(lambda x: x // 2, "rounds")
    found = diagnosis.recognise(results_of(lambda x: x + x), [rounds, doubles])
    assert found is doubles
    found = diagnosis.recognise(results_of(lambda x: int(x / 2)), [doubles, rounds])
    assert found is rounds


def test_nothing_is_said_of_what_is_unknown_right_or_not_written():
    def stub(x):
        raise NotImplementedError

    doubles = [known(lambda x: 2 * x)]
    for function in (lambda x: 3 * x, lambda x: x / 2, lambda x: 2 * x if x == 4 else 0, stub):
        assert diagnosis.recognise(results_of(function), doubles) is None


def test_the_sentence_comes_before_the_table(monkeypatch, capsys):
    known_ones = {"halve": (known(lambda x: 2 * x, "Yours is doubled."),)}
    monkeypatch.setattr(diagnosis, "known_mistakes", lambda: known_ones)
    halve(lambda x: x * 2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "halve: 0 of 2 checks passed",
        "Yours is doubled. Read again: section 1.",
    ]
    halve(lambda x: x / 2)
    assert "Read again" not in capsys.readouterr().out


def test_what_ships_holds_sentences_and_numbers_and_nothing_else():
    stored = json.loads(diagnosis.FILE.read_text(encoding="utf-8"))
    assert stored.keys() <= cs231n.check.EXERCISES.keys()
    for exercise, entries in stored.items():
        checks = len(cs231n.check.EXERCISES[exercise].checks)
        for entry in entries:
            assert entry.keys() == {"says", "see", "fingerprints"}
            assert all(isinstance(entry[key], str) for key in ("says", "see"))
            for number, pair in entry["fingerprints"].items():
                assert 0 <= int(number) < checks
                assert len(pair) == 2
                assert all(isinstance(part, float) and np.isfinite(part) for part in pair)
