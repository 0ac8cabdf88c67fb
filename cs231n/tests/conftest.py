"""What several of the package's tests share."""

import sys

import pytest
from hypothesis import settings

from cs231n import fast_optim, fast_pointwise, fast_pooling, get_num_threads, set_num_threads
from cs231n import language as language_of_messages

# What a language is told by: the course's own variable, the locale, the notebook's file.
LANGUAGE_VARIABLES = (
    *("CS231N_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE"),
    "JPY_SESSION_NAME",
)

# The same examples every time: a test that passed must not fail on another run of the same code.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")


@pytest.fixture(scope="session", autouse=True)
def english():
    """The tests read English, on a machine of any language."""
    with pytest.MonkeyPatch.context() as patch:
        for name in LANGUAGE_VARIABLES:
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(autouse=True)
def no_figures_from_before():
    """Whatever ran in this process before, a test begins without open figures."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")


@pytest.fixture(params=["cython", "numpy"])
def backend(request, monkeypatch):
    """A test runs with the compiled pooling, pointwise layers and optimisers, and with NumPy's."""
    for module in (fast_optim, fast_pointwise, fast_pooling):
        if request.param == "numpy":
            monkeypatch.setattr(module, "_compiled", None)
        elif module.BACKEND != "cython":
            pytest.skip("the compiled module is not here")


@pytest.fixture
def no_language(monkeypatch):
    """Neither a language nor a font for one is left in use: by an earlier test, or for a later."""
    import matplotlib as mpl

    monkeypatch.setattr(language_of_messages, "_in_use", [])
    with mpl.rc_context({"font.family": mpl.rcParamsDefault["font.family"]}):
        yield


@pytest.fixture
def threads_as_before():
    before = get_num_threads()
    yield
    set_num_threads(before)


@pytest.fixture
def no_windows(monkeypatch):
    """Nothing may call plt.show, and figures are closed after each test."""
    from matplotlib import pyplot as plt

    def show(*_, **__):
        raise AssertionError("plt.show was called")

    monkeypatch.setattr(plt, "show", show)
    yield
    plt.close("all")
