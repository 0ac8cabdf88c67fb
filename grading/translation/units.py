"""What there is to translate: the texts of the notebooks, and the sentences of the package.

A notebook's texts are known by their cell's id and the English they stand for, a sentence of the
package by its English alone: never by a position.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from grading.notebooks import BADGE_ID
from grading.settings import ROOT
from grading.translation import literals

PACKAGE, GRADING = ROOT / "cs231n", ROOT / "grading"
# Of the grader, what students read: words for repairs, reviews, releases, points; the page.
FEEDBACK = ("words.py", "marks.py", "points.py", "repair.py", "reading.py", "submissions.py")
FEEDBACK += ("intake.py", "order.py", "engine/run.py", "engine/remote.py", "engine/sandbox.py")
FEEDBACK += ("feedback/card.py", "scorecard.py", "gradescope/results.py")
# Sentences that are made of names in the package.
MADE = (
    *("parameter gradients", "optimizer state", "activation gradients"),
    *("a list", "a str", "a tuple", "a dict", "a float", "an int", "a bool", "a function"),
    *("a generator", "a NoneType", "a complex", "an array", "a ndarray"),
    *("ndarray of {dtype}", "list of {dtype}", "tuple of {dtype}"),
    *("0 (padding)", "{number1} or {number2}", "{name} of the same call again[{index}]"),
    "illegal stride: ({size} + 2 * {pad} - {extent}) / {stride} is not a whole number",
    "ValueError: {problem}",
    "{what} (the input)",
    "{what}[{index}]",
    "{problem} — in `{line}`.",
    "{problem} — so the checks call it: give its first line (`def …`) the parameters that it had "
    "in the exercise, in that order.",
)
RELEASED = ("release {1} ({2})", "(weight {1})")
PAGE = "feedback/template/cs231n_feedback/index.html.j2"
NOT_SHOWN = ("tests/", "kernels/", "__main__")  # nobody meets their texts in a notebook

PART, SIGN = "part", "sign"  # contexts of single words and of signs
SETUP = "setup"  # the set-up cell is the same in all notebooks
SECTION = "section {1}, “{2}”"  # how hints name a section
POINTS = "**Points in this course**"  # how a course's own points begin
# Single words that are shown by themselves, and those that stand in sentences too.
LABELS = """
    check error allowed result weight exercise points open name layer output weights biases
    multiply-adds activations memory sees total Loss loss Accuracy epoch epochs step time height
    width depth input inputs values gradients network stride padding dilation row column rows
    columns for optimiser inference training Training nothing reads bytes filter filters picture
    pictures parameters layers batch buffers workspace Play Pause node others bias divide mean map
    Parameters Activations Multiply-adds depths identity letters seeds numbers epsilon product
    pixels
""".split()  # noqa: SIM905
PARTS = ("row", "column", "sample", "channel", "parameters", "activations", "multiply-adds")
PARTS += ("workspace", "height", "width", "rows", "columns")
SIGNS = (", ", ": ", "; ", ". ", "? ", "! ", " — ")


@dataclass(frozen=True)
class Unit:
    """A text to translate.

    context: a notebook's cell, "2_convolution/sizes"; "" for a sentence of the package
    text: the English
    kind: "markdown", "string", "docstring", "comment" or "message"
    free: whether it may stay as it is, for it may be a name in code
    """

    context: str
    text: str
    kind: str
    free: bool = False


def has_words(text: str) -> bool:
    """Whether a text says something: a word of three letters that is no name, code or address."""
    plain = re.sub(r"`[^`]*`|\{[^{}]*\}|https?://\S+|\\n", " ", text)
    return bool(re.search(r"(?<![\w./_(\[-])[A-Za-z]?[a-z]{2,}(?![\w/_(\[]|\.\w)", plain))


def of_notebook(name: str, notebook: NotebookNode) -> Iterator[Unit]:
    """The texts of a student's notebook, in order, each once a cell."""
    for cell in notebook.cells:
        context, seen = context_of(name, cell.id), set()
        if cell.id == BADGE_ID or context == SETUP:
            continue
        if cell.cell_type == "markdown":
            yield Unit(context, cell.source, "markdown")
            continue
        for literal in literals.find(cell.source):
            if literal.text not in seen and _says_something(literal):
                seen.add(literal.text)
                free = literal.kind == "string" and not has_words(literal.text)
                free |= " " not in literal.text.strip() and literal.kind == "string"
                yield Unit(context, literal.text, literal.kind, free)


def context_of(name: str, cell_id: str) -> str:
    """The context of a cell's texts."""
    return SETUP if cell_id == SETUP else f"{name}/{cell_id}"


