"""Showing the results of checks: a small table in a notebook, plain text elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html import escape

from cs231n import language
from cs231n.check.results import Result

# Told apart by sign and word first; blue and orange are safe for colour-blind eyes.
_PASSED, _FAILED = ("✓ passed", "#1f6fb2"), ("✗ failed", "#c1540b")
_PRINTED = "What your function printed"


@dataclass
class Table:
    """A table ready to be shown: `repr` for a terminal, HTML for a notebook.

    Its texts are English; it is shown in `language`.
    """

    title: str
    columns: Sequence[str]
    rows: list[tuple[bool, tuple[str, ...], str]] = field(default_factory=list)
    note: str = ""  # said first
    footer: str = ""
    printed: str = ""
    language: str = language.ENGLISH

    def _say(self, text: str) -> str:
        return language.translate(text, self.language)

    def _html(self, text: str) -> str:
        return escape(self._say(text))

    def _repr_html_(self) -> str:
        head = "".join(f'<th style="text-align:left">{self._html(c)}</th>' for c in self.columns)
        body = "".join(self._html_row(*row) for row in self.rows)
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        printed = (
            f"<details><summary>{self._html(_PRINTED)}</summary><pre>{escape(self.printed)}"
            "</pre></details>"
            if self.printed
            else ""
        )
        edge = f"border-left:3px solid {_FAILED[1]};padding-left:0.6em"
        note = f'<p style="{edge}">{self._html(self.note)}</p>' if self.note else ""
        footer = f"<p>{self._html(self.footer)}</p>" if self.footer else ""
        return (
            f'<div class="cs231n-check"><p><b>{self._html(self.title)}</b></p>{note}'
            f"{table if self.rows else ''}{footer}{printed}</div>"
        )

    def _html_row(self, passed: bool, cells: tuple[str, ...], message: str) -> str:
        word, colour = _PASSED if passed else _FAILED
        shown = "".join(f'<td style="text-align:left">{self._html(cell)}</td>' for cell in cells)
        verdict = (
            f'<td style="text-align:left;color:{colour};white-space:nowrap">{self._say(word)}</td>'
        )
        row = f"<tr>{shown}{verdict}</tr>"
        if message:
            row += (
                f'<tr><td colspan="{len(self.columns)}" style="text-align:left;white-space:normal;'
                f'border-left:3px solid {colour}">{self._html(message)}</td></tr>'
            )
        return row

    def __repr__(self) -> str:
        lines = [self._say(text) for text in (self.title, self.note) if text]
        table = [tuple(self.columns)] if self.rows else []
        table += [(*cells, (_PASSED if ok else _FAILED)[0]) for ok, cells, _ in self.rows]
        table = [tuple(map(self._say, line)) for line in table]
        widths = (
            [max(map(language.width, column)) for column in zip(*table, strict=True)]
            if table
            else []
        )
        for number, line in enumerate(table):
            lines.append("  " + "  ".join(map(language.padded, line, widths)).rstrip())
            if number and self.rows[number - 1][2]:
                lines.append(f"      → {self._say(self.rows[number - 1][2])}")
        if self.footer:
            lines.append(self._say(self.footer))
        if self.printed:
            lines += [self._say(f"{_PRINTED}:"), self.printed]
        return "\n".join(lines)


def check_table(
    exercise: str, results: Sequence[Result], printed: str = "", note: str = ""
) -> Table:
    """The table of a visible check: what was looked at, error against tolerance, verdict.

    note: what is said first. Where there is none, and all failures have one cause, it is that.
    """
    if results and all(not r.ready for r in results):
        message = results[0].message
        title = message if message.startswith(exercise) else f"{exercise}: {message}"
        return Table(title=title, columns=(), printed=printed)
    passed = sum(r.passed for r in results)
    title = f"{exercise}: {passed} of {len(results)} checks passed"
    failed = [r for r in results if not r.passed]
    once = len(failed) > 1 and len({r.message for r in failed}) == 1 and not note
    if once:
        note = failed[0].message
    elif failed and not note:
        title += f". Next: “{failed[0].name}”"
    table = Table(
        title=title,
        columns=("check", "error", "allowed", "result"),
        note=note,
        printed=printed,
    )
    for r in results:
        cells = (r.name, figure(r.error), figure(r.tolerance))
        table.rows.append((r.passed, cells, "" if once else r.message))
    return table


def figure(value: float | None) -> str:
    """An error or tolerance as text: three digits, nothing where there is no figure."""
    return "" if value is None else f"{value:.1e}"


def show(table) -> None:
    """Display a table, a note or a card in the reader's language: in a notebook; print it anywhere
    else."""
    table = replace(table, language=language.current())
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:  # a plain Python without IPython
        print(repr(table))
        return
    if get_ipython() is None:
        print(repr(table))
    elif table.language == language.ENGLISH:
        display(table)
    else:  # whoever reads it in the saved notebook reads English
        display(table, metadata={"cs231n": {"said": table.title}})
