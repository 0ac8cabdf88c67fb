"""What an instructor reads before scores are written."""

from grading.regrade.compare import as_text, difference


def card(reason=None, **passed):
    """A notebook's card: exercise -> whether its one check passed (None: not graded)."""
    exercises = {
        name: {
            "score": 4.0 * bool(on),
            "max_score": 4.0,
            "graded": on is not None,
            "checks": [] if on is None else [
                {"name": f"{name} works", "passed": on, "weight": 1, "message": "It is zero."}
            ],
        }
        for name, on in passed.items()
    }  # fmt: skip
    return {"exercises": exercises, "needs_review": reason}


def told(old, new, before=(8.0, 0.0, {}), after=(4.0, 0.0, {})):
    return as_text([difference("ada", {"1": old}, {"1": new}, {"1": before}, {"1": after})])


def test_a_check_that_fails_now_is_named_with_its_message():
    said = told(card(relu=True, svm=True), card(relu=True, svm=False))
    assert said.splitlines() == [
        "ada  8 -> 4",
        "    1 svm  4 -> 0",
        "        svm works fails now: It is zero.",
        "",
        "Scores: 0 up, 1 down, 0 same.",
    ]


def test_a_notebook_that_cannot_be_graded_any_more_takes_one_line_and_its_reason():
    said = told(card(relu=True, svm=True), card("the file is cut off", relu=None, svm=None))
    assert said.splitlines()[1:3] == [
        "    1  8 -> -",
        "        a person must look: the file is cut off",
    ]
    assert "relu" not in said
    back = told(card("the file is cut off", relu=None, svm=None), card(relu=True, svm=False))
    assert back.splitlines()[1:3] == [
        "    1  - -> 4",
        "        no person needs to look any more",
    ]


def test_what_a_person_gave_and_lateness_are_told():
    given = (6.0, 1.5, {"svm-check": 2.0})
    said = told(card(relu=False, svm=False), card(relu=True, svm=False), (2.0, 0.5, {}), given)
    assert "ada  1.5 -> 4.5, late penalty 0.5 -> 1.5" in said
    assert "1 svm keeps 2, given by hand" in said
