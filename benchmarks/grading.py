"""How fast is grading? Submissions of 2_convolution, against stock `nbgrader autograde`.

Both sides grade the same submissions, from files to gradebook and autograded notebooks, in one run;
the scores are compared. Stock nbgrader runs the same hidden checks in the student's kernel.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
ASSIGNMENT, NOTEBOOK = "assignment1", "2_convolution"
# Right and wrong answers in turn, as a class has them; no loops that never end.
ANSWERS = ("", "vectorised", "pad_zero", "", "pad_one", "swapped_axes", "", "")
STOCK = """
c = get_config()
c.CourseDirectory.root = {root!r}
c.CourseDirectory.course_id = "cs231n"
c.CourseDirectory.db_url = "sqlite:///{root}/gradebook.db"
c.ExecutePreprocessor.timeout = 300
"""


@dataclass
class Row:
    """One measured run."""

    what: str
    submissions: int
    seconds: float
    peak_mib: float
    disk_kib: float = 0.0  # gradebook, autograded notebooks and reports, a submission

    @property
    def rate(self) -> float:
        return self.submissions / self.seconds


def make_course(root: Path, students: int) -> None:
    """A course with one notebook and so many submissions."""
    from grading import build, sample_class
    from grading.notebooks import to_bytes
    from grading.settings import REFERENCE, SOURCE
    from grading.solutions import read_solutions

    source = root / "sources"
    (source / ASSIGNMENT).mkdir(parents=True)
    shutil.copy(SOURCE / "setup_cell.py", source)
    shutil.copy(SOURCE / ASSIGNMENT / f"{NOTEBOOK}.py", source / ASSIGNMENT)
    build.build(root, root / "assignments", build.Sources(source))
    released = build.student_notebook(ASSIGNMENT, NOTEBOOK, root / "assignments")
    reference = sample_class.reference_answers(read_solutions(REFERENCE))
    for number in range(students):
        name = ANSWERS[number % len(ANSWERS)]
        file = sample_class.HERE / "answers" / f"{name}.py"
        answers = reference | (sample_class.read_answers(file) if name else {})
        notebook = sample_class.fill_in(released, answers)
        notebook.cells[-1].source += f"\n# handed in by number {number}"
        place = root / "submitted" / f"student{number:05}" / ASSIGNMENT
        place.mkdir(parents=True)
        (place / f"{NOTEBOOK}.ipynb").write_bytes(to_bytes(notebook))


def timed(what: str, submissions: int, command: list[str], **options) -> Row:
    """Run a command to its end; its peak memory is read from the system while it runs."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    start, peak = time.perf_counter(), 0.0
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said, **options)
        while process.poll() is None:
            peak = max(peak, _peak(process.pid))
            time.sleep(0.2)
        seconds = time.perf_counter() - start
        if process.returncode:
            said.seek(0)
            sys.exit(f"{what} failed:\n{said.read().decode(errors='replace')[-3000:]}")
    row = Row(what, submissions, seconds, peak)
    print(f"  {what}, {submissions}: {seconds:.1f} s", file=sys.stderr)
    return row


def _peak(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next(int(x.split()[1]) / 1024 for x in lines if x.startswith("VmHWM"))
    except (OSError, StopIteration):
        return 0.0


def stock(folder: Path, students: int) -> tuple[Row, dict]:
    root = folder / "stock"
    make_course(root, students)
    (root / "nbgrader_config.py").write_text(STOCK.format(root=str(root)))
    command = [sys.executable, "-m", "nbgrader", "autograde", ASSIGNMENT]
    environment_path = os.environ.get("PATH", "")
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment_path}"
    row = timed("stock nbgrader autograde", students, command, cwd=root)
    scores = scores_of(root)
    shutil.rmtree(root)
    return row, scores


def ours(folder: Path, students: int, what: str, *options: str) -> tuple[Row, dict]:
    root = folder / "ours"
    make_course(root, students)
    command = [sys.executable, "-m", "grading", "autograde", ASSIGNMENT, "--course", str(root)]
    before = _size(root)
    row = timed(what, students, [*command, *options], cwd=ROOT)
    row.disk_kib = (_size(root) - before) / 1024 / students
    scores = scores_of(root)
    shutil.rmtree(root)
    return row, scores


