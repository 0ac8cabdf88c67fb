"""The checks of 7_architectures against banks of right and wrong solutions."""

import pytest

import cs231n.check
import grading.checks
from grading.checks.core import grade
from grading.mistakes.judging import fails_a_check
from grading.reference import patterns as reference
from grading.tests.wrong.patterns import WRONG
from grading.variants.patterns import RIGHT

POINTS = {
    "parse_pattern": 8,
    "layer_shapes": 8,
    "count_parameters": 6,
    "receptive_field": 6,
    "count_memory": 6,
    "fit_batch_size": 4,
}
HIDDEN = {name: grading.checks.EXERCISES[name] for name in POINTS}
VISIBLE = {name: cs231n.check.EXERCISES[name] for name in POINTS}
BOTH = [(kind, name) for kind in ("visible", "hidden") for name in POINTS]
SEEDS = ("", "a", "b")


def results(kind, name, functions, secret=""):
    return (HIDDEN if kind == "hidden" else VISIBLE)[name].run(functions, secret)[0]


def failures(*args):
    return [f"{r.name}: {r.message}" for r in results(*args) if not r.passed]


def share(name, functions, secret=""):
    """The part of the hidden weight that is earned, 0 to 1."""
    graded = HIDDEN[name].run(functions, secret)[0]
    return sum(r.weight for r in graded if r.passed) / sum(r.weight for r in graded)


def reference_function(name):
    return {name: getattr(reference, name)}


def named(bank):
    return [pytest.param(entry, id=f"{entry['exercise']}-{entry['name']}") for entry in bank]


def entry_of(exercise, name):
    return next(e for e in WRONG if (e["exercise"], e["name"]) == (exercise, name))


@pytest.mark.parametrize(("kind", "name"), BOTH)
def test_reference_scores_full(kind, name):
    assert not [f for s in SEEDS for f in failures(kind, name, reference_function(name), s)]


@pytest.mark.parametrize(("kind", "name"), BOTH)
def test_untouched_stub_scores_nothing_and_is_told_so(kind, name):
    def stub(*args):
        raise NotImplementedError("not implemented yet")

    assert not any(r.passed or r.ready for r in results(kind, name, {name: stub}))


def always(answer):
    def function(*args):
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return function


@pytest.mark.parametrize(
    "answer", [None, [], {}, 0, 3, 4, "", ValueError("character 5"), ValueError()]
)
@pytest.mark.parametrize(("kind", "name"), BOTH)
def test_answer_without_thought_scores_next_to_nothing(kind, name, answer):
    graded = results(kind, name, {name: always(answer)})
    assert sum(r.passed for r in graded) <= 1


@pytest.mark.parametrize("entry", named(RIGHT))
@pytest.mark.parametrize("kind", ["visible", "hidden"])
def test_right_solution_scores_full_however_it_is_written(kind, entry):
    name = entry["exercise"]
    assert not [f for s in SEEDS for f in failures(kind, name, entry["functions"], s)]


@pytest.mark.parametrize("entry", named(WRONG))
def test_wrong_solution_loses_marks_with_every_secret(entry):
    lost = {round(share(entry["exercise"], entry["functions"], s), 9) for s in SEEDS}
    assert max(lost) < 1
    assert len(lost) == 1  # what a slip costs does not depend on the secret


@pytest.mark.parametrize("entry", named(WRONG))
def test_student_is_told_of_the_slip_before_handing_in(entry):
    assert fails_a_check(VISIBLE[entry["exercise"]], entry["functions"])


def test_each_wrong_solution_is_listed_once():
    keys = [(e["exercise"], e["name"]) for e in WRONG]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("exercise", "name", "says"),
    [
        ("parse_pattern", "each_layer_repeated_by_itself", "repeat all of it"),
        ("parse_pattern", "mark_always_taken", "`optional`"),
        ("parse_pattern", "mark_never_taken", "`optional`"),
        ("parse_pattern", "no_place_in_the_message", "Name the character"),
        ("layer_shapes", "height_and_width_swapped", "Height and width look swapped"),
        ("layer_shapes", "rounded_down", "no rounding down"),
        ("layer_shapes", "dilation_counted_from_0", "Dilation counts from 1"),
        ("layer_shapes", "depth_stays", "one map for each of its filters"),
        ("count_parameters", "biases_forgotten", "biases are missing"),
        ("count_parameters", "depth_of_filters_forgotten", "through all channels"),
        ("count_parameters", "pools_counted", "nothing to learn"),
        ("receptive_field", "jump_multiplied_before", "only for the layers behind it"),
        ("receptive_field", "strides_added", "Strides multiply"),
        ("receptive_field", "dilation_counted_from_0", "Dilation counts from 1"),
        ("receptive_field", "columns_for_rows", "rows are H"),
        ("count_memory", "gradients_forgotten", "gradient of its own size"),
        ("count_memory", "optimizer_forgotten", "keeps one value"),
        ("count_memory", "relu_counted", "overwrites what it reads"),
        ("count_memory", "input_forgotten", "input is a volume as well"),
        ("count_memory", "workspaces_added", "largest alone"),
        ("fit_batch_size", "rounded_up", "round down"),
        ("fit_batch_size", "gigabytes", "2^30"),
        ("fit_batch_size", "mebibytes_times_a_million", "2^30"),
    ],
)
def test_message_names_the_slip(exercise, name, says):
    told = failures("visible", exercise, entry_of(exercise, name)["functions"])
    assert any(says in message for message in told), told


@pytest.mark.parametrize(
    ("exercise", "name", "least", "most"),
    [
        ("parse_pattern", "mark_always_taken", 0.5, 0.95),
        ("parse_pattern", "no_place_in_the_message", 0.85, 0.95),
        ("parse_pattern", "split_at_arrows", 0, 0.25),
        ("layer_shapes", "rounded_down", 0.7, 0.9),
        ("layer_shapes", "height_and_width_swapped", 0, 0.3),
        ("count_parameters", "biases_forgotten", 0.1, 0.4),
        ("receptive_field", "jump_multiplied_before", 0, 0.5),
        ("receptive_field", "fully_connected_sees_nothing_more", 0.5, 0.8),
        ("count_memory", "optimizer_forgotten", 0.4, 0.8),
        ("fit_batch_size", "gigabytes", 0, 0.5),
        ("fit_batch_size", "below_zero", 0.7, 0.9),
    ],
)
def test_marks_lost_fit_the_slip(exercise, name, least, most):
    assert least <= share(exercise, entry_of(exercise, name)["functions"]) <= most


@pytest.mark.parametrize("name", POINTS)
def test_hidden_message_never_quotes_the_right_number(name):
    for entry in (e for e in WRONG if e["exercise"] == name):
        for message in failures("hidden", name, entry["functions"]):
            assert "it should be" not in message


def test_points_of_the_notebook_add_up():
    assert sum(POINTS.values()) == 38
    for name, points in POINTS.items():
        assert grade(HIDDEN[name], reference_function(name), points)["score"] == points
