"""A notebook in another language, and back.

Code is the same in both: text cells, and the strings and comments of code cells, are exchanged by
the catalogue, cell by cell. A submission goes the other way before it is graded, so that nothing
after that step knows of languages.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import lru_cache, partial

from nbformat import NotebookNode

from cs231n import language as package
from grading.notebooks import BADGE_ID
from grading.translation import catalogue, literals, units

METADATA = "cs231n"
LONGEST = 100_000  # characters of a student's cell that is looked through


def translated(name: str, notebook: NotebookNode, language: str) -> NotebookNode:
    """A student's notebook in another language.

    Inputs:
    - name: of the notebook, "2_convolution"
    - notebook: the English one

    What the catalogue lacks stays English.
    """
    known = catalogue.texts(language, name) | catalogue.texts(language, units.SETUP)
    new = copy.deepcopy(notebook)
    new.metadata[METADATA] = {**new.metadata.get(METADATA, {}), "language": language}
    for cell in new.cells:
        context = units.context_of(name, cell.id)
        if cell.id == BADGE_ID:
            cell.source = cell.source.replace("/assignments/", f"/assignments/{language}/")
        elif cell.cell_type == "markdown":
            cell.source = _text(cell.source, known, context, language)
        else:
            cell.source = literals.exchange(cell.source, partial(_in_cell, known, context))
    return new


def _in_cell(known: catalogue.Texts, context: str, literal: literals.Literal) -> str | None:
    return known.get((context, literal.text))


def editions(name: str, notebook: NotebookNode) -> list[NotebookNode]:
    """A student's notebook in all languages but English."""
    known = (language for language in catalogue.languages() if catalogue.has(language, name))
    return [translated(name, notebook, language) for language in known]


def _text(source: str, known: catalogue.Texts, context: str, language: str) -> str:
    """A text cell; what the course's settings put below the text is a message of its own."""
    text, mark, added = source.partition(f"\n\n{units.POINTS}")
    said = known.get((context, text), text)
    return said + (f"\n\n{package.translate(units.POINTS + added, language)}" if mark else "")


def language_of(notebook: NotebookNode) -> str:
    """The language of a submission: its metadata's, else that of its set-up cell, else English."""
    found = package.of_metadata(notebook)
    if found:
        return found
    asked = (name for name in package.known() if f'language.use("{name}")' in _code(notebook))
    return next(asked, package.ENGLISH)


def in_english(name: str, notebook: NotebookNode, released: NotebookNode) -> NotebookNode:
    """A submission with the course's own words in English; the student's words stay.

    Inputs:
    - name: of the notebook that it is a version of
    - released: that notebook, in English
    """
    sources = tuple((cell.id, cell.cell_type, cell.source) for cell in released.cells)
    code = _code(notebook)
    for language in filter(lambda known: catalogue.has(known, name), catalogue.languages()):
        cells, words = _back(language, name, sources)
        found = [cells.get(_plain(cell)) for cell in notebook.cells]
        if not any(found) and not any(word in code for word in words):
            continue
        notebook = copy.deepcopy(notebook)
        for cell, english in zip(notebook.cells, found, strict=True):
            if english is not None:
                cell.source = english
            elif cell.cell_type == "code" and len(cell.source) <= LONGEST:
                cell.source = literals.exchange(cell.source, _known(words))
    return notebook


def _known(words: Mapping[str, str]) -> Callable[[literals.Literal], str | None]:
    return lambda literal: words.get(literal.text)


@lru_cache(maxsize=64)
def _back(language: str, name: str, sources: tuple) -> tuple[dict, dict]:
    """A released notebook's (cells, strings and comments) in another language -> their English.

    Words that stand for several are not exchanged: which was meant cannot be told.
    """
    released = NotebookNode(
        cells=[NotebookNode(id=i, cell_type=kind, source=text) for i, kind, text in sources],
        metadata=NotebookNode(),
    )
    other = translated(name, released, language)
    pairs = list(zip(other.cells, released.cells, strict=True))
    cells = {_plain(there): here.source for there, here in pairs if there.source != here.source}
    texts: dict[str, set[str]] = {}
    for (_, english), said in (catalogue.texts(language, name)).items():
        texts.setdefault(said, set()).add(english)
    words = {said: some.pop() for said, some in texts.items() if len(some) == 1}
    return cells, {said: english for said, english in words.items() if said != english}


def _plain(cell: NotebookNode) -> tuple[str, ...]:
    """A cell's text without what editors change: blank lines, spaces at the end of lines."""
    source = cell.get("source", "")
    return tuple(line.rstrip() for line in source.split("\n") if line.strip())


def _code(notebook: NotebookNode) -> str:
    return "\n".join(c.get("source", "") for c in notebook.cells if c.cell_type == "code")
