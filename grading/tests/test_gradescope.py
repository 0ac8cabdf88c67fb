"""An autograder's archive, run in a folder laid out like Gradescope's, with hostile submissions."""

import io
import json
import os
import sys
import zipfile
from pathlib import Path

import pytest

from grading.__main__ import main
from grading.engine import unprivileged
from grading.gradescope import run
from grading.gradescope.command import archive
from grading.tests.gradescope_place import Autograder, packed

root_only = pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.getuid() != 0,
    reason="as on Gradescope: Linux, started by root",
)
RELU = "def relu_forward(x):\n    return np.maximum(x, 0), x"
AFFINE = "def affine_forward(x, w, b):\n    return x.reshape(len(x), -1) @ w + b, (x, w, b)"
WRONG = "def affine_forward(x, w, b):\n    return x.reshape(len(x), -1) @ w, (x, w, b)"
# Every attack is tried at once; what came of each is the error that a check sees.
ATTACKS = """
import ctypes, glob, os, pathlib, signal, socket, subprocess, sys, time
ROOT = pathlib.Path("{root}")

def tried():
    def attempt(name, action):
        try:
            value = action()
        except BaseException as problem:
            return f"{{name}}: refused {{type(problem).__name__}}"
        return f"{{name}}: DONE {{str(value)[:60]}}"
    def no_server():
        s = socket.socket(); s.connect(("127.0.0.1", 9))
    leave = "import os, time\\nif os.fork() == 0:\\n os.setsid()\\n os.fork() or time.sleep(600)"
    forged = '{{"score": 1000}}'
    grader = os.getppid()
    others = [n for n in glob.glob("/tmp/grading-view-*/site/cs231n/fast_layers.py")]
    return [
        attempt("list source", lambda: os.listdir(ROOT / "source")),
        attempt("read checks", lambda: (ROOT / "source/kit/grading/checks/core.py").read_text()),
        attempt("read secret", lambda: (ROOT / "source/assignment.json").read_text()),
        attempt("list results", lambda: os.listdir(ROOT / "results")),
        attempt("forge results", lambda: (ROOT / "results/results.json").write_text(forged)),
        attempt("replace results", lambda: os.rename(ROOT / "results", ROOT / "mine")),
        attempt("new results", lambda: (ROOT / "results.json").write_text(forged)),
        attempt("read metadata", lambda: (ROOT / "submission_metadata.json").read_text()),
        attempt("read submission", lambda: os.listdir(ROOT / "submission")),
        attempt("kill grader", lambda: os.kill(grader, signal.SIGKILL)),
        attempt("stop grader", lambda: os.kill(grader, signal.SIGSTOP)),
        attempt("grader's memory", lambda: open(f"/proc/{{grader}}/mem", "rb")),
        attempt("grader's environment", lambda: open(f"/proc/{{grader}}/environ").read()),
        attempt("grader's files", lambda: os.listdir(f"/proc/{{grader}}/fd")),
        attempt("grader's folder", lambda: os.listdir(f"/proc/{{grader}}/cwd/source")),
        attempt("become root", lambda: os.setuid(0)),
        attempt("sudo", lambda: subprocess.run(["sudo", "-n", "id"], check=True)),
        attempt("network", no_server),
        attempt("import grading", lambda: __import__("grading")),
        attempt("hidden module", lambda: __import__("cs231n.fast_layers")),
        attempt("other views", lambda: [open(n).read() for n in others] or 1 / 0),
        "user: " + str([os.getuid(), os.getgroups()]),
        "leave: " + str(subprocess.run([sys.executable, "-c", leave]).returncode),
        "file: " + str(pathlib.Path("/var/tmp/left-by-" + ROOT.name).write_text("here")),
        "home: " + str(pathlib.Path("mine.txt").write_text("fine")),
    ]

REPORT = "; ".join(tried())

def relu_forward(x):
    raise ValueError(REPORT)
"""


@pytest.fixture(scope="module")
def autograder():
    place = Autograder(packed(secret="planted-secret", visibility="visible"))
    yield place
    place.remove()


def by_name(results):
    return {test["name"]: test for test in results["tests"]}


@root_only
def test_right_and_wrong_answers_are_scored_as_gradescope_reads_them(autograder):
    autograder.hand_in(**{"1_small": RELU, "2_other": WRONG})
    done = autograder.run()
    assert done.code == 0, done.output
    tests = by_name(done.results)
    right, wrong = tests["1_small: relu_forward"], tests["2_other: affine_forward"]
    assert (right["score"], right["max_score"], right["status"]) == (4.0, 4.0, "passed")
    assert 0 <= wrong["score"] < 6
    assert wrong["status"] == "failed"
    assert "✗" in wrong["output"]
    assert done.results["score"] == pytest.approx(right["score"] + wrong["score"])
    assert done.results["stdout_visibility"] == "hidden"
    assert {test["visibility"] for test in tests.values()} == {"visible"}
    assert "up to 4 more points" in done.results["output"]
    assert "leaderboard" not in done.results
    assert "planted-secret" not in json.dumps(done.results)


