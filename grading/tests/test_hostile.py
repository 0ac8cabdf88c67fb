"""The bank of attacks (grading/tests/hostile), each graded for real: nothing is gained by any.

Of every attack must hold: the attacked exercise gets no more points than its answer is worth, the
other exercises keep theirs (or, where the attack ended the session, a person is called), nothing
that was planted around the grader comes back with the notebook, and nothing is left behind.
No attack runs unless the sandbox was seen to be one.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import struct
import sysconfig
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest

pytest.importorskip("nbgrader")

from nbformat.v4 import new_code_cell

from cs231n.check.results import CheckFailed, NotReady
from grading.checks.answers import close
from grading.engine import drivers, remote, sandbox
from grading.engine.inside.wire import Wire
from grading.engine.limits import MIB, Limits
from grading.engine.tasks import Assignment, Graded, Submission
from grading.errors import GradingError
from grading.grade import grade_submission
from grading.intake import read_submission
from grading.sample_class import fill_in, reference_answers
from grading.settings import GRADING, REFERENCE, ROOT
from grading.solutions import read_solutions
from grading.tests.hostile import BUILT_ON, FAMILIES, ZEROS, Attack, files, pages
from grading.tests.hostile.answers import ANSWERS

pytestmark = pytest.mark.slow

LIMITS = Limits(
    call_seconds=0.7,
    cell_seconds=2.0,
    notebook_seconds=40.0,
    memory=1024 * MIB,
    disk=32 * MIB,
    file_size=16 * MIB,
    output=2 * MIB,
)
SECONDS = 20  # for one submission; most take half a second
MOST = 50 * MIB  # of an autograded notebook
PROBE = """
import os, socket
print(os.getuid(), os.getpid(), os.getppid(), os.listdir("/proc"), socket.gethostname())
print(sorted(os.listdir("/")), os.path.exists({root!r}), os.path.exists({home!r}))
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=1)
    print("connected")
except OSError as problem:
    print(type(problem).__name__)
