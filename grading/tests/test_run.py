"""Running a submitted notebook: it always ends, and nothing it shows is taken for a score."""

import json
import linecache

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from cs231n.check.compare import close, expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.results import CheckFailed
from grading import marks
from grading.engine.limits import Limits
from grading.engine.run import Job, run_notebook

pytest.importorskip("nbgrader")

double = Exercise("double", functions=("double",))
halve = Exercise("halve", functions=("double_forward", "double_backward"))


@double.check("a vector", weight=3)
def _(f, rng):
    x = rng.standard_normal(4)
    return close(f.double(x), 2 * x)


@double.check("x is left as it is")
def _(f, rng):
    x = rng.standard_normal(3)
    return close(f.unchanged("double", x), 2 * x)


@halve.check("the cache comes back as it was")
def _(f, rng):
    x = rng.standard_normal(3)
    out, cache = expect_tuple(f.double_forward(x), ("out", "cache"), "double_forward")
    assert not isinstance(cache, np.ndarray | tuple)
    close(out, 2 * x)
    return close(f.double_backward(np.ones(3), cache), np.full(3, 2.0))


at_once = Exercise("at_once", functions=("double",))


@at_once.check("the steps do not grow with x")
def _(f, rng):
    (_, few), (out, many) = (f.counted("double", np.ones(size)) for size in (10, 100))
    close(out, np.full(100, 2.0))
    if many > 2 * few:
        raise CheckFailed(f"It takes {few} steps for 10 numbers and {many} for 100.")


# What a wrong function does when x begins with the way's number.
WAYS = [
    *("return y", "return np.maximun(x, 0)", "return {'a': x}['b']", "return x.sum(axis=7)"),
    *("return (v for v in x)", "return np.copy", "return x.astype(object)", "pass"),
]
all_wrong = Exercise("all_wrong", functions=("double",))

for _way, _body in enumerate(WAYS):

    @all_wrong.check(_body)
    def _(f, rng, way=_way):
        return close(f.double(np.array([way, 1.0])), np.zeros(2))


EXERCISES = {"double": double, "halve": halve, "at_once": at_once, "all_wrong": all_wrong}
LOOP = "import numpy as np\ndef double(x):\n    return np.array([2 * v for v in x])"
RIGHT = "import numpy as np\ndef double(x):\n    return 2 * x"


def code(source, **metadata):
    return new_code_cell(source, metadata=metadata)


def graded(name, points=4):
    source = (
        f"check.{name}({name})\n### BEGIN HIDDEN TESTS\n"
        f'grading.checks.grade_cell("{name}", globals(), points={points})\n### END HIDDEN TESTS'
    )
    about = {"grade": True, "grade_id": f"{name}-check", "points": points, "locked": True}
    return code(source, nbgrader=about)


def run(*cells, files=None, **limits):
    nb = new_notebook(cells=[cell if not isinstance(cell, str) else code(cell) for cell in cells])
    limits = {"call_seconds": 1, "cell_seconds": 5, "notebook_seconds": 30} | limits
    hide = ("cs231n.fast_layers",)
    job = Job(files or {}, limits=Limits(**limits), exercises=EXERCISES, hide=lambda names: hide)
    results, reason = run_notebook(nb, job)
    nbformat.validate(nb)
    return nb, results, reason


def text(cell):
    return "".join(o.get("text", "") + o.get("evalue", "") for o in cell.outputs)


def messages(results, name="double"):
    return " ".join(check["message"] for check in results[name]["checks"])


def test_right_solution_scores_full_and_its_cell_shows_the_table():
    nb, results, reason = run(RIGHT, graded("double"))
    assert (results["double"]["score"], reason) == (4.0, None)
    assert "double: 4 of 4 points" in nb.cells[1].outputs[0].data["text/plain"]


def test_functions_are_graded_as_they_are_when_their_cell_is_reached():
    wrong = "def double(x):\n    return x"
    assert run(RIGHT, graded("double"), wrong)[1]["double"]["score"] == 4
    assert run(wrong, graded("double"), RIGHT)[1]["double"]["score"] == 0


def test_writing_into_an_argument_is_seen_across_the_wire():
    _, results, _ = run("def double(x):\n    x *= 2\n    return x", graded("double"))
    assert results["double"]["score"] == 3
    assert "changed its argument" in messages(results)


def test_a_cache_stays_where_it_is_whatever_it_is():
    cell = (
        "class Cache:\n    pass\n"
        "def double_forward(x):\n    c = Cache(); c.f = lambda d: 2 * d\n    return 2 * x, c\n"
        "def double_backward(dout, cache):\n    return cache.f(dout)"
    )
    assert run(cell, graded("halve"))[1]["halve"]["score"] == 4


