"""What JupyterLab lets a student do to cells, and that none of it costs points."""

from grading.scorecard import grade_file
from grading.tests.browser.lab import without_demonstrations

CHECK = "conv-output-size-check"
HELPER = "def whole(quotient, rest):\n    return quotient if rest == 0 else None\n\n\n"


def test_a_check_cell_cannot_be_edited_deleted_cut_or_turned_into_text(opened):
    nb = opened("2_convolution", without_demonstrations)
    before = nb.source(CHECK)
    nb.edit(CHECK)
    nb.page.keyboard.insert_text("1 / 0")
    nb.keys("1", "Backspace", "Enter", "Escape")
    assert nb.source(CHECK) == before
    for keys in (["d", "d"], ["x"]):
        nb.select(CHECK)
        nb.keys(*keys)
        assert CHECK in nb.ids()
    nb.select(CHECK)
    nb.keys("m")
    assert "Cell is read-only" in nb.page.locator(".jp-Dialog").inner_text()
    nb.answer("Ok")
    nb.select("conv-output-size")  # an exercise may be edited, not deleted
    nb.keys("d", "d")
    assert "conv-output-size" in nb.ids()
    nb.select("sizes-task")  # the keys do delete what is not locked
    nb.keys("d", "d")
    assert "sizes-task" not in nb.ids()


def test_cells_split_merged_copied_and_moved_get_the_same_points(opened, answers):
    nb = opened("2_convolution", without_demonstrations)
    size, forward, backward, moved = (
        answers[name]
        for name in (
            "conv_output_size",
            "conv_forward_naive",
            "conv_backward_naive",
            "locally_connected_forward",
        )
    )
    nb.type("conv-output-size", HELPER + size)
    nb.edit("conv-output-size")
    nb.keys(*["ArrowDown"] * HELPER.count("\n"), "Control+Shift+Minus", "Escape")
    assert [c for c in nb.sources() if c in (HELPER.strip(), size)] == [HELPER.strip(), size]

    nb.type("conv-forward", forward)  # merged with a cell of one's own below it
    nb.select("conv-forward")
    nb.keys("b", "Enter")
    nb.page.keyboard.insert_text(HELPER)
    nb.keys("Escape", "Shift+k", "Shift+m")
    merged = nb.with_text("def conv_forward_naive")
    assert nb.source(merged).count("def ") == 2
    nb.select(merged)  # and not with its check, which is locked
    nb.keys("Shift+j", "Shift+m")
    assert nb.source("conv-forward-check").startswith("check.")

    nb.select("conv-backward")  # solved in a copy; the stub stays
    nb.keys("c", "v")
    copy = nb.ids()[nb.index("conv-backward") + 1]
    nb.type(copy, backward)
    assert nb.index("conv-backward-check") == nb.index(copy) + 1

    nb.type("locally-connected", moved)  # below its check
    nb.select("locally-connected")
    nb.keys("Control+Shift+ArrowDown")
    assert nb.index("locally-connected") == nb.index("locally-connected-check") + 1

    nb.save()
    card, repairs = grade_file(nb.file, "assignment1", "2_convolution")
    lost = {n: e["score"] for n, e in card["exercises"].items() if e["score"] != e["max_score"]}
    assert lost == {}
    assert len(card["exercises"]) == 5
    assert any("moved back" in said for said in repairs)


def test_a_check_alone_after_a_restart_says_what_is_missing_and_goes_on_from_there(opened, answers):
    nb = opened("2_convolution", without_demonstrations)
    nb.type("conv-output-size", answers["conv_output_size"])
    for cell in ("setup", "conv-output-size"):
        nb.run(cell)
    assert "checks passed" in nb.run(CHECK)
    nb.restart()
    assert "NameError: name 'check' is not defined" in nb.run(CHECK)
    nb.run("setup")
    assert "NameError: name 'conv_output_size' is not defined" in nb.run(CHECK)
    nb.run("conv-output-size")
    assert "✗" not in nb.run(CHECK)
    assert "checks passed" in nb.outputs(CHECK)
