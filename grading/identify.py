"""Which notebook is this? By what its cells say, not by its file name."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from typing import TypeVar

from nbformat import NotebookNode

Key = TypeVar("Key", bound=Hashable)
ENOUGH = 0.5  # of the released notebook's landmarks


def landmarks(notebook: NotebookNode) -> set[str]:
    """What tells one notebook from the others: the functions it defines, the checks it calls."""
    text = "\n".join(c.get("source", "") for c in notebook.cells if c.cell_type == "code")
    defined = re.findall(r"^[^\S\n]*(?:def|class)\s+(\w+)", text, re.MULTILINE)
    checked = re.findall(r"\bcheck\.(\w+)\s*\(", text)
    return {f"def {name}" for name in defined} | {f"check {name}" for name in checked}


def likeness(notebook: NotebookNode, released: NotebookNode) -> float:
    """The share of the released notebook's landmarks that the notebook has, 0 to 1."""
    wanted = landmarks(released)
    return len(wanted & landmarks(notebook)) / len(wanted) if wanted else 0.0


def best_match(released: NotebookNode, candidates: Mapping[Key, NotebookNode]) -> Key | None:
    """The candidate that looks most like the released notebook; None if none does."""
    scored = [(likeness(notebook, released), key) for key, notebook in candidates.items()]
    best = max(scored, key=lambda pair: pair[0], default=(0.0, None))
    return best[1] if best[0] >= ENOUGH else None
