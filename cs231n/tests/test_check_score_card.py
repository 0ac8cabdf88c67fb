"""The learner's own score card: what counts, what no longer does, and what it says of the rest."""

import sys
import types

import pytest

from cs231n import check
from cs231n.check import score_card as shown_card
from cs231n.check.core import CheckFailed, Exercise

cards = sys.modules["cs231n.check.score_card"]


@pytest.fixture
def notebook(monkeypatch):
    """A notebook's namespace, with two exercises to check: double and twice (which calls it)."""
    exercises = {}
    for name, functions in {"double": ("double",), "twice": ("double", "twice")}.items():
        exercise = exercises[name] = Exercise(name, functions)
        for number, weight in ((1, 3.0), (10, 1.0)):

            def doubles(f, rng, name=name, number=number):
                if getattr(f, name)(number) != 2 * number:
                    raise CheckFailed("not twice as much")

            exercise.check(f"of {number}", weight)(doubles)
    monkeypatch.setattr(check, "EXERCISES", exercises)
    monkeypatch.setattr(cards, "_latest", {})
    module = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)

    def run(cell):
        exec(cell, vars(module))

    vars(module)["check"] = types.SimpleNamespace(**exercises)
    return run


def card(**points):
    return cards.card("1_doubling", 0, points, vars(sys.modules["__main__"]))


def line(name, **points):
    return next(row for row in card(**points).rows if row.name == name)


RIGHT = "def double(x):\n    return 2 * x"
HALF = "def double(x):\n    return 2 if x == 1 else 0"
STUB = "def double(x):\n    raise NotImplementedError('not implemented yet')"


def test_points_are_those_of_the_grader(notebook):
    notebook(HALF)
    notebook("check.double(double)")
    assert line("double", double=2).points == "1.5 of 2"
    assert line("double", double=2).open == "of 10"
    assert card(double=2).title == "Your score so far: 1.5 of 2 by the visible checks"


def test_a_right_exercise_has_all_its_points_and_nothing_open(notebook):
    notebook(RIGHT)
    notebook("check.double(double)")
    row = line("double", double=2)
    assert (row.points, row.state, row.open) == ("2 of 2", "all", "")


def test_an_unsolved_notebook_has_a_card_too(notebook):
    assert line("double", double=2).open == "run its check cell"
    notebook(STUB)
    notebook("check.double(double)")
    row = line("double", double=2)
    assert (row.points, row.state, row.open) == ("0 of 2", "open", "to be written")
    assert "0 of 2" in card(double=2).title


def test_the_latest_check_counts(notebook):
    for cell, points in ((RIGHT, "2 of 2"), (HALF, "1.5 of 2"), (RIGHT, "2 of 2")):
        notebook(cell)
        notebook("check.double(double)")
        assert line("double", double=2).points == points


def test_points_of_code_that_was_changed_since_do_not_count(notebook):
    notebook(RIGHT)
    notebook("check.double(double)")
    notebook(RIGHT.replace("2 * x", "3 * x"))
    row = line("double", double=2)
    assert (row.points, row.open) == ("– of 2", "changed since its check: run the check again")
    assert "0 of 2" in card(double=2).title


def test_running_a_cell_again_changes_nothing(notebook):
    notebook(RIGHT)
    notebook("check.double(double)")
    notebook(RIGHT)
    assert line("double", double=2).state == "all"


@pytest.mark.parametrize(
    "twice",
    [
        "def twice(x):\n    return helper(x)",
        "class Net:\n    def loss(self, x):\n        return helper(x)\n"
        "def twice(x):\n    return Net().loss(x)",
        "def twice(x):\n    return [helper(y) for y in [x]][0]",
    ],
)
def test_a_change_in_what_is_called_counts_as_one(notebook, twice):
    notebook(RIGHT)
    notebook("def helper(x):\n    return 2 * x")
    notebook(twice)
    notebook("check.twice(double, twice)")
    assert line("twice", twice=2).state == "all"
    notebook("def helper(x):\n    return 5 * x")
    assert line("twice", twice=2).open.startswith("changed since")


def test_a_name_that_only_looks_like_what_is_called_changes_nothing(notebook):
    notebook(RIGHT)
    notebook("def loss(x):\n    return 0")
    notebook("def twice(x):\n    return x.loss if x is None else 2 * x")
    notebook("check.twice(double, twice)")
    notebook("loss = 3.0")  # as a training loop leaves it behind
    assert line("twice", twice=2).state == "all"


def test_many_failures_are_named_briefly(notebook):
    exercise = check.EXERCISES["double"]
    for number in range(20, 24):
        exercise.check(f"of {number}")(lambda f, rng: f.double(1)["out"])
    notebook(HALF)
    notebook("check.double(double)")
    assert line("double", double=2).open == "of 10; of 20; and 3 more"
    notebook("def double(x):\n    return None")
    notebook("check.double(double)")
    assert line("double", double=2).open == "all its checks"


def test_an_answer_in_words_waits_for_a_person(notebook):
    shown = repr(cards.card("1_doubling", 2, {"double": 3}, {}))
    assert "of 3 by the visible checks" in shown  # what no check can give is not in the sum
    assert "– of 2   read by a person" in shown
    assert "python -m grading check path/to/1_doubling.ipynb" in shown


def test_card_shows_the_same_as_text_and_in_a_notebook(notebook, capsys):
    notebook(HALF)
    notebook("check.double(double)")
    capsys.readouterr()
    shown_card("1_<doubling>", by_a_person=1, double=2, twice=4)
    text = capsys.readouterr().out
    page = cards.card("1_<doubling>", 1, {"double": 2, "twice": 4}, {})._repr_html_()
    for part in ("1.5 of 6 by the visible checks", "1.5 of 2", "run its check cell"):
        assert part in text
        assert part in page
    assert "1_&lt;doubling&gt;.ipynb" in page
    assert "background" not in page  # light and dark pages keep their own


def test_a_misspelt_exercise_is_named(notebook):
    with pytest.raises(TypeError, match=r"no exercise 'duble'. Did you mean double\?"):
        shown_card("1_doubling", duble=2)