def of_setup(notebook: NotebookNode) -> Iterator[Unit]:
    """The texts of the set-up cell."""
    [cell] = [cell for cell in notebook.cells if cell.id == SETUP]
    for literal in literals.find(cell.source):
        if literal.text == "en" or (" " in literal.text and _says_something(literal)):
            yield Unit(SETUP, literal.text, literal.kind)


def _says_something(literal: literals.Literal) -> bool:
    if literal.text in ("not implemented yet",) or literal.text.startswith("@param"):
        return False
    if literal.kind == "string" and not has_words(literal.text):
        return bool(re.fullmatch(r"[A-Za-z][A-Za-z0-9() -]{2,}:?", literal.text.strip()))
    return has_words(literal.text)


# ---- the package -------------------------------------------------------------------------------


def of_messages() -> Iterator[Unit]:
    """What the package says: its sentences, labels and signs."""
    # NumPy comes with these, and who only grades has no need of it.
    from cs231n.data import CIFAR10_CLASSES
    from cs231n.spotting import CLASSES
    from cs231n.synthetic import CLASS_NAMES

    names = dict.fromkeys((*CLASSES, *CLASS_NAMES, *CIFAR10_CLASSES))
    yield from (Unit("", text, "label") for text in (*LABELS, *names))
    yield from (Unit(PART, text, "word in sentences") for text in (*PARTS, *CLASSES))  # "disc?"
    yield from (Unit(SIGN, text, "between sentences") for text in SIGNS)
    yield from (Unit("", text, "message") for text in (SECTION, *MADE))
    yield from _once(t for path in modules() for t in sentences(path.read_text(encoding="utf-8")))


def of_hints() -> Iterator[Unit]:
    yield from _once(_hints())


def of_mistakes() -> Iterator[Unit]:
    yield from _once(_mistakes())


def of_page() -> Iterator[Unit]:
    """The table of messages in docs/students.md: why they come, and what to do."""
    from cs231n.tests.first_lines import GROUPS, HEADINGS

    rows = [row for rows in GROUPS.values() for row in rows]
    texts = (t for row in rows for t in (*row.message.split("\n"), row.why, row.todo))
    yield from _once((*HEADINGS, *GROUPS, *texts))


def of_grader(messages: Iterable[Unit]) -> Iterator[Unit]:
    """What feedback pages say, and the names and sentences of hidden checks; without what is among
    the package's messages."""
    known = {unit.text for unit in messages}
    paths = [*sorted((GRADING / "checks").glob("*.py")), *map(GRADING.joinpath, FEEDBACK)]
    found = (t for path in paths for t in sentences(path.read_text(encoding="utf-8")))
    page = (GRADING / PAGE).read_text(encoding="utf-8")
    found = (*found, *re.findall(r'\bsay\("([^"]+)"', page), *RELEASED)
    yield from (unit for unit in _once(found) if unit.text not in known)


def _once(found: Iterable[str]) -> Iterator[Unit]:
    yield from (Unit("", text, "message") for text in dict.fromkeys(found))


def modules() -> list[Path]:
    """The modules of the package whose sentences are shown to students."""
    paths = sorted(PACKAGE.rglob("*.py"))
    names = {path: path.relative_to(PACKAGE).as_posix() for path in paths}
    return [
        path
        for path in paths
        if not any(names[path].startswith(n) or path.name.startswith(n) for n in NOT_SHOWN)
    ]


def sentences(source: str) -> Iterator[str]:
    """The sentences in a module, with {name} or {1} in place of what is computed."""
    tree = ast.parse(source)
    parts = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for child in ast.iter_child_nodes(node)
    }
    statements = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr | ast.Constant) and node not in parts | statements
    ]
    for node in sorted(found, key=lambda node: (node.lineno, node.col_offset)):
        text = _template(node).strip()
        if " " in text and has_words(text) and not _MARKUP.search(text):
            yield text


_MARKUP = re.compile(r'^\s*<|style="|\{side\}')  # HTML


def _template(node: ast.JoinedStr | ast.Constant) -> str:
    if isinstance(node, ast.Constant):
        text = node.value if isinstance(node.value, str) else ""
        return text.replace("{", "{{").replace("}", "}}")
    text, number = "", 0
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += part.value.replace("{", "{{").replace("}", "}}")
        elif isinstance(part.value, ast.Name):
            text += f"{{{part.value.id}}}"
        else:
            number += 1
            text += f"{{{number}}}"
    return text


def _hints() -> Iterator[str]:
    for path in sorted((PACKAGE / "check" / "hints").glob("*.toml")):
        for entry in tomllib.loads(path.read_text(encoding="utf-8")).values():
            yield from (" ".join(step.split()) for step in entry["steps"])


def _mistakes() -> Iterator[str]:
    from cs231n.check.diagnosis import known_mistakes

    for known in known_mistakes().values():
        yield from (mistake.says for mistake in known)