"""
SOLUTION = "dx[samples, y] = -dx.sum(axis=1)"  # a line of the attacked exercise's
# Where an attack might leave something.
WATCHED = ("/tmp", "/var/tmp", "/dev/shm", "/", "/root", "/home", ".", str(ROOT), str(GRADING))


class Course:
    """A course with secrets planted all around, and a grader for it."""

    def __init__(self, built: Path, secret: str, port: int):
        self.secret, self.port = secret, port
        self.mark = f"mark-{secrets.token_hex(6)}"
        self.kept_in_memory = [secret.encode() * 100, {"planted": secret}]
        self.released = _notebooks(built / "assignments" / "assignment1")
        instructor = _notebooks(built / "source" / "assignment1")
        self.assignment = Assignment("assignment1", self.released, instructor, secret, LIMITS)
        self.solutions = reference_answers(read_solutions(REFERENCE))
        self.hidden = _hidden_lines()
        self.connections: list[bytes] = []

    def notebook(self, name: str):
        return nbformat.reads(self.released[name].decode(), as_version=nbformat.NO_CONVERT)

    def name_of(self, exercise: str) -> str:
        """The notebook that an exercise belongs to."""
        call = f"check.{exercise}("
        return next(name for name, data in self.released.items() if call in data.decode())

    def grade(self, name: str, content: dict[str, bytes], left_out=()) -> SimpleNamespace:
        """Grade a submission of one notebook; what holds for every one is checked here."""
        one = replace(
            self.assignment,
            released={name: self.released[name]},
            instructor={name: self.assignment.instructor[name]},
        )
        begun = time.monotonic()
        graded = grade_submission(one, Submission("student", content, tuple(left_out)))
        seconds = time.monotonic() - begun
        card = graded.cards[name]
        self.nothing_leaked(graded)
        self.nothing_left_behind()
        assert seconds < SECONDS, f"it took the grader {seconds:.0f} s"
        assert len(graded.notebooks[name]) < MOST, "the autograded notebook is swollen"
        nb = nbformat.reads(graded.notebooks[name].decode(), as_version=4)
        nbformat.validate(nb)
        assert _only_plain(card), "a score card holds control characters"
        scores = {
            exercise: result["score"] if result["graded"] else None
            for exercise, result in card["exercises"].items()
        }
        points = {e: result["max_score"] for e, result in card["exercises"].items()}
        return SimpleNamespace(notebook=nb, card=card, scores=scores, points=points)

    def grade_solved(self, name: str) -> SimpleNamespace:
        nb = fill_in(self.notebook(name), self.solutions)
        return self.grade(name, {f"{name}.ipynb": nbformat.writes(nb).encode()})

    def nothing_leaked(self, graded: Graded) -> None:
        told = [*(data.decode() for data in graded.notebooks.values()), json.dumps(graded.cards)]
        for text in told:
            assert self.secret not in text, "what was planted has come back"
            for line in self.hidden:
                assert line not in text, "a line of a hidden check has come back"

    def nothing_left_behind(self) -> None:
        deadline = time.monotonic() + 5
        while (alive := _processes_with(self.mark)) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not alive, f"processes live on: {alive}"
        for folder in WATCHED:
            left = [name for name in os.listdir(folder) if self.mark in name or "planted" in name]
            assert not left, f"left in {folder}: {left}"
        assert not self.connections, "somebody got through to the network"


def _notebooks(folder: Path) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in sorted(folder.glob("*.ipynb"))}


def _hidden_lines() -> list[str]:
    """Lines of the hidden checks, as they would stand in JSON."""
    texts = [(GRADING / "checks" / "losses.py").read_text(encoding="utf-8").splitlines()]
    long = [line.strip() for line in texts[0] if len(line.strip()) > 50 and "(" in line]
    code = [line for line in long if not line.startswith(("#", '"', 'f"', "from", "import"))]
    return [json.dumps(line)[1:-1] for line in code]


def _processes_with(mark: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ", "comm"):
            try:
                if mark.encode() in (process / name).read_bytes():
                    found.append(f"{process.name}: {(process / 'cmdline').read_bytes()[:200]}")
            except OSError:
                continue
    return [line for line in found if not line.startswith(f"{os.getpid()}:")]


def _only_plain(value) -> bool:
    """Whether all texts in data can be shown in a terminal and in a page of any language."""
    if isinstance(value, dict):
        return all(_only_plain(k) and _only_plain(v) for k, v in value.items())
    if isinstance(value, list):
        return all(map(_only_plain, value))
    return not isinstance(value, str) or value.isprintable()


def _need_a_sandbox() -> drivers.Driver:
    try:
        driver = drivers.choose("auto")
    except GradingError as problem:
        if os.environ.get("CI"):
            pytest.fail(f"CI needs a sandbox: {problem}")
        pytest.skip(str(problem).splitlines()[0])
    if not driver.isolated:
        pytest.fail("attacks run in a sandbox or not at all")
    return driver


@pytest.fixture(scope="module")
def course(tmp_path_factory, built_course):
    """The course. Before it is handed out, the sandbox has shown that it is one."""
    _need_a_sandbox()
    root = tmp_path_factory.mktemp("course")
    secret = f"planted-{secrets.token_hex(16)}"
    home = root / "home"
    for place in (home / ".ssh" / "id_rsa", home / ".bash_history", root / "course" / "notes.txt"):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(secret)
    listener = socket.create_server(("127.0.0.1", 0))
    (root / "tmp").mkdir()
    sandbox.close_all()  # whatever there was before, its template has not seen what is planted
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("CS231N_COURSE_SECRET", secret)
        patch.setenv("PLANTED", secret)
        patch.setattr(tempfile, "tempdir", str(root / "tmp"))
        patch.setattr(remote, "GRACE", 0.5)  # seconds by which each stubborn attack is longer
        course = Course(built_course, secret, listener.getsockname()[1])
        threading.Thread(target=_accept, args=(listener, course), daemon=True).start()
        _must_be_a_sandbox(course, home)
        course.first = course.grade_solved("1_fully_connected")
        course.at_first = _resources()
        yield course
        sandbox.close_all()
    listener.close()


def _resources() -> SimpleNamespace:
    """What this process holds: open files, and the most memory that it ever had, in MiB."""
    files_open = len(os.listdir("/proc/self/fd"))
    return SimpleNamespace(files=files_open, peak=getrusage(RUSAGE_SELF).ru_maxrss / 1024)


def _accept(listener: socket.socket, course: Course) -> None:
    while True:
        try:
            wire, _ = listener.accept()
        except OSError:
            return
        course.connections.append(wire.recv(100))


def _must_be_a_sandbox(course: Course, home: Path) -> None:
    """Grade a harmless notebook that tells where it runs; pytest ends here if that is outside."""
    nb = fill_in(course.notebook("1_fully_connected"), course.solutions)
    source = PROBE.format(root=str(ROOT), home=str(home), port=course.port)
    nb.cells.append(new_code_cell(source, id="probe"))
    graded = course.grade("1_fully_connected", {files.NOTEBOOK: nbformat.writes(nb).encode()})
    said = next(cell for cell in graded.notebook.cells if cell.id == "probe").outputs[0].text
    try:
        uid, pid, parent, rest = said.split(maxsplit=3)
        assert int(uid) != 0
        assert int(pid) < 50
        assert int(parent) < 50
        assert rest.startswith("[]"), "it sees processes"
        assert "False False" in said, "it sees this repository or somebody's home"
        assert said.split()[-1] != "connected"
    except (AssertionError, ValueError) as problem:
        pytest.exit(f"This is no sandbox, so no attack is run ({problem}):\n{said}", 2)


def _cases() -> list:
    """All attacks, with the next student after each family."""
    cases = []
    for family, attacks in FAMILIES.items():
        cases += [pytest.param(attack, id=f"{family}-{attack.id}") for attack in attacks]
        cases.append(pytest.param(None, id=f"{family}-and-then-an-honest-student"))
    return cases


@pytest.mark.parametrize("attack", _cases())
def test_attack_gains_nothing_and_harms_nobody(attack: Attack | None, course: Course):
    if attack is None:
        again = course.grade_solved("1_fully_connected")
        assert again.card == course.first.card
        assert again.notebook == course.first.notebook
        return
    name = course.name_of(attack.attacks)
    words = {"MARK": course.mark, "PORT": str(course.port)}
    nb = attack.notebook(course.notebook(name), course.solutions, words)
    graded = course.grade(name, {f"{name}.ipynb": nbformat.writes(nb).encode()})
    score = graded.scores[attack.attacks]
    reason = graded.card["needs_review"]
    assert (score or 0) <= attack.honest
    if attack.exactly:
        assert score == attack.honest
        assert not reason
    spoilt = BUILT_ON.get(attack.attacks, set())
    for exercise, points in graded.points.items():
        if exercise == attack.attacks or exercise in spoilt or attack.harms:
            continue
        if graded.scores[exercise] is None:
            assert attack.ends, f"{exercise} was not graded: {reason}"
            assert reason, f"{exercise} was not graded, and nobody is told"
        else:
            assert graded.scores[exercise] == points, f"{exercise} suffered from its neighbour"
    assert attack.ends or not reason, reason
    if attack.attacks == "svm_loss":
        assert SOLUTION not in nbformat.writes(graded.notebook)
    _nothing_was_found(graded)
    _every_result_is_the_grader_s(graded)


def _nothing_was_found(graded: SimpleNamespace) -> None:
    """No attack has printed a line that begins as it would with a success."""
    for cell in graded.notebook.cells:
        for output in cell.get("outputs", []):
            lines = output.get("text", "").splitlines()
            found = [line for line in lines if line.startswith(("found", "raised", "written"))]
            assert not found, found


def _every_result_is_the_grader_s(graded: SimpleNamespace) -> None:
    """The table in each graded cell says what the card says, and nothing else is in it."""
    shown = {}
    for cell in graded.notebook.cells:
        assert not any(
            "json" in kind for o in cell.get("outputs", []) for kind in o.get("data", {})
        )
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade"):
            shown[cell.id] = "".join(o.data["text/plain"] for o in cell.outputs if "data" in o)
    for exercise, score in graded.scores.items():
        if score is not None:
            points = graded.points[exercise]
            assert any(f"{exercise}: {score:g} of {points:g}" in text for text in shown.values())


@pytest.mark.parametrize("recipe", files.RECIPES, ids=lambda recipe: recipe.__name__)
def test_files_gain_nothing_and_stop_nobody(recipe, course: Course):
    solutions = course.solutions | {"svm_loss": ZEROS["svm_loss"].strip()}
    nb = fill_in(course.notebook("1_fully_connected"), solutions)
    content = recipe({files.NOTEBOOK: nbformat.writes(nb).encode()})
    graded = course.grade("1_fully_connected", content)
    assert not graded.scores["svm_loss"]
    assert graded.points == course.first.points
    reason = graded.card["needs_review"]
    for exercise, score in graded.scores.items():
        if exercise != "svm_loss":
            assert score == graded.points[exercise] or (score is None and reason)
    _every_result_is_the_grader_s(graded)


@pytest.mark.parametrize("answer", ANSWERS, ids=[name for name, _, _ in ANSWERS])
def test_no_answer_to_a_call_can_stop_the_grader(answer):
    """Whatever comes over the wire, a check sees a value, a failed check, or a session's end."""
    _, header, data = answer
    ours, theirs = socket.socketpair()
    session = remote.Session.__new__(remote.Session)
    session.limits, session.deadline = LIMITS, time.monotonic() + 5
    session.number = session._requests = 0
    session._link = SimpleNamespace(wire=Wire(ours.detach()), how_it_ended=lambda: "it is over")
    if isinstance(header, dict):
        header = json.dumps({"arrays": [], "n": 1} | header)
    text = header.encode("utf-8", "surrogatepass")
    frame = struct.pack(">II", len(text), len(data)) + text + data
    sender = threading.Thread(target=_send, args=(theirs, frame))
    sender.start()
    args = [np.zeros((3, 3)), {"stride": 1}]
    said = ""
    try:
        close(session.call("svm_loss", args, ()), np.ones(1))
    except (remote.Ended, CheckFailed, NotReady) as problem:
        said = str(problem)
    sender.join()
    session._link.wire.close()
    assert said, "an answer of no known form was taken for a right one"
    assert said.isprintable()
    assert args[0].shape == (3, 3)
    assert args[0].dtype == np.float64


