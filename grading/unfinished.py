"""nbgrader's own commands may be killed: what they left half-written is made anew.

nbgrader takes a student's folder for done as soon as it is there. While one is being written, a
folder `.ASSIGNMENT.unfinished` stands beside it, held by the process that writes; where nobody
holds it any more, the output is removed before nbgrader looks for it.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack, suppress
from pathlib import Path

from nbgrader.converters.base import BaseConverter

from grading import files


def leftovers(place: Path) -> list[Path]:
    """What stands beside a student's folder because somebody writes it, or died while writing."""
    return [*place.parent.glob(f".{place.name}.*.tmp"), *place.parent.glob(_note(place).name)]


def _note(place: Path) -> Path:
    return place.with_name(f".{place.name}.unfinished")


def make_anew(converter: BaseConverter) -> None:
    """Have nbgrader's `autograde` or `generate_feedback` write whole folders."""
    if converter.coursedir.notebook_id != "*":  # one notebook: the others are to stay
        return
    begin, end, open_note = converter.init_destination, converter.set_permissions, ExitStack()

    def init_destination(assignment: str, student: str) -> bool:
        place = Path(converter._format_dest(assignment, student)).absolute()
        note = _note(place)
        if note.is_dir():
            with files.held(note, alone=True) as dead:
                if dead and place.is_dir():
                    converter.log.warning("Was interrupted, and is made anew: %s", place)
                    shutil.rmtree(place)
        open_note.close()
        note.mkdir(parents=True, exist_ok=True)
        open_note.callback(_remove, note)
        open_note.enter_context(files.held(note))
        wanted = begin(assignment, student)
        if not wanted:
            open_note.close()
        return wanted

    def set_permissions(assignment: str, student: str) -> None:
        end(assignment, student)
        open_note.close()

    converter.init_destination, converter.set_permissions = init_destination, set_permissions


def _remove(note: Path) -> None:
    with suppress(OSError):
        note.rmdir()
