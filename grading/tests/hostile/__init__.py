"""A bank of attacks on the grader, and what must hold against each.

Every file in attacks/ is a family of them: Python text that is only ever parsed here, and run
nowhere but in a sandbox. An attack begins with a line of options:

    # %% id="frames" attacks="svm_loss"
    # What it tries, in a sentence or two.
    def svm_loss(x, y): ...

- attacks: the exercise whose points it is after. All other exercises of that notebook are solved.
- place: where its text goes: "answer" (in place of the stub: the default), "before" (a cell right
  behind the set-up cell) or "after" (a cell at the end). If it does not define the attacked
  function, that one returns zeros.
- honest: the points that an honest grader gives at most for the attacked exercise (default 0)
- exactly=true: it must get just these points, since the answer in it is right
- ends=true: it may end the session, and what comes after it is then a person's to judge
- harms=true: it may spoil other exercises of its own notebook (it breaks NumPy for itself, say)

@MARK@ in a text stands for a word that is new in every run: whatever an attack leaves behind is
found by it. @PORT@ stands for a port of this machine on which somebody listens.
What comes as files, rather than as code, is in files.py and folders.py.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from grading.sample_class import fill_in

HERE = Path(__file__).parent
_OPTION = re.compile(r'(\w+)=(?:"([^"]*)"|(\w[\w.]*))')

# An answer of the right form that computes nothing.
ZEROS = {
    "affine_forward": """
import numpy as np


def affine_forward(x, w, b):
    return np.zeros((len(x), len(b))), (x, w, b)
""",
    "relu_forward": """
import numpy as np


def relu_forward(x):
    return np.zeros(x.shape), x
""",
    "svm_loss": """
import numpy as np


def svm_loss(x, y):
    return 0.0, np.zeros(x.shape)
""",
    "conv_forward_naive": """
import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    return np.zeros((len(x), len(w), 1, 1)), (x, w, b, conv_param)
""",
}
STUBS = {"two_layer_net": "TwoLayerNet"}  # where a stub is not called as its exercise is
# Exercises whose answers call, or are judged by, the attacked one: they may lose points with it.
BUILT_ON = {
    "affine_forward": {"affine_backward", "two_layer_net"},
    "affine_backward": {"two_layer_net"},
    "relu_forward": {"relu_backward", "two_layer_net"},
    "relu_backward": {"two_layer_net"},
    "conv_forward_naive": {"conv_backward_naive", "conv_dilation"},
    "conv_backward_naive": {"conv_dilation"},
}


@dataclass(frozen=True)
class Attack:
    """One attack; see this file's head for the fields."""

    id: str
    family: str
    tries: str
    text: str
    attacks: str
    place: str = "answer"
    honest: float = 0.0
    exactly: bool = False
    ends: bool = False
    harms: bool = False

    def __post_init__(self):
        stub = STUBS.get(self.attacks, self.attacks)
        if self.place not in ("answer", "before", "after"):
            raise ValueError(f"{self.family}, {self.id}: place={self.place!r}")
        if self.place == "answer" and stub not in _functions(self.text):
            raise ValueError(f"{self.family}, {self.id}: it does not define {stub}")

    def notebook(
        self, released: NotebookNode, solutions: Mapping[str, str], words: Mapping[str, str]
    ) -> NotebookNode:
        """The notebook that is handed in.

        Inputs:
        - released: the notebook as students get it
        - solutions: function -> its reference solution
        - words: what stands for @MARK@ and the like
        """
        text = self.text
        for word, meaning in words.items():
            text = text.replace(f"@{word}@", meaning)
        answer = text if self.place == "answer" else ZEROS.get(self.attacks, "").strip()
        stub = STUBS.get(self.attacks, self.attacks)
        notebook = fill_in(released, solutions | ({stub: answer} if answer else {}))
        own = new_code_cell(text, id="own-cell")
        if self.place == "before":
            setup = [cell.id for cell in notebook.cells].index("setup")
            notebook.cells.insert(setup + 1, own)
        elif self.place == "after":
            notebook.cells.append(own)
        return nbformat.from_dict(notebook)


def read(path: Path) -> list[Attack]:
    """The attacks in a file."""
    found = []
    for part in re.split(r"^# %% ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        head, _, text = part.partition("\n")
        options = {name: text or _value(word) for name, text, word in _OPTION.findall(head)}
        about = re.match(r"(?:# .*\n)+", text)
        if about is None:
            raise ValueError(f"{path.name}, {head}: it does not say what it tries")
        tries = " ".join(line[2:] for line in about[0].splitlines())
        found.append(
            Attack(family=path.stem, tries=tries, text=text[about.end() :].strip(), **options)
        )
    return found


def _value(word: str) -> bool | float:
    return word == "true" if word in ("true", "false") else float(word)


def _functions(text: str) -> set[str]:
    """The functions and classes that a text defines. (A text with magics is a cell of its own.)"""
    try:
        return {node.name for node in ast.parse(text).body if hasattr(node, "name")}
    except SyntaxError:
        return set()


FAMILIES = {path.stem: read(path) for path in sorted((HERE / "attacks").glob("*.py"))}