def _send(wire: socket.socket, frame: bytes) -> None:
    with wire, suppress(OSError):
        wire.sendall(frame)


def test_a_folder_that_leads_elsewhere_is_read_no_further(course: Course, tmp_path):
    """Links to files and folders of the grader's, pipes, devices, and files that grow."""
    nb = fill_in(course.notebook("1_fully_connected"), course.solutions)
    (tmp_path / files.NOTEBOOK).write_bytes(nbformat.writes(nb).encode())
    outside = tmp_path.parent / "outside.txt"
    outside.write_text(course.secret)
    for name, target in (
        ("secret.txt", outside),
        ("2_convolution.ipynb", outside),
        ("everything", Path("/")),
        ("loop", tmp_path),
        ("zeros.ipynb", Path("/dev/zero")),
        ("memory", Path("/proc/self/mem")),
    ):
        (tmp_path / name).symlink_to(target)
    os.mkfifo(tmp_path / "pipe.ipynb")
    sparse = tmp_path / "sparse.ipynb"
    with sparse.open("wb") as file:
        file.truncate(2**40)
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(tmp_path)
        listener.bind("socket.ipynb")
        os.chdir(ROOT)
    if os.getuid() == 0:
        os.mknod(tmp_path / "device.ipynb", 0o60600, os.makedev(8, 1))
    submission = read_submission("student", tmp_path)
    assert set(submission.files) == {files.NOTEBOOK}
    assert len(submission.left_out) >= 9
    graded = course.grade("1_fully_connected", submission.files, submission.left_out)
    assert graded.scores == graded.points
    assert course.secret not in repr(submission.left_out)