def _size(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


def scores_of(root: Path) -> dict[tuple[str, str], float]:
    """(student, graded cell) -> score in the gradebook."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{root}/gradebook.db", "cs231n") as book:
        return {
            (submission.student.id, grade.name): grade.auto_score
            for submission in book.assignment_submissions(ASSIGNMENT)
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def checks_alone(folder: Path, repeats: int = 9) -> dict[str, float]:
    """Seconds that one right submission takes in one process, by part (medians)."""
    from grading.coordinator.course_folder import load_assignment, open_course
    from grading.engine import run
    from grading.grade import grade_submission

    root = folder / "alone"
    make_course(root, 1)
    course = open_course(root, "bench.log")
    assignment = load_assignment(course, ASSIGNMENT)
    submission = course.submission("student00000", ASSIGNMENT)
    spent: list[float] = []
    grade = run._Run._grade

    def watched(self, cell, name):
        start = time.perf_counter()
        grade(self, cell, name)
        spent[-1] += time.perf_counter() - start

    run._Run._grade = watched
    whole, trusted = [], []
    for _ in range(repeats + 1):
        spent.append(0.0)
        start, processor = time.perf_counter(), time.process_time()
        grade_submission(assignment, submission)
        whole.append(time.perf_counter() - start)
        trusted.append(time.process_time() - processor)
    run._Run._grade = grade
    shutil.rmtree(root)
    return {
        "files to result, one process": median(whole[1:]),
        "the hidden checks in that (both sides)": median(spent[1:]),
        "processor time outside the sandbox": median(trusted[1:]),
    }


class Cluster:
    """A Dask scheduler and workers in processes of their own, on this machine."""

    def __init__(self, folder: Path, workers: int):
        self.file = folder / "scheduler.json"
        scheduler = ["dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
        worker = ["dask_worker", "--nworkers", str(workers), "--nthreads", "1"]
        common = ["--no-dashboard", "--scheduler-file", str(self.file)]
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{command}", *options, *common],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=folder,
            )
            for command, *options in (scheduler, worker)
        ]

    def __enter__(self) -> str:
        from distributed import Client

        while not self.file.exists():
            time.sleep(0.1)
        with Client(scheduler_file=str(self.file)) as client:
            client.wait_for_workers(1, timeout=60)
            return client.scheduler.address

    def __exit__(self, *problem) -> None:
        for process in reversed(self.processes):
            process.terminate()
            process.wait()


def table(rows: list[Row], baseline: Row) -> str:
    lines = [
        "| what | submissions | seconds | a second | × stock | peak MiB | KiB each |",
        "| --- | --: | --: | --: | --: | --: | --: |",
    ]
    for row in rows:
        lines.append(
            f"| {row.what} | {row.submissions} | {row.seconds:.1f} | {row.rate:.2f} | "
            f"{row.rate / baseline.rate:.1f} | {row.peak_mib:.0f} | {row.disk_kib:.0f} |"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description=__doc__)
    parser.add_argument("--sizes", default="20,200", help="numbers of submissions (20,200,2000)")
    parser.add_argument("--stock", type=int, default=8, help="submissions for stock nbgrader")
    parser.add_argument("--no-dask", action="store_true", help="leave the Dask cluster out")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    args = parser.parse_args()
    sizes = [int(size) for size in args.sizes.split(",")]
    with tempfile.TemporaryDirectory(prefix="benchmark-grading-") as name:
        folder = Path(name)
        baseline, wanted = stock(folder, args.stock)
        rows, scores = [baseline], {}
        runs = [("one process", ["--jobs", "1"]), ("all cores", [])]
        for size in sizes:
            for what, options in runs if size == sizes[0] else runs[1:]:
                row, scores = ours(folder, size, what, *options)
                rows.append(row)
        again, _ = stock(folder, args.stock)
        rows.append(again)
        if not args.no_dask:
            with Cluster(folder, 2) as address:
                row, _ = ours(folder, sizes[0], "Dask, 2 workers", "--scheduler", address)
                rows.append(row)
        alone = checks_alone(folder)
    different = {
        key: (wanted[key], scores.get(key)) for key in wanted if wanted[key] != scores.get(key)
    }
    print(table(rows, min((baseline, again), key=lambda row: row.seconds)))
    for what, seconds in alone.items():
        ratio = baseline.seconds / baseline.submissions / seconds
        print(f"\n{what}: {1000 * seconds:.0f} ms, 1/{ratio:.0f} of stock's time a submission")
    print(f"\nscores that differ from stock's: {different or 'none'} (of {len(wanted)})")
    if args.json:
        data = {"rows": [asdict(row) for row in rows], "alone": alone, "processors": os.cpu_count()}
        args.json.write_text(json.dumps(data, indent=2) + "\n")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