def test_missing_function_and_stub_are_told_apart_from_wrong_ones():
    assert "not defined" in messages(run("1", graded("double"))[1])
    stub = "def double(x):\n    raise NotImplementedError()"
    assert "not implemented yet" in messages(run(stub, graded("double"))[1])


def test_line_that_failed_is_quoted():
    _, results, _ = run("def double(x):\n    return x + undefined_name", graded("double"))
    assert "NameError" in messages(results)
    assert "return x + undefined_name" in messages(results)


def test_the_grader_says_what_the_notebook_said():
    source = "import numpy as np\ndef double(x):\n"
    source += "".join(f"    if x[0] == {k}:\n        {body}\n" for k, body in enumerate(WAYS))
    linecache.cache["a cell"] = (len(source), None, source.splitlines(True), "a cell")
    here = {}
    exec(compile(source, "a cell", "exec"), here)
    said = [result.message for result in all_wrong.run(here)[0]]
    _, results, _ = run(source, graded("all_wrong"))
    assert [check["message"] for check in results["all_wrong"]["checks"]] == said
    assert all(f"in `{body}`" in text for body, text in zip(WAYS[:4], said))


@pytest.mark.parametrize(
    "show",
    [
        "from IPython.display import display\ndisplay({TYPE: RECORD}, raw=True)",
        "100.0",
        "print('double: 4 of 4 points')",
    ],
)
def test_what_a_cell_shows_is_never_a_score(show):
    record = {"exercise": "double", "score": 4.0, "max_score": 4.0, "checks": []}
    kind = "application/vnd.cs231n.check+json"
    show = show.replace("TYPE", repr(kind)).replace("RECORD", json.dumps(record))
    nb, results, _ = run("def double(x): return 0 * x", show, graded("double"), show)
    assert results["double"]["score"] == 0
    assert kind not in json.dumps([cell.outputs for cell in nb.cells])


def test_printing_to_stderr_costs_nothing():
    noisy = (
        "import sys, warnings\ndef double(x):\n    print('!', file=sys.stderr)\n"
        "    warnings.warn('oh')\n    return 2 * x\nprint('?', file=sys.stderr)"
    )
    assert run(noisy, graded("double"))[1]["double"]["score"] == 4


def test_loop_that_never_ends_costs_its_cell_only():
    nb, results, reason = run("while True:\n    pass", RIGHT, graded("double"), cell_seconds=1)
    assert "did not finish in the time allowed" in text(nb.cells[0])
    assert (results["double"]["score"], reason) == (4, None)


def test_function_that_never_ends_fails_its_checks_and_no_others():
    slow = "def double(x):\n    while True:\n        pass"
    halves = (
        "def double_forward(x): return 2 * x, None\ndef double_backward(d, cache): return 2 * d"
    )
    _, results, reason = run(slow, halves, graded("double"), graded("halve"))
    assert (results["double"]["score"], results["halve"]["score"], reason) == (0, 4, None)
    assert "had not finished after 1 s" in messages(results)


@pytest.mark.parametrize(
    "deadly",
    [
        "import os; os._exit(0)",
        "import ctypes; ctypes.string_at(0)",
        "import os; os.closerange(3, 99)",
    ],
)
def test_function_that_ends_its_process_fails_and_the_others_are_still_graded(deadly):
    cell = f"def double(x):\n    {deadly}\n    return 2 * x"
    halves = (
        "def double_forward(x): return 2 * x, None\ndef double_backward(d, cache): return 2 * d"
    )
    _, results, reason = run(cell, halves, graded("double"), graded("halve"))
    assert (results["double"]["score"], results["halve"]["score"], reason) == (0, 4, None)
    assert "double ended its process" in messages(results)


def test_slow_notebook_is_stopped_and_goes_to_a_person():
    slow = "import time\ntime.sleep(0.7)"
    nb, results, reason = run(slow, slow, "print('never')", graded("double"), notebook_seconds=1)
    assert "more than 1 s in all" in reason
    assert marks.not_run(nb.cells[2])
    assert "never" not in text(nb.cells[2])
    assert results["double"]["score"] is None


def test_process_that_dies_in_a_cell_goes_to_a_person_and_not_to_a_crash():
    nb, results, reason = run("print(1)", "import os\nos._exit(1)", "2", graded("double"))
    assert text(nb.cells[0]) == "1\n"
    assert "ended in cell 2" in reason
    assert marks.not_run(nb.cells[1])
    assert results["double"]["score"] is None
    assert "ended in cell 2" in results["double"]["problem"]


def test_printing_without_end_does_not_fill_the_gradebook():
    nb, _, _ = run("for i in range(200_000):\n    print('spam', i)", printed=10_000)
    assert len(text(nb.cells[0])) < 11_000
    assert "left out" in text(nb.cells[0])