def test_pages_of_attacks_run_nothing(course: Course):
    plain = pages.page_of(course.first.notebook)
    for attack in FAMILIES["forged"]:
        if attack.id not in ("pages", "message", "result-in-the-outputs", "table"):
            continue
        name = course.name_of(attack.attacks)
        nb = attack.notebook(course.notebook(name), course.solutions, {"MARK": course.mark})
        graded = course.grade(name, {f"{name}.ipynb": nbformat.writes(nb).encode()})
        assert pages.is_inert(pages.page_of(graded.notebook), plain)


def test_the_grader_has_lost_and_kept_nothing(course: Course):
    """After all attacks: no files open, little memory used, no folders or packages written to."""
    now = _resources()
    assert now.files <= course.at_first.files + 4
    assert now.peak - course.at_first.peak < 1500
    for folder in (sysconfig.get_path("purelib"), ROOT / "cs231n", GRADING):
        for path in Path(folder).rglob("*"):
            assert course.mark not in path.name
    temporary = os.listdir(tempfile.gettempdir())
    assert not [name for name in temporary if name.startswith("grading-submission-")]


def test_the_bank_is_large_and_every_attack_says_what_it_tries():
    attacks = [attack for family in FAMILIES.values() for attack in family]
    assert len(attacks) + len(files.RECIPES) >= 45
    assert all(attack.tries.endswith(".") for attack in attacks)
    names = [(attack.family, attack.id) for attack in attacks]
    assert len(set(names)) == len(names)
