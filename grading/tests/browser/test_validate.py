"""nbgrader's button Validate, which `make lab` has: what it says in this course's words."""

from grading.tests.browser.lab import only

KEPT = ("setup", "helpers", "conv-output-size", "conv-output-size-check")
KEPT += ("conv-forward", "conv-forward-check", "question-shift")


def test_validate_names_what_is_not_right_and_shows_its_table(opened, answers):
    nb = opened("2_convolution", only(*KEPT))
    right = answers["conv_output_size"]
    nb.type("conv-output-size", right.replace("2 * pad", "pad"))
    said = nb.validate()
    assert "conv_output_size is not right yet." in said
    assert "→ conv_output_size(5, 3, 1, 1) returned 4, but it should be 5." in said
    assert "conv_forward_naive is not implemented yet" in said
    assert "Traceback" not in said
    nb.answer("Ok")

    nb.type("conv-output-size", right)
    nb.type("conv-forward", answers["conv_forward_naive"])
    nb.type("question-shift", "**Question.** ...\n\nThe maps move along.")
    assert "Success" in nb.validate()
