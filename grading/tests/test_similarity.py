"""Copies are found under their disguises, independent work is not, and no source does harm."""

import random

import numpy as np
import pytest

pytest.importorskip("nbgrader")
pytest.importorskip("scipy")

from grading.__main__ import main
from grading.errors import GradingError
from grading.similarity import section
from grading.similarity.alike import Comparison, marked
from grading.similarity.find import REFERENCE, find
from grading.similarity.read import Cell, Course, read_class, read_course, read_others
from grading.similarity.words import plain
from grading.tests import alike_class
from grading.tests.alike_class import disguise, hand_in, right_solutions, stub
from grading.tests.made_up_class import ASSIGNMENT, make_class

CONV, POOL, SOFTMAX = "conv_forward_naive", "max_pool_forward_naive", "softmax_loss"
NONE = np.zeros(0, np.uint64)
ODD = """
def softmax_loss(x, y):
    # nobody else begins with the largest column
    top = x[:, 0].copy()
    for column in range(1, x.shape[1]):
        top = np.where(x[:, column] > top, x[:, column], top)
    total, powers = 0.0, {}
    for row in range(len(x)):
        powers[row] = [np.e ** (value - top[row]) for value in x[row]]
        total -= np.log(powers[row][y[row]] / sum(powers[row]))
    dx = np.array([powers[row] for row in sorted(powers)])
    dx /= dx.sum(axis=1, keepdims=True)
    for row, label in enumerate(y):
        dx[row, label] -= 1.0
    return total / len(x), dx / len(x)
"""


@pytest.fixture(scope="module")
def solutions():
    return right_solutions()


def pairs(sources, common=NONE):
    """Authors of the pairs that are alike in one exercise."""
    found = Comparison({author: plain(source) for author, source in sources.items()}, common)
    return {tuple(sorted((found.authors[i], found.authors[j]))) for i, j, *_ in found.matches()}


def written_apart(solutions, *exercises):
    """Exercise -> author -> solution; each in another way than the others."""
    return {e: {f"{e} {n}": text for n, text in enumerate(solutions[e])} for e in exercises}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("exercise", [CONV, POOL, "batchnorm_backward"])
def test_a_copy_with_other_names_comments_and_order_is_found(solutions, exercise, seed):
    apart = written_apart(solutions, exercise)[exercise]
    original = list(apart)[-1]
    copy = disguise(apart[original], random.Random(seed), moved=0.5)
    assert pairs({**apart, "copy": copy}) >= {tuple(sorted(("copy", original)))}


def test_solutions_written_apart_are_not_called_alike(solutions):
    exercises = [CONV, POOL, SOFTMAX, "max_pool_backward_naive", "batchnorm_forward"]
    apart = written_apart(solutions, *exercises)
    assert sum(map(len, apart.values())) > 25
    assert {e: pairs(sources) for e, sources in apart.items()} == {e: set() for e in exercises}


def test_what_a_tenth_of_the_class_wrote_is_nobody_s_secret(solutions):
    rare = solutions[CONV][-1]
    copies = {f"copy {n}": disguise(rare, random.Random(n), moved=0) for n in range(6)}
    assert pairs(copies) == set()
    copies.popitem()
    assert len(pairs(copies)) == 10


def course_of(text, own=()):
    """A course of one exercise, whose reference solution is a text."""
    cell = Cell("1_dense", "softmax", SOFTMAX)
    return cell, Course((cell,), {cell: stub(text)}, (stub(text),), own, {cell: text})


def test_the_course_s_own_solutions_are_not_held_against_a_pair():
    ours = {"s1": ODD, "s2": disguise(ODD, random.Random(0), moved=0)}
    cell, course = course_of(ODD)
    (pair,) = find(course, {cell: ours}, {}).pairs
    assert (pair.one, pair.other, pair.matches[0].share) == ("s1", "s2", 1.0)
    cell, course = course_of(ODD, own=(ODD,))
    assert find(course, {cell: ours}, {}).pairs == []


def test_who_has_the_reference_solution_is_named(solutions):
    cell, course = course_of(ODD, own=(ODD,))
    ours = {"s1": disguise(ODD, random.Random(0)), "s2": solutions[SOFTMAX][0]}
    (pair,) = find(course, {cell: ours}, {}).outside
    assert (pair.one, pair.other) == ("s1", REFERENCE)


def test_last_year_s_code_is_found_in_notebooks_and_modules_and_no_link_is_followed(tmp_path):
    cell, course = course_of("def softmax_loss(x, y):\n    'Loss.'\n    return 0, x")
    old = tmp_path / "2025"
    (old / "jo" / "assignment1").mkdir(parents=True)
    copy = disguise(ODD, random.Random(1))
    module = f"import numpy as np\n\n\n{copy}\n\n\ndef relu(x):\n    return x\n"
    (old / "kim.py").write_text(module)
    cells = [alike_class.cell("x", copy)]
    (old / "jo" / "assignment1" / "1_dense.ipynb").write_text(alike_class.notebook(cells))
    (old / "broken.ipynb").write_text("{")
    (tmp_path / "secret.py").write_text(module)
    (old / "link.py").symlink_to(tmp_path / "secret.py")
    others = read_others(old, course.cells)
    assert set(others[cell]) == {"2025/kim.py", "2025/jo"}
    assert "relu" not in others[cell]["2025/kim.py"]
    found = find(course, {cell: {"s1": ODD}}, others)
    assert {(pair.one, pair.other) for pair in found.outside} == {
        ("s1", "2025/jo"),
        ("s1", "2025/kim.py"),
    }
    assert found.pairs == []
    with pytest.raises(GradingError, match="is no folder"):
        read_others(tmp_path / "nowhere", course.cells)


