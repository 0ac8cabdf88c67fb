"""Code in a shape in which disguises fall away: comments, layout, names and texts do not count."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from dataclasses import dataclass

from cs231n.cell_code import parse, without_magics

NAME, TEXT = "name", "text"


@dataclass(frozen=True)
class Word:
    """A piece of code that counts. shape: what is compared; begin, end: its place in the code."""

    shape: str
    begin: int
    end: int


def plain(source: str) -> str:
    """Code as Python itself would write it: no comments, docstrings, needless parentheses.

    What is no Python stays as it is.
    """
    source = without_magics(source)
    tree = parse(source)
    if tree is None:
        return source
    try:
        return ast.unparse(_WithoutTexts().visit(tree))
    except (RecursionError, ValueError):
        return source


class _WithoutTexts(ast.NodeTransformer):
    """Docstrings and other expressions that are but a constant are left out."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        body = getattr(node, "body", None)
        if isinstance(body, list):
            kept = [part for part in body if not _is_constant(part)]
            node.body = kept or ([ast.Pass()] if not isinstance(node, ast.Module) else [])
        return node


def _is_constant(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def words(code: str) -> list[Word]:
    """The words of plain code, in order.

    Every name that a student may choose has the same shape, every text too. Keywords, operators,
    numbers, Python's own functions and what follows a dot (`.reshape`) stay what they are.
    """
    found, before = [], ""
    for piece in _PIECES.finditer(code):
        text = shape = piece[0]
        if piece.lastgroup == "comment":
            continue
        if piece.lastgroup == "text":
            shape = TEXT
        elif text.isidentifier() and text not in _PYTHONS_OWN and before != ".":
            shape = NAME
        found.append(Word(shape, *piece.span()))
        before = text
    return found


_PYTHONS_OWN = frozenset(keyword.kwlist) | frozenset(dir(builtins))
# Also of code that is no Python: a text without an end goes on to the end of its line, or of all.
_PIECES = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<text>[rRbBuUfFtT]{0,2}(?:\"{3}(?s:.*?)(?:\"{3}|\Z)|'{3}(?s:.*?)(?:'{3}|\Z)
        |"(?:[^"\\\n]|\\.)*(?:"|$|\\)|'(?:[^'\\\n]|\\.)*(?:'|$|\\)))
    |\d[\w.]*(?:(?<=[eE])[+-]\d+)?
    |\w+
    |\*\*=?|//=?|<<=?|>>=?|[-+*/%@&|^<>=!:]=|->
    |\S""",
    re.VERBOSE | re.MULTILINE,
)
