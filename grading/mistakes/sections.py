"""Where in a notebook something is explained: from a cell's id to its section's heading."""

from __future__ import annotations

import re
from functools import cache

from grading.errors import GradingError
from grading.mistakes import Mistake
from grading.settings import SOURCE

_TEXT_CELL = re.compile(r'# %% \[markdown\] id="([\w-]+)"')
_HEADING = re.compile(r"# ## (?:(\d+) · )?(.+)")


def section(mistake: Mistake) -> str:
    """For example: section 6, “The backward pass”. Raises GradingError where there is no such."""
    found = sections_of(mistake.notebook).get(mistake.see)
    if found is None:
        raise GradingError(
            f"{mistake.notebook}: the mistake {mistake.name!r} points to the text cell "
            f"{mistake.see!r}, which is not there or stands in no section."
        )
    return found


@cache
def sections_of(notebook: str) -> dict[str, str]:
    """A notebook's text cells -> the section of each: the first heading in it, else the last
    one above."""
    paths = list(SOURCE.glob(f"*/{notebook}.py"))
    if len(paths) != 1:
        raise GradingError(f"grading/source has {len(paths)} notebooks named {notebook!r}.")
    found, cell, heading, headed = {}, None, None, False
    for line in paths[0].read_text(encoding="utf-8").splitlines():
        begins = _TEXT_CELL.match(line)
        if begins or line.startswith("# %%"):
            cell, headed = begins and begins.group(1), False
        title = _HEADING.fullmatch(line)
        if title and cell and not headed:
            number, words = title.groups()
            heading = f"section {number}, “{words}”" if number else f"“{words}”"
            headed = True
        if cell and heading:
            found[cell] = heading
    return found