def test_pictures_without_end_do_not_fill_the_gradebook():
    cell = (
        "from IPython.display import display, HTML\n"
        "for i in range(5000):\n    display(HTML('x' * 1000))"
    )
    nb, _, _ = run(cell, output=100_000)
    assert len(json.dumps(nb)) < 300_000


def test_text_that_cannot_be_written_to_a_file_does_not_stop_the_class():
    nb, results, _ = run(
        "print('\\ud800\\x00')\nraise ValueError('\\udfff')",
        "def double(x): raise ValueError('\\ud800 \\u202e \\x1b[31m')",
        graded("double"),
    )
    nbformat.writes(nb).encode()
    assert json.dumps(results, ensure_ascii=False).encode()
    assert "\u202e" not in messages(results)
    assert "\x1b" not in messages(results)


def test_cells_run_as_in_jupyterlab():
    nb, _, _ = run(
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);",
        "!echo from the shell",
        "from IPython.display import display, Markdown, clear_output\n"
        "h = display('first', display_id=True)\nh.update('second')",
        "print('gone')\nclear_output()\n6 * 7",
        "import asyncio\nawait asyncio.sleep(0)\n%time 1",
        "1 / 0",
    )
    assert "image/png" in nb.cells[0].outputs[0].data
    assert text(nb.cells[1]) == "from the shell\n"
    assert [o.data["text/plain"] for o in nb.cells[2].outputs] == ["'second'"]
    (output,) = nb.cells[3].outputs
    assert (output.data["text/plain"], output.execution_count) == ("42", 4)
    assert nb.cells[5].outputs[0].ename == "ZeroDivisionError"


def test_files_handed_in_lie_in_the_working_directory():
    nb, _, _ = run("import helper\nprint(helper.x)", files={"helper.py": b"x = 5", "a/b.txt": b"c"})
    assert text(nb.cells[0]) == "5\n"


def test_demonstrations_are_skipped_only_while_they_are_as_released():
    released = new_notebook(cells=[code("print('a picture')", tags=["demo"]), code("0")])
    cells = [code("print('a picture')", tags=["demo"]), code("print('my own')", tags=["demo"])]
    handed_in = new_notebook(cells=cells)
    marks.mark_as_released(handed_in, released)
    nb, _, _ = run(*handed_in.cells)
    assert "Not run when grading" in text(nb.cells[0])
    assert text(nb.cells[1]) == "my own\n"


def test_same_numbers_are_drawn_every_time():
    cell = "import numpy as np, random\nprint(np.random.rand(), random.random(), hash('a'))"
    assert len({text(run(cell)[0].cells[0]) for _ in range(2)}) == 1


def test_points_come_from_the_cell_and_a_stand_in_is_not_run():
    nb = new_notebook(cells=[graded("double", points=7)])
    nb.metadata[marks.KEY] = {"placeholder": True, "needs_review": "it is empty"}
    results, reason = run_notebook(nb, Job(exercises=EXERCISES))
    assert results["double"]["score"] is None
    assert results["double"]["max_score"] == 7
    assert reason == "it is empty"


def test_steps_are_counted_on_the_other_side():
    _, results, reason = run(RIGHT, graded("at_once"))
    assert (results["at_once"]["score"], reason) == (4.0, None)
    _, results, reason = run(LOOP, graded("at_once"))
    assert (results["at_once"]["score"], reason) == (0.0, None)
    assert "for 100" in messages(results, "at_once")


@pytest.mark.parametrize(
    ("cheat", "word"),
    [
        (LOOP.replace("    return", "    import sys; sys.settrace(None)\n    return"), "settrace"),
        (LOOP.replace("    return", "    getattr(sys, 'set' + 'trace')(None)\n    return"), None),
        ("import sys\n" + LOOP + "\nsys._getframe().f_trace", "_getframe"),
        ("import gc\n" + LOOP + "\ngetattr(gc, 'get_objects')", "get_objects"),
    ],
    ids=["switched off", "spelt in pieces", "frames", "garbage collector"],
)
def test_who_could_have_forged_a_count_is_shown_to_a_person_or_gains_nothing(cheat, word):
    _, results, reason = run("import sys\n" + cheat, graded("at_once"))
    assert results["at_once"]["score"] == 0.0
    assert reason == (word and f"its steps were counted, and it speaks of {word!r}")


def test_words_of_tracing_need_no_person_where_nothing_is_counted():
    _, results, reason = run("import sys\nsys.gettrace()\n" + RIGHT, graded("double"))
    assert (results["double"]["score"], reason) == (4.0, None)
