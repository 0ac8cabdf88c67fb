"""What most students do: open a notebook in JupyterLab, solve, check, save, download, hand in."""

from nbconvert import HTMLExporter

from grading.scorecard import grade_file
from grading.tests.browser.lab import only

NAME = "2_convolution"


def test_what_is_solved_checked_and_downloaded_gets_its_points(opened, answers, tmp_path):
    nb = opened(NAME)
    assert nb.page.locator(".jp-Dialog").count() == 0
    assert nb.run("setup") == ""
    for cell, name in [
        ("conv-output-size", "conv_output_size"),
        ("conv-forward", "conv_forward_naive"),
    ]:
        nb.type(cell, answers[name])
        assert nb.source(cell) == answers[name]
        assert nb.run(cell) == ""
        shown = nb.run(f"{cell}-check")
        assert "checks passed" in shown
        assert "✓ passed" in shown
        assert "✗" not in shown
        assert nb.node(f"{cell}-check").locator("table tbody tr").count() > 3
    nb.save()
    with nb.page.expect_download() as download:
        nb.menu("File", "Download")
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.name == f"{NAME}.ipynb"
    card, repairs = grade_file(path, "assignment1", NAME)
    assert repairs == []
    scores = {name: one["score"] for name, one in card["exercises"].items() if one["score"]}
    assert scores == {"conv_output_size": 2, "conv_forward_naive": 8, "conv_dilation": 2}


def exported(nb):
    """The saved notebook as HTML, opened in the same browser."""
    page, _ = HTMLExporter().from_filename(nb.file)
    path = nb.file.with_suffix(".html")
    path.write_text(page, encoding="utf-8")
    nb.page.goto(path.as_uri(), wait_until="domcontentloaded")


def is_seen(picture):
    return picture.is_visible() and picture.evaluate("e => e.complete && e.naturalWidth > 100")


def test_run_all_on_an_untouched_notebook_stops_nowhere_and_is_a_page_afterwards(opened):
    nb = opened(NAME)
    nb.run_all()
    errors = nb.js(
        "return book.widgets.filter(cell => cell.model.type === 'code')"
        ".flatMap(cell => cell.model.sharedModel.getOutputs())"
        ".filter(output => output.output_type === 'error' || output.name === 'stderr')"
    )
    assert errors == []
    assert "conv_output_size is not implemented yet" in nb.outputs("conv-output-size-check")
    assert "is not implemented yet" in nb.outputs("conv-dilation-check")

    nb.select("animation")
    cell = nb.node("animation")
    still = cell.locator("[id^=explorer-] img")
    live = cell.locator(".widget-image")
    assert live.is_visible()
    assert not still.is_visible()
    before = live.get_attribute("src")
    cell.get_by_role("slider").first.focus()
    nb.page.keyboard.press("ArrowLeft")
    nb.page.wait_for_function("([e, src]) => e.src !== src", arg=[live.element_handle(), before])

    nb.save()
    nb.server.end_kernels()
    nb.reopen()
    nb.select("animation")
    assert is_seen(still)
    assert not live.is_visible()
    assert "run this cell in Jupyter, and the picture has controls" in nb.outputs("animation")

    exported(nb)
    stills = nb.page.locator("[id^=explorer-] img")
    assert stills.count() >= 1
    assert all(is_seen(one) for one in stills.all())
    pictures = nb.page.locator(".jp-OutputArea-output img")
    assert all(len(one.get_attribute("alt")) > 20 for one in pictures.all())
    stills.first.scroll_into_view_if_needed()


def test_without_ipywidgets_an_explorer_is_a_still_that_says_what_is_missing(opened):
    nb = opened(NAME, only("setup", "animation"))
    nb.run("setup")
    nb.select("animation")
    nb.keys("a", "Enter")
    nb.page.keyboard.insert_text("sys.modules['ipywidgets'] = None")
    nb.keys("Escape")
    nb.run(nb.with_text("sys.modules["))
    assert "install ipywidgets" in nb.run("animation")
    assert is_seen(nb.node("animation").locator("img"))
