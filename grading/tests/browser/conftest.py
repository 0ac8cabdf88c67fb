"""A JupyterLab of its own, as `make lab` starts it, and a headless Chromium to look at it with.

The tests are skipped where Python's `playwright` or Chromium is missing; `make browser` installs
the first. CS231N_CHROMIUM names another browser than the one found; CS231N_SCREENSHOTS a folder in
which the pages are kept as pictures; CS231N_PICTURES=1 writes the pictures of docs/images anew.
"""

import os
import shutil
from pathlib import Path

import pytest

from grading.sample_class import reference_answers
from grading.settings import REFERENCE, ROOT
from grading.solutions import read_solutions
from grading.tests.browser.lab import Notebook, Server

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
HERE_ONLY = ("http://127.0.0.1:", "ws://127.0.0.1:", "file:", "data:", "blob:")
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    mine = [item for item in items if item.path.is_relative_to(HERE)]
    for item in mine:
        item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium():
    """A browser for all tests; each has a page of its own in it."""
    api = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: make browser"
    )
    named = os.environ.get("CS231N_CHROMIUM")
    path = shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"no {named or 'Chromium'} here: see `make browser`")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(chromium, tmp_path_factory):
    """One JupyterLab for all tests; each has a folder of its own in it."""
    with Server(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="session")
def answers():
    """A function's name -> a right solution, as a student types it."""
    return reference_answers(read_solutions(REFERENCE))


@pytest.fixture
def page(chromium, request):
    context = chromium.new_context(
        viewport={"width": 1300, "height": 1000}, accept_downloads=True, locale="en-US"
    )
    context.set_default_timeout(30_000)
    context.route(lambda url: not url.startswith(HERE_ONLY), lambda route: route.abort())
    page = context.new_page()
    yield page
    folder = os.environ.get("CS231N_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{request.node.name}.png")
    context.close()


@pytest.fixture
def picture():
    """Writes docs/images/NAME.png of a page, or of a part of it, where CS231N_PICTURES asks."""

    def take(of, name, **options):
        if os.environ.get("CS231N_PICTURES"):
            of.screenshot(path=ROOT / "docs" / "images" / f"{name}.png", **options)

    return take


@pytest.fixture
def opened(server, page, request):
    """Opens a notebook of the course, or a changed one, in a folder that is this test's alone."""

    def open_it(name, change=None, ready=True, language=""):
        return Notebook(server, page, server.lay_out(request, name, change, language), ready)

    yield open_it
    server.end_kernels()