@root_only
def test_no_attack_reaches_checks_results_or_the_grader(autograder):
    attacks = ATTACKS.format(root=autograder.root)
    autograder.hand_in(**{"1_small": attacks, "2_other": AFFINE})
    done = autograder.run()
    assert done.code == 0, done.output
    said = by_name(done.results)["1_small: relu_forward"]["output"]
    told = [part.strip() for part in " ".join(said.split()).split(";")]
    assert "DONE" not in said, said
    assert sum("refused" in part for part in told) == 21, said
    user = next(part for part in told if "user:" in part)
    assert user.endswith(", []]")
    assert int(user.partition("[")[2].partition(",")[0]) in unprivileged.NUMBERS
    assert any(part == "leave: 0" for part in told), said
    assert not any(map(unprivileged._running, unprivileged.NUMBERS)), "a process was left behind"
    assert not Path("/var/tmp", f"left-by-{autograder.root.name}").exists()
    assert done.results["score"] == 6.0  # the other notebook's


@root_only
def test_what_cannot_be_read_is_said_and_the_rest_is_graded(autograder):
    autograder.hand_in(**{"1_small": b"%PDF-1.4", "2_other": AFFINE})
    done = autograder.run()
    assert done.code == 0, done.output
    assert "a PDF" in done.results["output"]
    unread = by_name(done.results)["1_small: relu_forward"]
    assert "not final" in unread["output"]
    assert done.results["extra_data"]["needs_review"].keys() == {"1_small"}
    assert by_name(done.results)["2_other: affine_forward"]["status"] == "passed"


@root_only
def test_endless_loop_ends_in_time(autograder):
    autograder.hand_in(**{"1_small": "while True:\n    pass", "2_other": AFFINE})
    done = autograder.run(CS231N_CELL_SECONDS="1", CS231N_CHECK_SECONDS="1")
    assert done.code == 0, done.output
    assert by_name(done.results)["1_small: relu_forward"]["score"] == 0
    assert by_name(done.results)["2_other: affine_forward"]["status"] == "passed"


@root_only
def test_submission_without_a_notebook_is_told_what_was_expected(autograder):
    autograder.hand_in(**{"answers.py": b"x = 1"})
    done = autograder.run()
    assert done.code == 0, done.output
    assert "1_small.ipynb" in done.results["output"]
    assert "answers.py" in done.results["output"]
    assert done.results["score"] == 0


@root_only
@pytest.mark.parametrize("sandbox", ["none", "no-such-one"])
def test_nothing_is_graded_without_protection(autograder, sandbox):
    autograder.hand_in(**{"1_small": RELU})
    done = autograder.run(CS231N_SANDBOX=sandbox)
    assert done.code == 2
    assert done.results is None  # nobody gets a zero for it
    assert "cannot be shut in" in done.output


@root_only
def test_link_in_place_of_a_folder_is_refused(autograder, tmp_path):
    place = autograder.root / "submission"
    autograder.hand_in(**{"1_small": RELU})
    place.rename(autograder.root / "moved")
    place.symlink_to(tmp_path)
    try:
        done = autograder.run()
    finally:
        place.unlink()
        (autograder.root / "moved").rename(place)
    assert (done.code, done.results) == (2, None)
    assert "is a link" in done.output


@root_only
def test_reachable_tells_open_folders_from_shut_ones(tmp_path_factory):
    with unprivileged.Tenant() as tenant:
        opened, shut = tenant.home.parent / "o", tenant.home / "s"
        opened = tenant.home  # the tenant's own, of mode 700: nobody else's
        assert unprivileged.reachable(["/usr/bin", opened, shut, "/proc/1/mem"]) == ["/usr/bin"]


def test_zip_of_a_folder_is_graded_like_its_files():
    def lifted(*names):
        return sorted(run.lifted(run.Submission("", dict.fromkeys(names, b""))).files)

    assert lifted("week1/a.ipynb", "week1/data/x.npy") == ["a.ipynb", "data/x.npy"]
    assert lifted("x/week1/a.ipynb") == ["a.ipynb"]
    assert lifted("a.ipynb", "old/a.ipynb") == ["a.ipynb", "old/a.ipynb"]
    assert lifted("one/a.ipynb", "two/a.ipynb") == ["one/a.ipynb", "two/a.ipynb"]


def test_all_notebooks_together_end_before_the_container_does():
    limits = run.in_time(run.Limits(), minutes=10, notebooks=4)
    assert 4 * limits.notebook_seconds <= 10 * 60 - run.RESERVE
    assert run.in_time(run.Limits(), minutes=40, notebooks=1).notebook_seconds == 300


def test_archive_is_whole_and_the_same_every_time(monkeypatch):
    data = packed()
    assert data == packed()
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        names = set(file.namelist())
        for script in ("setup.sh", "run_autograder"):
            assert file.getinfo(script).external_attr >> 16 & 0o111
            assert file.read(script).startswith(b"#!")
    assert {"assignment.json", "released/1_small.ipynb", "instructor/2_other.ipynb"} <= names
    assert {"kit/pyproject.toml", "kit/setup.py", "kit/grading/checks/core.py"} <= names
    assert not any("/tests/" in name or "/course/" in name for name in names)


def test_unknown_assignment_names_those_there_are(tmp_path, capsys):
    assert main(["gradescope", "homework", "--output", str(tmp_path / "a.zip")]) == 2
    assert "assignment1" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    assert archive is not None