def test_three_who_share_are_a_group():
    ours = {f"s{n}": disguise(ODD, random.Random(n), moved=0.1) for n in range(3)}
    cell, course = course_of("def softmax_loss(x, y):\n    'Loss.'\n    return 0, x")
    assert find(course, {cell: ours}, {}).groups == [["s0", "s1", "s2"]]


def test_marks_leave_every_character_of_the_code_where_it_was():
    code = plain(ODD)
    unusual = Comparison({"one": code, "other": code}, NONE).unusual
    pieces = marked(code, unusual)
    assert "".join(text for text, _ in pieces) == code
    assert not [text for text, alike in pieces if alike and "\n" in text]
    assert sum(len(text) for text, alike in pieces if alike) > 0.7 * len(code)
    assert not any(alike for _, alike in marked(code, NONE))
    assert marked("", unusual) == []


HOSTILE = {
    "no Python": "def softmax_loss(x, y:\n    return <b>" + "'" * 3,
    "nested": "def softmax_loss(x, y):\n    return " + "(" * 5_000 + "1" + ")" * 5_000,
    "deep": "def softmax_loss(x, y):\n    return " + "-" * 9_000 + "1",
    "huge": "def softmax_loss(x, y):\n" + "    x = x + 1\n" * 300_000,
    "nothing": "\0\udcff",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_two_hostile_sources_are_compared_like_any_others(tmp_path, source):
    cell, course = course_of("def softmax_loss(x, y):\n    'Loss.'\n    return 0, x")
    for student in ("s1", "s2", "s3"):
        text = source if student != "s3" else ODD
        cells = [alike_class.cell(cell.id, text, solution=True)]
        (tmp_path / student).write_text(alike_class.notebook(cells))
    read, unread = read_class(course, ["s1", "s2", "s3", "gone"], lambda one, _: tmp_path / one)
    assert [student for student, *_ in unread] == ["gone"]
    found = find(course, read, {})
    assert {(pair.one, pair.other) for pair in found.pairs} <= {("s1", "s2")}
    assert max(map(len, read[cell].values())) <= 20_000


def test_the_definition_that_is_graded_is_the_last_one(tmp_path):
    cell, course = course_of("def softmax_loss(x, y):\n    'Loss.'\n    return 0, x")
    cells = [
        alike_class.cell(cell.id, course.stubs[cell], solution=True),
        alike_class.cell("try", "def softmax_loss_2(x, y): pass"),
        alike_class.cell("mine", ODD),
    ]
    (tmp_path / "nb").write_text(alike_class.notebook(cells))
    read, _ = read_class(course, ["s1"], lambda *_: tmp_path / "nb")
    assert read[cell] == {"s1": ODD}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Three students; Ada's softmax_loss and s00002's are one, with HTML and her name in it."""
    course = make_class(tmp_path_factory.mktemp("class") / "course", 3)
    stubs = {"1_dense": {SOFTMAX: "def softmax_loss(x, y):\n    'Loss.'\n    pass"}}
    for path in (course / "release" / ASSIGNMENT).glob("*.ipynb"):
        path.unlink()
    alike_class.release(course, stubs)
    attack = "    lovelace = '</code></script><script>alert(1)</script><img src=x onerror=a>'\n"
    hers = ODD.replace("    total,", attack + "    # by Ada\n    total,", 1)
    theirs = disguise(hers, random.Random(0), moved=0.2) + "\n# \u202e<script>alert(2)</script>"
    for student, text in {"s00000": hers, "s00001": None, "s00002": theirs}.items():
        hand_in(course, student, stubs, {SOFTMAX: text} if text else {})
    return course


@pytest.fixture
def report(course, monkeypatch):
    """Runs the command. Returns a tuple of: the exit code, the page."""
    from markupsafe import Markup

    from grading.class_report import figures

    monkeypatch.setattr(figures, "_svg", lambda figure, words: Markup("<svg></svg>"))

    def run(*options):
        code = main(["report", ASSIGNMENT, "--course", str(course), *options])
        return code, (course / "reports" / f"{ASSIGNMENT}.html").read_text(encoding="utf-8")

    return run


def test_the_page_shows_both_sides_and_nothing_of_them_acts(report, capsys):
    code, page = report("--similarity")
    assert code == 0
    assert "of 1 pairs 1 are listed" in capsys.readouterr().out
    assert "It does not show who copied" in page
    assert page.count("<script>") == 1
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "[U+202E]&lt;script&gt;alert(2)" in page
    assert page.count("<mark>") > 20
    assert "# by Ada" in page


def test_nobody_s_code_is_compared_unless_asked_for(report, monkeypatch):
    monkeypatch.setattr(section, "make_section", lambda *_: pytest.fail("compared"))
    code, page = report()
    assert code == 0
    assert 'id="similarity"' not in page
    assert "#similarity" not in page


def test_an_anonymous_page_shows_code_without_its_author(report, tmp_path, capsys):
    (tmp_path / "Grace Hopper.py").write_text(ODD)
    _, page = report("--similarity", "--compare-with", str(tmp_path), "--anonymous")
    assert "with others 2" in capsys.readouterr().out
    assert page.count("<mark>") > 20
    assert "other 1" in page
    assert not [word for word in ("Ada", "ovelace", "Grace", "alert(") if word in page]


def test_what_is_missing_is_told_with_what_to_do(report, course, monkeypatch, capsys):
    assert report("--compare-with", str(course))[0] == 2
    assert "--compare-with goes with --similarity" in capsys.readouterr().err
    monkeypatch.setattr("grading.needs.find_spec", lambda name: name == "nbgrader" or None)
    assert report("--similarity")[0] == 2
    assert '".[similarity]"' in capsys.readouterr().err
    with pytest.raises(GradingError, match="grading build"):
        read_course(course / "nowhere")
