"""The Chinese edition in JupyterLab: what a student there reads, and hands in."""

from grading.scorecard import as_text, grade_file

NAME = "2_convolution"
WRONG = """def conv_output_size(size, filter_size, stride=1, pad=0, dilation=1):
    return (size + pad - filter_size) // stride + 1
"""


def test_a_chinese_notebook_speaks_chinese_and_is_graded(opened, answers, picture):
    nb = opened(NAME, language="zh")
    assert "卷积" in nb.source("what-you-build")
    assert nb.run("setup") == ""
    nb.run("conv-output-size")
    shown = nb.run("conv-output-size-check")
    assert "conv_output_size 还没有实现" in shown
    nb.type("conv-output-size", WRONG)
    assert nb.run("conv-output-size") == ""
    shown = nb.run("conv-output-size-check")
    assert "✗ 未通过" in shown
    assert "checks" not in shown
    nb.select("conv-output-size-check")
    picture(nb.node("conv-output-size-check"), "notebook-zh")

    nb.type("conv-output-size", answers["conv_output_size"])
    nb.run("conv-output-size")
    assert "✗" not in nb.run("conv-output-size-check")
    nb.run("helpers")
    nb.run("result-picture")
    image = nb.node("result-picture").locator(".jp-OutputArea-output img").first
    assert image.get_attribute("alt").startswith("一条房屋林立的街道")
    nb.save()
    card, repairs = grade_file(nb.file, "assignment1", NAME)
    assert repairs == []
    assert card["exercises"]["conv_output_size"]["score"] == 2
    assert "合计" in as_text(card)


def test_metadata_of_the_notebook_choose_the_language_of_messages(opened):
    """As the property inspector writes them; the set-up cell still says Chinese."""

    def in_english(notebook):
        notebook.metadata["cs231n"] = {"language": "en"}

    nb = opened(NAME, in_english, language="zh")
    nb.run("setup")
    nb.run("conv-output-size")
    assert "conv_output_size is not implemented yet" in nb.run("conv-output-size-check")
