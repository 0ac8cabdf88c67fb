"""An autograder's archive, run in a folder laid out like Gradescope's, with hostile submissions."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from grading.__main__ import main
from grading.checks import fast
from grading.engine import sandbox, unprivileged
from grading.engine.drivers import DRIVERS
from grading.engine.limits import Limits
from grading.errors import GradingError
from grading.gradescope import run
from grading.gradescope.results import as_results
from grading.tests.gradescope_place import Autograder, packed

root_only = pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.getuid() != 0,
    reason="as on Gradescope: Linux, started by root",
)
RELU = "def relu_forward(x):\n    return np.maximum(x, 0), x"
LOOP = """def affine_forward(x, w, b):
    while x.dtype == np.float32:
        pass
    return x.reshape(len(x), -1) @ w + b, (x, w, b)"""
# Every attack is tried at once; what came of each is the error that a check sees.
ATTACKS = """
import os, pathlib, signal, socket, subprocess, sys, time
ROOT = pathlib.Path("{root}")

def tried():
    def attempt(name, action):
        try:
            value = action()
        except BaseException as problem:
            return f"{{name}}: refused {{type(problem).__name__}}"
        return f"{{name}}: DONE {{str(value)[:60]}}"
    leave = "import os, time\\nif os.fork() == 0:\\n os.setsid()\\n os.fork() or time.sleep(600)"
    forged = '{{"score": 1000}}'
    grader = os.getppid()
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
        attempt("network", socket.socket),
        attempt("import grading", lambda: __import__("grading")),
        attempt("hidden module", lambda: __import__("cs231n.fast_layers")),
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


@pytest.fixture(scope="module")
def graded(autograder):
    """The one submission that is graded from beginning to end: attacks in the first notebook, a
    function that loops for some inputs in the second, and a file that is no notebook."""
    attacks = ATTACKS.format(root=autograder.root)
    autograder.hand_in(**{"1_small": attacks, "2_other": LOOP, "3_more": b"%PDF-1.4"})
    done = autograder.run(CS231N_CHECK_SECONDS="0.3")
    assert done.code == 0, done.output
    return done.results


@root_only
def test_no_attack_reaches_checks_results_or_the_grader(graded, autograder):
    said = by_name(graded)["1_small: relu_forward"]["output"]
    told = [part.strip() for part in " ".join(said.split()).split(";")]
    assert "DONE" not in said, said
    assert sum("refused" in part for part in told) == 20, said
    user = next(part for part in told if "user:" in part)
    assert user.endswith(", []]")
    assert int(user.partition("[")[2].partition(",")[0]) in unprivileged.NUMBERS
    assert {"leave: 0", "file: 4"} <= set(told), said
    assert not Path("/var/tmp", f"left-by-{autograder.root.name}").exists()
    assert "planted-secret" not in json.dumps(graded)


@root_only
def test_no_process_outlives_grading(graded):
    assert not any(map(unprivileged._running, unprivileged.NUMBERS))


@root_only
def test_endless_loop_costs_its_checks_and_no_others(graded):
    looping = by_name(graded)["2_other: affine_forward"]
    assert "had not finished after 0.3 s" in looping["output"]
    assert 0 < looping["score"] < looping["max_score"] == 6
    assert looping["status"] == "failed"
    assert graded["score"] == looping["score"]


@root_only
def test_file_that_is_no_notebook_waits_for_a_person(graded):
    assert "a PDF" in graded["output"]
    assert "not final" in by_name(graded)["3_more: conv_output_size"]["output"]
    assert graded["extra_data"]["needs_review"].keys() == {"3_more"}


def card(**exercises):
    return {"exercises": exercises, "score": 3.0, "needs_review": None, "repairs": ["x\u202ey"]}


def test_results_are_as_gradescope_s_specification_says():
    passed = {"name": "zeros", "passed": True, "weight": 1, "message": ""}
    failed = {"name": "large", "passed": False, "weight": 2, "message": "<b>off</b> by 1"}
    about = {"max_score": 3.0, "graded": True, "mistakes": []}
    right = about | {"score": 3.0, "checks": [passed]}
    mistake = {"name": "transposed", "says": "It is transposed."}
    wrong = about | {"score": 0.0, "checks": [passed, failed], "mistakes": [mistake]}
    made = as_results({"1_small": card(right=right, wrong=wrong)}, 2, "after_published", 12.4)
    assert made["score"] == 3.0
    assert made["execution_time"] == 12
    assert made["stdout_visibility"] == "hidden"
    assert "up to 2 more points" in made["output"]
    assert "\u202e" not in made["output"]
    assert "leaderboard" not in made
    one, other = made["tests"]
    assert (one["score"], one["max_score"], one["status"]) == (3.0, 3.0, "passed")
    assert (other["score"], other["status"]) == (0.0, "failed")
    assert "It is transposed." in other["output"]
    assert "✗ large (weight 2)\n<b>off</b> by 1" in other["output"]
    assert {t["output_format"] for t in (made, one, other)} == {"text"}  # escaped there
    assert {t["visibility"] for t in (one, other)} == {"after_published"}


