"""Google Colab, as far as it can be had elsewhere.

A kernel in an environment with Colab's packages (requirements.txt) that has `google.colab`; the
course's page and wheels on a server on this machine. Notebooks are run from their set-up cell to
their end, saved as Colab saves them, and graded. `nox -s colab` makes the environment.
"""

import functools
import json
import os
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from grading import build
from grading.notebooks import to_bytes
from grading.rehearse import remarks
from grading.sample_class import damage, fill_in, reference_answers
from grading.scorecard import grade_notebook
from grading.settings import REFERENCE, ROOT, Settings
from grading.solutions import read_solutions

PYTHON = os.environ.get("CS231N_COLAB_PYTHON")
WHEEL = os.environ.get("CS231N_WHEEL", "")
HERE = Path(__file__).parent
KERNEL = "import google.colab; from ipykernel import kernelapp; kernelapp.launch_new_instance()"
NOTEBOOKS = [(a, name) for a, names in build.assignments().items() for name in names]

pytestmark = pytest.mark.skipif(not PYTHON, reason="needs Colab's environment: nox -s colab")


def pip(*arguments):
    # -I: what lies in this folder is not what is installed there.
    command = [PYTHON, "-I", "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A server that has the wheel in wheels/ and the repository in course.git."""
    site = tmp_path_factory.mktemp("site")
    (site / "wheels").mkdir()
    (site / "wheels" / Path(WHEEL).name).symlink_to(WHEEL)
    subprocess.run(["git", "clone", "--quiet", "--bare", ROOT, site / "course.git"], check=True)
    subprocess.run(["git", "-C", site / "course.git", "update-server-info"], check=True)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def solved(address):
    """Solved notebooks of a course at that address: solved["2_convolution"]."""
    settings = Settings(repository=f"{address}/course.git", wheels=f"{address}/wheels")
    built = build.instructor_notebooks(build.Sources(), settings)
    answers = reference_answers(read_solutions(REFERENCE))
    released = build.release_all(built, "colab")
    return {
        name: fill_in(notebook, answers)
        for notebooks in released.values()
        for name, notebook in notebooks.items()
    }


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a notebook in a new Colab session: an empty home and working folder."""
    kernel = {
        "argv": [PYTHON, "-c", KERNEL, "-f", "{connection_file}"],
        "display_name": "Colab",
        "language": "python",
        "env": {"PYTHONPATH": str(HERE), "HOME": str(tmp_path), "CS231N_NO_EXT": "1"},
    }
    (tmp_path / "kernels" / "colab").mkdir(parents=True)
    (tmp_path / "kernels" / "colab" / "kernel.json").write_text(json.dumps(kernel))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    (tmp_path / "content").mkdir()

    def run(notebook):
        place = {"metadata": {"path": str(tmp_path / "content")}}
        client = NotebookClient(
            notebook, kernel_name="colab", timeout=600, allow_errors=True, resources=place
        )
        client.execute()
        return notebook

    return run


@pytest.fixture
def new_machine():
    """Nothing of the course is installed; afterwards what Colab brings is as it was."""
    pip("uninstall", "--yes", "--quiet", "cs231n-kit")
    before = pip("freeze")
    yield
    after = {line for line in pip("freeze").splitlines() if "cs231n-kit" not in line}
    assert after == set(before.splitlines())


def setup_of(notebook):
    return next(c for c in notebook.cells if "setup" in c.metadata.get("tags", []))


def shown(cell):
    texts = [o.get("text") or o.get("data", {}).get("text/plain", "") for o in cell.outputs]
    return "".join(texts) + "".join(o.evalue for o in cell.outputs if o.output_type == "error")


@pytest.mark.parametrize(("assignment", "name"), NOTEBOOKS, ids=[name for _, name in NOTEBOOKS])
def test_notebook_is_installed_run_saved_by_colab_and_graded_with_full_marks(
    solved, run, new_machine, tmp_path, assignment, name
):
    executed = run(solved[name])
    assert shown(setup_of(executed)).startswith("Installing the course's package")
    assert "compiled here" not in shown(setup_of(executed))
    assert list(remarks(executed, "solved")) == []
    saved = damage.colab({f"{name}.ipynb": to_bytes(executed)})
    ((_, content),) = saved.items()
    path = tmp_path / f"Copy_of_{name}.ipynb"  # as Colab's download names it
    path.write_bytes(content)
    card = grade_notebook(path)
    assert (card["assignment"], card["notebook"]) == (assignment, name)
    assert card["score"] == card["max_score"]
    assert card["needs_review"] is None


def test_after_a_restart_the_package_is_still_there_and_nothing_is_installed(
    solved, run, new_machine
):
    one_cell = new_notebook(cells=[setup_of(solved["2_convolution"])])
    assert "Installing" in shown(run(one_cell).cells[0])
    assert shown(run(one_cell).cells[0]) == ""


def test_without_a_wheel_the_repository_is_installed(solved, run, new_machine):
    cell = setup_of(solved["2_convolution"]).copy()
    cell.source = cell.source.replace("/wheels", "/no-such-page")
    which = new_code_cell("import cs231n; print(cs231n.__file__)")
    executed = run(new_notebook(cells=[cell, which]))
    assert "a few minutes" in shown(executed.cells[0])
    assert "site-packages" in shown(executed.cells[1])


def test_data_and_earlier_notebooks_are_in_drive(solved, run, new_machine, tmp_path):
    drive = tmp_path / "drive"
    notebooks = drive / "MyDrive" / "Colab Notebooks"
    notebooks.mkdir(parents=True)
    content = to_bytes(solved["2_convolution"])
    (notebooks / "Copy of 2_convolution.ipynb").write_bytes(content)
    cell = setup_of(solved["9_train_convnet"]).copy()
    for was, now in {
        "KEEP_IN_DRIVE = False": "KEEP_IN_DRIVE = True",
        "keep_in_drive()": f"keep_in_drive({str(drive)!r})",
    }.items():
        assert was in cell.source
        cell.source = cell.source.replace(was, now)
    use = new_code_cell(
        "from cs231n import notebooks\n"
        'notebooks.load("2_convolution", "conv_forward_naive")\n'
        'd = data.get_data("synthetic")'
    )
    executed = run(new_notebook(cells=[cell, use]))
    assert "yours, from 2_convolution.ipynb" in shown(executed.cells[1])
    assert list((drive / "MyDrive" / "cs231n" / "datasets" / "synthetic").glob("*.npy"))
