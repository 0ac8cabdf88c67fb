"""Which release was a submission made from?

What the notebook says of itself is believed if no other release has more of its cells. Else it is
the release of which it has the most cells and lacks the fewest.
"""

from __future__ import annotations

from collections.abc import Mapping

from nbformat import NotebookNode

from grading.releases.store import claimed_id, notebook_id


def origin(
    submitted: NotebookNode, today: NotebookNode, earlier: Mapping[str, NotebookNode]
) -> str | None:
    """The label of the release that a submission was made from; None: today's notebook.

    earlier: label -> the notebook as it was released, the newest first
    """
    if not earlier:
        return None
    texts, claim = set(map(_text, submitted.cells)), claimed_id(submitted)
    candidates = {None: today, **earlier}
    wanted = {label: set(map(_text, nb.cells)) for label, nb in candidates.items()}
    had = {label: len(some & texts) for label, some in wanted.items()}
    for label, released in candidates.items():
        if had[label] == max(had.values()) and notebook_id(released) == claim:
            return label
    return max(candidates, key=lambda label: had[label] - len(wanted[label] - texts))


def _text(cell: NotebookNode) -> tuple[str, ...]:
    """A cell's text without what editors change: blank lines, spaces at the end of lines."""
    return tuple(line.rstrip() for line in cell.source.split("\n") if line.strip())