@pytest.fixture
def here(autograder, monkeypatch):
    """run_autograder's module in this process, for what ends before any code is run."""
    monkeypatch.setenv("AUTOGRADER_ROOT", str(autograder.root))
    monkeypatch.delenv("CS231N_SANDBOX", raising=False)
    results = autograder.root / "results" / "results.json"
    results.unlink(missing_ok=True)

    def grade():
        code = run.main([])
        return code, json.loads(results.read_text()) if results.exists() else None

    return grade


@root_only
def test_submission_without_a_notebook_is_told_what_was_expected(autograder, here):
    autograder.hand_in(**{"answers.py": b"x = 1"})
    code, results = here()
    assert code == 0
    assert "1_small.ipynb" in results["output"]
    assert "answers.py" in results["output"]
    assert results["score"] == 0


@root_only
def test_nothing_is_graded_without_protection(autograder, here, monkeypatch, capsys):
    autograder.hand_in(**{"1_small": RELU})
    monkeypatch.setattr(run, "choose", not_here)
    assert here() == (2, None)  # nobody gets a zero for it
    assert "cannot be shut in" in capsys.readouterr().err
    monkeypatch.undo()
    monkeypatch.setenv("AUTOGRADER_ROOT", str(autograder.root))
    monkeypatch.setenv("CS231N_SANDBOX", "none")
    with pytest.warns(UserWarning, match="WITHOUT"):
        assert run.main([]) == 2


def not_here(name):
    raise GradingError(f"no {name} here")


@root_only
def test_nothing_is_graded_where_permissions_do_not_hold(autograder, here, monkeypatch, capsys):
    autograder.hand_in(**{"1_small": RELU})
    monkeypatch.setattr(Path, "chmod", lambda path, mode: None)
    assert here() == (2, None)
    assert "could reach" in capsys.readouterr().err


@root_only
def test_link_in_place_of_a_folder_is_refused(autograder, here, tmp_path, capsys):
    place, moved = autograder.root / "submission", autograder.root / "moved"
    autograder.hand_in(**{"1_small": RELU})
    place.rename(moved)
    place.symlink_to(tmp_path)
    try:
        assert here() == (2, None)
    finally:
        place.unlink()
        moved.rename(place)
    assert "is a link" in capsys.readouterr().err


@root_only
def test_one_student_s_home_is_shut_to_the_next():
    with unprivileged.Tenant() as tenant:
        inside = tenant.home / "answers.py"
        inside.touch()
        assert unprivileged.reachable(["/usr/bin", tenant.home, inside]) == ["/usr/bin"]
        with unprivileged.Tenant() as other:
            assert other.number != tenant.number
    assert not tenant.home.exists()


@root_only
def test_notebook_cannot_look_into_what_another_one_may_see(monkeypatch):
    def look(driver, view, hide, limits, tenant):
        asked = ["/bin/ls", "-d", *(f"{t.view.root}/site" for t in sandbox._templates.values())]
        return subprocess.run(asked, **unprivileged.as_user(tenant.number), capture_output=True)

    monkeypatch.setattr(sandbox, "_become", look)
    driver, limits = DRIVERS["user"], Limits()
    other = sandbox._template(driver, (), limits).view.root
    try:
        seen = sandbox.open_session(driver, fast.EVERYTHING, limits).stdout.decode().split()
        assert len(seen) == 1
        assert seen != [f"{other}/site"]
    finally:
        sandbox.close_all()


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


def test_archive_is_whole_and_the_same_every_time():
    data = packed()
    assert data == packed()
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        names = set(file.namelist())
        assert len({entry.date_time for entry in file.infolist()}) == 1
        assert file.infolist()[0].date_time[0] == 2020
        for script in ("setup.sh", "run_autograder"):
            assert file.getinfo(script).external_attr >> 16 & 0o111
            assert file.read(script).startswith(b"#!")
            subprocess.run(["bash", "-n"], input=file.read(script), check=True)
    assert {
        "assignment.json",
        "earlier.json",
        "released/1_small.ipynb",
        "instructor/2_other.ipynb",
    } <= names
    assert {"kit/pyproject.toml", "kit/setup.py", "kit/grading/checks/core.py"} <= names
    assert not any("/tests/" in name or "/course/" in name for name in names)


def test_unknown_assignment_names_those_there_are(tmp_path, capsys):
    assert main(["gradescope", "homework", "--output", str(tmp_path / "a.zip")]) == 2
    assert "assignment1" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
