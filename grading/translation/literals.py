"""The words in Python source: its strings and comments, found and exchanged.

What is exchanged is text alone. A string keeps its prefix, and everything that is computed in it
(`{size:3d}`); neighbouring strings that Python joins are one text.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from cs231n.language import width

WIDTH = 96  # of the lines that a long string is laid out in


@dataclass(frozen=True)
class Literal:
    """A text in source code.

    start, end: where it stands, as offsets
    text: what it says, as written between the quotes (escapes and {…} as they are), without
        indentation; the lines of a block of comments without their signs
    kind: "string", "docstring" or "comment"
    prefix: of a string: "", "f", "r", ...
    column: where its first line begins
    lines: how many it takes
    """

    start: int
    end: int
    text: str
    kind: str
    prefix: str = ""
    column: int = 0
    lines: int = 1


def find(source: str) -> list[Literal]:
    """The texts of a cell's or a module's source, in order. Empty for what is no Python."""
    try:
        tokens = _tokens(source)
        found = [*_strings(source, tokens), *_comments(source, tokens)]
        return sorted(found, key=lambda literal: literal.start)
    except (tokenize.TokenError, SyntaxError, ValueError):
        return []


def exchange(source: str, translate: Callable[[Literal], str | None]) -> str:
    """The source with other texts; where `translate` gives None, a text stays as it is."""
    parts, place = [], 0
    for literal in find(source):
        text = translate(literal)
        if text is not None and text != literal.text:
            parts += [source[place : literal.start], _written(literal, text)]
            place = literal.end
    return "".join([*parts, source[place:]])


# ---- finding -----------------------------------------------------------------------------------

_PIECE = re.compile(
    r"""(?P<prefix>[A-Za-z]{0,2})(?P<quote>\"{3}|'{3}|"|')(?P<text>.*)(?P=quote)""", re.DOTALL
)


class _Token(NamedTuple):
    """start, end: offsets; column: of its start."""

    kind: str
    start: int
    end: int
    column: int


def _tokens(source: str) -> list[_Token]:
    """All tokens; an f-string is one, on every version of Python."""
    lines = [0, *(n + 1 for n, character in enumerate(source) if character == "\n"), len(source)]
    found, depth, begin, column = [], 0, 0, 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        start, end = (lines[row - 1] + place for row, place in (token.start, token.end))
        if depth == 0:
            begin, column = start, token.start[1]
        if kind == "FSTRING_START":
            depth += 1
        elif kind == "FSTRING_END":
            depth -= 1
            if depth == 0:
                found.append(_Token("STRING", begin, end, column))
        elif depth == 0:
            found.append(_Token(kind, start, end, column))
    return found


def _strings(source: str, tokens: list[_Token]) -> Iterator[Literal]:
    run: list[_Token] = []
    statement = True  # whether a statement begins here
    for token in tokens:
        if token.kind == "STRING":
            run.append(token)
            continue
        if token.kind == "NL" and run:
            continue
        if run:
            yield from _joined(source, run, statement and token.kind in ("NEWLINE", "ENDMARKER"))
            statement, run = False, []
        if token.kind in ("NEWLINE", "INDENT", "DEDENT"):
            statement = True
        elif token.kind not in ("NL", "COMMENT"):
            statement = False


def _joined(source: str, run: list[_Token], alone: bool) -> Iterator[Literal]:
    pieces = [_PIECE.fullmatch(source[token.start : token.end]) for token in run]
    if None in pieces:  # a kind of string that newer Pythons have
        return
    prefixes = {piece["prefix"].lower() for piece in pieces}
    if any("b" in prefix for prefix in prefixes):
        return
    start, end, column = run[0].start, run[-1].end, run[0].column
    if alone and len(run) == 1:
        text = re.sub(rf"(?m)^ {{0,{column}}}", "", pieces[0]["text"])
        yield Literal(start, end, text, "docstring", pieces[0]["prefix"], column)
        return
    formatted = any("f" in prefix for prefix in prefixes)
    texts = [
        piece["text"]
        if not formatted or "f" in piece["prefix"].lower()
        else piece["text"].replace("{", "{{").replace("}", "}}")
        for piece in pieces
    ]
    prefix = "f" * formatted + "r" * any("r" in prefix for prefix in prefixes)
    lines = source.count("\n", start, end) + 1
    yield Literal(start, end, "".join(texts), "string", prefix, column, lines)


def _comments(source: str, tokens: list[_Token]) -> Iterator[Literal]:
    """Blocks of comments in lines of their own, and comments behind code."""
    block: list[_Token] = []
    for token in tokens:
        if token.kind != "COMMENT":
            continue
        alone = not source[token.start - token.column : token.start].strip()
        between = source[block[-1].end : token.start] if block else ""
        follows = block and block[-1].column == token.column and between.count("\n") == 1
        if alone and follows and not between.strip(" \n"):
            block.append(token)
            continue
        yield from _block(source, block)
        block = [token]
        if not alone:
            yield from _block(source, block)
            block = []
    yield from _block(source, block)


def _block(source: str, block: list[_Token]) -> Iterator[Literal]:
    if block:
        texts = (source[token.start : token.end] for token in block)
        text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in texts)
        yield Literal(block[0].start, block[-1].end, text, "comment", column=block[0].column)


# ---- writing -----------------------------------------------------------------------------------


def _written(literal: Literal, text: str) -> str:
    indent = " " * literal.column
    if literal.kind == "comment":
        return f"\n{indent}".join(f"# {line}".rstrip() for line in text.split("\n"))
    if literal.kind == "docstring":
        lines = text.split("\n")
        rest = [f"{indent}{line}" if line.strip() else "" for line in lines[1:-1]]
        last = [f"{indent}{lines[-1]}"] if len(lines) > 1 else []
        return literal.prefix + '"""' + "\n".join([lines[0], *rest, *last]) + '"""'
    quote = "'" if '"' in text and "'" not in text else '"'
    if "\n" in text:
        return f"{literal.prefix}{quote * 3}{text}{quote * 3}"
    if quote == '"' and "f" not in literal.prefix:
        text = re.sub(r'(?<!\\)"', r"\"", text)
    # What took several lines stands in brackets, so that several lines can be made of it again.
    pieces = _in_lines(text, WIDTH - literal.column) if literal.lines > 1 else [text]
    return f"\n{indent}".join(f"{literal.prefix}{quote}{piece}{quote}" for piece in pieces)


# An escape, something computed, a word with its space, or a character with the signs behind it.
_ATOM = re.compile(r"\\.|\{\{|\}\}|\{[^{}]*\}|[!-\[\]-z|~]+ ?|.[，。：；？！、）”]*", re.DOTALL)


def _in_lines(text: str, columns: int) -> list[str]:
    """A text in pieces of so many columns; a piece ends at a line's end, too."""
    lines, used = [""], 0
    for atom in _ATOM.findall(text):
        if used and (used + width(atom) > columns or (lines[-1].endswith("\\n") and atom != "\\n")):
            lines.append("")
            used = 0
        lines[-1] += atom
        used += width(atom)
    return lines
